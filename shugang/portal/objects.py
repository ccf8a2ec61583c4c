"""Numbered objects as links: the reference kinds that events carry, and where each has its page."""

from __future__ import annotations

from shugang.policy.text import Text

LABELS: dict[str, Text] = {
    "case": Text("事项", "Case"),
    "party": Text("机构", "Party"),
    "dataset": Text("数据集", "Dataset"),
    "asset": Text("数据资产", "Data asset"),
    "certificate": Text("登记凭证", "Certificate"),
    "product": Text("数据产品", "Data product"),
    "demand": Text("需求", "Demand"),
    "invitation": Text("报价邀请", "Invitation to quote"),
    "response": Text("主动应答", "Uninvited answer"),
    "mandate": Text("授权委托书", "Mandate"),
    "inquiry": Text("询价", "Inquiry"),
    "contract": Text("合同", "Contract"),
    "grant": Text("授权", "Grant"),
    "bill": Text("账单", "Bill"),
    "voucher": Text("交易凭证", "Trade voucher"),
    "plane": Text("数据面", "Data plane"),
    "service": Text("第三方服务", "Third-party service"),
    "order": Text("服务委托", "Service order"),
    "dispute": Text("争议", "Dispute"),
    "report": Text("第三方报告", "Third-party report"),
    "webhook": Text("推送端点", "Webhook endpoint"),
    "auction": Text("竞价", "Auction"),
    "bundle": Text("融合开发项目", "Project"),
    "sharing": Text("共享申请", "Sharing request"),
    "opening": Text("向社会开放", "Opening"),
    "operation": Text("授权运营", "Authorised operation"),
    "scenario_class": Text("场景类别审定", "Approval of a scenario class"),
    "scenario": Text("场景应用", "Application of a scenario"),
    "auction_bid": Text("竞价报价", "Bid in an auction"),
    "public_resource": Text("公共数据资源", "Public resource"),
    "service_bundle": Text("一件事", "Life-event bundle"),
}
ADDRESSES: dict[str, str] = {
    "case": "/cases/{}",
    "dataset": "/desk/datasets/{}",
    "asset": "/desk/assets/{}",
    "certificate": "/verify/{}",
    "product": "/products/{}",
    "demand": "/desk/demands/{}",
    "invitation": "/desk/invitations/{}",
    "response": "/desk/demand-responses/{}",
    "mandate": "/desk/mandates/{}",
    "inquiry": "/desk/inquiries/{}",
    "contract": "/desk/contracts/{}",
    "grant": "/desk/grants/{}",
    "bill": "/desk/bills/{}",
    "voucher": "/verify/{}",
    "service": "/services/{}",
    "order": "/desk/orders/{}",
    "dispute": "/desk/disputes/{}",
    "report": "/reports/{}",
    "webhook": "/desk/webhooks/{}",
    "auction": "/auctions/{}",
    "bundle": "/desk/bundles/{}",
    "public_resource": "/desk/catalogue/{}",
    "sharing": "/desk/sharing/{}",
    "opening": "/desk/openings/{}",
    "operation": "/desk/operations/{}",
    "scenario_class": "/desk/scenario-classes/{}",
    "scenario": "/desk/scenarios/{}",
    "service_bundle": "/public-data/bundles/{}",
}


def label(kind: str) -> Text:
    return LABELS.get(kind, Text(kind, kind))


def address(kind: str, key: str) -> str:
    """Where the object has its page; "" for kinds without one."""
    pattern = ADDRESSES.get(kind, "")
    return pattern.format(key) if pattern else ""

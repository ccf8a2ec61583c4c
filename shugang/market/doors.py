"""The wing's doors in the desk's menu."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.policy.text import Text
from shugang.ui.menu import FOOTER, MenuItem
from shugang.ui.menu import register as add


def _roles(request: HttpRequest) -> frozenset[str]:
    actor = getattr(request, "actor", None)
    return actor.roles if actor is not None and actor.party_id is not None else frozenset()


def _acts(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and actor.person_id is not None and actor.party_id is not None


def _supplies(request: HttpRequest) -> bool:
    return "supplier" in _roles(request)


def _buys(request: HttpRequest) -> bool:
    return "buyer" in _roles(request)


def _writes_models(request: HttpRequest) -> bool:
    return bool({"association", "reviewer"} & _roles(request))


def _regulates(request: HttpRequest) -> bool:
    return "regulator" in _roles(request)


def _reviews(request: HttpRequest) -> bool:
    return "operator" in _roles(request)


def _arbitrates_or_mediates(request: HttpRequest) -> bool:
    return bool({"operator", "reviewer", "regulator"} & _roles(request))


def register() -> None:
    ties = Text("关联关系", "Ties between parties")
    add(MenuItem("desk.supervise", ties, "party-ties", "sitemap", _reviews, None, 70))
    projects = Text("融合开发项目", "Projects with several suppliers")
    add(MenuItem("desk.buy", projects, "bundles", "stack-2", _buys, None, 16))
    add(MenuItem("desk.supply", projects, "bundles", "stack-2", _supplies, None, 46))
    add(MenuItem("desk.buy", ties, "party-ties", "sitemap", _buys, None, 90))
    add(MenuItem("desk.supply", ties, "party-ties", "sitemap", _supplies, None, 90))
    add(MenuItem(FOOTER, Text("独占许可竞价", "Auctions"), "auctions", order=6))
    for section, who in (("desk.buy", _buys), ("desk.supply", _supplies), ("desk.service", _arbitrates_or_mediates)):
        add(MenuItem(section, Text("争议", "Disputes"), "disputes", "gavel", who, None, 70))
    add(MenuItem(FOOTER, Text("信息披露", "Disclosure"), "disclosure", order=7))
    add(MenuItem(FOOTER, Text("平台规则", "Platform rules"), "rules", order=8))
    add(MenuItem(FOOTER, Text("定价模型", "Pricing models"), "pricing-models", order=4))
    add(MenuItem(FOOTER, Text("公共数据收费", "Fees of public data"), "tariffs", order=5))
    add(
        MenuItem(
            "desk.service", Text("定价模型", "Pricing models"), "pricing-models", "chart-bar", _writes_models, None, 40
        )
    )
    add(
        MenuItem(
            "desk.supervise", Text("公共数据收费", "Fees of public data"), "tariffs", "coin-yuan", _regulates, None, 60
        )
    )
    add(MenuItem("desk.buy", Text("保存的搜索", "Saved searches"), "saved-searches", "search", _acts, None, 5))
    add(MenuItem("desk.buy", Text("样本", "Samples"), "samples", "packages", _buys, None, 8))
    add(MenuItem("desk.supply", Text("样本", "Samples"), "samples", "packages", _supplies, None, 38))
    add(MenuItem("desk.buy", Text("询价与议价", "Inquiries"), "inquiries", "messages", _buys, None, 10))
    add(MenuItem("desk.buy", Text("竞价", "Auctions"), "own-auctions", "gavel", _buys, None, 15))
    add(MenuItem("desk.supply", Text("竞价", "Auctions"), "own-auctions", "gavel", _supplies, None, 45))
    add(MenuItem("desk.buy", Text("合同", "Contracts"), "contracts", "file-text", _buys, None, 20))
    add(MenuItem("desk.buy", Text("直接签订的合同", "Agreements"), "agreements", "file-text", _buys, None, 21))
    add(MenuItem("desk.buy", Text("使用权", "Rights of use"), "rights", "key", _buys, None, 22))
    add(MenuItem("desk.buy", Text("验收", "Acceptances"), "acceptances", "clipboard-check", _buys, None, 24))
    add(
        MenuItem(
            "desk.supply", Text("产品与上架", "Products and listing"), "own-products", "packages", _supplies, None, 30
        )
    )
    add(
        MenuItem(
            "desk.supply", Text("询价与报价", "Inquiries and quotations"), "inquiries", "messages", _supplies, None, 40
        )
    )
    add(MenuItem("desk.supply", Text("合同", "Contracts"), "contracts", "file-text", _supplies, None, 50))
    add(MenuItem("desk.supply", Text("直接签订的合同", "Agreements"), "agreements", "file-text", _supplies, None, 52))
    add(MenuItem("desk.supply", Text("验收", "Acceptances"), "acceptances", "clipboard-check", _supplies, None, 54))

"""The paper of a voucher: for the public without the amount, for the parties with it."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from shugang.assets.registration import sealing
from shugang.evidence import scan
from shugang.kernel import sequencer
from shugang.policy.terms import MODES
from shugang.policy.text import Text
from shugang.ui import formats
from shugang.ui.documents import render_pdf

from .models import TradeVoucher


def facts(said: dict[str, Any]) -> list[tuple[Text, Any]]:
    """The rows of a voucher from what was recorded."""
    product, dataset, period = said["product"], said["dataset"], said["period"]
    mode = MODES[product["mode"]]
    return [
        (Text("供方", "Supplier"), f"{said['supplier']['name']}（{said['supplier']['uscc']}）"),
        (Text("需方", "Buyer"), f"{said['buyer']['name']}（{said['buyer']['uscc']}）"),
        (Text("产品", "Product"), f"{product['name']}（{product['number']}）"),
        (Text("交付方式", "Delivery"), mode),
        (Text("数据集与版本", "Dataset and version"), f"{dataset['number']} v{dataset['version']}"),
        (Text("登记凭证", "Certificate"), said["certificate"]),
        (Text("合同", "Contract"), said["contract"]["number"]),
        (Text("合同摘要（SHA-256）", "Contract digest (SHA-256)"), said["contract"]["sha256"]),
        (Text("合同摘要（SM3）", "Contract digest (SM3)"), said["contract"]["sm3"]),
        (
            Text("服务期间", "Service period"),
            Text(f"{period['from']} 至 {period['to']}", f"{period['from']} to {period['to']}"),
        ),
        (Text("价款承诺值", "Commitment to the amount"), said["amount_commitment"]),
        *(
            [(Text("已冲减（红字账单）", "Credited by"), "、".join(notes))]
            if (notes := said.get("credit_notes"))
            else []
        ),
    ]


def pdf(voucher: TradeVoucher, with_amount: bool) -> bytes | None:
    """Signed PDF, or None until the voucher's event is in a published checkpoint."""
    event = voucher.event
    receipt = sequencer.receipt_for(event, show_content=False) if event else None
    if event is None or receipt is None:
        return None
    said = voucher.content
    url = f"{settings.SHUGANG_PUBLIC_URL}/verify/{voucher.number}"
    rows = facts(said)
    if with_amount:
        rows += [
            (Text("账单", "Bill"), voucher.bill),
            (Text("价款（含税）", "Amount (tax included)"), formats.fen(voucher.amount["total_fen"])),
            (Text("其中税额", "Tax in it"), formats.fen(voucher.amount["tax_fen"])),
        ]
    data = {
        "lang": "zh",
        "number": voucher.number,
        "title": "数据交易凭证",
        "issuer": settings.SHUGANG_OPERATOR_ORG or settings.SHUGANG_SITE_NAME_ZH,
        "statement": "下列数据交易已按合同交付、计量并结清。",
        "facts": rows,
        "notes": ["凭证与存证记录不一致的，以存证记录为准。", "公开核验不显示价款；双方可凭承诺值核对。"],
        "issued_on": voucher.issued_at.date(),
        "digest": event.sha256,
        "log_entry": f"{settings.SHUGANG_LOG_ORIGIN} 第{event.log_index}号",
        "verify_url": url,
        "short_address": url,
        "qr": scan.pack(url, receipt),
    }
    return sealing.sign(render_pdf("voucher", data, created=voucher.issued_at), "数据交易凭证")

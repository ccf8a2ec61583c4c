"""A bill as PDF: the same lines as its page."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from shugang.kernel import clock
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.documents import render_pdf
from shugang.ui.formats import basis_points, fen

from .. import words
from .lifecycle import STATES
from .models import Bill, BillLine

COLUMNS = [
    {"label": Text("服务期", "Period"), "align": "left", "width": 3},
    {"label": Text("计费事由", "Reason"), "align": "left", "width": 5},
    {"label": Text("数量", "Quantity"), "align": "right", "width": 2},
    {"label": Text("单价（含税）", "Unit price"), "align": "right", "width": 2},
    {"label": Text("金额（含税）", "Amount"), "align": "right", "width": 2},
]


def bill_pdf(bill: Bill) -> bytes:
    """PDF/A-2b in the reader's language. Raises DocumentError, MissingGlyph."""
    data: dict[str, Any] = {
        "lang": "en" if language.is_english() else "zh",
        "number": bill.number,
        "title": words.KINDS[bill.kind],
        "issuer": settings.SHUGANG_OPERATOR_ORG or settings.SHUGANG_SITE_NAME_ZH,
        "issued_on": bill.issued_at,
        "facts": _facts(bill),
        "columns": COLUMNS,
        "lines": [_line(x) for x in bill.lines.order_by("position")],
        "totals": [
            [Text("合计（含税）", "Total, tax included"), fen(bill.total_fen)],
            [Text("其中税额", "Tax therein"), fen(bill.tax_fen)],
            [Text("不含税金额", "Net"), fen(bill.total_fen - bill.tax_fen)],
            *([[Text("已冲减", "Credited"), fen(-bill.credited_fen)]] if bill.credited_fen else []),
            *([[Text("冲减后应付", "Due after credits"), fen(bill.due_fen)]] if bill.credited_fen else []),
        ],
        "notes": [
            Text(
                "款项由需方直接付至存管银行，平台不经手资金；分账由存管银行按指令执行。",
                "The buyer pays the custodian bank directly; the platform holds no money and the bank executes splits.",
            ),
            Text(
                "账单不得修改，如需更正以红字账单冲抵。每一行对应的使用记录可在平台逐条核对。",
                "A bill is never edited but corrected by a credit note. The uses behind each line can be checked online.",
            ),
        ],
        "printed_at": clock.now(),
        "printed_by": settings.SHUGANG_SITE_SHORT,
        "verify_url": f"{settings.SHUGANG_PUBLIC_URL}/desk/bills/{bill.number}",
    }
    return render_pdf("bill", data, created=bill.issued_at)


def _facts(bill: Bill) -> list[list[Any]]:
    rates = sorted({line.rate_bp for line in bill.lines.all()} or {bill.agreement.vat_bp})
    rate = "、".join(basis_points(r) for r in rates)
    return [
        [Text("需方", "Buyer"), bill.buyer.name],
        [Text("供方", "Supplier"), bill.supplier.name],
        [Text("合同", "Contract"), bill.agreement.number],
        [Text("授权", "Grant"), bill.agreement.grant],
        [
            Text("账期", "Period"),
            Text(f"{bill.period_from} 至 {bill.period_to}", f"{bill.period_from} to {bill.period_to}"),
        ],
        [Text("税率", "Tax rate"), rate],
        [Text("状态", "State"), STATES[bill.state].label],
        *([[Text("付款期限", "Due on"), bill.due_on]] if bill.due_on else []),
        *([[Text("冲抵账单", "Corrects"), bill.corrects.number]] if bill.corrects else []),
        *([[Text("冲减理由", "Why"), bill.answer]] if bill.partial else []),
    ]


def _line(line: BillLine) -> list[Any]:
    last = f"{line.period_to:%m-%d}" if line.period_to.year == line.period_from.year else line.period_to.isoformat()
    return [
        f"{line.period_from} ~ {last}",
        words.reason(line),
        words.quantity(line),
        words.unit_price(line),
        fen(line.amount_fen),
    ]

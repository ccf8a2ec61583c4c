"""Statements as PDF and CSV: the rows of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

from shugang.kernel import clock
from shugang.policy.priceplan import REVENUE, UNIT_WORDS, totals
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.documents import render_pdf
from shugang.ui.formats import basis_points, fen, fen_plain, number
from shugang.ui.workbooks import Sheet, Yuan

from .. import words
from ..bills.lifecycle import STATES
from .models import ReconciliationRun
from .monthly import Month, sheets
from .report import FEN, KINDS, UNITS, Report
from .statement import Statement

USE_COLUMNS = (
    Text("服务期", "Period"),
    Text("用量", "Use"),
    Text("计费额", "Rated"),
    Text("已出账", "Billed"),
    Text("未出账", "Unbilled"),
)
BILL_COLUMNS = (
    Text("账单", "Bill"),
    Text("出具日期", "Issued on"),
    Text("种类", "Kind"),
    Text("状态", "State"),
    Text("金额", "Amount"),
)
CREDITED = Text("红字冲减", "Credited")
TABLE_HEADER = (
    Text("类别", "Part"),
    Text("编号或服务期", "Number or period"),
    Text("说明", "About"),
    Text("计费额（元）", "Rated (CNY)"),
    Text("出账额（元）", "Billed (CNY)"),
    Text("未出账（元）", "Unbilled (CNY)"),
)


def use_text(quantities: dict[str, int], unit: str) -> Text:
    """查得10次，未查得4次."""
    if not quantities:
        return Text("未使用", "none")
    name, one = UNIT_WORDS["calls" if unit == REVENUE else unit]
    parts = [
        (
            words.outcome(o),
            Text(fen(n), fen(n))
            if o == REVENUE
            else Text(f"{number(n)}{name.zh}", f"{number(n)} {(one if n == 1 else name).en}"),
        )
        for o, n in sorted(totals(quantities).items())
    ]
    return Text("，".join(f"{o.zh}{n.zh}" for o, n in parts), ", ".join(f"{o.en} {n.en}" for o, n in parts))


def use_rows(found: Statement) -> list[list[Any]]:
    unit = found.agreement.price_plan.unit
    return [
        [
            f"{r.period.first} ~ {r.period.last}",
            use_text(r.quantities, unit),
            r.rated_fen,
            r.prior_fen,
            r.rated_fen - r.prior_fen,
        ]
        for r in found.periods
    ]


def statement_pdf(found: Statement) -> bytes:
    """PDF/A-2b in the reader's language. Raises DocumentError, MissingGlyph."""
    agreement = found.agreement
    data: dict[str, Any] = {
        "lang": "en" if language.is_english() else "zh",
        "number": f"{agreement.number}/{found.as_of.astimezone(clock.zone()):%Y%m%d%H%M%S}",
        "title": Text("对账单", "Statement"),
        "issuer": settings.SHUGANG_OPERATOR_ORG or settings.SHUGANG_SITE_NAME_ZH,
        "issued_on": found.as_of,
        "facts": _facts(found),
        "tables": [_use_table(found), _bill_table(found)],
        "notes": [_verdict(found)],
        "printed_at": clock.now(),
        "printed_by": settings.SHUGANG_SITE_SHORT,
        "verify_url": f"{settings.SHUGANG_PUBLIC_URL}/desk/statements/{agreement.number}",
    }
    return render_pdf("statement", data, created=found.as_of)


def _facts(found: Statement) -> list[list[Any]]:
    agreement = found.agreement
    return [
        [Text("合同", "Contract"), agreement.number],
        [Text("需方", "Buyer"), agreement.buyer.name],
        [Text("供方", "Supplier"), agreement.supplier.name],
        [Text("授权", "Grant"), agreement.grant],
        [Text("计价方式", "Price plan"), found.plan_kind],
        [Text("税率", "Tax rate"), basis_points(agreement.vat_bp)],
        [Text("截至", "As of"), found.as_of],
    ]


def _verdict(found: Statement) -> Text:
    return _sentence(found.report, found.difference_fen)


def _sentence(report: Report, difference_fen: int) -> Text:
    if difference_fen == 0 and not report.differences:
        return Text(
            f"节点账、用量、账单、账本与需方签收逐项核对，差异0.00，已核对（共{report.checks}项）。",
            f"The plane's books, use, bills, ledger and what the buyer signed were compared item by item: difference 0.00 "
            f"({report.checks} checks).",
        )
    return Text(
        f"核对发现{len(report.differences)}处不一致，金额差异{fen(difference_fen)}，平台正在处理，请以处理结果为准。",
        f"{len(report.differences)} items differ, by {fen(difference_fen)} in money. It is being dealt with.",
    )


def amount(value: int, unit: str) -> str:
    return fen(value) if unit == FEN else number(value)


def run_pdf(run: ReconciliationRun) -> bytes:
    """A kept reconciliation as PDF/A-2b in the reader's language. Raises DocumentError, MissingGlyph."""
    report = Report.from_json(run.report)
    data: dict[str, Any] = {
        "lang": "en" if language.is_english() else "zh",
        "number": run.number,
        "title": Text("对账报告", "Reconciliation"),
        "issuer": settings.SHUGANG_OPERATOR_ORG or settings.SHUGANG_SITE_NAME_ZH,
        "issued_on": run.run_at,
        "facts": [
            [Text("对账日", "Day"), run.day],
            [Text("截至", "As of"), report.as_of],
            [Text("核对数", "Checks"), number(report.checks)],
            [Text("不一致", "Differing"), number(len(report.differences))],
            [Text("金额差异", "Difference in money"), fen(report.total_difference_fen)],
        ],
        "tables": [_kinds_table(report), *([_difference_table(report)] if report.differences else [])],
        "notes": [_sentence(report, report.total_difference_fen)],
        "printed_at": clock.now(),
        "printed_by": settings.SHUGANG_SITE_SHORT,
        "verify_url": f"{settings.SHUGANG_PUBLIC_URL}/desk/reconciliation/{run.number}",
    }
    return render_pdf("statement", data, created=run.run_at)


def _kinds_table(report: Report) -> dict[str, Any]:
    labels = (
        Text("项目", "Comparison"),
        Text("核对数", "Checks"),
        Text("不一致", "Differing"),
        Text("金额差异", "Difference"),
    )
    rows = [
        [KINDS[k.kind], number(k.checks), number(k.differing), fen(k.difference_fen) if k.money else "—"]
        for k in report.kinds
    ]
    return {
        "title": Text("核对项目", "What was compared"),
        "columns": _columns(labels, 3, (6, 2, 2, 3)),
        "lines": rows,
        "totals": [[Text("金额差异合计", "Differences in money"), fen(report.total_difference_fen)]],
    }


def _difference_table(report: Report) -> dict[str, Any]:
    labels = (
        Text("项目与对象", "Comparison and subject"), Text("一方", "One side"), Text("另一方", "Other side"),
        Text("差异", "Difference"),
    )  # fmt: skip
    rows = [
        [
            Text(f"{KINDS[c.kind].zh} {c.subject} {c.period}", f"{KINDS[c.kind].en} {c.subject} {c.period}"),
            Text(f"{c.left.zh} {amount(c.left_amount, c.unit)}", f"{c.left.en} {amount(c.left_amount, c.unit)}"),
            Text(f"{c.right.zh} {amount(c.right_amount, c.unit)}", f"{c.right.en} {amount(c.right_amount, c.unit)}"),
            Text(
                f"{amount(c.difference, c.unit)}{UNITS[c.unit].zh}",
                f"{amount(c.difference, c.unit)} {UNITS[c.unit].en}",
            ),
        ]
        for c in report.differences[:500]
    ]
    return {
        "title": Text("不一致（至多列500项）", "Differing (at most 500 are listed)"),
        "columns": _columns(labels, 1, (5, 4, 4, 3)),
        "lines": rows,
        "totals": [],
    }


def _columns(labels: Iterable[Text], numbers: int, widths: tuple[int, ...]) -> list[dict[str, Any]]:
    names = list(labels)
    first = len(names) - numbers
    return [
        {"label": name, "align": "right" if i >= first else "left", "width": widths[i]} for i, name in enumerate(names)
    ]


def _use_table(found: Statement) -> dict[str, Any]:
    rows = [[*row[:2], *(fen(amount) for amount in row[2:])] for row in use_rows(found)]
    return {
        "title": Text("用量与计费", "Use and rating"),
        "columns": _columns(USE_COLUMNS, 3, (4, 5, 2, 2, 2)),
        "lines": rows,
        "totals": [
            [Text("计费额合计", "Rated in all"), fen(found.used_fen)],
            [Text("未出账合计", "Unbilled"), fen(found.unbilled_fen)],
        ],
    }


def _bill_table(found: Statement) -> dict[str, Any]:
    rows = [
        [
            b.number,
            b.issued_at.astimezone(clock.zone()).date() if b.issued_at else None,
            words.KINDS[b.kind],
            STATES[b.state].label,
            fen(b.total_fen),
        ]
        for b in found.bills
    ]
    return {
        "title": Text("账单", "Bills"),
        "columns": _columns(BILL_COLUMNS, 1, (3, 3, 2, 3, 2)),
        "lines": rows,
        "totals": [
            [Text("出账合计", "Billed in all"), fen(found.billed_fen)],
            *([[CREDITED, fen(-found.credited_fen)]] if found.credited_fen else []),
            [Text("已结清", "Settled"), fen(found.at_stage("settled"))],
            [Text("已付未结清", "Paid, not settled"), fen(found.at_stage("paid"))],
            [Text("已出账未付", "Billed, unpaid"), fen(found.at_stage("billed"))],
        ],
    }


def shown_table(sheet: Sheet) -> dict[str, Any]:
    """A sheet's table with its amounts as people read them; amounts stand right."""
    rows = [[fen(cell.fen) if isinstance(cell, Yuan) else cell for cell in row] for row in sheet.rows]
    money = {i for row in sheet.rows for i, cell in enumerate(row) if isinstance(cell, Yuan)}
    return {"title": sheet.title, "header": list(sheet.header), "rows": rows, "money": money, "widths": sheet.widths}


def month_pdf(found: Month) -> bytes:
    """PDF/A-2b in the reader's language. Raises DocumentError, MissingGlyph."""
    now = clock.now()
    tables = []
    for sheet in sheets(found):
        table = shown_table(sheet)
        columns = [
            {"label": name, "align": "right" if i in table["money"] else "left", "width": table["widths"][i]}
            for i, name in enumerate(table["header"])
        ]
        tables.append({"title": table["title"], "columns": columns, "lines": table["rows"], "totals": []})
    data: dict[str, Any] = {
        "lang": "en" if language.is_english() else "zh",
        "number": f"{found.party.number}/{found.first:%Y-%m}",
        "title": Text("月度对账单", "Monthly statement"),
        "issuer": settings.SHUGANG_OPERATOR_ORG or settings.SHUGANG_SITE_NAME_ZH,
        "issued_on": now,
        "facts": [
            [Text("机构", "Organisation"), found.party.name],
            [Text("月份", "Month"), f"{found.first:%Y-%m}"],
            [Text("付出", "Paid"), fen(found.paid_fen)],
            [Text("收到", "Received"), fen(found.received_fen)],
            [Text("争议期留存", "Kept for the window"), fen(found.kept_fen)],
        ],
        "tables": [t for t in tables if t["lines"]],
        "notes": [Text("收付以存管银行签名的回单为准。", "What moved stands by the custodian's signed reports.")],
        "printed_at": now,
        "printed_by": settings.SHUGANG_SITE_SHORT,
        "verify_url": f"{settings.SHUGANG_PUBLIC_URL}/desk/month-statement?month={found.first:%Y-%m}",
    }
    return render_pdf("statement", data, created=now)


def table_rows(found: Statement, money: Callable[[int], Any] = fen_plain) -> list[list[Any]]:
    """The statement as one table; `money` makes an amount in 分 a cell: text for CSV, a number for a workbook."""
    use = Text("用量", "use")
    rows: list[list[Any]] = [[use, row[0], row[1], *map(money, row[2:])] for row in use_rows(found)]
    rows += [[words.KINDS[b.kind], b.number, STATES[b.state].label, "", money(b.total_fen), ""] for b in found.bills]
    total, number = Text("合计", "total"), found.agreement.number
    if found.credited_fen:
        rows.append([total, number, CREDITED, "", money(-found.credited_fen), ""])
    sums = map(money, (found.used_fen, found.billed_fen, found.unbilled_fen))
    rows.append([total, number, _verdict(found), *sums])
    return rows

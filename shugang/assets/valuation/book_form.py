"""What a cost sheet asks (入表), as data; and the pure step from its answers to its tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

from .formulas import bookcost
from .formulas.inputs import BadInput, yuan
from .paper import PaperErrors, table

BOOK = Form(
    1,
    (
        Field("title", "text", Text("数据资源名称", "Name of the data resource"), max_length=80),
        Field("category", "choice", Text("列示为", "Shown as"), choices=tuple(bookcost.CATEGORIES.items())),
        Field("purpose", "textarea", Text("持有目的与判断", "Purpose of holding and judgement"),
              Text("企业合法拥有或控制、预期带来经济利益的依据。", "Why the enterprise controls it and expects benefit from it."), max_length=800),
        Field("year", "int", Text("披露年度", "Year of the note"), minimum=2024, maximum=2100),
        Field("lines", "textarea", Text("支出明细", "Spending"),
              Text("一笔一行：日期，取得方式（" + "、".join(w.zh for w in bookcost.WAYS.values()) + "），性质（"
                   + "、".join(n.zh for n in bookcost.NATURES.values()) + "），金额（元），凭证号，摘要。可从表格粘贴。",
                   "One a row: day, way (" + ", ".join(bookcost.WAYS) + "), nature (" + ", ".join(bookcost.NATURES)
                   + "), amount (yuan), voucher, note."), max_length=20000),
        *(
            field for name, label in bookcost.CONDITIONS.items() for field in (
                Field(f"met_{name}", "date", Text(f"{label.zh}：满足日期", f"{label.en}: met on"), required=False),
                Field(f"met_{name}_evidence", "text", Text(f"{label.zh}：证据", f"{label.en}: evidence"), required=False, max_length=400),
            )
        ),
        Field("ready_on", "date", Text("达到预定用途的日期", "Ready for its intended use on"), required=False),
        Field("life_months", "int", Text("使用寿命（月）", "Useful life (months)"), required=False, minimum=1, maximum=600),
        *(Field(f"decrease_{way}", "money", Text(f"存货本年减少：{label.zh}", f"Inventory out this year: {label.en.lower()}"), required=False)
          for way, label in bookcost.WAYS.items()),
    ),
)  # fmt: skip
LINE_LABEL = Text("金额", "The amount")
_BY_WORD = {w.zh: k for table_ in (bookcost.WAYS, bookcost.NATURES) for k, w in table_.items()}


def _word(text: str) -> str:
    return _BY_WORD.get(text, text.lower())


def _spending(cells: list[str], place: int) -> bookcost.Spending:
    try:
        on = date.fromisoformat(cells[0])
    except ValueError:
        raise BadInput("impossible_date", f"第{place}行的日期“{cells[0][:20]}”不存在，请写成2025-06-30。", f"Row {place}: “{cells[0][:20]}” is no date; write 2025-06-30.") from None  # fmt: skip
    if not cells[4]:
        raise BadInput(
            "voucher_needed",
            f"第{place}行没有凭证号，没有凭证的支出不能入账。",
            f"Row {place} has no voucher; spending without one is not booked.",
        )
    return bookcost.Spending(
        on, _word(cells[1]), _word(cells[2]), yuan(cells[3], LINE_LABEL), cells[4], cells[5] if len(cells) > 5 else ""
    )


def _met(answers: Mapping[str, Any]) -> dict[str, date]:
    """Conditions with both their day and their evidence. Raises PaperErrors where one stands without the other."""
    found, wrong = {}, {}
    for name in bookcost.CONDITIONS:
        day, evidence = answers.get(f"met_{name}"), answers.get(f"met_{name}_evidence")
        if day and not evidence:
            wrong[f"met_{name}_evidence"] = Text(
                "写明满足这项条件的证据，例如立项决议、测试报告。",
                "State what proves this condition, such as a resolution or test report.",
            )
        elif evidence and not day:
            wrong[f"met_{name}"] = Text("写明从哪一天起满足。", "State from which day it was met.")
        elif day:
            found[name] = date.fromisoformat(day)
    if wrong:
        raise PaperErrors(wrong)
    return found


def compute(answers: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Each spending's treatment, totals and the disclosure table, as plain JSON. Raises PaperErrors."""
    met = _met(answers)
    ready = date.fromisoformat(answers["ready_on"]) if answers.get("ready_on") else None
    sheet = bookcost.Sheet(answers["category"], met, ready, answers.get("life_months"))
    decreases = {way: int(answers.get(f"decrease_{way}") or 0) for way in bookcost.WAYS}
    field = "lines"
    try:
        rows = [_spending(cells, n) for n, cells in enumerate(table("lines", answers["lines"], 5, 6), 1)]
        bookcost.check(rows, sheet, today)
        treated = [bookcost.treat(s, sheet) for s in rows]
        field = "decrease_purchase"
        note = bookcost.disclosure(treated, sheet, int(answers["year"]), decreases)
    except BadInput as error:
        raise PaperErrors(
            {error.field or ("life_months" if error.rule == "life_needed" else field): error.text}
        ) from None
    met_on = bookcost.conditions_met_on(met)
    return {
        "lines": [{"on": t.spending.on.isoformat(), "way": t.spending.way, "nature": t.spending.nature, "amount_fen": t.spending.amount,
                   "voucher": t.spending.voucher, "note": t.spending.note, "capitalised": t.capitalised, "reason": t.reason} for t in treated],
        "capitalised_fen": sum(t.spending.amount for t in treated if t.capitalised),
        "expensed_fen": sum(t.spending.amount for t in treated if not t.capitalised),
        "conditions_met_on": met_on.isoformat() if met_on else None,
        "note": [{"row": row, **amounts} for row, amounts in note],
    }  # fmt: skip

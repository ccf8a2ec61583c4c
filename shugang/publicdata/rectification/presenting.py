"""What the pages show: the board's chart, a ticket's facts in words, the mark on a data set's page."""

from __future__ import annotations

from typing import Any

from shugang.delivery.datasets.standing import Fact
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..crosscheck.queries import KINDS
from . import queries
from .models import Ticket

_WORDS: dict[str, Text] = {
    "column": Text("字段", "Column"),
    "key": Text("行（键）", "Row (key)"),
    "says": Text("异议内容", "What is said"),
    "assessment": Text("质量评价", "Assessment"),
    "a": Text("符合数 A", "A, as wanted"),
    "b": Text("总数 B", "B, in all"),
    "indicator": Text("指标", "Indicator"),
    "check": Text("校核", "Cross-check"),
    "element": Text("数据元素", "Element"),
    "kind": Text("差异种类", "Kind of difference"),
    "count": Text("条数", "How many"),
    "run": Text("校核记录", "Run"),
    "rule": Text("规则", "Rule"),
}


def facts(values: dict[str, Any]) -> list[tuple[Text, str]]:
    shown = {**values, "kind": tx(KINDS[values["kind"]])} if values.get("kind") in KINDS else values
    return [(_WORDS[name], str(value)) for name, value in shown.items() if name in _WORDS and value not in ("", None)]


def board_chart(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Stacked bars a department: open, escalated among them apart, closed, rejected; the first twenty."""
    rows = lines[:20]
    series = [
        (Text("未办结", "Open"), [max(0, r["open"] - r["escalated"]) for r in rows]),
        (Text("已升级", "Escalated"), [r["escalated"] for r in rows]),
        (Text("已办结", "Closed"), [r["closed"] for r in rows]),
        (Text("不予整改", "Rejected"), [r["rejected"] for r in rows]),
    ]
    return {"type": "bar", "unit": tx(Text("件", "tickets")), "flip": True, "x": [r["department"] for r in rows],
            "series": [{"name": tx(label), "data": data, "stack": "all"} for label, data in series]}  # fmt: skip


def told(actor: Any, version: Any) -> list[Fact]:
    """The mark among what stands behind a version, wherever its page is read."""
    mark = queries.public_mark(version.dataset)
    if mark is None:
        return []
    columns = "、".join(mark["columns"])
    return [Fact(
        Text("异议标注", "Objection mark"),
        Text(f"{mark['objections']}件异议正在处理", f"{mark['objections']} open objection(s)"),
        Text(f"自{mark['since']:%Y-%m-%d}起；涉及字段：{columns}。使用时请留意。",
             f"Since {mark['since']:%Y-%m-%d}, about: {', '.join(mark['columns'])}. Please take care when you use it."),
    )]  # fmt: skip


def may_see_dataset(actor: Any, ticket: Ticket) -> bool:
    return bool(actor.party_id == ticket.department_id)

"""What the pages show: the board's chart, a ticket's facts in words, the mark on a data set's page."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet

from shugang.delivery.datasets.standing import Fact
from shugang.kernel import clock
from shugang.market.products.models import DataProduct
from shugang.market.products.told import Told
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..crosscheck.queries import KINDS
from . import queries
from .models import Objection, Ticket

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


MARK = Text("异议标注", "Objection mark")


def mark_words(mark: dict[str, Any]) -> Text:
    """The mark in one sentence, for pages and for catalogues of others alike."""
    n, day, columns = mark["objections"], mark["since"].astimezone(clock.zone()).date(), mark["columns"]
    one = "objection" if n == 1 else "objections"
    return Text(f"{n}件异议正在处理，自{day}起；涉及字段：{'、'.join(columns)}。使用时请留意。",
                f"{n} open {one} since {day}, about: {', '.join(columns)}. Please take care when you use it.")  # fmt: skip


def _fact(mark: dict[str, Any]) -> Fact:
    n, words = mark["objections"], mark_words(mark)
    detail = Text(words.zh.split("，", 1)[1], words.en.split(" since ", 1)[1])
    value = Text(f"{n}件异议正在处理", f"{n} open objection" + ("" if n == 1 else "s"))
    return Fact(MARK, value, Text(detail.zh, f"Since {detail.en}"))


def told(actor: Any, version: Any) -> list[Fact]:
    """The mark among what stands behind a version, wherever its page is read."""
    mark = queries.public_mark(version.dataset)
    return [_fact(mark)] if mark else []


def objected_rows() -> QuerySet[Objection]:
    return Objection.objects.filter(dataset=OuterRef("dataset_version__dataset"), ended_at__isnull=True)


def told_of_product(product: DataProduct) -> list[Told]:
    """The mark on the data of a product, at once on its page: whoever buys or uses it reads it first."""
    mark = queries.public_mark(product.dataset_version.dataset)
    if mark is None:
        return []
    words = mark_words(mark)
    return [Told(_fact(mark), Text(f"{MARK.zh}：{words.zh}", f"{MARK.en}: {words.en}"))]


def may_see_dataset(actor: Any, ticket: Ticket) -> bool:
    return bool(actor.party_id == ticket.department_id)

"""What a contract lets its buyer do, in plain words: may, may not, must, what is left, until when, and how each is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shugang.delivery.metering.queries import QuotaLeft, quotas_left
from shugang.kernel import clock
from shugang.policy.codec import UnknownTerm
from shugang.policy.describing import ACTION_LABELS, TermLine, describe
from shugang.policy.guarantees import GUARANTEE_LABELS, held
from shugang.policy.terms import PURPOSES, Terms, quota_text
from shugang.policy.text import Text

from .models import Contract

MODES: dict[str, Text] = {
    "table": Text("用Delta Sharing工具读取授权字段，下载授权范围内的文件",
                  "read the granted columns with Delta Sharing tools and download their files"),
    "file": Text("把授权范围内的数据作为一个文件下载", "download the granted data as one file"),
    "api": Text("按约定的键逐条查询", "look up records by the agreed key"),
    "query": Text("运行供方登记的查询，取回约定结果", "run the supplier's registered query and take its agreed result"),
    "proxy": Text("调用供方登记的接口操作，取回授权字段", "call the supplier's registered operations and take granted columns"),
    "push": Text("在登记的存储中接收授权字段的文件", "receive files of the granted columns in a store of its own"),
    "stream": Text("订阅供方的实时数据流，接收授权字段", "subscribe to the supplier's stream of granted columns"),
    "sql": Text("用SQL自行查询授权的字段和数据行", "query the granted columns and rows with SQL of its own"),
}  # fmt: skip
# Terms that let something, that set a bound, and that ask for something.
_BOUNDS = ("rows", "masks", "rate", "place", "environment", "output")
_DUTIES = ("log", "notify", "delete_after", "attribution", "mark", "notes")


@dataclass(frozen=True)
class Line:
    """One sentence, and how it is held (a guarantee of `policy.guarantees`)."""

    label: Text
    value: Text
    guarantee: str
    guarantee_label: Text
    explanation: Text

    def to_json(self) -> dict[str, Any]:
        return {"what": self.label.to_json(), "says": self.value.to_json(), "held": self.guarantee}


@dataclass(frozen=True)
class Rights:
    """`open` says whether anything can be fetched now; `why_not` why it cannot. `days_left` counts whole days."""

    open: bool
    why_not: list[Text]
    valid_from: datetime
    valid_until: datetime
    days_left: int
    may: list[Line]
    may_not: list[Line]
    must: list[Line]
    left: list[QuotaLeft]

    def to_json(self) -> dict[str, Any]:
        return {
            "open": self.open,
            "why_not": [t.to_json() for t in self.why_not],
            "valid_from": self.valid_from,
            "valid_until": self.valid_until,
            "days_left": self.days_left,
            "may": [line.to_json() for line in self.may],
            "may_not": [line.to_json() for line in self.may_not],
            "must": [line.to_json() for line in self.must],
            "left": [
                {"quota": q.quota.to_json(), "used": q.used, "left": q.left, "says": left_text(q).to_json()}
                for q in self.left
            ],
        }


def rights(contract: Contract) -> Rights:
    """As they stand now. Queries: the grant's holds and one sum a quota."""
    terms, mode, now = contract.terms, contract.product.mode, clock.now()
    lines = describe(terms, mode)
    until = contract.grant.valid_until if contract.grant else contract.valid_until
    why_not = list(_why_not(contract, terms, now))
    return Rights(
        open=not why_not,
        why_not=why_not,
        valid_from=terms.valid_from,
        valid_until=until,
        days_left=max(0, (until - now) // timedelta(days=1)) if contract.state not in Contract.OVER else 0,
        may=list(_may(terms, mode, lines)),
        may_not=list(_may_not(contract, terms, mode, lines)),
        must=[_as_line(line) for line in lines if line.key.split(".")[0] in _DUTIES],
        left=quotas_left(contract.grant) if contract.grant else [],
    )


def _why_not(contract: Contract, terms: Terms, now: datetime) -> Iterator[Text]:
    if contract.state == Contract.State.PENDING:
        yield Text("合同还没有由双方签署。", "Both sides have not signed yet.")
    elif contract.state in Contract.OVER:
        yield Text("合同已经结束。", "The contract is over.")
    elif contract.state == Contract.State.SUSPENDED:
        yield Text(f"合同已暂停：{contract.reason}", f"The contract is suspended: {contract.reason}")
    elif contract.grant is not None:
        holds = contract.grant.holds.filter(lifted_at=None)
        yield from (Text(f"授权已暂停：{h.reason}", f"The grant is suspended: {h.reason}") for h in holds)
        if contract.grant.state == "ended":
            yield Text("授权已经终止。", "The grant has ended.")
        if now < terms.valid_from:
            yield Text("约定的期间还没有开始。", "The agreed period has not begun.")


def _as_line(line: TermLine) -> Line:
    return Line(line.label, line.value, line.guarantee, line.guarantee_label, line.explanation)


def _line(key: str, mode: str, label: Text, value: Text) -> Line | None:
    """A sentence held as the term `key` is; None where the table does not know it in this mode."""
    try:
        guarantee, explanation = held(key, mode)
    except UnknownTerm:
        return None
    return Line(label, value, guarantee, GUARANTEE_LABELS[guarantee], explanation)


def _known(*lines: Line | None) -> Iterator[Line]:
    yield from (line for line in lines if line is not None)


def _may(terms: Terms, mode: str, lines: list[TermLine]) -> Iterator[Line]:
    how = Text("怎样取数", "How to fetch")
    yield from _known(_line("subject", mode, how, MODES[mode]))
    for line in lines:
        name = line.key.split(".")[0]
        if name in ("action", "purpose", "fields", "quota") or (name == "redistribute" and terms.redistribute):
            yield _as_line(line)


def _may_not(contract: Contract, terms: Terms, mode: str, lines: list[TermLine]) -> Iterator[Line]:
    no = Text("不得", "Not allowed")
    for action, label in ACTION_LABELS.items():
        if action not in terms.actions and action != "redistribute":
            yield from _known(_line(f"action.{action}", mode, no, label))
    if not terms.redistribute:
        text = Text("转授他人，或让他人代为使用", "pass it on, or let others use it")
        yield from _known(_line("redistribute", mode, no, text))
    others = [label for code, label in PURPOSES.items() if code != terms.purpose]
    zh, en = "、".join(t.zh for t in others[:3]), ", ".join(t.en for t in others[:3])
    text = Text(f"用于其他用途，如{zh}", f"use it for another purpose, such as {en}")
    yield from _known(_line("purpose", mode, no, text))
    yield from _known(_line("fields", mode, no, Text("取得授权字段以外的字段", "get columns that are not granted")))
    for line in lines:
        if line.key.split(".")[0] in _BOUNDS:
            text = Text(f"超出“{line.value.zh}”", f"go beyond “{line.value.en}”")
            yield Line(line.label, text, line.guarantee, line.guarantee_label, line.explanation)
    if contract.answers.get("personal") == "masked":
        yield from _known(_line("notes", mode, no, Text("重新识别个人", "re-identify people")))


def left_text(q: QuotaLeft) -> Text:
    """每月 10,000 行（全部）：已用 3，还剩 9,997。"""
    words = quota_text(q.quota)
    return Text(f"{words.zh}：已用{q.used:,}，还剩{q.left:,}", f"{words.en}: {q.used:,} used, {q.left:,} left")

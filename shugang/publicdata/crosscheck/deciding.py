"""By a declared strategy, whose value stands, and why. A decision is a proposal to the source; nothing is overwritten.

Only which sources agree with which decides, so each pattern of agreement is decided once and looked up (as in `truth`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from shugang.policy.lowering import quote
from shugang.policy.text import Text

from . import truth
from .plan import STRATEGIES, Compare, Plan
from .truth import Pattern


@dataclass(frozen=True)
class Rule:
    """A strategy made ready for one element: `order` of the sources' places, weights where it weighs."""

    strategy: str
    order: tuple[int, ...]
    origins: tuple[int, ...]
    accuracy: tuple[float, ...] | None = None
    weights: tuple[float, ...] | None = None

    def decide(self, pattern: Pattern) -> tuple[int, bool]:
        """(the place of the source whose value stands, whether votes were level)."""
        if self.strategy in ("authority", "recency"):
            return next((s for s in self.order if pattern[s]), -1), False
        return truth.winner(pattern, self.origins, self.order, self.weights)


def ready(con: duckdb.DuckDBPyConnection, plan: Plan, compare: Compare) -> Rule:
    origins = tuple(plan.origins())
    order = tuple(plan.place(name) for name in compare.order)
    if compare.strategy == "recency":
        days = [s.as_of for s in plan.sources]
        order = tuple(sorted(order, key=lambda p: days[p].toordinal() if days[p] else 0, reverse=True))  # type: ignore[union-attr]
    if compare.strategy != "weighted":
        return Rule(compare.strategy, order, origins)
    counts = truth.counted(con, quote("compared_" + compare.element), len(plan.sources))
    found = truth.estimate(counts, origins)
    return Rule(compare.strategy, order, origins, found.accuracy, found.weights)


def decide(con: duckdb.DuckDBPyConnection, plan: Plan, rule: Rule, element: str) -> None:
    """`decided_<element>(pattern, source, tie)` for every pattern that occurs."""
    counts = truth.counted(con, quote("compared_" + element), len(plan.sources))
    truth.keep_winners(con, quote("decided_" + element), {p: rule.decide(p) for p in counts})


def reason(
    plan: Plan, rule: Rule, pattern: Pattern, winner: int, tie: bool, repeated: Mapping[str, int]
) -> dict[str, Any]:
    """Why, as data: votes of each claiming source's value, who copies whom, who has it how often, the sentence in both languages."""
    found = truth.votes(pattern, rule.origins, rule.weights) if rule.strategy in ("majority", "weighted") else {}
    voted = {plan.sources[s].name: round(found[c], 3) for s, c in enumerate(pattern) if c and c in found}
    copies = {s.name: s.origin for s in plan.sources if s.origin != s.name}
    said, more = sentence(plan, rule, winner, tie, copies), _ambiguous(plan, repeated)
    text = Text(said.zh + more.zh, said.en + more.en)
    body: dict[str, Any] = {
        "strategy": rule.strategy,
        "votes": voted,
        "copies": copies,
        "tie": tie,
        "text": [text.zh, text.en],
    }
    if repeated:
        body["repeated"] = dict(repeated)
    if rule.accuracy:
        body["accuracy"] = {s.name: round(a, 4) for s, a in zip(plan.sources, rule.accuracy, strict=True)}
    return body


def _ambiguous(plan: Plan, repeated: Mapping[str, int]) -> Text:
    """Where a key stands for several rows, values may differ because they are of different things."""
    if not repeated:
        return Text("", "")
    labels = {s.name: s.label for s in plan.sources}
    zh = "、".join(f"“{labels[n]}”有{times}行" for n, times in repeated.items())
    en = ", ".join(f"{times} rows of “{labels[n]}”" for n, times in repeated.items())
    return Text(
        f"同一关联键{zh}，比较的是第一行：请先核对关联键是否写全。",
        f" {en} have this key and the first was compared: please see first whether the key is complete.",
    )


def sentence(plan: Plan, rule: Rule, winner: int, tie: bool, copies: dict[str, str]) -> Text:
    if winner < 0:
        return Text("没有来源给出值。", "No source has a value.")
    name, label = plan.sources[winner].label, STRATEGIES[rule.strategy]
    zh, en = f"{label.zh}：取“{name}”的值。", f"{label.en}: the value of “{name}” stands."
    if rule.strategy == "recency":
        day = plan.sources[winner].as_of
        zh, en = (
            f"{label.zh}：“{name}”的数据日期最新（{day}）。",
            f"{label.en}: “{name}” is of the latest date ({day}).",
        )
    if tie:
        zh, en = zh + "票数相同，按声明的先后。", en + " The votes were level; the declared order decides."
    if copies and rule.strategy in ("majority", "weighted"):
        labels = {s.name: s.label for s in plan.sources}
        listed = [f"{labels[a]}←{labels[b]}" for a, b in copies.items()]
        zh, en = (
            zh + f"声明的复制（{'、'.join(listed)}）不重复计票。",
            en + f" Declared copies ({', '.join(listed)}) vote once.",
        )
    return Text(zh, en)

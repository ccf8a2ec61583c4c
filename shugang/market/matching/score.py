"""Whether a product meets a demand, and why. Pure: two sets of facts and the rules in, parts with reasons out.

Hard filters say yes or no; what passes gets 0–10,000 (basis points): the mean of the parts that the demand asks for, by the
rules' weights. No part is hidden, none is learned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from shugang.policy.terms import MODES, PURPOSES
from shugang.policy.text import Text

from . import parts
from .bm25 import Corpus
from .subjects import Offered, Wanted
from .words import in_common, terms

FULL = 10_000
LABELS: dict[str, Text] = {
    "text": Text("文字", "Text"),
    "columns": Text("字段", "Columns"),
    "coverage": Text("时间与地域", "Period and place"),
    "freshness": Text("更新", "Freshness"),
    "volume": Text("数据量", "Volume"),
    "price": Text("价格", "Price"),
    "sector": Text("行业", "Sector"),
}


@dataclass(frozen=True)
class Line:
    """One part: its value in basis points, its weight among all weights, and why."""

    name: str
    value: int
    weight: int
    why: Text


@dataclass(frozen=True)
class Result:
    """`score` in basis points; `refusals` are the hard filters that it does not pass (its score still says how near it is)."""

    number: str
    score: int
    lines: tuple[Line, ...]
    refusals: tuple[Text, ...]


def document(offered: Offered) -> list[str]:
    """The words by which an offer is found: its title counts three times."""
    columns = " ".join(f"{name} {comment}" for name, comment in offered.columns)
    return terms(offered.title) * 3 + terms(f"{offered.text} {offered.coverage}") + terms(columns)


def query(wanted: Wanted) -> Counter[str]:
    """The words asked for: the title's twice, the columns' with them."""
    return Counter(terms(wanted.title) * 2 + terms(wanted.text) + terms(" ".join(n for n, _ in wanted.columns)))


def refusals(wanted: Wanted, offered: Offered, rules: Mapping[str, Any]) -> Iterator[Text]:
    """The hard filters: way of delivery, licence for the purpose, compliance."""
    limits = rules["filters"]
    if offered.mode not in wanted.modes:
        mode = MODES[offered.mode]
        yield Text(f"交付方式“{mode.zh}”不在可接受之列。", f"“{mode.en}” is not an accepted way of delivery.")
    if wanted.purpose not in offered.purposes:
        purpose = PURPOSES[wanted.purpose]
        yield Text(f"产品没有许可用途“{purpose.zh}”。", f"The product is not licensed for “{purpose.en}”.")
    if wanted.purpose in limits["commercial_purposes"] and any(
        word in offered.licence for word in limits["non_commercial"]
    ):
        yield Text(
            f"来源许可“{offered.licence}”不允许商业用途。",
            f"The source's licence “{offered.licence}” forbids commercial use.",
        )
    if offered.level is not None and offered.level > limits["highest_level"]:
        yield Text(
            "产品定为重要数据或核心数据，不参加匹配，须逐项审查。",
            "Important or core data is not matched; each use is reviewed.",
        )
    if offered.personal and wanted.purpose not in limits["personal_purposes"]:
        yield Text(
            "产品提供未脱敏的个人信息，这个用途不在允许之列。",
            "It delivers personal data unmasked, which this purpose does not justify.",
        )
    if not wanted.buyer:
        yield Text("需方当前不在营，不能交易。", "The buyer is not active now.")


def _text(corpus: Corpus, at: int, asked: Counter[str]) -> tuple[float, Text]:
    value, hits = corpus.score(asked, at)
    shown = "、".join(hits[:8])
    if not hits:
        return 0.0, Text("没有相同的词。", "No word in common.")
    return value, Text(
        f"相同的词：{shown}{'等' if len(hits) > 8 else ''}。", f"Words in common: {', '.join(hits[:8])}."
    )


def explained(result: Result, wanted: Wanted, offered: Offered) -> Result:
    """The same with the words in common whole, the longest first. For what is kept: it reads both texts again."""
    asked = " ".join([wanted.title, wanted.text, *(name for name, _ in wanted.columns)])
    columns = " ".join(f"{name} {comment}" for name, comment in offered.columns)
    found = in_common(asked, f"{offered.title} {offered.text} {offered.coverage} {columns}")
    words = sorted(found, key=lambda w: -len(w))
    if not words:
        return result
    more = "等" if len(words) > 8 else ""
    why = Text(f"相同的词：{'、'.join(words[:8])}{more}。", f"Words in common: {', '.join(words[:8])}.")
    return replace(
        result, lines=tuple(replace(x, why=why) if x.name == "text" and x.value else x for x in result.lines)
    )


def score(
    wanted: Wanted, offered: Sequence[Offered], rules: Mapping[str, Any], today: date, corpus: Corpus | None = None,
    places: Sequence[int] | None = None,
) -> list[Result]:  # fmt: skip
    """Every offer with its parts, the best first; those that a filter stops come after all that pass.

    `corpus` holds the words of all that is listed; `places` says where in it each offer stands, in order where it is left out.
    """
    bodies = corpus or Corpus(document(o) for o in offered)
    asked, unknown = query(wanted), rules["unknown"] / FULL
    found = []
    for at, one in zip(places if places is not None else range(len(offered)), offered, strict=True):
        said: dict[str, parts.Part] = {
            "text": _text(bodies, at, asked),
            "columns": parts.columns(wanted, one, unknown),
            "coverage": parts.coverage(wanted, one, unknown, today),
            "freshness": parts.freshness(wanted, one, unknown),
            "volume": parts.volume(wanted, one, unknown),
            "price": parts.price(wanted, one, unknown),
            "sector": parts.sector(wanted, one),
        }
        found.append(_result(one.number, said, rules["weights"], tuple(refusals(wanted, one, rules))))
    return sorted(found, key=lambda r: (bool(r.refusals), -r.score, r.number))


def _result(
    number: str, said: Mapping[str, parts.Part], weights: Mapping[str, int], stopped: tuple[Text, ...]
) -> Result:
    lines = tuple(
        Line(name, round(part[0] * FULL), weights[name], part[1]) for name, part in said.items() if part is not None
    )
    whole = sum(line.weight for line in lines)
    return Result(number, sum(line.value * line.weight for line in lines) // max(1, whole), lines, stopped)

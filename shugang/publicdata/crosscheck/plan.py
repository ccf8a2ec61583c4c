"""A declared check, read from its document and closed: sources, elements, keys, linking, strategies. Pure.

    {"sources":  [{"name": "civil", "label": "民政", "columns": {"code": "code", "name": "street"}, "as_of": "2023-06-30"},
                  {"name": "map", "columns": {...}, "origin": "civil"}],
     "elements": {"code": {"kind": "code"}, "name": {"kind": "text", "tolerance": 0.92}},
     "keys":     [["code"]],
     "compare":  {"name": {"strategy": "authority", "order": ["civil", "map"]}},
     "link":     {"blocks": [["name:2"]], "by": ["name"], "threshold": 0.95},
     "only":     {"code": "3502"}, "cap": 20000000}

`origin` declares that a source copies another: both vote once. `blocks` are elements, `element:n` its first n characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shugang.policy.text import Text

from .elements import KINDS, Kind
from .refused import PlanError

STRATEGIES: dict[str, Text] = {
    "authority": Text("权威优先", "Authority first"),
    "recency": Text("最新优先", "Most recent"),
    "majority": Text("多数表决", "Majority vote"),
    "weighted": Text("按来源可信度加权", "Weighted by the sources' accuracy"),
}
MOST_SOURCES, MOST_ELEMENTS, MOST_KEYS, MOST_BLOCKS = 8, 40, 4, 6
LARGEST_CAP = 100_000_000
DEFAULT_CAP = 20_000_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")


@dataclass(frozen=True)
class Source:
    name: str
    label: str
    columns: Mapping[str, str]
    origin: str
    as_of: date | None = None


@dataclass(frozen=True)
class Element:
    name: str
    kind: Kind
    label: str
    tolerance: float | None = None


@dataclass(frozen=True)
class Compare:
    element: str
    strategy: str
    order: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Elements whose equality makes two records a pair; a length cuts a value to its first characters."""

    parts: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return " + ".join(f"{name}:{length}" if length else name for name, length in self.parts)


@dataclass(frozen=True)
class Link:
    blocks: tuple[Block, ...]
    by: tuple[str, ...]
    threshold: float


@dataclass(frozen=True)
class Plan:
    sources: tuple[Source, ...]
    elements: Mapping[str, Element]
    keys: tuple[tuple[str, ...], ...]
    compare: tuple[Compare, ...]
    link: Link | None = None
    only: Mapping[str, str] = field(default_factory=dict)
    cap: int = DEFAULT_CAP

    def place(self, source: str) -> int:
        return next(i for i, s in enumerate(self.sources) if s.name == source)

    def origins(self) -> list[int]:
        """For each source the place of the one that it copies from in the end; its own where it copies none."""
        return [self.place(s.origin) for s in self.sources]


def read(document: Any) -> Plan:
    """Raises PlanError with the rule that is broken."""
    body = _mapping(document, "document", {"sources", "elements", "keys", "compare", "link", "only", "cap"})
    elements = _elements(body.get("elements"))
    sources = _sources(body.get("sources"), elements)
    keys = _keys(body.get("keys"), elements)
    names = [s.name for s in sources]
    _covered(sources, keys)
    link = _link(body["link"], elements, sources) if body.get("link") is not None else None
    if not keys and link is None:
        raise PlanError("no_key", Text("请至少写一个关联键，或写明怎样分块关联。", "Please give at least one key, or say how to link by blocks."))  # fmt: skip
    return Plan(sources, elements, keys, _compare(body.get("compare"), elements, names, sources), link,
                _only(body.get("only", {}), elements), _cap(body.get("cap", DEFAULT_CAP)))  # fmt: skip


def _bad(rule: str, zh: str, en: str) -> PlanError:
    return PlanError(rule, Text(zh, en))


def _mapping(value: Any, where: str, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _bad("shape", f"“{where}”应是一个对象。", f"“{where}” has to be an object.")
    if unknown := sorted(set(value) - known):
        raise _bad("unknown_word", f"“{where}”里不认识“{str(unknown[0])[:40]}”。", f"“{where}” knows no “{str(unknown[0])[:40]}”.")  # fmt: skip
    return value


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise _bad("shape", f"“{where}”应是最多{most}项的列表。", f"“{where}” has to be a list of at most {most}.")
    return value


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _bad("name", f"“{where}”的名称用小写字母开头，只含小写字母、数字和下划线，最多30位。",
                   f"A name in “{where}” begins with a small letter and has small letters, digits and _ only, at most 30.")  # fmt: skip
    return value


def _label(value: Any, name: str) -> str:
    if value is None:
        return name
    if not isinstance(value, str) or not 1 <= len(value) <= 60 or any(ord(c) < 32 for c in value):
        raise _bad("label", f"“{name}”的显示名称应为1至60字。", f"The label of “{name}” has 1 to 60 characters.")
    return value


def _elements(value: Any) -> dict[str, Element]:
    if not isinstance(value, dict) or not 1 <= len(value) <= MOST_ELEMENTS:
        raise _bad("elements", f"请写1至{MOST_ELEMENTS}个数据元素。", f"Please give 1 to {MOST_ELEMENTS} elements.")
    found = {}
    for raw, about in value.items():
        name = _name(raw, "elements")
        body = _mapping(about, name, {"kind", "label", "tolerance"})
        kind = KINDS.get(str(body.get("kind")))
        if kind is None:
            known = "、".join(KINDS)
            raise _bad("kind", f"“{name}”的类型应是其中之一：{known}。", f"The kind of “{name}” has to be one of {', '.join(KINDS)}.")  # fmt: skip
        found[name] = Element(
            name, kind, _label(body.get("label"), name), _tolerance(body.get("tolerance"), name, kind)
        )
    return found


def _tolerance(value: Any, name: str, kind: Kind) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind.tolerance is None or not number or not 0 <= value <= 1e9 or value != value:
        raise _bad("tolerance", f"“{name}”不能设这个容差。", f"“{name}” can have no such tolerance.")
    return float(value)


def _sources(value: Any, elements: Mapping[str, Element]) -> tuple[Source, ...]:
    rows = _list(value, "sources", MOST_SOURCES)
    if len(rows) < 2:
        raise _bad("two_sources", "校核至少要有两个来源。", "A cross-check needs at least two sources.")
    read_ = [
        _mapping(r, "sources", {"name", "label", "columns", "origin", "as_of", "dataset", "version"}) for r in rows
    ]
    names = [_name(r.get("name"), "sources") for r in read_]
    if len(set(names)) < len(names):
        raise _bad("source_twice", "来源名称不能重复。", "A source's name can be used once only.")
    copies = {n: r.get("origin") or n for n, r in zip(names, read_, strict=True)}
    return tuple(
        Source(n, _label(r.get("label"), n), _columns(r.get("columns"), n, elements), _origin(n, copies), _day(r.get("as_of"), n))
        for n, r in zip(names, read_, strict=True)
    )  # fmt: skip


def _origin(name: str, copies: Mapping[str, Any]) -> str:
    """Follow declared copying to its end. Raises PlanError where it goes round or nowhere."""
    at = name
    for _ in copies:
        further = copies.get(at) if isinstance(at, str) else None
        if further is None:
            raise _bad("origin", f"“{name}”声明复制自一个不在本校核里的来源。", f"“{name}” declares to copy a source that is not in this check.")  # fmt: skip
        if further == at:
            return at
        at = further
    raise _bad(
        "origin_circle", f"“{name}”的复制声明绕成了一圈。", f"The declared copying of “{name}” goes round in a circle."
    )


def _columns(value: Any, source: str, elements: Mapping[str, Element]) -> dict[str, str]:
    body = _mapping(value, f"{source}.columns", set(elements))
    if not body or not all(isinstance(c, str) and 0 < len(c) <= 128 for c in body.values()):
        raise _bad("columns", f"请为“{source}”写明元素对应的字段。", f"Please name the columns of “{source}”.")
    return dict(body)


def _day(value: Any, name: str) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _bad(
            "as_of", f"“{name}”的日期应写成2026-01-31的样子。", f"The date of “{name}” looks like 2026-01-31."
        ) from None


def _names(value: Any, where: str, known: Any, most: int = MOST_ELEMENTS) -> tuple[str, ...]:
    found = _list(value, where, most)
    for name in found:
        if not isinstance(name, str) or name not in known:
            raise _bad("unknown_name", f"“{where}”提到不存在的“{str(name)[:40]}”。", f"“{where}” names “{str(name)[:40]}”, which there is none of.")  # fmt: skip
    if not found or len(set(found)) < len(found):
        raise _bad("names", f"“{where}”不能为空或重复。", f"“{where}” cannot be empty or repeat a name.")
    return tuple(found)


def _keys(value: Any, elements: Mapping[str, Element]) -> tuple[tuple[str, ...], ...]:
    return tuple(_names(k, "keys", elements, 6) for k in _list(value if value is not None else [], "keys", MOST_KEYS))


def _covered(sources: tuple[Source, ...], keys: tuple[tuple[str, ...], ...]) -> None:
    for key in keys:
        having = [s for s in sources if all(n in s.columns for n in key)]
        if len(having) < 2:
            raise _bad("key_columns", f"关联键“{'、'.join(key)}”至少要有两个来源提供。", f"At least two sources have to have the key “{', '.join(key)}”.")  # fmt: skip


def _compare(
    value: Any, elements: Mapping[str, Element], names: list[str], sources: tuple[Source, ...]
) -> tuple[Compare, ...]:
    body = _mapping(value if value is not None else {}, "compare", set(elements))
    found = []
    for name, about in body.items():
        rule = _mapping(about, name, {"strategy", "order"})
        if rule.get("strategy") not in STRATEGIES:
            raise _bad("strategy", f"“{name}”的裁定策略应是：{'、'.join(STRATEGIES)}。", f"The strategy of “{name}” is one of {', '.join(STRATEGIES)}.")  # fmt: skip
        if sum(name in s.columns for s in sources) < 2:
            raise _bad("compare_columns", f"“{name}”至少要有两个来源提供才能比较。", f"At least two sources have to have “{name}” to compare it.")  # fmt: skip
        if rule["strategy"] == "recency" and not all(s.as_of for s in sources):
            raise _bad(
                "as_of",
                "最新优先要求每个来源都写明数据日期（as_of）。",
                "Most recent needs the date (as_of) of every source.",
            )
        order = _names(rule["order"], f"{name}.order", names) if rule.get("order") else tuple(names)
        found.append(Compare(name, rule["strategy"], (*order, *(n for n in names if n not in order))))
    return tuple(found)


def _link(value: Any, elements: Mapping[str, Element], sources: tuple[Source, ...]) -> Link:
    body = _mapping(value, "link", {"blocks", "by", "threshold"})
    by = _names(body.get("by"), "link.by", elements, 12)
    blocks = tuple(_block(b, elements) for b in _list(body.get("blocks"), "link.blocks", MOST_BLOCKS))
    if not blocks:
        raise _bad("no_block", "模糊关联必须写分块条件，否则要两两全比。", "Linking needs blocks; without them every record would meet every other.")  # fmt: skip
    used = {*by, *(name for block in blocks for name, _ in block.parts)}
    for source in sources:
        if missing := sorted(used - set(source.columns)):
            raise _bad("link_columns", f"“{source.name}”没有“{missing[0]}”，不能用它关联。", f"“{source.name}” has no “{missing[0]}” to link by.")  # fmt: skip
    threshold = body.get("threshold", 0.95)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0.5 <= threshold < 1:
        raise _bad("threshold", "关联阈值应在0.5与1之间。", "The threshold lies between 0.5 and 1.")
    return Link(blocks, by, float(threshold))


def _block(value: Any, elements: Mapping[str, Element]) -> Block:
    parts = []
    for text in _list(value, "link.blocks", 6):
        name, _, length = str(text).partition(":")
        if name not in elements or (length and not (length.isdecimal() and 1 <= int(length) <= 40)):
            raise _bad("block", f"分块条件“{str(text)[:40]}”写法不对，例：name 或 name:2。", f"A block “{str(text)[:40]}” is not one; for example name or name:2.")  # fmt: skip
        parts.append((name, int(length) if length else 0))
    if not parts:
        raise _bad("block", "分块条件不能为空。", "A block cannot be empty.")
    return Block(tuple(parts))


def _only(value: Any, elements: Mapping[str, Element]) -> dict[str, str]:
    body = _mapping(value, "only", set(elements))
    if not all(isinstance(v, str) and 0 < len(v) <= 40 for v in body.values()):
        raise _bad(
            "only",
            "范围应写元素和它的开头，例：code 以 3502 开头。",
            "A range is an element and how it begins, for example code 3502.",
        )
    return dict(body)


def _cap(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_CAP:
        raise _bad(
            "cap",
            f"比较对数上限应为1至{LARGEST_CAP:,}的整数。",
            f"The cap of pairs is a whole number from 1 to {LARGEST_CAP:,}.",
        )
    return value

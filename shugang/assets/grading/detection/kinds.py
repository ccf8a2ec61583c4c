"""The dictionary of kinds, read once from `kinds.json`.

A kind has the class of GB/T 35273-2020 annex A, whether it is sensitive (个人信息保护法 第二十八条, GB/T 45574-2025, GB/T
35273-2020 annex B) and a level to begin with (TC260-PG-20212A: personal information not below 2, sensitive not below 4).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shugang.policy.text import Text

_DATA: dict[str, Any] = json.loads((Path(__file__).parent / "kinds.json").read_text(encoding="utf-8"))
VERSION: str = _DATA["version"]
VALUES: dict[str, tuple[str, ...]] = {name: tuple(items) for name, items in _DATA["values"].items()}
ELSEWHERE: dict[str, tuple[str, ...]] = {name: tuple(items) for name, items in _DATA["elsewhere"].items()}
ORGANISATION: dict[str, tuple[str, ...]] = {name: tuple(items) for name, items in _DATA["organisation"].items()}
SURNAMES: str = "".join(sorted(set(_DATA["surnames"])))
COMPOUND_SURNAMES: tuple[str, ...] = tuple(_DATA["compound_surnames"])
GIVEN: str = "".join(sorted(set(_DATA["given"])))


@dataclass(frozen=True)
class Kind:
    """What a column can be. Of its headers, `words` are Chinese endings, `phrases` English tokens at the end, `pinyin` is
    initials; `weak` ones need values that agree, `context` ones a table about people."""

    name: str
    title: Text
    pi_class: str
    sensitive: bool
    level: int
    words: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    pinyin: tuple[str, ...]
    weak_words: tuple[str, ...]
    weak_phrases: tuple[tuple[str, ...], ...]
    weak_pinyin: tuple[str, ...]
    context_words: tuple[str, ...]
    context_phrases: tuple[tuple[str, ...], ...]


def _kind(name: str, raw: dict[str, Any]) -> Kind:
    def phrases(key: str) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(phrase.split()) for phrase in raw.get(key, ()))

    sensitive = bool(raw.get("sensitive"))
    return Kind(
        name=name,
        title=Text(raw["zh"], raw["en"]),
        pi_class=raw["pi_class"],
        sensitive=sensitive,
        level=4 if sensitive else 2 if raw["pi_class"] else 1,
        words=tuple(raw["words"]),
        phrases=phrases("phrases"),
        pinyin=tuple(raw["pinyin"]),
        weak_words=tuple(raw.get("weak", ())),
        weak_phrases=phrases("weak_phrases"),
        weak_pinyin=tuple(raw.get("weak_pinyin", ())),
        context_words=tuple(raw.get("context_words", ())),
        context_phrases=phrases("context_phrases"),
    )


KINDS: dict[str, Kind] = {name: _kind(name, raw) for name, raw in _DATA["kinds"].items()}

"""Texts made comparable: synonyms replaced by their group's first word, then words and bigrams. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from shugang.kernel import textwords

_FILE = Path(__file__).parent / "data" / "synonyms.json"
_LATIN = re.compile(r"[a-z0-9_.]+")


@cache
def synonyms() -> Mapping[str, str]:
    """Word → the word that stands for its group, lower-cased."""
    groups = json.loads(_FILE.read_text(encoding="utf-8"))["groups"]
    return {word.lower(): group[0].lower() for group in groups for word in group}


@cache
def _pattern() -> re.Pattern[str]:
    """Longer words first, so that 交易日期 is not read as 日期; Latin words only whole."""
    words = sorted(synonyms(), key=len, reverse=True)
    return re.compile("|".join(
        rf"(?<![a-z0-9_]){re.escape(w)}(?![a-z0-9_])" if _LATIN.match(w) else re.escape(w) for w in words))  # fmt: skip


@lru_cache(65_536)
def canonical(text: str) -> str:
    """The text in lower case with every synonym replaced by its group's first word."""
    known = synonyms()
    return _pattern().sub(lambda m: known[m[0]], text.lower())


def terms(text: str) -> list[str]:
    """The text index's tokens of the canonical text, without signs and single Chinese characters, which tell nothing apart."""
    return textwords.telling(textwords.normalise(canonical(text).replace("_", " ")))


@lru_cache(65_536)
def term_set(text: str) -> frozenset[str]:
    """The distinct terms of a short text such as a column's name, remembered: the same names come again and again."""
    return frozenset(terms(text))

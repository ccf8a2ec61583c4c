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


_RUNS = re.compile(r"[\u3400-\u9fff]{2,}|[a-z0-9][a-z0-9_.]+")
_LOOSE = "的和与及或在为是了对于从到按各每"


def in_common(wanted: str, offered: str) -> list[str]:
    """The longest pieces of the one text that stand in the other, as people read them: whole words, not pairs of characters.
    In the order of the wanted text, each once; a piece of a longer one is left out."""
    there, found = normal(offered), dict[str, None]()
    for run in _RUNS.findall(normal(wanted)):
        if run[0].isascii():
            if re.search(rf"(?<![a-z0-9_]){re.escape(run)}(?![a-z0-9_])", there):
                found[run] = None
            continue
        at = 0
        while at < len(run) - 1:
            end = at + 1
            while end < len(run) and run[at : end + 1] in there:
                end += 1
            piece = run[at:end].strip(_LOOSE)
            if len(piece) > 1:
                found[piece] = None
            at = max(end, at + 1) if end - at > 1 else at + 1
    return [word for word in found if not any(word != other and word in other for other in found)]


def normal(text: str) -> str:
    return textwords.normalise(canonical(text))


@lru_cache(65_536)
def term_set(text: str) -> frozenset[str]:
    """The distinct terms of a short text such as a column's name, remembered: the same names come again and again."""
    return frozenset(terms(text))

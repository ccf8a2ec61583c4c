"""Words of the text index, pure: how text becomes tokens, and a query becomes terms. The same on every database.

Chinese (and other unspaced scripts) is cut into overlapping pairs of characters, which needs no dictionary and finds
two-character words; Latin words and digits stay whole; every other sign is a token of its own. A text without blanks is so one
unbroken row of tokens, and a query occurs in it exactly where its tokens stand side by side: a phrase search is a substring
search, but for a query that begins inside a Latin word (`Term.open`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from operator import add

_PAIRED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PART = re.compile(rf"(?P<run>[{_PAIRED}]+)|(?P<word>[^\W_{_PAIRED}]+)|(?P<sign>\S)")
_RUN = re.compile(rf"[{_PAIRED}]")
# What people put between words; a sign that belongs to a name (PM2.5, C++) is none.
_BETWEEN = re.compile(r"[\s,，、;；|]+")
TERMS, UNITS = 8, 8
_SIGN = "zzq"
Phrase = tuple[str, ...]


def normalise(text: str) -> str:
    """Full-width to half-width, small letters, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _plain(word: str) -> bool:
    """Whether every database's own notion of a word agrees with ours."""
    return word.isalnum() and (word.isascii() or max(word) < "\U00010000")


@lru_cache(maxsize=4096)
def _coded(sign: str) -> str:
    """A sign, as a word that no text holds."""
    return _SIGN + "".join(f"{ord(c):x}" for c in sign)


def tokens(text: str) -> list[str]:
    """Tokens of normalised text, in order."""
    found: list[str] = []
    for run, word, sign in _PART.findall(text):
        if run:
            found += map(add, run, run[1:])
            found.append(run[-1])
        elif word and _plain(word):
            found.append(word)
        else:
            found.append(_coded(word or sign))
    return found


def telling(text: str) -> list[str]:
    """Words and pairs of normalised text alone: neither signs nor single unspaced characters."""
    return [t for t in tokens(text) if not t.startswith(_SIGN) and (len(t) > 1 or not _RUN.match(t))]


def words(text: str) -> set[str]:
    """The Latin words of normalised text, for queries that begin inside one."""
    return {word for _, word, _ in _PART.findall(text) if 1 < len(word) <= 80 and _plain(word)}


@dataclass(frozen=True)
class Term:
    """One word of a query: `phrases` are alternatives, of which the last token may go on (`空*`, `hour*`)."""

    text: str
    phrases: tuple[Phrase, ...]

    @property
    def open(self) -> bool:
        """Whether it begins with a Latin word, which in the text may begin earlier."""
        return bool(self.text) and not _RUN.match(self.text[0]) and self.text[0].isalnum()


def term(text: str) -> Term:
    found = tokens(text)
    # A run at the end of the query may go on in the text, so its last single character is no token yet.
    if len(found) > 1 and len(found[-1]) == 1 and _RUN.match(found[-1]) and len(text) > 1 and _RUN.match(text[-2]):
        found.pop()
    return Term(text, (tuple(found),))


def inside(given: Term, vocabulary: Iterable[str]) -> Term:
    """The term with the words of the vocabulary in which its first word stands; itself when there are none."""
    first, rest = given.phrases[0][0], given.phrases[0][1:]
    fitting = [w for w in vocabulary if (w.endswith(first) if rest else first in w)]
    return Term(given.text, tuple((w, *rest) for w in fitting)) if fitting else given


def terms(query: str) -> list[Term]:
    """What a query asks for; at most eight terms."""
    parts = [p for p in _BETWEEN.split(normalise(query)) if p]
    return [term(p) for p in dict.fromkeys(parts or [normalise(query)]) if p][:TERMS]


def pieces(asked: Sequence[Term]) -> list[Term]:
    """The units of which some may be missing when too few objects hold all: the terms, or the pairs of a single long one."""
    if len(asked) != 1:
        return list(asked)
    parts = [p for p in _PART.finditer(asked[0].text) if p.lastgroup != "sign"]
    cut: list[str] = []
    for part in parts:
        value = part[0]
        cut += [value[i : i + 2] for i in range(max(1, len(value) - 1))] if part.lastgroup == "run" else [value]
    return [term(p) for p in dict.fromkeys(cut)][:UNITS]


def levels(units: Sequence[Term]) -> list[list[tuple[Term, ...]]]:
    """Groups of units to look for when all together are rare, the most complete first: all but one, all but two, any."""
    n = len(units)
    sizes = dict.fromkeys(size for size in (n - 1, n - 2, 1) if 0 < size < n)
    return [list(combinations(units, size)) for size in sizes]

"""BM25 over a set of candidates (Robertson, Zaragoza 2009), scaled to 0–1. Pure.

1 means: every word of the query that any candidate has stands in this one, as in a text of average length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import log

K1, B = 1.2, 0.5


class Corpus:
    """Documents by position; each a list of tokens (a title counts as often as it is repeated)."""

    def __init__(self, documents: Iterable[Sequence[str]]) -> None:
        self._counts = [Counter(d) for d in documents]
        self._lengths = [sum(c.values()) for c in self._counts]
        self._mean = (sum(self._lengths) / len(self._lengths)) if self._lengths else 1.0
        self._found: Counter[str] = Counter()
        for count in self._counts:
            self._found.update(count.keys())

    def rarity(self, word: str) -> float:
        """The inverse document frequency; 0 for a word that no candidate has."""
        n = self._found[word]
        return log(1 + (len(self._counts) - n + 0.5) / (n + 0.5)) if n else 0.0

    def score(self, query: Counter[str], at: int) -> tuple[float, list[str]]:
        """(score, the query's words found, the rarest first). A word asked twice weighs half as much again."""
        count = self._counts[at]
        bend = K1 * (1 - B + B * self._lengths[at] / (self._mean or 1))
        got = whole = 0.0
        hits: list[tuple[float, str]] = []
        for word, times in query.items():
            weight = self.rarity(word) * (1 + 0.5 * min(times - 1, 3))
            whole += weight
            if n := count[word]:
                got += weight * n * (K1 + 1) / (n + bend)
                hits.append((weight, word))
        hits.sort(key=lambda pair: (-pair[0], pair[1]))
        return (min(1.0, got / whole) if whole else 0.0), [word for _, word in hits]

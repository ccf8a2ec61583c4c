"""Which figures of a line with a published total stay hidden, and which months are published together. Pure.

A line is one group of months divided by one dimension; its total is shown, for the group stands over k parties or more. Hidden:
every cell over fewer than k parties, zeros included (so that "hidden" does not even say "some"), and where only one of them is
above zero the smallest shown one as well. What is hidden is then at least two figures of which only the sum is known, also to
somebody who knows from the catalogue where there can have been none.
"""

from __future__ import annotations

from collections.abc import Mapping

Groups = list[tuple[str, ...]]


def hidden(values: Mapping[str, int], parties: Mapping[str, int], k: int) -> set[str]:
    """Keys of the line that are not shown. `parties`: over how many each value stands; absent means none.

    Where everything that is hidden is zero, the total already says so and nothing needs hiding.
    """
    found = {key for key in values if parties.get(key, 0) < k}
    positive = [key for key in found if values[key]]
    if not positive:
        return set()
    if len(positive) == 1:
        rest = sorted((values[key], key) for key in values if key not in found)
        found |= {rest[0][1]} if rest else set()
    return found


def joined(periods: list[tuple[str, set[int], set[int]]], k: int) -> Groups:
    """Periods, oldest first with their parties on both sides, joined until each group has at least k on either side.

    What is left at the end is in no group and waits: a group that was published once never changes, so that two
    publications differ by whole groups only.
    """
    groups: Groups = []
    names: list[str] = []
    left: set[int] = set()
    right: set[int] = set()
    for name, one, other in periods:
        names.append(name)
        left |= one
        right |= other
        if min(len(left), len(right)) >= k:
            groups.append(tuple(names))
            names, left, right = [], set(), set()
    return groups


def band(value: int, edges: list[int]) -> tuple[int | None, int | None]:
    """(from, below) among ascending edges; None at an open end."""
    below = next((e for e in edges if value < e), None)
    lower = [e for e in edges if e <= value]
    return (lower[-1] if lower else None, below)

"""What is hidden cannot be computed from what is shown."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.market.disclosure.statistics import Fact, lines
from shugang.market.disclosure.suppression import band, hidden, joined


def possible(values, kept):
    """Every way to fill the hidden cells that fits the total and the cells that are shown."""
    rest = sum(values[key] for key in kept)
    keys = sorted(kept)
    ways = itertools.product(range(rest + 1), repeat=max(0, len(keys) - 1))
    return [dict(zip(keys, (*way, rest - sum(way)), strict=True)) for way in ways if sum(way) <= rest] if keys else []


lines_of = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 6), min_size=1, max_size=5)


@given(lines_of, st.integers(2, 5))
@settings(max_examples=80, deadline=None)
def test_a_small_figure_never_follows_from_total_and_the_others(values, k):
    if 0 < sum(values.values()) < k:
        return  # such a line is not published: months are joined until it is larger
    parties = dict(values)  # the least favourable: as many parties as deals
    kept = hidden(values, parties, k)
    small = {key for key, value in values.items() if 0 < value < k}
    assert small <= kept
    for key in small:
        assert len({way[key] for way in possible(values, kept)}) > 1, (values, kept)


def test_one_small_figure_hides_the_next_smallest_and_zeros_say_nothing():
    assert hidden({"a": 1, "b": 5, "c": 9}, {"a": 1, "b": 4, "c": 4}, 3) == {"a", "b"}
    assert hidden({"a": 1, "b": 0, "c": 9}, {"a": 1, "c": 4}, 3) == {"a", "b", "c"}
    assert hidden({"a": 0, "b": 5}, {"b": 5}, 3) == set()
    # many deals of one supplier are still one party
    assert hidden({"a": 50, "b": 50, "c": 50}, {"a": 1, "b": 9, "c": 9}, 3) == {"a", "b"}


def test_months_are_joined_for_ever():
    months = [("01", {1}, {9}), ("02", {2, 3}, {8, 7}), ("03", {1, 2, 3}, {7, 8, 9}), ("04", {1}, {9})]
    assert joined(months, 3) == [("01", "02"), ("03",)]
    # what came later does not change what was published
    assert joined([*months, ("05", {2, 3}, {7, 8})], 3) == [("01", "02"), ("03",), ("04", "05")]


@given(st.lists(st.tuples(st.integers(1, 8), st.sampled_from("xyz"), st.integers(1, 5), st.integers(1, 5)), max_size=40),
       st.integers(2, 3))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_a_later_publication_adds_lines_and_changes_none(rows, k):
    facts = [Fact(f"2026-{m:02d}", {"type": t}, s, 10 + b) for m, t, s, b in rows]
    before = lines([f for f in facts if f.month < "2026-05"], "type", k)
    after = lines(facts, "type", k)
    for old, new in zip(before, after, strict=False):
        same = {c: v for c, v in new.cells.items() if c in old.cells}
        assert (old.months, old.total) == (new.months, new.total)
        # a column that is new to the table adds a zero, shown or hidden; no figure that was hidden appears
        assert all(v is None or same[c] is None or v == same[c] for c, v in old.cells.items())
        assert not any(v is None and same[c] is not None for c, v in old.cells.items())


def test_amounts_are_bands():
    edges = [100, 1000]
    assert [band(v, edges) for v in (0, 99, 100, 999, 1000)] == [
        (None, 100), (None, 100), (100, 1000), (100, 1000), (1000, None)]  # fmt: skip

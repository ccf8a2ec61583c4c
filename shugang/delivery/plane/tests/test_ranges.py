"""The union of byte ranges, against a set of bytes; and the judgement of hints, against the rows themselves."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane import hints
from shugang.delivery.plane.ranges import Covered, asked

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda p: (min(p), max(p))), max_size=12)


@given(SPANS, st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_gaps_and_unions_are_those_of_sets(spans, asked_for):
    covered, bytes_ = Covered(), set()
    for start, end in spans:
        covered.add(start, end)
        bytes_ |= set(range(start, end))
    low, high = sorted(asked_for)
    gaps = covered.gaps(low, high)
    assert [b for start, end in gaps for b in range(start, end)] == [b for b in range(low, high) if b not in bytes_]
    assert [b for start, end in covered.spans() for b in range(start, end)] == sorted(bytes_)
    assert all(a[1] < b[0] for a, b in zip(covered.spans(), covered.spans()[1:], strict=False))
    assert bool(covered) == bool(bytes_)


@given(st.text(max_size=30), st.integers(1, 100))
def test_any_range_header_is_inside_the_file_or_refused(text, size):
    span = asked({"range": text}, size, '"x"')
    assert span is None or 0 <= span[0] < span[1] <= size


VALUES = st.one_of(st.none(), st.integers(-3, 3))
LEAVES = st.builds(
    lambda op, name, value, turned: {
        "op": op,
        "children": ([{"op": "literal", "value": str(value), "valueType": "long"}, {"op": "column", "name": name}])[
            :: 1 if turned else -1
        ],
    },
    st.sampled_from(["equal", "lessThan", "lessThanOrEqual", "greaterThan", "greaterThanOrEqual"]),
    st.sampled_from(["a", "B", "hidden"]),
    st.integers(-4, 4),
    st.booleans(),
)
NULLS = st.sampled_from(["a", "b"]).map(lambda n: {"op": "isNull", "children": [{"op": "column", "name": n}]})
TREES: Any = st.recursive(
    st.one_of(LEAVES, NULLS, st.just({"op": "unheard of"})),
    lambda inner: st.one_of(
        st.builds(
            lambda op, c: {"op": op, "children": c},
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(lambda c: {"op": "not", "children": [c]}, inner),
    ),
    max_leaves=6,
)


def truth(node: Any, row: dict[str, Any]) -> bool | None:
    """SQL's own verdict for one row; what the hints do not understand counts as true, since it may be."""
    op, children = node["op"], node.get("children", [])
    if op in ("and", "or"):
        found = [truth(child, row) for child in children]
        stop = op == "or"
        return stop if stop in found else None if None in found else not stop
    if op == "not":
        inner = truth(children[0], row)
        return None if inner is None else not inner
    if op == "isNull":
        return row[children[0]["name"].lower()] is None
    left, right = (row.get(c["name"].lower(), c["name"]) if c["op"] == "column" else int(c["value"]) for c in children)
    if left is None or right is None:
        return None
    return {
        "equal": left == right,
        "lessThan": left < right,
        "lessThanOrEqual": left <= right,
        "greaterThan": left > right,
        "greaterThanOrEqual": left >= right,
    }[op]


def mentions(node: Any, *words: str) -> bool:
    return any(word in json.dumps(node) for word in words)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=8), TREES)
def test_no_part_with_a_wanted_row_is_ever_left_out(pairs, tree):
    rows = [{"a": a, "b": b} for a, b in pairs]
    low, high, nulls = {}, {}, {}
    for name in ("a", "b"):
        present = [row[name] for row in rows if row[name] is not None]
        nulls[name] = len(rows) - len(present)
        if present:
            low[name], high[name] = min(present), max(present)
    stats = json.dumps({"numRecords": len(rows), "minValues": low, "maxValues": high, "nullCount": nulls})
    known = hints.numbers({"a": "long", "b": "long"}, stats, {})
    kept = hints.may_match(hints.conditions(json.dumps(tree), None), known)
    if not mentions(tree, "hidden", "unheard") and any(truth(tree, row) is True for row in rows):
        assert kept
    if tree == {"op": "unheard of"}:
        assert kept


def test_hints_in_sql_and_in_json_leave_out_what_cannot_match():
    stats = json.dumps(
        {
            "numRecords": 10,
            "minValues": {"n": 5, "d": "2026-01-01", "s": "b"},
            "maxValues": {"n": 9, "d": "2026-02-01", "s": "d"},
            "nullCount": {"n": 0, "d": 0, "s": 3},
        }
    )
    known = hints.numbers({"n": "long", "d": "date", "s": "string", "p": "string"}, stats, {"p": "厦门"})

    def kept(text: str) -> bool:
        return hints.may_match(hints.conditions(None, [text]), known)

    assert [kept(t) for t in ("n > 9", "n >= 9", "5 > n", "n = 7", "n < -1")] == [False, True, False, True, False]
    assert [kept(t) for t in ("d < '2026-01-01'", "d = '2026-01-15'", "s >= 'e'", "s IS NULL")] == [
        False,
        True,
        False,
        True,
    ]
    assert [kept(t) for t in ("p = '厦门'", "p = '泉州'", "NOT (n > 4)", "n IS NOT NULL")] == [True, False, False, True]
    assert kept("n > 9 OR s = 'c'") and not kept("n > 9 AND s = 'c'")
    for strange in ("n > (SELECT 1)", "f(n) = 1", "((", "secret = 1", "n LIKE '1%'", "'" * 4001, "n = 'x'", "(" * 900):
        assert kept(strange)

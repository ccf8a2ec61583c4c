"""A declared check is read whole or refused with its rule named."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.publicdata.crosscheck.plan import read
from shugang.publicdata.crosscheck.refused import PlanError

GOOD = {
    "sources": [{"name": "a", "label": "民政", "columns": {"code": "c", "name": "n"}, "as_of": "2026-01-01"},
                {"name": "b", "columns": {"code": "c", "name": "n"}, "origin": "a", "as_of": "2026-02-01"}],
    "elements": {"code": {"kind": "code"}, "name": {"kind": "text", "tolerance": 0.9}},
    "keys": [["code"]], "compare": {"name": {"strategy": "majority"}},
    "link": {"blocks": [["name:2"]], "by": ["name"]},
}  # fmt: skip


def changed(*path, value):
    body = copy.deepcopy(GOOD)
    at = body
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return body


def test_a_good_one_is_read():
    plan = read(GOOD)
    assert plan.origins() == [0, 0] and plan.cap == 20_000_000 and str(plan.link.blocks[0]) == "name:2"


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        ("shape", []),
        ("unknown_word", {**GOOD, "sql": "DROP"}),
        ("two_sources", changed("sources", value=GOOD["sources"][:1])),
        ("source_twice", changed("sources", 1, "name", value="a")),
        ("origin", changed("sources", 1, "origin", value="z")),
        ("name", changed("sources", 0, "name", value="a'; DROP")),
        ("kind", changed("elements", "code", "kind", value="magic")),
        ("tolerance", changed("elements", "code", value={"kind": "code", "tolerance": 1})),
        ("tolerance", changed("elements", "name", "tolerance", value=float("nan"))),
        ("unknown_name", changed("keys", 0, value=["other"])),
        ("no_key", {**GOOD, "keys": [], "link": None}),
        ("strategy", changed("compare", "name", "strategy", value="loudest")),
        ("no_block", changed("link", "blocks", value=[])),
        ("block", changed("link", "blocks", 0, value=["name:0"])),
        ("threshold", changed("link", "threshold", value=True)),
        ("cap", {**GOOD, "cap": 10**12}),
        ("only", {**GOOD, "only": {"code": ""}}),
    ],
)
def test_a_broken_rule_is_named(rule, body):
    with pytest.raises(PlanError) as no:
        read(body)
    assert no.value.rule == rule and no.value.text.zh and no.value.text.en


def test_copying_in_a_circle_is_refused():
    body = changed("sources", 0, "origin", value="b")
    with pytest.raises(PlanError) as no:
        read(body)
    assert no.value.rule == "origin_circle"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOOD, "name", "kind"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.sampled_from(list(GOOD)), JSON)
def test_whatever_is_sent_is_read_or_refused(part, value):
    try:
        read({**GOOD, part: value})
    except PlanError as no:
        assert no.rule

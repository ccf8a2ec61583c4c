"""Scores: exact, weighted, inverse where the standard is, and silent where there is no basis."""

from __future__ import annotations

from datetime import datetime

import pytest

from shugang.assets.quality import scoring
from shugang.assets.quality.rules import read
from shugang.assets.quality.states import Counted, Profile, State

COLUMNS = {"k": "BIGINT", "x": "DOUBLE"}
AT = datetime(2026, 1, 3)


def score(counted, rules, facts=None, **more):
    document = {"rules": rules, **more}
    state = State(10, {n: Counted(*v) for n, v in counted.items()}, {"k": Profile(), "x": Profile()})
    return scoring.report(read(document, COLUMNS), state, facts or {}, AT, COLUMNS)


FILL = {"id": "fill", "kind": "filled", "columns": ["k"]}
AGAIN = {"id": "again", "kind": "duplicate", "columns": ["k"], "at_least": 90}


def test_an_indicator_without_a_basis_is_not_assessable_and_never_100():
    found = score({"fill": (0, 0), "q": (0, 0)}, [FILL, {"id": "q", "kind": "answered"}])
    assert found["score"] is None
    assert found["assessable"] == 0
    assert {i["score"] for i in found["indicators"]} == {None}
    assert [r["passed"] for r in found["rules"]] == [None, None]


def test_repetition_is_inverse():
    found = score({"again": (1, 10)}, [AGAIN])
    assert found["rules"][0]["value"] == 9000
    assert found["rules"][0]["passed"] is True
    assert next(i["score"] for i in found["indicators"] if i["name"] == "duplicate") == 9000


def test_what_is_nearly_perfect_does_not_show_as_100():
    assert score({"fill": (999_999, 1_000_000)}, [FILL])["score"] == 9999


def test_weights_count_the_assessable_dimensions_only():
    rules = [FILL, AGAIN, {"id": "q", "kind": "answered"}]
    counted = {"fill": (5, 10), "again": (0, 10), "q": (0, 0)}
    weighted = score(counted, rules, weights={"complete": 30, "accurate": 10, "accessible": 60})
    assert weighted["score"] == 6250
    assert weighted["assessable"] == 2
    assert score(counted, rules)["score"] == 7500


def test_an_estimate_gives_no_verdict_and_no_score():
    rule = {"id": "about", "kind": "unique", "columns": ["k"], "approximate": True}
    found = score({"about": (0, 10, None, {"1": 5})}, [rule])
    assert (found["rules"][0]["approximate"], found["rules"][0]["passed"], found["score"]) == (True, None, None)


@pytest.mark.parametrize(("facts", "expected"), [({}, None), ({"answered": (9, 10)}, 9000)])
def test_facts_from_outside_the_data(facts, expected):
    assert score({"q": (0, 0)}, [{"id": "q", "kind": "answered"}], facts)["score"] == expected

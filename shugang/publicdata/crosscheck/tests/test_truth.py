"""Votes, copies, and accuracies that nobody told."""

from __future__ import annotations

import random

import duckdb
import pyarrow as pa
import pytest

from shugang.publicdata.crosscheck import truth


def claims(con, rows):
    things, sources, values = zip(*rows, strict=True)
    con.register("rows_in", pa.table({"object": things, "source": pa.array(sources, pa.uint8()), "value": values}))
    con.execute("CREATE OR REPLACE TABLE claims AS SELECT * FROM rows_in")


@pytest.fixture
def con():
    return duckdb.connect()


def found(con):
    return dict(con.execute("SELECT object, value FROM truths").fetchall())


def test_the_majority_wins_and_a_tie_is_told(con):
    claims(con, [(1, 0, "x"), (1, 1, "y"), (1, 2, "y"), (2, 0, "x"), (2, 1, "y")])
    truth.discover(con, "claims", [0, 1, 2], weighted=False)
    assert found(con) == {1: "y", 2: "x"}
    assert con.execute("SELECT object FROM truths WHERE tie").fetchall() == [(2,)]


def test_copies_do_not_vote_twice(con):
    rows = [(o, s, "wrong" if s else "right") for o in range(20) for s in range(3)]
    claims(con, rows)
    truth.discover(con, "claims", [0, 1, 2], weighted=False)
    assert set(found(con).values()) == {"wrong"}  # two against one
    truth.discover(con, "claims", [0, 1, 1], weighted=False)  # the third copies the second
    assert set(found(con).values()) == {"right"}  # level; the first declared stands
    assert con.execute("SELECT bool_and(tie) FROM truths").fetchall() == [(True,)]


def test_accuracies_are_recovered_and_beat_the_majority(con):
    # The best is declared last: a level vote falls to the worst.
    chance, true = random.Random(7), (0.60, 0.70, 0.85, 0.95)
    rows, right = [], {}
    for thing in range(8000):
        right[thing] = "v0"
        rows += [(thing, s, "v0" if chance.random() < a else f"v{chance.randint(1, 10)}") for s, a in enumerate(true)]
    claims(con, rows)
    truth.discover(con, "claims", [0, 1, 2, 3], weighted=False)
    told = found(con)
    majority = sum(told[o] == v for o, v in right.items()) / len(right)
    estimate = truth.discover(con, "claims", [0, 1, 2, 3])
    told = found(con)
    weighted = sum(told[o] == v for o, v in right.items()) / len(right)
    assert weighted > majority + 0.01
    assert all(abs(a - b) < 0.03 for a, b in zip(estimate.accuracy, true, strict=True))


def test_no_source_is_believed_whatever_the_others_say():
    """Clamped: a source that was never caught out still loses to three that agree against it."""
    sure = truth.weigh(1.0, 10)
    assert sure == truth.weigh(truth.HIGH, 10) < 3 * truth.weigh(0.9, 10)
    assert truth.weigh(0.0, 10) == truth.weigh(truth.LOW, 10)


def test_beliefs_are_probabilities():
    told = truth.beliefs((1, 1, 3, 0), [0, 1, 2, 3], [2.0, 1.0, 1.5, 1.0], 10)
    assert 0 < sum(told.values()) <= 1 and told[1] > told[3]

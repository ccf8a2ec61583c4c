"""The mark of the recipient: it moves little, is found again after what thieves do, and names nobody else."""

import hashlib
import random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.columns import Column
from shugang.policy.lowering import quote
from shugang.policy.marks import (
    MarkKey,
    Suspect,
    canary_key,
    code_of,
    mark_sql,
    named,
    row_secret,
    suspects,
    votes_sql,
)
from shugang.policy.vocabulary import Mark, MarkedColumn

SECRET = row_secret(bytes(range(32)), "SJ-2026-000001")
RECIPIENTS = [f"SQ-2026-{i:06d}" for i in range(200)]
THIEF = RECIPIENTS[7]
COLUMNS = (
    Column("id", "BIGINT"),
    Column("code", "VARCHAR"),
    Column("fee", "DECIMAL(12,2)"),
    Column("pm25", "DOUBLE"),
    Column("beds", "SMALLINT"),
)
BY_ID = Mark(("id",), (MarkedColumn("fee", 2), MarkedColumn("pm25", 1), MarkedColumn("beds")))
BY_TEXT = Mark(("code", "id"), (MarkedColumn("fee", 2),))
TEXTS = tuple(Column(column.name, "VARCHAR") for column in COLUMNS)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("SELECT setseed(0.25)")
    made.execute(
        "CREATE TABLE base AS SELECT range::BIGINT AS id, 'K' || (range * 7) AS code,"
        " (random() * 1000)::DECIMAL(12,2) AS fee, round(random() * 300, 1) AS pm25,"
        " (random() * 900)::SMALLINT AS beds FROM range(40000)"
    )
    made.execute("UPDATE base SET fee = NULL, pm25 = NULL WHERE id % 97 = 0")
    for name, mark in (("by_id", BY_ID), ("by_text", BY_TEXT)):
        for number in (7, 9):
            sql, params = mark_sql("SELECT * FROM base", COLUMNS, mark, MarkKey(SECRET, RECIPIENTS[number]), {})
            made.execute(f"CREATE TABLE {name}_{number} AS {sql}", params)
    return made


def trace(con: duckdb.DuckDBPyConnection, relation: str, mark: Mark = BY_ID, columns=COLUMNS) -> list[Suspect]:
    sql, params = votes_sql(relation, columns, mark, SECRET)
    return suspects(con.execute(sql, params).fetchall(), SECRET, RECIPIENTS)


@pytest.mark.parametrize("name", ["by_id", "by_text"])
def test_few_values_move_and_by_one_digit_only(con, name):
    kinds = con.execute(f"SELECT column_name, column_type FROM (DESCRIBE {name}_7)").fetchall()
    assert kinds == [(column.name, column.type) for column in COLUMNS]
    rows, moved, fee, pm25, beds, nulls, keys = con.execute(
        f"SELECT count(*), count(*) FILTER (m.fee <> b.fee), max(abs(m.fee - b.fee)), max(abs(m.pm25 - b.pm25)),"
        f" max(abs(m.beds - b.beds)), count(*) FILTER ((m.fee IS NULL) <> (b.fee IS NULL)), count(*) FILTER (m.code = b.code)"
        f" FROM base b JOIN {name}_7 m USING (id)"
    ).fetchone()
    assert (rows, nulls, keys) == (40000, 0, 40000)
    assert 0.015 * rows < moved < 0.035 * rows
    assert float(fee) == 0.01 and (name == "by_text" or (round(pm25, 6), beds) == (0.1, 1))


@pytest.mark.parametrize(
    ("kind", "decimals", "digest"),
    [
        ("DECIMAL(12,2)", 2, "6dc5be25e6ce09420a1dd5fe1f2b1eb4ac3aa0641e3845299f3827810c09b960"),
        ("DECIMAL(13,4)", 2, "9b193a487f4e63aa84db5fc303a5627c680e10674ea4ba3ec4cb572cc3a347c3"),
        ("DECIMAL(15,2)", 2, "6dc5be25e6ce09420a1dd5fe1f2b1eb4ac3aa0641e3845299f3827810c09b960"),
        ("DECIMAL(18,2)", 2, "6dc5be25e6ce09420a1dd5fe1f2b1eb4ac3aa0641e3845299f3827810c09b960"),
        ("DOUBLE", 2, "410e69a88ca26a2a56d8b8d863c56cc53cd240d671b9a426704180a76a383ad8"),
    ],
)
def test_a_recipients_mark_stays_the_same_in_all_versions(kind, decimals, digest):
    """Files marked years ago are still traced: whatever becomes faster, not one digit may change."""
    con = duckdb.connect()
    con.execute(
        f"CREATE TABLE amounts AS SELECT range::BIGINT AS id, CASE range % 7 WHEN 0 THEN NULL"
        f" WHEN 1 THEN -range / 100.0 WHEN 2 THEN 999999999.99 WHEN 3 THEN -999999999.99"
        f" ELSE range * 7919.37 / (1 + range % 11) END::{kind} AS amount FROM range(20000)"
    )
    columns = (Column("id", "BIGINT"), Column("amount", kind))
    mark = Mark(("id",), (MarkedColumn("amount", decimals),))
    sql, params = mark_sql("SELECT * FROM amounts", columns, mark, MarkKey(SECRET, THIEF), {})
    rows = con.execute(f"SELECT id, coalesce(amount::VARCHAR, '') FROM ({sql}) ORDER BY id", params).fetchall()
    text = ";".join(f"{key}={amount}" for key, amount in rows)
    assert hashlib.sha256(text.encode()).hexdigest() == digest


def test_order_and_unmarked_columns_stay(con):
    sql, params = mark_sql("SELECT * FROM base WHERE id < 500", COLUMNS, BY_ID, MarkKey(SECRET, THIEF), {"g0": 1})
    assert params["g0"] == 1
    assert [row[0] for row in con.execute(sql, {k: v for k, v in params.items() if k != "g0"}).fetchall()] == list(
        range(500)
    )


THEFTS = {
    "whole": "by_id_7",
    "a tenth": "(SELECT * FROM by_id_7 WHERE hash(id) % 10 = 0)",
    "a hundredth": "(SELECT * FROM by_id_7 WHERE hash(id) % 100 = 0)",
    "shuffled": "(SELECT * FROM by_id_7 ORDER BY hash(code))",
    "one column": "(SELECT id, fee FROM by_id_7)",
    "a third of the digits changed": (
        "(SELECT * REPLACE (CASE WHEN hash(id) % 10 < 3 THEN fee + 0.01 ELSE fee END AS fee) FROM by_id_7)"
    ),
    "strangers' rows mixed in": (
        "(SELECT * FROM by_id_7 UNION ALL SELECT id + 1000000, code, fee, pm25, beds FROM base)"
    ),
}


@pytest.mark.parametrize("theft", sorted(THEFTS))
def test_the_thief_is_named_alone_whatever_he_did_to_the_file(con, theft):
    columns = COLUMNS if theft != "one column" else (COLUMNS[0], COLUMNS[2])
    ranked = trace(con, THEFTS[theft], columns=columns)
    assert [suspect.recipient for suspect in named(ranked)] == [THIEF]
    assert ranked[0].bound < 1e-6 and ranked[1].z < 5


def test_a_file_of_texts_names_him_too(con):
    # given the copy as a CSV would hold it
    parts = ", ".join(f"CAST({quote(c.name)} AS VARCHAR) AS {quote(c.name)}" for c in COLUMNS)
    # when it is read as text, with a few cells spoilt
    relation = f"(SELECT * REPLACE (CASE WHEN hash(id) % 50 = 0 THEN '无' ELSE fee END AS fee) FROM (SELECT {parts} FROM by_id_7))"
    # then he is named all the same
    texts = (
        Column("id", "BIGINT"),
        *TEXTS[1:2],
        Column("fee", "DECIMAL(12,2)"),
        Column("pm25", "DOUBLE"),
        Column("beds", "SMALLINT"),
    )
    assert [s.recipient for s in named(trace(con, relation, columns=texts))] == [THIEF]


def test_a_key_of_text_and_number_serves_as_well(con):
    assert [s.recipient for s in named(trace(con, "by_text_7", BY_TEXT))] == [THIEF]


def test_two_who_put_their_copies_together_are_both_named(con):
    mixed = "(SELECT * FROM by_id_7 WHERE id % 2 = 0 UNION ALL SELECT * FROM by_id_9 WHERE id % 2 = 1)"
    assert {s.recipient for s in named(trace(con, mixed))} == {THIEF, RECIPIENTS[9]}


@pytest.mark.parametrize(
    "relation",
    [
        "base",
        "(SELECT * FROM base LIMIT 0)",
        # Rounding removes the digit, and with it the mark: nobody may be named then.
        "(SELECT * REPLACE (round(fee, 0) AS fee, round(pm25, 0) AS pm25, beds // 10 * 10 AS beds) FROM by_id_7)",
    ],
)
def test_nobody_is_named_for_a_file_without_his_mark(con, relation):
    columns = (*COLUMNS[:4], Column("beds", "BIGINT"))
    assert named(trace(con, relation, columns=columns)) == []


def test_thousands_of_unmarked_files_name_nobody():
    # given votes as files without a mark cast them, biased in any way that does not know the codes
    dice = random.Random(7)
    worst = 0.0
    for trial in range(300):
        lean = dice.random()
        votes = [(0, p, sum(1 if dice.random() < lean else -1 for _ in range(3)), 3) for p in range(0, 1024, 4)]
        ranked = suspects(votes, SECRET, RECIPIENTS[:40] if trial % 2 else RECIPIENTS[-40:])
        # then nobody is beyond the threshold
        assert named(ranked) == []
        worst = max(worst, ranked[0].z)
    assert 2 < worst < 6


def test_too_small_a_distance_names_nobody():
    close = [Suspect("a", 7.5, 1e-9), Suspect("b", 6.9, 1e-5)]
    assert named(close) == []
    assert named([close[0], Suspect("b", 3.0, 1.0)]) == close[:1]


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.integers(0, 3))
def test_a_code_is_balanced_enough_and_its_owners_alone(secret: bytes, name: str, place: int) -> None:
    code = code_of(MarkKey(secret, name), place)
    assert len(code) == 1024 and set(code) <= {"0", "1"} and 350 < code.count("1") < 674
    assert code != code_of(MarkKey(secret, name + "x"), place)
    assert repr(MarkKey(secret, name)) == f"MarkKey({name})"


@settings(max_examples=50)
@given(st.text(max_size=30), st.integers(0, 5))
def test_a_canarys_key_looks_like_its_donors(donor: str, attempt: int) -> None:
    made = canary_key(MarkKey(SECRET, THIEF), attempt, donor)
    assert made == canary_key(MarkKey(SECRET, THIEF), attempt, donor)
    if sum(c.isascii() and c.isalnum() for c in donor) >= 4:
        assert len(made) == len(donor)
        assert all(a.isdigit() == b.isdigit() and a.isupper() == b.isupper() for a, b in zip(made, donor, strict=True))
    else:
        assert made.startswith(donor) and made[len(donor) :].isdigit()


def test_a_canarys_number_lies_close_above_its_donor_or_just_beyond_all():
    near = [int(canary_key(MarkKey(SECRET, THIEF), attempt, "1000", 5000)) for attempt in range(10)]
    beyond = int(canary_key(MarkKey(SECRET, THIEF), 10, "1000", 5000))
    assert len(set(near)) > 5 and all(1000 < made <= 1997 for made in near) and 5000 < beyond <= 5997

"""Lowered SQL on DuckDB against the reference meaning, over hostile values."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shugang.policy.columns import Column
from shugang.policy.lowering import granted_columns, lower_select, parquet, quote
from shugang.policy.masks import apply_mask, apply_terms, keep_ends
from shugang.policy.pseudonyms import prepare_masks
from shugang.policy.terms import Mask, RowFilter, Terms, TermsError, UnknownTerm
from shugang.policy.tests.strategies import COLUMNS, KEY, KEYS, VALUES, plain_terms, terms

SQL_TYPES = {
    "text": "VARCHAR",
    "whole": "BIGINT",
    "fraction": "DECIMAL(12,2)",
    "date": "DATE",
    "time": "TIMESTAMP",
    "flag": "BOOLEAN",
}
TO_PYTHON: dict[str, Any] = {"fraction": Decimal, "date": date.fromisoformat, "time": datetime.fromisoformat}
TEXTS = st.one_of(
    st.sampled_from(["", "*", "1", "13812345678", "张三", "👨‍👩‍👧é", "e\u0301", "a\x00b", "'; DROP TABLE t;--", "%_"]),
    VALUES["text"],
)
RAW = {**VALUES, "text": TEXTS, "whole": st.integers(-(2**63), 2**63 - 1)}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            column.name: st.none() | RAW[column.family].map(TO_PYTHON.get(column.family, lambda value: value))
            for column in COLUMNS
        }
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    columns = ", ".join(f"{quote(c.name)} {SQL_TYPES[c.family]}" for c in COLUMNS)
    connection.execute(f"CREATE TABLE source (n INTEGER, {columns}, secret VARCHAR)")
    yield connection
    connection.close()


def fill(db: duckdb.DuckDBPyConnection, rows: list[dict]) -> None:
    db.execute("DELETE FROM source")
    for n, row in enumerate(rows):
        places = ", ".join("?" * (len(COLUMNS) + 2))
        db.execute(f"INSERT INTO source VALUES ({places})", [n, *(row[c.name] for c in COLUMNS), "hidden"])


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, some=terms())
def test_the_database_answers_exactly_what_the_reference_says(
    db: duckdb.DuckDBPyConnection, rows: list[dict], some: Terms
) -> None:
    fill(db, rows)
    prepare_masks(db, "source", some, KEYS)
    sql, params = lower_select("(SELECT * FROM source ORDER BY n)", COLUMNS, some, keys=KEYS)
    answer = db.execute(sql, params)
    assert [d[0] for d in answer.description] == list(some.fields)
    assert answer.fetchall() == apply_terms(rows, COLUMNS, some, KEYS)


@settings(max_examples=200, deadline=None)
@given(value=TEXTS, row=st.sampled_from(["eq", "ne", "ge", "gt", "le", "lt"]), other=TEXTS)
def test_text_conditions_order_like_the_reference(
    db: duckdb.DuckDBPyConnection, value: str, row: str, other: str
) -> None:
    rows = [{**{c.name: None for c in COLUMNS}, "phone": value}]
    fill(db, rows)
    some = plain_terms(fields=("phone",), rows=[RowFilter("phone", row, other)])
    sql, params = lower_select("source", COLUMNS, some)
    assert db.execute(sql, params).fetchall() == apply_terms(rows, COLUMNS, some)


@given(TEXTS, st.integers(0, 6), st.integers(0, 6))
@example("1234567", 3, 4)
@example("12345678", 3, 4)
def test_a_mask_never_shows_more_than_it_says(value: str, prefix: int, suffix: int) -> None:
    masked = keep_ends(value, prefix, suffix)
    assert len(masked) == len(value)
    assert all(shown in ("*", raw) for shown, raw in zip(masked, value, strict=True))
    if len(value) <= prefix + suffix:
        assert masked == "*" * len(value)
    else:
        assert masked[prefix : len(masked) - suffix] == "*" * (len(value) - prefix - suffix)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("13812345678", "138****5678"),
        ("1234567", "*******"),
        ("12345678", "123*5678"),
        ("", ""),
        (None, None),
    ],
)
def test_phone_mask_vectors(value: str | None, expected: str | None) -> None:
    assert apply_mask(Mask("p", "keep_ends", {"prefix": 3, "suffix": 4}), value) == expected


@pytest.mark.parametrize(
    ("value", "lower"), [(34, 30), (30, 30), (-1, -10), (-10, -10), (0, 0), (2**63 - 1, 2**63 - 8)]
)
def test_band_vectors(value: int, lower: int) -> None:
    assert apply_mask(Mask("age", "band", {"width": 10}), value) == lower


def test_a_token_is_keyed_and_null_has_none(db: duckdb.DuckDBPyConnection) -> None:
    mask = Mask("phone", "sha256_token", {"key_id": "k1"})
    rows: list[dict] = [{**{c.name: None for c in COLUMNS}, "phone": phone} for phone in ("13812345678", "", None)]
    fill(db, rows)
    some = plain_terms(fields=("phone",), masks=[mask])
    tokens = []
    for keys in (KEYS, {"k1": "f" * 64}):
        sql, params = lower_select("(SELECT * FROM source ORDER BY n)", COLUMNS, some, keys=keys)
        tokens.append([row[0] for row in db.execute(sql, params).fetchall()])
    assert [len(token) if token else token for token in tokens[0]] == [32, 32, None]
    assert not set(tokens[0][:2]) & set(tokens[1][:2])
    # without the key, or with a weak one, nothing is lowered at all
    for keys in ({}, {"k1": ""}, {"k1": "secret"}):
        with pytest.raises(TermsError, match="no_token_key"):
            lower_select("source", COLUMNS, some, keys=keys)


def test_what_a_buyer_adds_cannot_reach_hidden_columns_or_raw_values(db: duckdb.DuckDBPyConnection) -> None:
    fill(db, [{**{c.name: None for c in COLUMNS}, "phone": "13812345678", "age": 34}])
    some = plain_terms(
        fields=("phone",),
        masks=[Mask("phone", "keep_ends", {"prefix": 3, "suffix": 4})],
        rows=[RowFilter("age", "ge", 18)],
    )
    sql, params = lower_select("source", COLUMNS, some)
    for hidden in ("secret", "age", "source.age", "granted.age"):
        with pytest.raises(duckdb.BinderException):
            db.execute(f"SELECT * FROM ({sql}) WHERE {hidden} IS NOT NULL", params)
    probe = f"SELECT count(*) FROM ({sql}) WHERE phone = '13812345678'"
    assert db.execute(probe, params).fetchone() == (0,)


def test_values_travel_as_parameters_never_in_the_text() -> None:
    evil = "x' OR '1'='1"
    sql, params = lower_select("source", COLUMNS, plain_terms(rows=[RowFilter("phone", "eq", evil)]))
    assert evil not in sql and params == {"g0": evil}


def test_names_are_quoted(db: duckdb.DuckDBPyConnection) -> None:
    columns = [Column('a"; DROP TABLE source; --', "string")]
    sql, params = lower_select(
        "(SELECT 'v' AS " + quote(columns[0].name) + ")", columns, plain_terms(fields=(columns[0].name,))
    )
    assert db.execute(sql, params).fetchall() == [("v",)]


def test_a_lookup_uses_the_raw_key_and_granted_rows_only(db: duckdb.DuckDBPyConnection) -> None:
    empty = {c.name: None for c in COLUMNS}
    fill(db, [{**empty, "phone": "10000000001", "age": 34}, {**empty, "phone": "10000000002", "age": 12}])
    some = plain_terms(fields=("age",), rows=[RowFilter("age", "ge", 18)])
    sql, params = lower_select("source", COLUMNS, some, key_column="phone")
    found = {
        key: db.execute(sql, {**params, "key": key}).fetchall()
        for key in ("10000000001", "10000000002", "", "' OR true --")
    }
    assert found == {"10000000001": [(34,)], "10000000002": [], "": [], "' OR true --": []}
    # a key that is no number matches nothing in a column of numbers, and is no error
    sql, params = lower_select("source", COLUMNS, plain_terms(fields=("phone",)), key_column="age")
    assert db.execute(sql, {**params, "key": "abc"}).fetchall() == []
    assert db.execute(sql, {**params, "key": "34"}).fetchall() == [("10000000001",)]
    with pytest.raises(UnknownTerm, match="salary"):
        lower_select("source", COLUMNS, some, key_column="salary")


@settings(max_examples=50, deadline=None)
@given(some=terms())
def test_declared_types_are_the_answered_types(db: duckdb.DuckDBPyConnection, some: Terms) -> None:
    prepare_masks(db, "source", some, KEYS)
    sql, params = lower_select("source", COLUMNS, some, keys=KEYS)
    types = [str(d[1]) for d in db.execute(sql, params).description]
    declared = [SQL_TYPES[column.family] for column in granted_columns(COLUMNS, some)]
    assert types == declared


def test_terms_that_do_not_fit_are_not_lowered() -> None:
    with pytest.raises(TermsError, match="no_such_column"):
        lower_select("source", COLUMNS, plain_terms(fields=("secret",)))


def test_a_granted_view_can_be_written_as_a_file(db: duckdb.DuckDBPyConnection, tmp_path) -> None:
    fill(db, [{**{c.name: None for c in COLUMNS}, "phone": "13812345678", "age": 34}])
    stored, granted = str(tmp_path / "it's.parquet"), str(tmp_path / "granted.parquet")
    db.table("source").write_parquet(stored)
    some = plain_terms(
        rows=[RowFilter("age", "ge", 18)],
        masks=[Mask("phone", "keep_ends", {"prefix": 3, "suffix": 4}), Mask("age", "band", {"width": 10})],
    )
    sql, params = lower_select(parquet(stored), COLUMNS, some)
    db.execute(f"COPY ({sql}) TO '{granted}' (FORMAT parquet)", params)
    assert db.execute(f"SELECT * FROM {parquet(granted)}").fetchall() == [("138****5678", 30)]
    with open(granted, "rb") as file:
        content = file.read()
    assert b"13812345678" not in content and b"secret" not in content


@pytest.mark.parametrize("value", [-18014398509481041, 18014398509481043, 2**63 - 1, -(2**63), -(2**63) + 3, 7, -7])
def test_bands_of_whole_numbers_beyond_what_a_double_holds(db: duckdb.DuckDBPyConnection, value: int) -> None:
    mask = Mask("x", "band", {"width": 2})
    columns = [Column("x", "bigint")]
    sql, params = lower_select("(SELECT $value::BIGINT AS x)", columns, plain_terms(fields=("x",), masks=[mask]))
    assert db.execute(sql, {**params, "value": value}).fetchone() == (apply_mask(mask, value),)


@pytest.mark.parametrize(
    "value", [-0.5, -10.0, 1e300, -1e300, float("inf"), float("-inf"), float("nan"), 2.0**63, None]
)
def test_bands_of_binary_fractions(db: duckdb.DuckDBPyConnection, value: float | None) -> None:
    mask = Mask("x", "band", {"width": 10})
    columns = [Column("x", "double")]
    sql, params = lower_select("(SELECT $value::DOUBLE AS x)", columns, plain_terms(fields=("x",), masks=[mask]))
    assert db.execute(sql, {**params, "value": value}).fetchone() == (apply_mask(mask, value),)


def test_a_token_is_a_plain_sha256_that_anyone_with_the_key_can_recompute() -> None:
    prefix = hashlib.sha256(KEY.encode()).hexdigest()[:32]
    expected = hashlib.sha256(f"{prefix}13812345678".encode()).hexdigest()[:32]
    assert apply_mask(Mask("p", "sha256_token", {"key_id": "k1"}), "13812345678", KEYS) == expected

"""JSON records through the grant: equal to the reference, and closed against whatever a source may send."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.plane.connectors import SourceFailed
from shugang.delivery.plane.governing import MISSING, Governor, Unfit, at, dumps, loads
from shugang.delivery.plane.operations import NoOperation, find, prepare
from shugang.delivery.plane.proxy import read
from shugang.delivery.plane.templates import BadParam
from shugang.delivery.plane.tests.peer import terms
from shugang.delivery.plane.wire import Answer
from shugang.policy.columns import Column
from shugang.policy.masks import apply_terms
from shugang.policy.sources import Operation, Param, ProxySource
from shugang.policy.terms import Mask, RowFilter

COLUMNS = (
    Column("name", "string"),
    Column("staff", "long"),
    Column("rate", "double"),
    Column("open", "boolean"),
    Column("secret", "string"),
)
KEYS = {"k": "ab" * 32}
TERMS = terms(
    ("name", "staff", "rate", "open"),
    ("query",),
    rows=(RowFilter("staff", "ge", 10),),
    masks=(Mask("name", "sha256_token", {"key_id": "k"}), Mask("rate", "band", {"width": 10})),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["code", "data", "name", "staff", "rate", "secret", "x"]), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "name": st.none() | st.text(max_size=6),
                "staff": st.none() | st.integers(-100, 100),
                "rate": st.none() | st.floats(-1e6, 1e6),
                "open": st.none() | st.booleans(),
                "secret": st.text(max_size=6),
            }
        ),
        max_size=6,
    )
)
def test_the_governor_is_the_reference(rows) -> None:
    governor = Governor(COLUMNS, TERMS, KEYS)
    found = [tuple(row.values()) for record in rows if (row := governor.record(record)) is not None]
    assert found == apply_terms(rows, COLUMNS, TERMS, KEYS)


SOURCE = ProxySource(
    "own", (Operation("GET", "/x", records="/data"),), COLUMNS, "/code", {"0": "found", "1": "mismatch"}, {}
)


@given(JSON, st.sampled_from([200, 200, 200, 404, 302, 500]))
def test_whatever_an_upstream_sends_is_governed_or_refused(document, status) -> None:
    call = prepare(SOURCE.operations[0], {}, "", b"", "")
    governor = Governor(COLUMNS, TERMS, KEYS)
    try:
        told = read(
            SOURCE,
            call,
            Answer(status, "application/json", "identity", json.dumps(document).encode()),
            governor,
            3,
            "r",
        )
    except (Unfit, SourceFailed):
        return
    answer = json.loads(b"".join(piece.data for piece in told.pieces))
    assert set(answer) <= {"outcome", "code", "data", "request_id"}
    assert all(set(row) == set(TERMS.fields) for row in answer["data"])
    assert len(answer["data"]) == sum(piece.rows for piece in told.pieces) <= 3


@given(st.binary(max_size=60))
def test_bytes_that_are_no_json_are_unfit(data) -> None:
    try:
        document = loads(data)
    except Unfit:
        return
    try:
        assert loads(dumps(document)) == document
    except Unfit:
        assert b"\\u" in data or b"e" in data.lower()  # half a surrogate pair, or a number beyond all


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("string", 1.5), ("string", True), ("string", ["a"]), ("string", {"a": 1}), ("long", True), ("long", 1.5),
        ("long", 2**63), ("long", "1e3"), ("double", "x"), ("double", float("inf")), ("double", True),
        ("boolean", 2), ("boolean", "true"), ("date", "2026-13-01"), ("date", 20260101),
        ("timestamp", "2026-01-01T00:00:00Z"), ("timestamp", 5),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_unfit(column, value) -> None:
    governor = Governor([Column("a", column)], terms(("a",)), {})
    with pytest.raises(Unfit) as caught:
        governor.record({"a": value})
    assert str(value) not in str(caught.value).replace(column, "")


def test_a_missing_member_is_null_but_a_record_of_nothing_known_is_unfit() -> None:
    governor = Governor(COLUMNS, terms(("name", "open")), {})
    assert governor.record({"secret": "x"}) == {"name": None, "open": None}
    for record in ({}, {"x": 1}, [], "x", None, 3):
        with pytest.raises(Unfit):
            governor.record(record)


def test_a_mask_without_its_key_is_refused_before_anything_is_read() -> None:
    with pytest.raises(Unfit):
        Governor(COLUMNS, TERMS, {})


def test_pointers_are_those_of_rfc_6901() -> None:
    document = {"a": {"b/c": {"d~e": 1}}, "": 2, "l": [1]}
    assert at(document, "") is document
    assert at(document, "/a/b~1c/d~0e") == 1
    assert at(document, "/") == 2
    assert at(document, "/x") is at(document, "/l/0") is at(document, "/a/b~1c/d~0e/f") is MISSING


@given(st.text(max_size=30), st.text(max_size=30), st.binary(max_size=60))
def test_no_spelling_leads_out_of_the_declared_path(text, query, body) -> None:
    declared = (
        Operation("GET", "/a/{x}/b", (Param("x", "string"),)),
        Operation("GET", "/a/n/b"),
        Operation("POST", "/a/{x}/b", (Param("x", "long"), Param("q", "date", False)), (Param("m", "string"),)),
    )
    for method in ("GET", "POST"):
        try:
            operation, in_path = find(declared, method, f"/a/{text}/b")
            call = prepare(operation, in_path, query, body if method == "POST" else b"", "application/json")
        except (NoOperation, BadParam):
            continue
        path, _, rest = call.target.partition("?")
        assert path.startswith("/a/") and path.endswith("/b") and path.count("/") == 3
        assert (path[3:-2] not in (".", "..", "") and path[3:-2] == quote(text, safe="")) or method == "POST"
        assert rest == "" or rest.startswith("q=")
        assert call.target.isascii() and not set(call.target) & set(" #\\\r\n")


def test_literal_segments_go_before_parameters() -> None:
    declared = (Operation("GET", "/a/{x}", (Param("x", "string"),)), Operation("GET", "/a/n"))
    assert find(declared, "GET", "/a/n")[0].path == "/a/n"
    assert find(declared, "GET", "/a/m") == (declared[0], {"x": "m"})

"""A rule set is read whole or refused with the rule and its part named."""

from __future__ import annotations

import pytest

from shugang.assets.quality.refused import RuleError
from shugang.assets.quality.rules import digest, read

COLUMNS = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE", "Start": "DATE", "end": "DATE"}


def refused(rule, **more):
    with pytest.raises(RuleError) as caught:
        read({"rules": [{"kind": "filled", "columns": ["id"]}, rule], **more}, COLUMNS)
    return caught.value.code, caught.value.where


@pytest.mark.parametrize(
    ("rule", "code", "where"),
    [
        ({"kind": "magic"}, "unknown_rule", "rules[1].kind"),
        ({"kind": ["filled"]}, "unknown_rule", "rules[1].kind"),
        ({"kind": "range", "column": "price", "min": 0}, "unknown_column", "rules[1].column"),
        ({"kind": "filled", "columns": ["id", "price"]}, "unknown_column", "rules[1].columns"),
        ({"kind": "filled", "columns": ["id", "id"]}, "same_column", "rules[1].columns"),
        ({"kind": "range", "column": "amount"}, "no_bound", "rules[1]"),
        ({"kind": "range", "column": "amount", "min": 5, "max": 1}, "bad_bounds", "rules[1]"),
        ({"kind": "range", "column": "amount", "min": "0"}, "bad_number", "rules[1].min"),
        ({"kind": "range", "column": "amount", "min": float("nan")}, "bad_number", "rules[1].min"),
        ({"kind": "range", "column": "amount", "min": 0, "at_least": 101}, "bad_threshold", "rules[1].at_least"),
        ({"kind": "range", "column": "amount", "min": 0, "at_least": 99.999}, "bad_threshold", "rules[1].at_least"),
        ({"kind": "range", "column": "amount", "min": 0, "at_least": True}, "bad_threshold", "rules[1].at_least"),
        ({"kind": "range", "column": "amount", "min": 0, "severity": 1}, "unknown_part", "rules[1].severity"),
        ({"kind": "range", "min": 0}, "missing_part", "rules[1].column"),
        ({"kind": "length", "column": "name", "max": -1}, "bad_number", "rules[1].max"),
        ({"kind": "format", "column": "name", "pattern": "(?=a)"}, "bad_pattern", "rules[1].pattern"),
        ({"kind": "format", "column": "name", "pattern": "("}, "bad_pattern", "rules[1].pattern"),
        ({"kind": "date", "column": "name", "earliest": "2026-02-30"}, "bad_date", "rules[1].earliest"),
        ({"kind": "check", "column": "name", "check": "passport"}, "unknown_check", "rules[1].check"),
        ({"kind": "parsable", "column": "name", "type": "BLOB"}, "unknown_type", "rules[1].type"),
        ({"kind": "in_set", "column": "name", "values": [True]}, "bad_values", "rules[1].values"),
        ({"kind": "in_set", "column": "name", "values": ["a\x00"]}, "bad_values", "rules[1].values"),
        ({"kind": "format", "column": "name", "pattern": "a\x00"}, "bad_pattern", "rules[1].pattern"),
        ({"kind": "timely", "column": "end", "hours": 0}, "bad_period", "rules[1].hours"),
        ({"kind": "order", "first": "end", "second": "end"}, "same_column", "rules[1]"),
        ({"kind": "rows"}, "no_bound", "rules[1]"),
        ({"kind": "rows", "expected": 5, "min": 1}, "no_bound", "rules[1]"),
        ({"kind": "unique", "columns": ["id"], "indicator": "duplicate"}, "wrong_indicator", "rules[1].indicator"),
        ({"kind": "unique", "columns": ["id"], "indicator": "shine"}, "unknown_indicator", "rules[1].indicator"),
        ({"kind": "unique", "columns": ["id"], "id": "r1"}, "same_id", "rules[1].id"),
        ({"kind": "unique", "columns": ["id"], "id": "A b"}, "bad_id", "rules[1].id"),
        ({"kind": "described", "where": "id > 1"}, "no_filter", "rules[1].where"),
        ({"kind": "foreign_key", "columns": ["id"], "reference": {"dataset": "DS", "columns": ["a", "b"]}},
         "bad_reference", "rules[1].reference"),
        ({"kind": "foreign_key", "columns": ["id"], "reference": "DS"}, "bad_reference", "rules[1].reference"),
    ],
)  # fmt: skip
def test_a_bad_rule_is_refused_by_name(rule, code, where):
    assert refused(rule) == (code, where)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"weights": {"complete": 50, "accurate": 49}}, "weights_sum"),
        ({"weights": {"complete": 50.5, "accurate": 49.5}}, "bad_weights"),
        ({"weights": {"beauty": 100}}, "unknown_dimension"),
        ({"keys": ["nobody"]}, "unknown_column"),
        ({"colour": "red"}, "unknown_part"),
    ],
)
def test_a_bad_rule_set_is_refused(more, code):
    assert refused({"kind": "filled", "columns": ["name"]}, **more)[0] == code


@pytest.mark.parametrize(
    "document", [None, [], "x", {}, {"rules": []}, {"rules": {}}, {"rules": [3]}, {"rules": [{}] * 201}]
)
def test_what_is_no_rule_set_is_refused(document):
    with pytest.raises(RuleError):
        read(document, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "(SELECT count(*) FROM data) > 1",
        "id IN (SELECT 1)",
        "count(*) > 1",
        "sum(amount) OVER () > 1",
        "row_number() OVER () = 1",
        "read_text('/etc/passwd') <> ''",
        "getenv('HOME') <> ''",
        "id = 1; DROP TABLE data",
        "id = 1 FROM other",
        "id = 1, amount = 2",
        "lpad(name, 1000000000, 'x') = name",
        "other.id = 1",
        "random() > 0.5",
        "current_date > end",
        "*",
        "",
        5,
    ],
)
def test_a_condition_is_of_one_row_and_a_closed_grammar(text):
    code, where = refused({"kind": "expression", "expression": text})
    assert code in {"not_allowed", "bad_expression", "unknown_column", "missing_part"}, code
    assert where == "rules[1].expression"


@pytest.mark.parametrize(
    ("text", "code"),
    [("name > 5", "bad_expression"), ("amount + 1", "not_a_condition"), ("Preis > 1", "unknown_column")],
)
def test_a_condition_has_to_fit_the_columns(text, code):
    assert refused({"kind": "expression", "expression": text})[0] == code


def test_a_condition_is_written_anew():
    rules = read({"rules": [{"kind": "expression", "expression": 'cast(name as int) > 1 OR "start" <= END'}]}, COLUMNS)
    assert rules.rules[0].args["expression"] == '((TRY_CAST("name" AS INT) > 1 OR "Start" <= "end"))'


def test_the_digest_does_not_depend_on_the_order_of_parts():
    assert digest({"rules": [], "keys": []}) == digest({"keys": [], "rules": []}) != digest({"rules": [1], "keys": []})

"""Terms: strict reading, checks against a table, words and guarantees."""

import copy
import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.guarantees import HELD, MODES, used_keys
from shugang.policy.identifiers import USCC_ERRORS
from shugang.policy.odrl import WRITTEN
from shugang.policy.priceplan import REASONS
from shugang.policy.refusals import REFUSALS
from shugang.policy.terms import (
    GUARANTEES,
    Column,
    Mark,
    MarkedColumn,
    Mask,
    OutputRule,
    Quota,
    Rate,
    RowFilter,
    Terms,
    TermsError,
    UnknownTerm,
    check_mode,
    describe,
    digest,
    to_odrl,
    validate,
)
from shugang.policy.tests.strategies import COLUMNS, START, plain_terms, terms

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


@given(terms())
def test_terms_survive_json_and_keep_their_digest(some: Terms) -> None:
    again = Terms.from_json(some.to_json())
    assert again == some
    assert digest(again) == digest(some)
    validate(some, COLUMNS, "api")


@given(terms(), st.data())
def test_any_added_key_at_any_depth_is_refused_by_its_name(some: Terms, data: st.DataObject) -> None:
    # given valid terms with one key more than we know, somewhere
    document = some.to_json()
    places: list[dict] = []

    def collect(node: object) -> None:
        if isinstance(node, dict):
            places.append(node)
        for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            collect(child)

    collect(document)
    data.draw(st.sampled_from(places))["watermark"] = True
    # when they are read, then the name is in the refusal
    with pytest.raises(UnknownTerm, match="watermark"):
        Terms.from_json(document)


@given(terms(), st.data())
def test_any_missing_key_is_refused(some: Terms, data: st.DataObject) -> None:
    document = some.to_json()
    name = data.draw(st.sampled_from(sorted(document)))
    del document[name]
    with pytest.raises(TermsError) as refused:
        Terms.from_json(document)
    assert (refused.value.code, refused.value.field) == ("missing_term", f"terms.{name}")


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (["actions", 0], "sell", "sell"),
        (["purpose"], "advertising", "advertising"),
        (["version"], 2, "version=2"),
        (["rows", 0, "op"], "like", "like"),
        (["masks", 0, "function"], "blur", "blur"),
        (["masks", 0, "args", "colour"], 1, "colour"),
        (["quotas", 0, "unit"], "joules", "joules"),
        (["quotas", 0, "per"], "hour", "hour"),
        (["quotas", 0, "counts"], "some", "some"),
        (["environment"], "moon", "moon"),
        (["notify"], ["weather"], "weather"),
    ],
)
def test_unknown_words_are_refused_by_name(path: list, value: object, named: str) -> None:
    document = copy.deepcopy(
        plain_terms(
            rows=[RowFilter("age", "ge", 18)],
            masks=[Mask("phone", "keep_ends", {"prefix": 3, "suffix": 4})],
            quotas=[Quota("calls", 100, "day", "charged")],
        ).to_json()
    )
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(UnknownTerm, match=re.escape(named)):
        Terms.from_json(document)


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (["redistribute"], 0, "bad_type"),
        (["delete_after_days"], -1, "out_of_range"),
        (["delete_after_days"], True, "bad_type"),
        (["valid_from"], "2026-01-01T00:00:00+00:00", "bad_time"),
        (["valid_from"], "2026-01-01", "bad_time"),
        (["fields"], "phone", "bad_type"),
        (["rate"], {"per_second": 0, "burst": 1}, "out_of_range"),
        (["rows"], [{"column": "age", "op": "ge", "value": 1.5}], "bad_type"),
        (["rows"], [{"column": "age", "op": "not_null", "value": 1}], "bad_type"),
        (["rows"], [{"column": "age", "op": "eq", "value": None}], "bad_type"),
        (["quotas"], [{"unit": "rows", "limit": 2**53, "per": "day", "counts": "all"}], "out_of_range"),
        (["masks"], [{"column": "phone", "function": "keep_ends", "args": {"prefix": 3}}], "missing_term"),
    ],
)
def test_wrong_shapes_are_refused(path: list, value: object, code: str) -> None:
    document = plain_terms().to_json()
    document[path[0]] = value
    with pytest.raises(TermsError) as refused:
        Terms.from_json(document)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"actions": ()}, "no_actions", "actions"),
        ({"actions": ("read", "read")}, "repeated", "actions"),
        ({"actions": ("read", "redistribute")}, "contradiction", "redistribute"),
        ({"redistribute": True}, "contradiction", "redistribute"),
        ({"valid_until": START}, "empty_period", "valid_until"),
        ({"fields": ()}, "no_fields", "fields"),
        ({"fields": ("phone", "phone")}, "repeated", "fields"),
        ({"fields": ("phone", "salary")}, "no_such_column", "fields"),
        ({"fields": ("Phone",)}, "no_such_column", "fields"),
        ({"rows": [RowFilter("salary", "ge", 1)]}, "no_such_column", "rows"),
        ({"rows": [RowFilter("age", "ge", "18")]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("age", "eq", True)]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("phone", "eq", 138)]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("member", "gt", False)]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("born", "ge", "2026-13-01")]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("born", "ge", "20260101")]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("fee", "ge", "1e3")]}, "filter_misfit", "rows"),
        ({"rows": [RowFilter("fee", "in", ())]}, "filter_misfit", "rows"),
        ({"masks": [Mask("born", "redact")]}, "mask_without_field", "masks"),
        ({"masks": [Mask("phone", "redact"), Mask("phone", "redact")]}, "repeated", "masks"),
        ({"masks": [Mask("phone", "band", {"width": 10})]}, "mask_misfit", "masks"),
        ({"masks": [Mask("age", "truncate_date", {"unit": "year"})]}, "mask_misfit", "masks"),
        ({"quotas": [Quota("calls", 1), Quota("calls", 2)]}, "repeated", "quotas"),
    ],
)
def test_terms_that_cannot_hold_over_the_table_are_refused(changes: dict, code: str, field: str) -> None:
    with pytest.raises(TermsError) as refused:
        validate(plain_terms(**changes), COLUMNS)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not CHINESE.search(refused.value.text.en)


def test_columns_that_differ_by_case_alone_are_refused() -> None:
    with pytest.raises(TermsError, match="repeated"):
        validate(plain_terms(fields=("a",)), [Column("a", "string"), Column("A", "string")])


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TermsError, match="naive_time"):
        plain_terms(valid_from=datetime(2026, 1, 1))


def test_a_type_that_nothing_is_known_of_may_only_be_redacted() -> None:
    columns = [Column("place", "struct<x:double,y:double>"), Column("at", "timestamp with time zone")]
    for name, mask in (
        ("place", Mask("place", "sha256_token", {"key_id": "k"})),
        ("at", Mask("at", "truncate_date", {"unit": "month"})),
    ):
        with pytest.raises(TermsError, match="mask_misfit"):
            validate(plain_terms(fields=(name,), masks=[mask]), columns)
    validate(plain_terms(fields=("place",), masks=[Mask("place", "redact")]), columns)


@given(terms(), st.sampled_from(sorted(MODES)))
def test_description_covers_every_term_in_force_or_refuses_by_name(some: Terms, mode: str) -> None:
    lacking = [key for key in used_keys(some) if mode not in GUARANTEES[key]]
    if lacking:
        with pytest.raises(UnknownTerm, match=re.escape(f"{lacking[0]}@{mode}")):
            describe(some, mode)
        return
    lines = describe(some, mode)
    assert {line.key for line in lines} == set(used_keys(some))
    assert len([line for line in lines if line.key == "rows"]) == len(some.rows)
    for line in lines:
        assert line.guarantee == GUARANTEES[line.key][mode]


def test_a_quota_of_calls_has_no_meaning_for_files_and_is_refused_there() -> None:
    limited = plain_terms(quotas=[Quota("calls", 5)])
    check_mode(limited, "api")
    with pytest.raises(UnknownTerm, match=r"quota\.calls@table"):
        check_mode(limited, "table")
    with pytest.raises(UnknownTerm, match="mode=fax"):
        check_mode(limited, "fax")


def test_guarantees_promise_no_more_than_the_mode_can_hold() -> None:
    for mode in MODES:
        assert GUARANTEES["purpose"][mode] == "attested"
        assert GUARANTEES["delete_after"][mode] == "attested"
        for legal in ("redistribute", "attribution", "action.train"):
            assert GUARANTEES[legal][mode] == "legal"
        for prevented in ("subject", "fields", "rows", "masks", "period"):
            assert GUARANTEES[prevented][mode] == "prevented"
        assert GUARANTEES["environment.isolated"][mode] == "attested"
    assert GUARANTEES["quota.bytes"]["table"] == "prevented"
    assert GUARANTEES["quota.bytes"]["query"] == "prevented"


@pytest.mark.parametrize("mode", ["table", "api", "query", "file", "proxy", "push", "stream"])
def test_an_output_rule_is_refused_by_name_wherever_single_rows_leave(mode: str) -> None:
    assert "output" in list(used_keys(plain_terms(output=OutputRule(5))))
    assert mode not in GUARANTEES["output"]


def test_no_chinese_on_the_english_side() -> None:
    for row in HELD.values():
        for _, how in row.values():
            assert how.zh and how.en and not CHINESE.search(how.en)
    full = plain_terms(
        rows=[RowFilter("age", "in", (1, 2)), RowFilter("age", "not_null")],
        masks=[Mask("phone", "keep_ends", {"prefix": 3, "suffix": 4}), Mask("age", "band", {"width": 10})],
        quotas=[Quota("calls", 10_000, "day", "charged")],
        rate=Rate(5, 10),
        delete_after_days=30,
    )
    for line in describe(full, "api"):
        assert not CHINESE.search(line.label.en + line.value.en + line.guarantee_label.en)
    assert "10,000 calls per day (charged)" in [line.value.en for line in describe(full, "api")]


def test_a_day_of_a_quota_is_a_day_in_china() -> None:
    late = START + timedelta(hours=16)  # midnight in Xiamen, start of 2 January there
    assert Quota("calls", 1, "day").window(late) == "2026-01-02"
    assert Quota("calls", 1, "day").window(late - timedelta(seconds=1)) == "2026-01-01"
    assert Quota("calls", 1, "month").window(late) == "2026-01"
    assert Quota("calls", 1, "total").window(late) == "total"


@given(terms(marks=True))
def test_odrl_carries_every_term(some: Terms) -> None:
    document = to_odrl(some)
    first = document["permission"][0]
    assert len(document["permission"]) == len(some.actions)
    places = bool(some.networks) + (some.environment is not None)
    assert len(first["constraint"]) == 3 + len(some.quotas) + bool(some.rate) + places
    assert len(first["target"]["refinement"]) == 1 + len(some.rows) + len(some.masks) + bool(some.mark)
    duties = (some.delete_after_days is not None) + bool(some.attribution) + some.keep_log + len(some.notify)
    assert len(document["obligation"]) == duties
    assert ("prohibition" in document) != some.redistribute
    assert document.get("sg:notes", "") == some.notes


def test_every_term_says_where_it_stands_in_odrl() -> None:
    assert set(WRITTEN) == {key.partition(".")[0] for key in HELD}
    full = plain_terms(
        rows=[RowFilter("age", "not_null")],
        masks=[Mask("phone", "redact")],
        quotas=[Quota("calls", 10)],
        rate=Rate(1, 2),
        networks=("192.0.2.0/24",),
        environment="isolated",
        output=OutputRule(5),
        mark=Mark(("phone",), (MarkedColumn("age"),)),
        keep_log=True,
        notify=("incident",),
        delete_after_days=1,
        attribution="x",
        notes="y",
    )
    text = str(to_odrl(full))
    for place in WRITTEN.values():
        for word in re.findall(r"`([^`]+)`", place):
            assert all(f"'{part}'" in text or part in text for part in word.split(".")), word


def test_odrl_uses_only_words_of_odrl_or_of_our_context() -> None:
    full = plain_terms(
        actions=("read", "query", "compute", "train"),
        rows=[RowFilter("age", "not_null")],
        masks=[Mask("phone", "sha256_token", {"key_id": "k1"}), Mask("age", "band", {"width": 10})],
        quotas=[Quota("calls", 10)],
        rate=Rate(1, 2),
        delete_after_days=30,
        attribution="数据来源：厦门",
        notes="x",
        networks=("192.0.2.0/24",),
        environment="isolated",
        output=OutputRule(5),
        mark=Mark(("phone",), (MarkedColumn("age"),), 3),
        keep_log=True,
        notify=("first_use", "incident"),
    )
    document = to_odrl(full)
    ours = set(document["@context"][1])
    used = set(re.findall(r"'(sg:[A-Za-z_]+)'(?=:)", str({**document, "@context": None})))
    assert used and used <= ours
    constraints = [c["leftOperand"] for p in document["permission"] for c in p["constraint"]]
    assert {"sg:network", "sg:environment", "sg:smallestGroup"} <= set(constraints)
    assert [d["action"] for d in document["obligation"]].count("odrl:inform") == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"networks": ("192.0.2.1/24",)}, "bad_network"),
        ({"networks": ("office",)}, "bad_network"),
        ({"networks": ("192.0.2.0/24", "192.0.2.0/24")}, "repeated"),
        ({"notify": ("incident", "incident")}, "repeated"),
        ({"mark": Mark((), (MarkedColumn("age"),))}, "mark_misfit"),
        ({"mark": Mark(("phone",), ())}, "mark_misfit"),
        ({"mark": Mark(("phone",), (MarkedColumn("member"),))}, "no_such_column"),
        ({"mark": Mark(("phone",), (MarkedColumn("born"),))}, "mark_misfit"),
        ({"mark": Mark(("phone",), (MarkedColumn("phone"),))}, "repeated"),
        ({"mark": Mark(("phone",), (MarkedColumn("age", 1),))}, "mark_misfit"),
        ({"mark": Mark(("phone",), (MarkedColumn("fee", 3),)), "fields": ("phone", "fee")}, "mark_misfit"),
        ({"mark": Mark(("phone", "born"), (MarkedColumn("age"),), 5)}, "mark_misfit"),
        ({"mark": Mark(("born",), (), 5)}, "mark_misfit"),
        (
            {"mark": Mark(("phone",), (MarkedColumn("age"),)), "masks": [Mask("age", "band", {"width": 10})]},
            "mark_misfit",
        ),
    ],
)
def test_places_and_marks_that_could_not_be_held_are_refused(changes: dict, code: str) -> None:
    columns = [column for column in COLUMNS if column.name != "member"]
    with pytest.raises(TermsError) as refused:
        validate(plain_terms(**{"fields": ("phone", "age", "born"), **changes}), columns)
    assert refused.value.code == code
    assert not CHINESE.search(refused.value.text.en)


def test_chinese_texts_use_full_width_punctuation_and_no_exclamation_marks() -> None:
    half = re.compile(r"[\u4e00-\u9fff”][,:;?!()]|[,:;?!()][\u4e00-\u9fff“]")
    texts = [how for row in HELD.values() for _, how in row.values()]
    texts += [text for _, text in REFUSALS.values()] + [
        *USCC_ERRORS.values(),
        *REASONS.values(),
        UnknownTerm("x").text,
    ]
    full = plain_terms(
        rows=[RowFilter("age", "in", (1, 2)), RowFilter("age", "not_null")],
        masks=[Mask("phone", "keep_ends", {"prefix": 3, "suffix": 4}), Mask("age", "band", {"width": 10})],
        quotas=[Quota("calls", 10_000, "day", "charged")],
        rate=Rate(5, 10),
    )
    texts += [line.value for line in describe(full, "api")]
    assert [text.zh for text in texts if half.search(text.zh) or "\uff01" in text.zh] == []

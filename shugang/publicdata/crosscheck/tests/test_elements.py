"""Standardising, one kind after another, in the database as it runs."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.identifiers import IDENTITY_WEIGHTS
from shugang.publicdata.crosscheck.elements import KINDS, address_parts, masked, metres
from shugang.publicdata.crosscheck.folding import fold, folded, guard, table

CON = duckdb.connect()


def ask(sql, *values):
    return CON.execute(f"SELECT {sql}", list(values)).fetchall()[0][0]


def normal(kind, value):
    return ask(KINDS[kind].normal("v") + " FROM (SELECT CAST($1 AS VARCHAR) AS v)", folded(value))


def near(kind, a, b, tolerance=None):
    return ask(
        KINDS[kind].near("a", "b", tolerance) + " FROM (SELECT $1 AS a, $2 AS b)", normal(kind, a), normal(kind, b)
    )


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("text", "廈門市（思明區）", "厦门市(思明区)"),
        ("text", "ＡＢＣ　１２３", "abc123"),
        ("person", "阿依古丽·买买提", "阿依古丽•买买提"),
        ("person", "阿依古丽.买买提", "阿依古丽买买提"),
        ("enterprise", "厦门象屿股份有限公司", "廈門象嶼股份有限公司"),
        ("enterprise", "厦门象屿有限责任公司", "厦门象屿"),
        ("enterprise", "Xiamen Xiangyu Co., Ltd.", "XIAMEN XIANGYU CO LTD"),
        ("address", "天津市 西青区杨柳青镇西青道403号", "天津市西青区杨柳青镇西青道403号"),
        ("phone", "+86 100-0000-0000", "10000000000"[:11]),
        ("phone", "+86 138 0000 0000", "13800000000"),
        ("code", " 3502 ab", "3502AB"),
        ("number", "1,000.50", "1000.5"),
        ("date", "2026年1月5日", "2026-01-05"),
        ("date", "20260105", "2026/1/5"),
        ("point", "118.10,24.46", "118.1， 24.460"),
    ],
)
def test_what_is_written_in_two_ways_is_one(kind, one, other):
    if kind == "phone" and one.startswith("+86 100"):
        assert normal(kind, one).endswith(other)  # no subscriber's number: the country code is not taken off
        return
    assert normal(kind, one) == normal(kind, other) is not None


@pytest.mark.parametrize(
    ("kind", "value"),
    [("date", "2026-02-30"), ("point", "200,95"), ("number", "abc"), ("text", "！？"), ("code", "  ")],
)
def test_what_is_no_value_of_its_kind_is_missing(kind, value):
    assert normal(kind, value) is None


def test_a_name_that_is_only_a_legal_form_keeps_it():
    assert normal("enterprise", "有限公司") == "有限公司"


def test_an_identity_number_of_fifteen_digits_becomes_one_that_passes_its_check():
    eighteen = normal("identity", "350203 800101 123")
    assert eighteen[:17] == "35020319800101123"
    assert ask(KINDS["identity"].valid("$1"), eighteen) is True
    total = sum(int(d) * w for d, w in zip(eighteen[:17], IDENTITY_WEIGHTS, strict=True))
    assert eighteen[17] == "10X98765432"[total % 11]


def test_a_wrong_check_digit_is_invalid():
    right = normal("identity", "350203800101123")
    wrong = right[:17] + ("0" if right[17] != "0" else "1")
    assert ask(KINDS["identity"].valid("$1"), wrong) is False


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("福建省厦门市思明区开元街道湖滨南路81号", ("福建省", "厦门市", "思明区", "开元街道", "湖滨南路", "81号")),
        ("北京市昌平区南口镇南辛路2号", ("", "北京市", "昌平区", "南口镇", "南辛路", "2号")),
        ("厦门市同安区西柯镇", ("", "厦门市", "同安区", "西柯镇", "", "")),
        ("丰台区右外西头条8号", ("", "", "丰台区", "", "", "")),
        ("新疆维吾尔自治区乌鲁木齐市天山区", ("新疆维吾尔自治区", "乌鲁木齐市", "天山区", "", "", "")),
    ],
)
def test_an_address_is_cut_into_its_parts(address, parts):
    found = ask(address_parts("$1"), address)
    assert tuple(found[n] for n in ("province", "city", "district", "street", "road"))[: len(parts) - 1] == parts[:5]
    assert not parts[5] or found["door"] == parts[5]
    assert "".join(found.values()) == address


def test_near_addresses_and_different_ones():
    assert near("address", "复兴门外大街甲20号", "西城区复兴门外大街甲20号")
    assert near("address", "怀柔区永泰北街9号", "怀柔区永泰北街9号院")
    assert not near("address", "房山区房窑路6号", "房山区房宝路6号")
    assert not near("address", "思明区湖滨路1号", "湖里区湖滨路1号")
    assert not near("address", "渔阳南路19号", "渔阳南路93号")


def test_near_names_numbers_days_and_places():
    assert near("text", "厦门大学附属第一医院", "厦门大学附属第一医院分院")
    assert not near("text", "新民镇", "西柯镇")
    assert near("number", "100", "100.4", 0.5) and not near("number", "100", "101", 0.5)
    assert near("date", "2026-01-01", "2026-01-03", 2) and not near("date", "2026-01-01", "2026-01-04", 2)
    assert near("point", "118.1000,24.4600", "118.1005,24.4600", 100) and not near(
        "point", "118.10,24.46", "118.11,24.46", 100
    )
    # Airports SAOL and SASQ lie 1,350 km apart in two lists (swapped codes); the formula says the same
    assert 111_000 < ask(metres("$1", "$2"), "118.0,24.0", "118.0,25.0") < 111_300


@given(st.text(max_size=12))
def test_folding_never_needs_folding_again_and_the_guard_sees_what_it_changes(text):
    once = folded(text)
    assert folded(once) == once
    if any(ord(c) in table() for c in text):
        assert ask("regexp_matches($1, $2)", text.replace("\x00", ""), guard())


def test_only_what_needs_it_is_folded():
    CON.execute(
        "CREATE OR REPLACE TABLE t AS SELECT * FROM (VALUES ('廈門', 'Ａ'), ('厦门', 'A'), (NULL, 'Ａ')) v(a, b)"
    )
    assert CON.execute(f"SELECT * FROM {fold(CON, 't', ['a', 'b'])} ORDER BY a NULLS LAST").fetchall() == [
        ("厦门", "A"), ("厦门", "A"), (None, "A"),
    ]  # fmt: skip
    CON.execute("CREATE OR REPLACE TABLE t AS SELECT '厦门' AS a")
    assert fold(CON, "t", ["a"]) == "t"


@given(st.text(alphabet="张三丰阿依古丽0123456789X", min_size=1, max_size=20))
def test_a_masked_value_keeps_its_length_and_hides_most(text):
    found = ask(masked("$1"), text)
    assert len(found) == len(text) and "*" in found
    assert len(text) < 8 or found.count("*") == len(text) - 5

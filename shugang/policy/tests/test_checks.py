"""Checks of identifiers over columns: the SQL says what the plain reference says, near misses included."""

from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.policy.checks import CHECKS
from shugang.policy.identifiers import (
    PLATE_PROVINCES,
    PLATE_SIGNS,
    POST_PROVINCES,
    PROVINCES,
    VIN_VALUES,
    identity_check_char,
    luhn_digit,
    make_uscc,
    vin_check_char,
)

CON = duckdb.connect()
CON.execute("SET threads = 1")
DIGITS = "0123456789"
HEX = "0123456789abcdefABCDEF"


def verdicts(name: str, values: Sequence[str | None]) -> list[bool | None]:
    """What the check's SQL says about each value, in order."""
    table = f'SELECT unnest($1::VARCHAR[]) AS "a ""column", unnest(range({len(values)})) AS place'
    check = CHECKS[name].sql('"a ""column"')
    rows = CON.execute(f"SELECT {check} FROM ({table}) ORDER BY place", [list(values)]).fetchall()
    return [row[0] for row in rows]


def digits(low: int, high: int | None = None) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=low, max_size=high or low)


@st.composite
def identity_numbers(draw: st.DrawFn) -> str:
    month, day = draw(st.integers(0, 13)), draw(st.integers(0, 32))
    year = draw(st.sampled_from([1799, 1800, 1900, 1996, 2000, 2023, 2024, 2099, 2100]))
    province = draw(st.sampled_from([*PROVINCES, "00", "10", "38", "99"]))
    first17 = f"{province}{draw(digits(4))}{year}{month:02}{day:02}{draw(digits(3))}"
    return first17 + identity_check_char(first17)


@st.composite
def vins(draw: st.DrawFn) -> str:
    signs = draw(st.text("".join(VIN_VALUES), min_size=13, max_size=13)) + draw(digits(4))
    return signs[:8] + vin_check_char(signs) + signs[9:]


PLATE_TAIL = st.text(PLATE_SIGNS + DIGITS + "IO挂学警港澳", min_size=4, max_size=7)
GROUPS = st.lists(st.text(HEX, min_size=1, max_size=4), max_size=9).map(":".join)
IPV4 = st.lists(st.integers(0, 300).map(str) | st.just("01"), min_size=3, max_size=5).map(".".join)
NAMES = st.text("aZ09.-_+", min_size=1, max_size=66)
SHAPED = {
    "identity_number": identity_numbers(),
    "credit_code": st.integers().map(make_uscc),
    "mobile": digits(9).map("13".__add__) | digits(11),
    "landline": st.tuples(
        st.sampled_from(["010", "(010)", "021-", "0592", "(0592)", "0592-", "0192", "02", "(010", "0592--", "012"]),
        digits(6, 9),
        st.sampled_from(["", "-", "-1", "-123456", "-1234567", "1"]),
    ).map("".join),
    "bank_card": digits(11, 19).map(lambda body: body + luhn_digit(body)),
    "plate": st.tuples(st.sampled_from(PLATE_PROVINCES + "国"), st.sampled_from(PLATE_SIGNS + "IO1"), PLATE_TAIL).map(
        "".join
    ),
    "vin": vins(),
    "email": st.tuples(
        NAMES, st.sampled_from(["@", "@@", ""]), NAMES, st.sampled_from([".cn", ".c", ".1", ".", ""])
    ).map("".join),
    "ipv4": IPV4,
    "ipv6": st.tuples(GROUPS, st.sampled_from(["", ":", "::", ":::"]), GROUPS, st.just("") | IPV4).map("".join),
    "mac": st.tuples(
        st.lists(st.text(HEX, min_size=2, max_size=2), min_size=5, max_size=7), st.sampled_from(":-. ")
    ).map(lambda parts: parts[1].join(parts[0])),
    "postcode": st.tuples(st.sampled_from([*POST_PROVINCES, "00", "14", "99"]), digits(3, 5)).map("".join),
}


@st.composite
def disturbed(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    """A near miss: one sign changed, lost, doubled or of the wrong width."""
    value = draw(values)
    place = draw(st.integers(0, max(len(value) - 1, 0)))
    sign = draw(st.sampled_from(["", "0", "9", "X", "x", "I", "O", " ", "\n", "１", "一", ".", "-", ":"]))
    return value[:place] + sign + value[place + draw(st.integers(0, 1)) :]


@pytest.mark.parametrize("name", CHECKS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_sql_says_what_the_reference_says(name: str, data: st.DataObject) -> None:
    anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    values = data.draw(st.lists(SHAPED[name] | disturbed(SHAPED[name]) | anything, min_size=5, max_size=40))
    assert verdicts(name, values) == [CHECKS[name].accepts(value) for value in values]


@pytest.mark.parametrize("name", CHECKS)
def test_null_stays_null_and_an_empty_text_is_wrong(name: str) -> None:
    assert verdicts(name, [None, "", None]) == [None, False, None]


# Examples that the standards themselves print, published codes of companies, networks set aside for examples.
GOOD = {
    "identity_number": ["11010519491231002X", "440524188001010014"],
    "credit_code": ["914403001922038216", "9144030071526726XG", "91330100799655058B", "91110000802100433B"],
    "mobile": ["13800000000"],
    "landline": ["010-12345678".replace("1234", "6234"), "(0592)2345678", "05922345678-801", "021-22345678"],
    "bank_card": ["4111111111111111", "6200000000000005", "378282246310005", "4222222222222"],
    "plate": ["京A12345", "粤Z1234港", "京AD12345", "沪A12345F", "苏E1234挂", "川A1234学"],
    "vin": ["1M8GDM9AXKP042788", "11111111111111111"],
    "email": ["a.b+c@example.com", "x@mail.example.org"],
    "ipv4": ["192.0.2.1", "255.255.255.255", "0.0.0.0"],
    "ipv6": ["2001:db8::1", "::", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::"],
    "mac": ["00:00:5e:00:53:01", "00-00-5E-00-53-FF"],
    "postcode": ["100000", "361000", "850000"],
}
BAD = {
    "identity_number": [
        "11010519491231002x",  # the standard writes a capital X
        "110105194912310021",
        "11010519490229001" + identity_check_char("11010519490229001"),  # no such day
        "38010519491231001" + identity_check_char("38010519491231001"),  # no such province
        "110105491231002",
        " 11010519491231002X",
    ],
    "credit_code": ["914403001922038215", "91440300192203822" + "6", "9144030071526726xg"],
    "mobile": ["12800000000", "+8613800000000", "138 0000 0000"],
    "landline": ["62345678", "010-1234567", "0192-2345678"],
    "bank_card": ["4111111111111112", "411111111111", "0000000000000000", "41111111111111111113"],
    "plate": ["京I12345", "京A1234", "京A123O5", "国A12345", "京A1234567", "京A·12345"],
    "vin": ["1M8GDM9A1KP042788", "IM8GDM9AXKP042788", "1M8GDM9AXKP04278", "1M8GDM9AXKPO42788"],
    "email": ["a@b", "a..b@example.com", "a@-example.com", "a b@example.com", "@example.com"],
    "ipv4": ["256.0.0.1", "01.2.3.4", "1.2.3", "1.2.3.4.5"],
    "ipv6": ["1::2::3", "12345::", "fe80::1%eth0", ":::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:1.2.3.4"],
    "mac": ["00:00:5e-00:53:01", "0000.5e00.5301", "00:00:5e:00:53", "gg:00:5e:00:53:01"],
    "postcode": ["000000", "140000", "36100", "3610000", "990000"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_known_values(name: str) -> None:
    assert verdicts(name, GOOD[name]) == [True] * len(GOOD[name])
    assert verdicts(name, BAD[name]) == [False] * len(BAD[name])


def test_leap_days() -> None:
    days = ["19000229", "20000229", "20230229", "20240229", "20240431"]
    numbers = [f"110105{day}001" + identity_check_char(f"110105{day}001") for day in days]
    assert verdicts("identity_number", numbers) == [False, True, False, True, False]


def test_numbers_kept_as_numbers_are_read_as_their_digits() -> None:
    row = CON.execute(
        f"SELECT {CHECKS['mobile'].sql('m')}, {CHECKS['bank_card'].sql('c')} "
        "FROM (SELECT 13800000000::BIGINT AS m, 6200000000000005::DECIMAL(20, 0) AS c)"
    ).fetchone()
    assert row == (True, True)


def test_every_check_names_its_standard_in_both_languages() -> None:
    assert all(c.name == name and c.standard and c.clause and c.title.zh and c.title.en for name, c in CHECKS.items())

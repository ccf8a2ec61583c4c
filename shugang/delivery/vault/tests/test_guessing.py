"""Given any column of text, when its type is guessed, then every value can be printed back as it was written."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.delivery.vault.guessing import Guess

READ = {
    "BIGINT": lambda v: str(int(v)),
    "DOUBLE": lambda v: f"{Decimal(repr(float(v))):f}" if "." in v else str(int(float(v))),
    "DATE": lambda v: date.fromisoformat(v).isoformat(),
    "TIMESTAMP": lambda v: datetime.fromisoformat(v).isoformat(v[10]),
    "BOOLEAN": lambda v: v,
    "VARCHAR": lambda v: v,
}
NUMBERS = st.one_of(
    st.integers(-(10**16), 10**16).map(str),
    st.decimals(-(10**6), 10**6, places=3).map(str),
    st.floats(allow_nan=False).map(str),
    st.text("0123456789.-+eE ", max_size=8),
    st.dates().map(str),
    st.sampled_from(
        [
            "",
            "0592",
            "007",
            "-0",
            "-0.0",
            "-0.00",
            "0.00001",
            "1e5",
            "true",
            "TRUE",
            "NaN",
            "inf",
            "١٢",
            "1_000",
            "+86",
            "1,5",
            " 1",
        ]
    ),
)


@given(st.lists(NUMBERS, max_size=8))
def test_no_character_is_lost(values):
    guess = Guess()
    guess.add(values)
    kind = guess.type
    for value in filter(None, values):
        if kind.startswith("DECIMAL"):
            scale = int(kind[-2])
            assert f"{Decimal(int(Decimal(value).scaleb(scale))).scaleb(-scale):f}" == value  # integers have no -0
        else:
            assert READ[kind](value) == value


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["0592", "0591"], "VARCHAR"),
        (["1300000", "1300001"], "VARCHAR"),
        (["350203", "350206"], "VARCHAR"),
        (["13800138000"], "VARCHAR"),
        (["1", "20", "300"], "BIGINT"),
        (["2020", "2021"], "BIGINT"),
        (["1.5", "2"], "DOUBLE"),
        (["1.50", "2.00"], "DECIMAL(18,2)"),
        (["1.50", "2"], "VARCHAR"),
        (["2026-01-31"], "DATE"),
        (["2026-02-30"], "VARCHAR"),
        (["2026-01-31 08:00:00"], "TIMESTAMP"),
        (["true", "false"], "BOOLEAN"),
        (["", ""], "VARCHAR"),
        (["", "7"], "BIGINT"),
        (["12345678901234567890", "1"], "VARCHAR"),
    ],
)
def test_what_columns_become(values, kind):
    guess = Guess()
    guess.add(values)
    assert guess.type == kind

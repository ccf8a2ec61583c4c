"""Unified social credit codes and telephone numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.identifiers import (
    PHONE,
    USCC_ALPHABET,
    check_uscc,
    fake_phone,
    is_phone,
    make_uscc,
    mask_phone,
    organisation_check_char,
    uscc_check_char,
)

# Published in the companies' own reports and on their web sites.
PUBLIC = ["914403001922038216", "9144030071526726XG", "91330100799655058B", "91110000802100433B"]
SEEDS = st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@pytest.mark.parametrize("code", PUBLIC)
def test_public_codes_pass(code: str) -> None:
    assert check_uscc(code) is None


def test_hand_computed_check_characters() -> None:
    # GB 11714: 1·3 = 3, 11 − 3 = 8; all zeros: 11 − 0 = 11, written 0; 3·7 = 21, 11 − 10 = 1; 4·3 = 12, 11 − 1 = X
    assert [organisation_check_char(body) for body in ("10000000", "00000000", "03000000", "40000000")] == list("801X")
    # GB 32100: 9·1 = 9, 31 − 9 = 22, N; 1·3 = 3, 31 − 3 = 28, W; all zeros: 31 mod 31 = 0
    assert [uscc_check_char(s.ljust(17, "0")) for s in ("9", "01", "")] == ["N", "W", "0"]


@given(SEEDS)
def test_generated_codes_pass_and_are_stable(seed: int | str) -> None:
    code = make_uscc(seed)
    assert check_uscc(code) is None
    assert code == make_uscc(seed) and code.startswith("91990000")


def test_generated_codes_differ_and_take_their_parts() -> None:
    assert len({make_uscc(n) for n in range(1000)}) == 1000
    assert make_uscc(1, region="350200", department="1", category="2").startswith("12350200")
    with pytest.raises(ValueError, match="six digits"):
        make_uscc(1, region="35020")


@given(SEEDS, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_any_single_wrong_character_is_noticed(seed: int | str, place: int, sign: str) -> None:
    code = make_uscc(seed)
    changed = code[:place] + sign + code[place + 1 :]
    assert (check_uscc(changed) is None) == (changed == code)


@pytest.mark.parametrize(
    "code", ["", "91990000", "9I" + PUBLIC[0][2:], PUBLIC[3].lower(), PUBLIC[0] + " ", PUBLIC[0][:17] + "６"]
)
def test_wrong_shapes(code: str) -> None:
    assert check_uscc(code) == "uscc_shape"


def test_a_wrong_organisation_part_with_a_right_last_sign_is_noticed() -> None:
    first17 = "91990000" + "10000000" + "7"
    assert check_uscc(first17 + uscc_check_char(first17)) == "uscc_organisation"


@given(SEEDS)
def test_a_generated_phone_can_be_nobodys(seed: int | str) -> None:
    phone = fake_phone(seed)
    assert len(phone) == 11 and phone.isdigit() and phone == fake_phone(seed)
    assert not PHONE.fullmatch(phone) and not is_phone(phone)
    assert is_phone(phone, generated=True)
    assert mask_phone(phone) == f"100****{phone[7:]}"


@pytest.mark.parametrize(
    "text", ["12812345678", "1381234567", "138123456789", "+8613812345678", "１3812345678", "13812345678\n"]
)
def test_what_is_no_phone(text: str) -> None:
    assert not is_phone(text, generated=True)

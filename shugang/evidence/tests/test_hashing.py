import hashlib
import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.evidence import canonical as canonical_json
from shugang.evidence.errors import FormatError
from shugang.evidence.hashing import (
    EMPTY_ROOT,
    _sm3_with_cryptography,
    canonical,
    commitment,
    leaf_hash,
    new_salt,
    node_hash,
    parents,
    sm3,
)

SALT = bytes(range(32))


def test_sm3_gives_the_vectors_of_the_standard_by_either_library():
    # GB/T 32905-2016, appendix A
    abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    long = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    for digest in (sm3, _sm3_with_cryptography):
        assert digest(b"abc").hex() == abc
        assert digest(b"abcd" * 16).hex() == long


def test_tree_hashes_are_domain_separated():
    # Certificate Transparency test suite
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    node = node_hash(b"N123", b"N456").hex()
    assert node == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


def test_one_height_up_in_a_row_of_hashes():
    a, b, c = (leaf_hash(bytes([n])) for n in range(3))
    assert parents(a + b) == node_hash(a, b)
    assert parents(a + b + c + a) == node_hash(a, b) + node_hash(c, a)
    # And what is left over has no parent yet
    assert parents(a + b + c) == node_hash(a, b) and parents(a) == parents(b"") == b""


def test_commitment_is_both_digests_of_salt_and_canonical_payload():
    made = commitment({"b": 1, "a": "数"}, SALT)
    data = SALT + '{"a":"数","b":1}'.encode()
    assert made.sha256 == hashlib.sha256(data).digest()
    assert made.sm3 == hashlib.new("sm3", data).digest()


def test_order_of_keys_does_not_matter_but_salt_and_values_do():
    made = commitment({"a": 1, "b": 2}, SALT)
    assert made == commitment({"b": 2, "a": 1}, SALT)
    assert made != commitment({"a": 1, "b": 3}, SALT)
    assert made != commitment({"a": 1, "b": 2}, new_salt())


@pytest.mark.parametrize(
    "payload",
    [{"a": 2**53}, {"a": float("nan")}, {"a": "\ud800"}, {1: "a"}, {"a": object()}],
)
def test_what_json_cannot_carry_exactly_is_refused(payload):
    with pytest.raises(FormatError):
        commitment(payload, SALT)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_the_salt_has_one_length(size):
    with pytest.raises(FormatError):
        commitment({}, b"s" * size)


def test_a_payload_nested_beyond_reason_is_refused_not_crashed():
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(FormatError):
        canonical(deep)


@given(st.dictionaries(st.text(), st.integers(-(2**53) + 1, 2**53 - 1) | st.text() | st.none() | st.booleans()))
def test_canonical_form_survives_a_json_round_trip(payload):
    assert canonical(json.loads(json.dumps(payload))) == canonical(payload) == rfc8785.dumps(payload)


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**54), 2**54)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(codec="ascii")) | st.text(st.characters(codec="utf-8")), inner, max_size=5
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="ascii")), plain_values, max_size=6))
def test_the_fast_way_writes_what_the_standard_says(payload):
    try:
        expected = rfc8785.dumps(payload)
    except rfc8785.CanonicalizationError:
        with pytest.raises(FormatError):
            canonical(payload)
        return
    assert canonical(payload) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=5),
        max_leaves=30,
    )
)  # fmt: skip
def test_the_quick_canonical_form_is_the_exact_one(value):
    """Floats, keys beyond ASCII, control characters, characters beyond the basic plane: byte for byte."""
    assert canonical_json.dumps(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), "\ud800", {"\ud800": 1}, {1: 2}, b"x", {"a": {1, 2}}])
def test_what_has_no_canonical_form_is_refused_either_way(value):
    for way in (canonical_json.dumps, rfc8785.dumps):
        with pytest.raises((rfc8785.CanonicalizationError, UnicodeEncodeError)):
            way(value)

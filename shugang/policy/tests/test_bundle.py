"""Bundles: round trip, and every kind of tampering."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.bundle import PREFIX, BadBundle, Bundle, open_bundle, sign_bundle
from shugang.policy.codec import UnknownTerm, canonical
from shugang.policy.grant import CompiledGrant
from shugang.policy.sources import Param, QuerySource, TableSource
from shugang.policy.terms import Quota, Terms
from shugang.policy.tests.strategies import COLUMNS, START, plain_grant, plain_terms, terms

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))


def bundle_of(*grants: CompiledGrant) -> Bundle:
    return Bundle("plane-1", 7, START, 1, 0.5, grants)


RAW = sign_bundle(bundle_of(plain_grant()), KEY)


@given(terms())
def test_a_bundle_opens_to_what_was_signed(some: Terms) -> None:
    bundle = bundle_of(plain_grant(terms=some))
    assert open_bundle(sign_bundle(bundle, KEY), KEY.public_key()) == bundle


def test_every_kind_of_source_survives() -> None:
    table = TableSource("s", "default", "t", "d", 3, "d/3.parquet", "00" * 32, COLUMNS)
    query = QuerySource(
        "conn-1", "SELECT 1 AS age WHERE :id", [{"name": "id", "type": "long", "required": True}], COLUMNS
    )
    bundle = bundle_of(plain_grant(mode="table", source=table), plain_grant(mode="query", source=query))
    opened = open_bundle(sign_bundle(bundle, KEY), KEY.public_key())
    assert opened == bundle
    assert opened.grants is not None and opened.grants[1].source.params == (Param("id", "long"),)


def test_a_heartbeat_has_no_grants_and_differs_from_an_empty_bundle() -> None:
    beat = Bundle("plane-1", 7, START, 1, 0, None)
    assert open_bundle(sign_bundle(beat, KEY), KEY.public_key()).grants is None
    assert open_bundle(sign_bundle(bundle_of(), KEY), KEY.public_key()).grants == ()


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_changing_any_byte_is_refused(place: int, change: int) -> None:
    forged = bytearray(RAW)
    forged[place] ^= change
    with pytest.raises(BadBundle):
        open_bundle(bytes(forged), KEY.public_key())


def test_changing_the_lowest_the_case_or_the_highest_bit_anywhere_is_refused() -> None:
    for place in range(len(RAW)):
        for bit in (0x01, 0x20, 0x80):
            forged = RAW[:place] + bytes([RAW[place] ^ bit]) + RAW[place + 1 :]
            with pytest.raises(BadBundle):
                open_bundle(forged, KEY.public_key())


@given(st.integers(0, len(RAW) - 1), st.binary(max_size=3))
def test_truncated_or_lengthened_bundles_are_refused(cut: int, tail: bytes) -> None:
    for forged in (RAW[:cut], RAW + tail + b"\n", b" " + RAW):
        with pytest.raises(BadBundle):
            open_bundle(forged, KEY.public_key())


def test_another_key_is_refused() -> None:
    with pytest.raises(BadBundle, match="signature"):
        open_bundle(RAW, OTHER.public_key())


@pytest.mark.parametrize("prefix", [b"", b"shugang-plane-v1\n", b"shugang-bundle-v2\n", b"shugang-bundle-v1"])
def test_a_signature_made_in_another_context_is_refused(prefix: bytes) -> None:
    # given the right key over the right body, but for another purpose
    body = canonical(bundle_of().to_json())
    forged = PREFIX + KEY.sign(prefix + body).hex().encode() + b"\n" + body
    with pytest.raises(BadBundle, match="signature"):
        open_bundle(forged, KEY.public_key())


@pytest.mark.parametrize(
    "change",
    [
        lambda grant: grant["terms"].update(embargo=True),
        lambda grant: grant.update(priority=1),
        lambda grant: grant.update(state="paused"),
        lambda grant: grant["source"].update(type="fax"),
        lambda grant: grant.update(mode="table"),
        lambda grant: grant["outcomes"].update(found=1),
        lambda grant: grant["credentials"][0].update(kind="password"),
    ],
)
def test_well_signed_but_not_understood_is_refused(change) -> None:
    document = bundle_of(plain_grant()).to_json()
    change(document["grants"][0])
    body = canonical(document)
    raw = PREFIX + KEY.sign(PREFIX + body).hex().encode() + b"\n" + body
    with pytest.raises(BadBundle):
        open_bundle(raw, KEY.public_key())


def test_what_no_plane_would_read_is_not_signed() -> None:
    unheld = plain_grant(
        mode="table",
        source=TableSource("s", "d", "t", "x", 1, "p", "0", COLUMNS),
        terms=plain_terms(quotas=[Quota("calls", 3)]),
    )
    with pytest.raises(UnknownTerm, match=r"quota\.calls@table"):
        sign_bundle(bundle_of(unheld), KEY)


def test_the_body_is_canonical_json() -> None:
    body = RAW.split(b"\n", 2)[2]
    assert canonical(json.loads(body)) == body
    assert json.loads(body)["issued_at"] == (START + timedelta(0)).strftime("%Y-%m-%dT%H:%M:%SZ")

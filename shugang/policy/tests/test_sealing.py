"""Secrets sealed to one plane."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shugang.policy.sealing import VERSION, NotOpened, open_sealed, seal_to_plane


def _public(key: Ed25519PrivateKey) -> str:
    return b64encode(key.public_key().public_bytes_raw()).decode()


@given(plain=st.binary(max_size=300), seed=st.binary(min_size=32, max_size=32), bound_to=st.text(max_size=30))
def test_the_plane_opens_what_was_sealed_to_it(plain: bytes, seed: bytes, bound_to: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    sealed = seal_to_plane(_public(key), plain, bound_to)
    assert open_sealed(key, sealed, bound_to) == plain
    assert len(plain) < 4 or plain not in urlsafe_b64decode(sealed[len(VERSION) :])


def test_nobody_else_opens_it_nor_for_anything_else() -> None:
    key = Ed25519PrivateKey.generate()
    sealed = seal_to_plane(_public(key), b"secret", "credential:A")
    with pytest.raises(NotOpened):
        open_sealed(Ed25519PrivateKey.generate(), sealed, "credential:A")
    with pytest.raises(NotOpened):
        open_sealed(key, sealed, "credential:B")
    assert sealed != seal_to_plane(_public(key), b"secret", "credential:A")


@given(place=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    raw = bytearray(urlsafe_b64decode(seal_to_plane(_public(key), b"secret", "x")[len(VERSION) :]))
    raw[place % len(raw)] ^= flip
    with pytest.raises(NotOpened):
        open_sealed(key, VERSION + urlsafe_b64encode(bytes(raw)).decode(), "x")


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(NotOpened):
        open_sealed(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32), text, "x")


@pytest.mark.parametrize(
    "public", ["", "AAAA", b64encode(b"\x01" + bytes(31)).decode(), b64encode(b"\xff" * 32).decode()]
)
def test_a_bad_key_is_no_recipient(public: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        seal_to_plane(public, b"secret", "x")

"""Signatures offline: only the exact digest, context, key and algorithm verify, and nothing breaks the verifier."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from shugang.parties.keys.signatures import message, verify_signature

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CONTEXT = "contract:HT-2026-000001"
DIGEST = hashlib.sha256(b"terms").hexdigest()


def signed(digest=DIGEST, context=CONTEXT):
    return {
        "algorithm": "ed25519",
        "public_key": base64.b64encode(KEY.public_key().public_bytes_raw()).decode(),
        "signature": base64.b64encode(KEY.sign(message(digest, context))).decode(),
    }


def test_the_message_is_three_lines():
    assert message(DIGEST, CONTEXT) == f"shugang-sign-v1\n{CONTEXT}\n{DIGEST}".encode()


def test_another_algorithm_name_is_refused():
    assert verify_signature(signed(), DIGEST, CONTEXT)
    assert not verify_signature({**signed(), "algorithm": "none"}, DIGEST, CONTEXT)
    assert not verify_signature({k: v for k, v in signed().items() if k != "algorithm"}, DIGEST, CONTEXT)


@given(place=st.integers(0, 63), bit=st.integers(0, 7))
def test_any_changed_bit_is_refused(place, bit):
    raw = bytearray(base64.b64decode(signed()["signature"]))
    raw[place] ^= 1 << bit
    assert not verify_signature({**signed(), "signature": base64.b64encode(raw).decode()}, DIGEST, CONTEXT)


@given(
    st.dictionaries(st.sampled_from(["algorithm", "public_key", "signature"]), st.text() | st.none() | st.integers())
)
def test_rubbish_is_refused_without_an_error(rubbish):
    assert not verify_signature(rubbish, DIGEST, CONTEXT)


@given(digest=st.text(max_size=70), context=st.text(max_size=40))
def test_a_signature_serves_no_other_object(digest, context):
    if (digest, context) != (DIGEST, CONTEXT):
        assert not verify_signature(signed(), digest, context)

"""Signing keys: both algorithms behind one interface, and the SM2 line of checkpoints as strangers see it."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.evidence import keys, sm2
from shugang.evidence.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from shugang.evidence.encoding import to_base64
from shugang.evidence.errors import FormatError, VerificationError
from shugang.evidence.keys import ED25519, SM2, can_sign, software_key
from shugang.evidence.note import NoteSigner, open_note, parse_any_vkey, parse_vkey, sign_note
from shugang.evidence.tests.helpers import ORIGIN, SIGNER

SECRET = bytes(range(1, 33))
SM2_SIGNER = NoteSigner(ORIGIN, software_key(SM2, SECRET))
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(32))
NOTE = sign_note(CHECKPOINT.text(), [SIGNER, SM2_SIGNER])


@pytest.mark.parametrize("algorithm", [ED25519, SM2])
def test_a_signature_holds_for_its_own_key_and_message_alone(algorithm):
    key, other = software_key(algorithm, SECRET), software_key(algorithm, SECRET[::-1])
    signature = key.sign(b"message")
    assert keys.verify(algorithm, key.public, b"message", signature)
    assert not keys.verify(algorithm, key.public, b"massage", signature)
    assert not keys.verify(algorithm, other.public, b"message", signature)
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not keys.verify(algorithm, key.public, b"message", bytes(changed))


def test_the_example_of_the_standard():
    """GM/T 0003.5-2012 appendix A: the recommended curve and identity, its key, message and signature."""
    public = bytes.fromhex(
        "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
        "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
    )
    secret = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
    signature = bytes.fromhex(
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
        "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert software_key(SM2, secret).public == public
    assert sm2.verify(public, b"message digest", signature)
    assert not sm2.verify(public, b"message digest.", signature)


def test_openssl_verifies_what_we_sign(tmp_path):
    """An outside check: the point wrapped as SubjectPublicKeyInfo (id-ecPublicKey, curve SM2), the signature as DER."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    key = software_key(SM2, SECRET)
    raw = key.sign(CHECKPOINT.text().encode())
    head = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
    (tmp_path / "key.der").write_bytes(head + key.public)
    (tmp_path / "text").write_bytes(CHECKPOINT.text().encode())
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    (tmp_path / "signature").write_bytes(der)
    command = [
        "openssl",
        "dgst",
        "-sm3",
        "-keyform",
        "DER",
        "-verify",
        "key.der",
        "-sigopt",
        "distid:1234567812345678",
        "-signature",
        "signature",
        "text",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "text").write_bytes(b"another text\n")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode != 0


def test_readers_that_know_no_sm2_open_the_checkpoint():
    assert open_checkpoint(NOTE, SIGNER.verifier) == CHECKPOINT


def test_who_knows_both_keys_sees_both_lines():
    vkey = SM2_SIGNER.verifier.vkey
    assert parse_any_vkey(vkey) == parse_vkey(vkey, SM2) == SM2_SIGNER.verifier
    _, good = open_note(NOTE, [SIGNER.verifier, parse_any_vkey(vkey)])
    assert [line.key_id for line in good] == [SIGNER.key_id, SM2_SIGNER.key_id]
    assert len(good[1].signature) == 64


def test_a_tampered_sm2_line_is_refused_by_who_knows_the_key():
    line = NOTE.splitlines()[-1]
    start, _, encoded = line.rpartition(" ")
    changed = encoded[:20] + ("A" if encoded[20] != "A" else "B") + encoded[21:]
    note = NOTE.replace(line, f"{start} {changed}")
    with pytest.raises(VerificationError):
        open_note(note, [SIGNER.verifier, SM2_SIGNER.verifier])
    text = NOTE.replace("\n7\n", "\n8\n")
    with pytest.raises(VerificationError):
        open_note(text, [SM2_SIGNER.verifier])


def test_one_algorithm_is_not_taken_for_the_other():
    with pytest.raises(FormatError):
        parse_vkey(SM2_SIGNER.verifier.vkey)
    with pytest.raises(FormatError):
        parse_vkey(SIGNER.verifier.vkey, SM2)
    with pytest.raises(FormatError):
        parse_any_vkey(f"{ORIGIN}+00000000+{to_base64(b'x')}")


def test_without_the_package_nothing_signs_and_everything_verifies(monkeypatch):
    monkeypatch.setattr(sm2, "find_spec", lambda name: None)
    assert not can_sign(SM2) and can_sign(ED25519)
    with pytest.raises(FormatError):
        software_key(SM2, SECRET)
    open_note(NOTE, [SM2_SIGNER.verifier])


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"short"])
def test_a_secret_out_of_range_is_refused(secret):
    with pytest.raises(FormatError):
        software_key(SM2, secret)


@given(st.binary(max_size=80), st.binary(max_size=80) | st.just(b"\x04" + bytes(64)), st.binary(max_size=64))
@settings(max_examples=50)
def test_no_bytes_break_verification(public, signature, message):
    assert not sm2.verify(public, message, signature)
    assert not keys.verify(ED25519, public, message, signature)
    assert not sm2.verify(SM2_SIGNER.verifier.public, message, signature)


def test_our_own_checkpoint_text_is_what_was_signed():
    text, _ = open_note(NOTE, [SM2_SIGNER.verifier])
    assert parse_checkpoint(text) == CHECKPOINT

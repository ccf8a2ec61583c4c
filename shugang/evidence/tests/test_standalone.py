"""The single-file verifier, run as an outsider runs it: copied away, isolated, with no shugang to import."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.evidence import scan, standalone_verify
from shugang.evidence.checkpoint import Checkpoint
from shugang.evidence.cosignature import WitnessSigner
from shugang.evidence.encoding import to_base64
from shugang.evidence.entry import Entry
from shugang.evidence.errors import VerificationError
from shugang.evidence.hashing import commitment
from shugang.evidence.keys import SM2, Ed25519Key, software_key
from shugang.evidence.note import Ed25519Signer, NoteSigner, Signature, format_note, parse_note, sign_note
from shugang.evidence.proofs import inclusion_proof
from shugang.evidence.reader import LogReader
from shugang.evidence.receipt import TlogProof, make_receipt, verify_receipt
from shugang.evidence.tests.helpers import AT, ORIGIN, SIGNER, VKEY, payload_of, plain, published, salt_of
from shugang.evidence.tests.test_proofs import BIG_NODE, HASHES, mth
from shugang.evidence.tests.test_receipt import CHANGES

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def run(folder, body, *arguments):
    """Returns (exit code, output) of the copied file under `python -I -S`-like isolation."""
    script = shutil.copy(standalone_verify.__file__, folder / "standalone_verify.py")
    (folder / "receipt.json").write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    # -I: neither the present folder, nor PYTHONPATH, nor user packages; the file sees installed packages only.
    command = [sys.executable, "-I", "-X", "utf8", script, "receipt.json", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_it_stands_alone():
    source = Path(standalone_verify.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) < 250
    assert "import shugang" not in source and "from shugang" not in source


def test_a_good_receipt_is_valid(tmp_path, receipt):
    code, said = run(tmp_path, receipt, VKEY)
    assert code == 0
    assert "VALID: registration.accepted" in said and "300 of 700" in said and "NOT" not in said


def test_without_the_published_key_it_says_so(tmp_path, receipt):
    code, said = run(tmp_path, receipt)
    assert code == 0 and "compare" in said


def test_without_content_it_says_so(tmp_path, proven):
    code, said = run(tmp_path, make_receipt(*proven, VKEY), VKEY)
    assert code == 0 and "no content attached" in said


def test_another_key_is_refused(tmp_path, receipt):
    forger = Ed25519Signer(ORIGIN, b"\x66" * 32).verifier.vkey
    assert run(tmp_path, receipt, forger)[0] == 1
    assert run(tmp_path, receipt | {"vkey": forger}, forger)[0] == 1


@pytest.mark.parametrize("body", ["", "[]", "{}", "null", "[" * 100_000, '{"format": "shugang-receipt@v1"}'])
def test_what_is_no_receipt_is_refused_without_a_traceback(tmp_path, body):
    code, said = run(tmp_path, body)
    assert code == 1 and "NOT VALID" in said


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_library_refuses_it_refuses_too(receipt, change):
    changed = json.loads(json.dumps(receipt))
    CHANGES[change](changed)
    with pytest.raises((ValueError, LookupError, TypeError, AttributeError, standalone_verify.InvalidSignature)):
        standalone_verify.verify(changed, VKEY)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(st.characters(codec="utf-8")), json_values, max_size=5))
def test_its_canonical_form_is_that_of_the_library(payload):
    assert standalone_verify.canonical(payload).encode() == rfc8785.dumps(payload)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_its_numbers_are_those_of_the_library(value):
    assert standalone_verify.number(value).encode() == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "text"),
    # RFC 8785, appendix B
    [
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e21, "1e+21"),
        (999999999999999700000.0, "999999999999999700000"),
        (0.000001, "0.000001"),
        (1e-7, "1e-7"),
        (333333333.33333325, "333333333.33333325"),
        (-0.0, "0"),
        (1424953923781206.2, "1424953923781206.2"),
    ],
)
def test_numbers_of_the_standard(value, text):
    assert standalone_verify.number(value) == text


def test_keys_are_sorted_by_utf_16_units():
    payload = {"\ue000": 1, "\U0001f600": 2, "数": 3}
    assert standalone_verify.canonical(payload).encode() == rfc8785.dumps(payload)


@pytest.mark.parametrize("wrong", ["sha256", "sm3"])
def test_both_digests_must_hold(tmp_path, wrong):
    # Given an entry, truly in the log, one of whose digests is not that of the payload
    digests = commitment(payload_of(0), salt_of(0))._replace(**{wrong: b"\x00" * 32})
    log, _ = published(tmp_path, [Entry("a", AT, digests).encode(), *plain(3)])
    bare = make_receipt(*LogReader(log.store.fetch, SIGNER.verifier).proof(0), VKEY)
    full = bare | {"payload": payload_of(0), "salt": to_base64(salt_of(0))}
    # Then neither verifier takes the payload for the recorded one
    with pytest.raises(VerificationError):
        verify_receipt(full, VKEY)
    with pytest.raises(ValueError, match="SHA-256" if wrong == "sha256" else "SM3"):
        standalone_verify.verify(full, VKEY)


def test_a_key_with_a_wrong_id_is_no_key(receipt):
    name, key_id, key = VKEY.split("+", 2)
    bad = f"{name}+{key_id[::-1]}+{key}"
    with pytest.raises(ValueError, match="key ID"):
        standalone_verify.verify(receipt | {"vkey": bad}, bad)


def witnessed(proven):
    """A receipt whose checkpoint has the SM2 line and a cosignature besides the log's own line."""
    entry, proof = proven
    text, own = parse_note(proof.checkpoint)
    sm2 = NoteSigner(ORIGIN, software_key(SM2, b"\x0b" * 32))
    witness = WitnessSigner("witness.example.cn", Ed25519Key(b"\x0c" * 32))
    second = Signature(sm2.name, sm2.key_id, sm2.sign(text))
    note = format_note(text, [*own, second, witness.cosign(text, AT)])
    return make_receipt(entry, replace(proof, checkpoint=note), VKEY), sm2.verifier.vkey, witness.cosigner.vkey


def test_further_keys_must_have_signed_too(tmp_path, proven):
    receipt, sm2, witness = witnessed(proven)
    code, said = run(tmp_path, receipt, VKEY, sm2, witness)
    assert code == 0 and f"{ORIGIN} (SM2)" in said and "witness.example.cn (2026-03-01T02:03:04+00:00)" in said
    other_sm2 = NoteSigner(ORIGIN, software_key(SM2, b"\x0d" * 32)).verifier.vkey
    other = WitnessSigner("witness.example.cn", Ed25519Key(b"\x0e" * 32)).cosigner.vkey
    for stranger in (other_sm2, other):
        code, said = run(tmp_path, receipt, VKEY, stranger)
        assert code == 1 and "did not sign" in said


def test_a_scanned_code_is_as_good_as_a_receipt(tmp_path, proven):
    receipt, sm2, witness = witnessed(proven)
    text = scan.pack("https://data.example.cn/verify/1", receipt)
    assert run(tmp_path, text, VKEY, sm2, witness)[0] == 0
    assert run(tmp_path, text)[0] == 1  # a code names no key
    place = len(text) - 200
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    assert run(tmp_path, changed, VKEY)[0] == 1


def test_the_receipt_of_a_large_log_with_two_witnesses_fits_one_code():
    """24 hashes: a log of ten million; four signature lines, nothing that compresses."""
    import os

    entry = Entry("certificate.issued", AT, commitment(payload_of(0), salt_of(0))).encode()
    text = Checkpoint(ORIGIN, 10_000_000, os.urandom(32)).text()
    sm2 = NoteSigner(ORIGIN, software_key(SM2, b"\x0b" * 32))
    lines = [Signature(s.name, s.key_id, s.sign(text)) for s in (SIGNER, sm2)]
    for number in (1, 2):
        lines.append(WitnessSigner(f"witness-{number}.example.cn/witness", Ed25519Key(os.urandom(32))).cosign(text, AT))
    proof = TlogProof(9_999_000, tuple(os.urandom(32) for _ in range(24)), format_note(text, lines))
    packed = scan.pack(
        "https://data.example.cn/verify/ZS-2026-000001", {"entry": entry.decode(), "proof": proof.text()}
    )
    assert "#p1=" in packed and len(packed) <= 2331, len(packed)


@pytest.mark.parametrize("which", [1, 2])
def test_a_tampered_further_line_is_refused(tmp_path, proven, which):
    receipt, *keys = witnessed(proven)
    lines = receipt["proof"].split("\n")
    start, _, encoded = lines[-4 + which].rpartition(" ")
    middle = len(encoded) // 2
    lines[-4 + which] = f"{start} {encoded[:middle]}{'A' if encoded[middle] != 'A' else 'B'}{encoded[middle + 1 :]}"
    receipt["proof"] = "\n".join(lines)
    assert run(tmp_path, receipt, VKEY)[0] == 0
    assert run(tmp_path, receipt, VKEY, keys[which - 1])[0] == 1


@given(st.binary(max_size=66), st.binary(max_size=65))
def test_no_bytes_break_its_sm2(public, signature):
    with pytest.raises(ValueError):
        standalone_verify.check_sm2(public, b"", signature)


def test_a_proof_of_a_smaller_tree_does_not_pass_for_a_larger_one():
    proof = inclusion_proof(1, 4, BIG_NODE)
    standalone_verify.check_inclusion(HASHES[1], 1, 4, proof, mth(0, 4))
    with pytest.raises(ValueError):
        standalone_verify.check_inclusion(HASHES[1], 1, 8, proof, mth(0, 4))


def test_a_checkpoint_of_another_log_signed_by_this_key_is_refused():
    root = mth(0, 4)
    foreign = sign_note(Checkpoint("other.example.cn", 4, root).text(), [SIGNER])
    with pytest.raises(ValueError, match="another log"):
        standalone_verify.open_checkpoint(foreign, VKEY)
    own = sign_note(Checkpoint(ORIGIN, 4, root).text(), [SIGNER])
    assert standalone_verify.open_checkpoint(own, VKEY) == (4, root)

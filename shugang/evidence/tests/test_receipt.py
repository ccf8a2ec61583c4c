import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.evidence.errors import EvidenceError, FormatError, VerificationError
from shugang.evidence.hashing import new_salt
from shugang.evidence.note import Ed25519Signer
from shugang.evidence.receipt import TlogProof, make_receipt, parse_proof, verify_receipt
from shugang.evidence.tests.helpers import (
    ORIGIN,
    RECEIPT_INDEX,
    VKEY,
    payload_of,
    real_entry,
    salt_of,
)

INDEX = RECEIPT_INDEX


def test_the_text_is_a_tlog_proof(proven):
    _, proof = proven
    lines = proof.text().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {INDEX}"]
    assert lines[2 + len(proof.hashes)] == "" and lines[3 + len(proof.hashes)] == ORIGIN
    assert parse_proof(proof.text()) == proof


@given(st.integers(0, 2**60), st.lists(st.binary(min_size=32, max_size=32), max_size=40), st.none() | st.binary())
def test_parsing_a_proof_is_the_inverse_of_writing_it(index, hashes, extra):
    proof = TlogProof(index, tuple(hashes), "a\n1\nb\n\n— a b\n", extra)
    assert parse_proof(proof.text()) == proof


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n\nx",
        "c2sp.org/tlog-proof@v2\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 00\n\nx",
        "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\nx",
        "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n" + ("A" * 43 + "=\n") * 64 + "\nx",
        "c2sp.org/tlog-proof@v1\nindex 0\n",
    ],
)
def test_malformed_proofs_are_refused(text):
    with pytest.raises(FormatError):
        parse_proof(text)


def test_a_receipt_proves_entry_and_payload(receipt):
    found = verify_receipt(json.dumps(receipt), VKEY)
    assert (found.index, found.payload) == (INDEX, payload_of(INDEX))
    assert found.entry.encode() == real_entry(INDEX)
    assert (found.checkpoint.origin, found.checkpoint.size) == (ORIGIN, 700)


def test_a_receipt_without_content_proves_the_commitment_alone(proven):
    bare = make_receipt(*proven, VKEY)
    assert bare["payload"] is None
    assert verify_receipt(bare, VKEY).payload is None


def test_the_key_order_and_spelling_of_the_file_do_not_matter(receipt):
    shuffled = dict(reversed(receipt.items())) | {"payload": dict(reversed(receipt["payload"].items()))}
    assert verify_receipt(json.dumps(shuffled, indent=4, ensure_ascii=False).encode(), VKEY).index == INDEX


def test_a_wrong_receipt_is_never_made(proven):
    entry, proof = proven
    with pytest.raises(VerificationError):
        make_receipt(entry, proof, VKEY, payload_of(INDEX + 1), salt_of(INDEX))
    with pytest.raises(VerificationError):
        make_receipt(entry, proof, VKEY, payload_of(INDEX), new_salt())
    with pytest.raises(VerificationError):
        make_receipt(real_entry(1), proof, VKEY)
    with pytest.raises(FormatError):
        make_receipt(entry, proof, VKEY, payload_of(INDEX))


def test_the_key_is_the_readers_not_the_receipts(receipt):
    forger = Ed25519Signer(ORIGIN, b"\x66" * 32).verifier.vkey
    with pytest.raises(VerificationError):
        verify_receipt(receipt, forger)
    with pytest.raises(VerificationError):
        verify_receipt(receipt | {"vkey": forger}, VKEY)
    with pytest.raises(VerificationError):
        verify_receipt(receipt | {"vkey": forger}, forger)


CHANGES = {
    "payload": lambda r: r["payload"].update(count=INDEX + 1),
    "payload type": lambda r: r["payload"].update(count=str(INDEX)),
    "payload key": lambda r: r["payload"].update(more=None),
    "payload gone": lambda r: r.update(payload=None),
    "salt": lambda r: r.update(salt="A" * 43 + "="),
    "salt gone": lambda r: r.update(salt=None),
    "entry": lambda r: r.update(entry=real_entry(INDEX + 1).decode()),
    "entry spelling": lambda r: r.update(entry=r["entry"] + " "),
    "entry type": lambda r: r.update(entry=7),
    "entry surrogate": lambda r: r.update(entry="\ud800"),
    "index": lambda r: r.update(proof=r["proof"].replace(f"index {INDEX}", f"index {INDEX + 1}")),
    "index spelling": lambda r: r.update(proof=r["proof"].replace("index ", "index 0")),
    "size": lambda r: r.update(proof=r["proof"].replace("\n700\n", "\n701\n")),
    "format": lambda r: r.update(format="shugang-receipt@v2"),
    "extra field": lambda r: r.update(note="hello"),
    "missing field": lambda r: r.pop("entry"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_is_refused(receipt, change):
    changed = copy.deepcopy(receipt)
    CHANGES[change](changed)
    with pytest.raises(EvidenceError):
        verify_receipt(json.dumps(changed), VKEY)


def test_a_key_that_stands_twice_cannot_show_two_contents(receipt):
    text = json.dumps(receipt).replace('"payload":', '"payload": {"count": 1}, "payload":')
    with pytest.raises(FormatError):
        verify_receipt(text, VKEY)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_changed_character_of_the_proof_is_always_seen(receipt, data):
    proof = receipt["proof"]
    at = data.draw(st.integers(0, len(proof) - 1))
    char = data.draw(st.characters(codec="utf-8").filter(lambda c: c != proof[at]))
    with pytest.raises(EvidenceError):
        verify_receipt(receipt | {"proof": proof[:at] + char + proof[at + 1 :]}, VKEY)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", "7", "[" * 100_000, b"\xff", '{"a":1,"a":1}'])
def test_what_is_no_receipt_is_said_to_be_none(text):
    with pytest.raises(FormatError):
        verify_receipt(text, VKEY)

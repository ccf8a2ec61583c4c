import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.evidence.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from shugang.evidence.encoding import from_base64, from_decimal
from shugang.evidence.errors import EvidenceError, FormatError, InconsistentLogError, VerificationError
from shugang.evidence.hashing import EMPTY_ROOT, leaf_hash
from shugang.evidence.note import (
    Ed25519Signer,
    NoteKey,
    Signature,
    format_note,
    open_note,
    parse_note,
    parse_vkey,
    sign_note,
)
from shugang.evidence.proofs import consistency_proof
from shugang.evidence.tests.test_proofs import BIG_NODE, _mth

# The example of Go's golang.org/x/mod/sumdb/note, whose format C2SP signed-note describes.
GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
A = Ed25519Signer("a.example.cn/log", b"\x01" * 32)
B = Ed25519Signer("b.example.cn/witness", b"\x02" * 32)


def test_keys_and_signatures_are_those_of_the_go_implementation():
    signer = Ed25519Signer.parse(GO_SKEY)
    assert signer.verifier.vkey == GO_VKEY
    assert signer.skey == GO_SKEY
    assert sign_note(GO_TEXT, [signer]) == GO_NOTE
    text, lines = open_note(GO_NOTE, [parse_vkey(GO_VKEY)])
    assert text == GO_TEXT and len(lines) == 1


def test_a_text_may_hold_blank_lines_the_last_one_divides():
    text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
    assert open_note(sign_note(text, [A]), [A.verifier])[0] == text


def test_several_signatures_and_unknown_lines():
    note = sign_note("数港\n", [A, B])
    stranger = Ed25519Signer("c.example.cn", b"\x03" * 32).verifier
    assert [line.name for line in open_note(note, [A.verifier, B.verifier])[1]] == [A.name, B.name]
    assert [line.name for line in open_note(note, [B.verifier])[1]] == [B.name]
    with pytest.raises(VerificationError):
        open_note(note, [stranger])
    with pytest.raises(VerificationError):
        open_note(note, [])


def test_an_unknown_algorithm_under_our_name_is_ignored():
    sm2 = Signature(A.name, b"\xff\xff\xff\xff", b"\x00" * 70)
    note = format_note("x\n", [sm2, Signature(A.name, A.key_id, A.sign("x\n"))])
    assert [line.key_id for line in open_note(note, [A.verifier])[1]] == [A.key_id]


def test_a_wrong_line_of_a_known_key_spoils_the_note_even_beside_a_good_one():
    good = Signature(B.name, B.key_id, B.sign("x\n"))
    for wrong in (b"\x00" * 64, b"short", A.sign("y\n")):
        note = format_note("x\n", [good, Signature(A.name, A.key_id, wrong)])
        with pytest.raises(VerificationError):
            open_note(note, [A.verifier, B.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— a AAAAAAAA",
        "text\n\n- a AAAAAAAA\n",
        "text\n\n— aAAAAAAAA\n",
        "text\n\n—  AAAAAAAA\n",
        "text\n\n— a+b AAAAAAAA\n",
        "text\n\n— a AAAAAB==\n",
        "text\n\n— a AAAAAA==\n",
        "text\r\n\n— a AAAAAAAA\n",
        "te\x00xt\n\n— a AAAAAAAA\n",
        "te\ud800xt\n\n— a AAAAAAAA\n",
        "text\n\n" + "— a AAAAAAAA\n" * 101,
        "x" * 1_000_001 + "\n\n— a AAAAAAAA\n",
    ],
)
def test_malformed_notes_are_refused(note):
    with pytest.raises(FormatError):
        parse_note(note)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a",
        "a+b",
        A.verifier.vkey.replace("+", "-", 1),
        A.verifier.vkey.replace("a.example", "b.example"),
        A.verifier.vkey[:-4],
        "a b+00000000+" + base64.b64encode(b"\x01" + b"k" * 32).decode(),
        "a+00000000+" + base64.b64encode(b"\x02" + b"k" * 32).decode(),
        "a+00000000+" + base64.b64encode(b"\x01" + b"k" * 32).decode(),
    ],
)
def test_malformed_keys_are_refused(vkey):
    with pytest.raises(FormatError):
        parse_vkey(vkey)
    with pytest.raises(FormatError):
        Ed25519Signer.parse("PRIVATE+KEY+" + vkey)


@given(st.text(max_size=200))
def test_parsers_raise_nothing_but_their_own_errors(text):
    for parse in (parse_note, parse_vkey, parse_checkpoint, from_base64, from_decimal):
        try:
            parse(text)
        except EvidenceError:
            continue


def test_a_secret_key_does_not_show_in_its_repr():
    assert A.skey.split("+")[-1] not in repr(A)


def test_the_example_of_the_checkpoint_specification_parses():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.text() == text
    assert parse_checkpoint(text + "extra\n").extensions == ("extra",)


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n+1\n" + "A" * 43 + "=\n",
        "o\n１\n" + "A" * 43 + "=\n",
        "o\n1\nAAAA\n",
        "o\n1\n" + "A" * 42 + "B=\n",
        "o\n1\n" + "A" * 43 + "=",
        "o\n1\n" + "A" * 43 + "=\n\nx\n",
    ],
)
def test_malformed_checkpoints_are_refused(text):
    with pytest.raises(FormatError):
        parse_checkpoint(text)


def test_an_origin_that_would_forge_a_size_is_not_written():
    with pytest.raises(FormatError):
        Checkpoint("evil\n999", 1, EMPTY_ROOT).text()


def head(size: int, root: bytes | None = None) -> Checkpoint:
    return Checkpoint(A.name, size, root or _mth(0, size))


@given(st.integers(0, 600), st.integers(0, 600))
def test_what_continues_is_signed_and_opens(first, second):
    old, new = sorted((first, second))
    note = sign_checkpoint(head(new), [A], head(old), consistency_proof(old, new, BIG_NODE))
    assert open_checkpoint(note, A.verifier) == head(new)


@pytest.mark.parametrize(
    ("new", "old", "proof"),
    [
        (head(9), head(5, leaf_hash(b"other")), consistency_proof(5, 9, BIG_NODE)),
        (head(9, leaf_hash(b"other")), head(5), consistency_proof(5, 9, BIG_NODE)),
        (head(5), head(9), consistency_proof(5, 9, BIG_NODE)),
        (head(5, leaf_hash(b"other")), head(5), []),
        (head(9), head(5), []),
        (head(9), Checkpoint("b.example.cn", 5, _mth(0, 5)), consistency_proof(5, 9, BIG_NODE)),
    ],
)
def test_a_second_history_is_not_signed(new, old, proof):
    with pytest.raises(InconsistentLogError):
        sign_checkpoint(new, [A], old, proof)


def test_only_the_log_itself_signs_and_opens_its_checkpoints():
    with pytest.raises(FormatError):
        sign_checkpoint(head(3), [B], None, [])
    with pytest.raises(FormatError):
        sign_checkpoint(head(3), [], None, [])
    foreign = sign_note(Checkpoint("b.example.cn", 3, _mth(0, 3)).text(), [A])
    with pytest.raises(VerificationError):
        open_checkpoint(foreign, A.verifier)


def test_every_flipped_bit_of_a_checkpoint_is_seen():
    note = sign_checkpoint(head(300), [A], None, []).encode()
    for at in range(len(note) * 8):
        changed = bytearray(note)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises((EvidenceError, UnicodeDecodeError)):
            open_checkpoint(bytes(changed).decode(), A.verifier)


def test_a_verifier_is_its_name_and_key_alone():
    assert parse_vkey(A.verifier.vkey) == NoteKey(A.name, A.verifier.public)

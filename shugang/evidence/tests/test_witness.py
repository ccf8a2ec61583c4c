"""Witnessing: what is cosigned continues what was seen; everything else is refused by the protocol's own status."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.evidence.checkpoint import Checkpoint, open_checkpoint
from shugang.evidence.cosignature import WitnessSigner, parse_cosigner, seen
from shugang.evidence.errors import EvidenceError, FormatError
from shugang.evidence.hashing import EMPTY_ROOT, leaf_hash
from shugang.evidence.keys import Ed25519Key
from shugang.evidence.note import Ed25519Signer, format_note, open_note, parse_note, sign_note
from shugang.evidence.tests.helpers import ORIGIN, SIGNER
from shugang.evidence.tree import Tree
from shugang.evidence.witness import SIZE_TYPE, Answer, Seen, add_checkpoint, format_request, parse_request

AT = datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC)
WITNESS = WitnessSigner("witness.example.cn/w1", Ed25519Key(b"\x11" * 32))
NONE = Seen(0, EMPTY_ROOT)


def tree_of(size: int, fork: bool = False) -> Tree:
    tree = Tree()
    tree.append([leaf_hash(b"%d%s" % (i, b"!" if fork and i == 0 else b"")) for i in range(size)])
    return tree


def note_of(size: int, fork: bool = False, signer: Ed25519Signer = SIGNER, root: bytes | None = None) -> str:
    checkpoint = Checkpoint(signer.name, size, root or tree_of(size, fork).root())
    return sign_note(checkpoint.text(), [signer])


def proof_of(old: int, new: int) -> list[bytes]:
    """By the definition of RFC 6962 §2.1.2, so that our own prover is not its own judge."""
    leaves = [leaf_hash(b"%d" % i) for i in range(new)]

    def root(part: list[bytes]) -> bytes:
        tree = Tree()
        tree.append(part)
        return tree.root()

    def sub(m: int, part: list[bytes], whole: bool) -> list[bytes]:
        if m == len(part):
            return [] if whole else [root(part)]
        k = 1 << (len(part) - 1).bit_length() - 1
        if m <= k:
            return [*sub(m, part[:k], whole), root(part[k:])]
        return [*sub(m - k, part[k:], False), root(part[:k])]

    return sub(old, leaves, True) if 0 < old < new else []


def ask(old: int, new: int, known: Seen, note: str | None = None, proof: list[bytes] | None = None) -> Answer:
    body = format_request(old, proof_of(old, new) if proof is None else proof, note or note_of(new))
    return add_checkpoint(body, lambda origin: (SIGNER.verifier, known) if origin == ORIGIN else None, WITNESS, AT)


def seen_of(size: int) -> Seen:
    return Seen(size, tree_of(size).root())


def test_the_first_checkpoint_is_cosigned_and_anybody_can_check_it():
    # Given a log of which nothing was seen
    answer = ask(0, 5, NONE)
    # Then it is cosigned, and what was seen is to be stored
    assert (answer.status, answer.seen) == (200, seen_of(5))
    # And the line, put below the log's own, is checked with both published keys
    text, own = parse_note(note_of(5))
    both = format_note(text, own) + answer.body
    _, good = open_note(both, [SIGNER.verifier, parse_cosigner(WITNESS.cosigner.vkey)])
    assert [line.name for line in good] == [ORIGIN, WITNESS.cosigner.name]
    assert seen(good[1].signature) == AT
    # And readers that know no witnesses still read the checkpoint
    assert open_checkpoint(both, SIGNER.verifier).size == 5


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 8), (8, 8), (255, 257)])
def test_a_checkpoint_that_continues_is_cosigned(old, new):
    answer = ask(old, new, seen_of(old))
    assert (answer.status, answer.seen) == (200, seen_of(new))


def test_a_fork_is_never_cosigned():
    for old, new in ((3, 7), (4, 8)):
        assert ask(old, new, seen_of(old), note_of(new, fork=True)).status == 422
    assert ask(5, 5, seen_of(5), note_of(5, fork=True)).status == 409


def test_each_refusal_has_the_status_of_the_protocol_and_stores_nothing():
    other = Ed25519Signer("other.example.cn", b"\x08" * 32)
    forged = sign_note(Checkpoint(ORIGIN, 7, tree_of(7).root()).text(), [Ed25519Signer(ORIGIN, b"\x09" * 32)])
    damaged = proof_of(3, 7)
    damaged[0] = bytes(32)
    answers = {
        "not a request": (add_checkpoint("old x\n\n", lambda _: None, WITNESS, AT), 400),
        "old above new": (ask(9, 7, seen_of(9), proof=[]), 400),
        "too many lines": (ask(3, 7, seen_of(3), proof=[bytes(32)] * 64), 400),
        "unknown log": (ask(3, 7, seen_of(3), note_of(7, signer=other)), 404),
        "foreign key": (ask(3, 7, seen_of(3), forged), 403),
        "behind": (ask(3, 7, seen_of(5)), 409),
        "damaged proof": (ask(3, 7, seen_of(3), proof=damaged), 422),
        "no proof": (ask(3, 7, seen_of(3), proof=[]), 422),
        "proof from nothing": (ask(0, 7, NONE, proof=[bytes(32)]), 422),
        "empty log with a root": (ask(0, 0, NONE, note_of(0, root=bytes(32))), 422),
    }
    assert {name: answer.status for name, (answer, _) in answers.items()} == {
        name: status for name, (_, status) in answers.items()
    }
    assert all(answer.seen is None for answer, _ in answers.values())
    assert (answers["behind"][0].content_type, answers["behind"][0].body) == (SIZE_TYPE, "5\n")


def test_a_cosignature_holds_for_its_own_checkpoint_time_and_key_alone():
    text = Checkpoint(ORIGIN, 5, tree_of(5).root()).text()
    line = WITNESS.cosign(text, AT)
    assert WITNESS.cosigner.verify(text, line.signature)
    assert not WITNESS.cosigner.verify(text.replace("5\n", "6\n", 1), line.signature)
    later = (int(AT.timestamp()) + 1).to_bytes(8, "big") + line.signature[8:]
    assert not WITNESS.cosigner.verify(text, later)
    assert not WitnessSigner("witness.example.cn/w1", Ed25519Key(b"\x12" * 32)).cosigner.verify(text, line.signature)
    assert not WITNESS.cosigner.verify(text, line.signature[:-1])
    with pytest.raises(ValueError, match="zone"):
        WITNESS.cosign(text, datetime(2026, 1, 1))


def test_the_key_of_a_log_is_not_the_key_of_a_witness():
    with pytest.raises(FormatError):
        parse_cosigner(SIGNER.verifier.vkey)
    vkey = WITNESS.cosigner.vkey
    with pytest.raises(FormatError):
        parse_cosigner(vkey.replace(vkey.split("+")[1], "00000000"))
    assert parse_cosigner(vkey) == WITNESS.cosigner


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")))
def test_no_body_breaks_the_witness(body):
    answer = add_checkpoint(body, lambda _: (SIGNER.verifier, NONE), WITNESS, AT)
    assert answer.status in (400, 403, 409, 422) and answer.seen is None


@given(st.data())
def test_one_changed_character_is_never_cosigned_as_something_else(data):
    body = format_request(3, proof_of(3, 7), note_of(7))
    place = data.draw(st.integers(0, len(body) - 1))
    changed = body[:place] + data.draw(st.characters(codec="utf-8")) + body[place + 1 :]
    answer = add_checkpoint(
        changed, lambda origin: (SIGNER.verifier, seen_of(3)) if origin == ORIGIN else None, WITNESS, AT
    )
    assert answer.status != 200 or answer.seen == seen_of(7)


@given(st.text(max_size=200))
def test_parsers_raise_their_own_errors_only(text):
    for parse in (parse_request, parse_cosigner):
        with contextlib.suppress(EvidenceError):
            parse(text)

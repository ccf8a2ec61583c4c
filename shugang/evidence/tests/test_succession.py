"""Key after key: from any key that somebody trusts to the present one, and to no other."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.evidence.errors import EvidenceError, FormatError
from shugang.evidence.keys import SM2, Ed25519Key, software_key
from shugang.evidence.note import NoteSigner, sign_note
from shugang.evidence.succession import HEADER, follow, open_statement, statement
from shugang.evidence.tests.helpers import ORIGIN

A, B, C = (NoteSigner(ORIGIN, Ed25519Key(bytes([n]) * 32)) for n in (1, 2, 3))
NOTES = [statement(7, A, B), statement(90, B, C)]


def test_each_key_leads_to_the_newest():
    assert follow(A.verifier, NOTES) == [A.verifier, B.verifier, C.verifier]
    assert follow(B.verifier, NOTES) == [B.verifier, C.verifier]
    assert follow(C.verifier, NOTES) == [C.verifier]


def test_nobody_but_the_former_key_names_the_next():
    text = "\n".join([HEADER, ORIGIN, "7", C.verifier.vkey]) + "\n"
    assert follow(A.verifier, [sign_note(text, [C])]) == [A.verifier]
    # Nor does a key follow that did not agree
    assert follow(A.verifier, [sign_note(text, [A])]) == [A.verifier]


def test_a_key_of_another_log_or_algorithm_does_not_follow():
    other = NoteSigner("other.example.cn", Ed25519Key(b"\x02" * 32))
    sm2 = NoteSigner(ORIGIN, software_key(SM2, b"\x02" * 32))
    for stranger in (other, sm2):
        with pytest.raises(FormatError):
            statement(7, A, stranger)
        text = "\n".join([HEADER, ORIGIN, "7", stranger.verifier.vkey]) + "\n"
        assert follow(A.verifier, [sign_note(text, [A, stranger])]) == [A.verifier]


@given(st.text(max_size=300) | st.integers(0, len(NOTES[0]) - 1).map(lambda n: NOTES[0][:n] + "x" + NOTES[0][n + 1 :]))
def test_other_statements_are_refused_in_one_way(note):
    with contextlib.suppress(EvidenceError):
        assert open_statement(note, A.verifier) == B.verifier

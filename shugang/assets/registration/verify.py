"""Public verification by number. Other wings join with `register(kind, finder)` (trade vouchers do).

What is shown is what the evidence record says, not what the table says; where they differ the page says 核验不符.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shugang.kernel import sequencer
from shugang.kernel.models import Event
from shugang.policy.text import Text

PENDING, MISMATCH = "pending", "mismatch"


@dataclass(frozen=True)
class Difference:
    """A field of the table that is not what the evidence record says."""

    name: Text
    recorded: str
    found: str


@dataclass(frozen=True)
class Verification:
    """What anybody may know about one numbered document: organisations, standing, validity, proof; never a person.

    `proof` is pending (待锚定), logged (已锚定), witnessed (已见证) or mismatch (核验不符); `facts` come from the evidence record;
    `pdf` gives the bytes, or None while the paper is not issued; `content` is the JSON twin's body.
    """

    kind: str
    number: str
    title: Text
    state: Text
    tone: str
    in_force: bool
    facts: list[tuple[Text, Any]]
    event: Event | None
    proof: str
    content: dict[str, Any]
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    rights: list[tuple[Text, Any]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    history: list[tuple[Text, Event]] = field(default_factory=list)
    pdf: Callable[[], bytes | None] | None = None


Finder = Callable[[str], Verification | None]
_finders: dict[str, Finder] = {}


def register(kind: str, finder: Finder) -> None:
    """`finder(number)` answers for its kind or returns None; each is asked in the order of the kinds' names."""
    _finders[kind] = finder


def find(number: str) -> Verification | None:
    for kind in sorted(_finders):
        if found := _finders[kind](number):
            return found
    return None


def normalise(typed: str) -> str:
    """What was typed, without spaces, in capitals and half width: the spelling of every number here."""
    return "".join(unicodedata.normalize("NFKC", typed).upper().split())[:40]


def lookalike(typed: str) -> str | None:
    """An existing number that differs only by O for 0 or I/L for 1 after the letters in front; None otherwise."""
    number = normalise(typed)
    for letters in range(1, 4):
        swapped = number[:letters] + number[letters:].replace("O", "0").replace("I", "1").replace("L", "1")
        if swapped != number and find(swapped):
            return swapped
    return None


def proof_of(event: Event | None, differences: list[Difference], trail: list[Event]) -> str:
    """The proof state of a document: its own event and every later one have to open their commitments."""
    if event is None or differences or not all(sequencer.content_matches(e) for e in {event, *trail}):
        return MISMATCH
    return sequencer.proof_state(event)


def receipt(verification: Verification) -> dict[str, Any] | None:
    """The JSON receipt of the document's event; None while it is pending or when it does not verify."""
    if verification.event is None or verification.proof in (PENDING, MISMATCH):
        return None
    return sequencer.receipt_for(verification.event)

"""The keys of the evidence log: which sign now, which signed before, and how one followed another.

The first key of an algorithm has the name `log` (`log-sm2`) in the key store. A later one begins with an event
`log.key_rotated`, so that the log itself tells of it. The event carries a statement signed by both keys: who trusts the
former finds the next. For some days the former goes on signing beside it, so that nobody is left with a checkpoint that
he cannot open.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction

from shugang.evidence.errors import EvidenceError, VerificationError
from shugang.evidence.keys import ED25519, SM2
from shugang.evidence.note import NoteKey, NoteSigner, open_note
from shugang.evidence.succession import statement

from . import clock
from .actors import Actor
from .events import emit, iso
from .models import Checkpoint, Event
from .platform import signing_key, store

ROTATED = "log.key_rotated"
OVERLAP_DAYS = 30
_FIRST = {ED25519: "log", SM2: "log-sm2"}


class LogKey(NamedTuple):
    """`stored`: its name in the key store; `signs_until`: None while it is the newest; `statement`: how it followed the
    one before, "" for the first; `since`: the size of the log when it began."""

    algorithm: str
    stored: str
    public: bytes
    since: int
    signs_until: datetime | None
    statement: str

    def named(self, origin: str) -> NoteKey:
        return NoteKey(origin, self.public, self.algorithm)


def algorithms() -> list[str]:
    """Those wanted by the settings that can sign here; Ed25519 always, for every outside reader knows it."""
    wanted = [name for name in settings.SHUGANG_LOG_ALGORITHMS if name in _FIRST and store().can(name)]
    return [ED25519, *(name for name in wanted if name != ED25519)]


def keys(algorithm: str) -> list[LogKey]:
    """All keys the log has had, newest first."""
    first = signing_key(_FIRST[algorithm], algorithm)
    found = [LogKey(algorithm, _FIRST[algorithm], first.public, 0, None, "")]
    for told in _rotations(algorithm):
        until = datetime.fromisoformat(told["former_signs_until"])
        found[-1] = found[-1]._replace(signs_until=until)
        found.append(
            LogKey(algorithm, told["key"], bytes.fromhex(told["public"]), told["size"], None, told["statement"])
        )
    return found[::-1]


def _rotations(algorithm: str) -> list[dict[str, Any]]:
    rows = Event.objects.filter(kind=ROTATED).order_by("id").values_list("payload", flat=True)
    return [told for told in rows if told["algorithm"] == algorithm]


def signers(origin: str) -> list[NoteSigner]:
    """Who signs the next checkpoint: the newest key of each algorithm, then those that it followed a while ago."""
    now, found = clock.real_now(), [keys(algorithm) for algorithm in algorithms()]
    newest = [chain[0] for chain in found]
    former = [key for chain in found for key in chain[1:] if key.signs_until and key.signs_until > now]
    return [NoteSigner(origin, signing_key(key.stored, key.algorithm)) for key in [*newest, *former]]


def verifiers(origin: str) -> list[NoteKey]:
    """The Ed25519 keys by which any checkpoint of this log opens, newest first."""
    return [key.named(origin) for key in keys(ED25519)]


def opens(checkpoint: str, known: Sequence[NoteKey]) -> NoteKey:
    """The newest of these keys that signed the checkpoint. VerificationError when none did."""
    for key in known:
        try:
            open_note(checkpoint, [key])
        except EvidenceError:
            continue
        return key
    raise VerificationError("no key of this log signed that checkpoint")


def published(origin: str) -> list[dict[str, Any]]:
    """Every key the log has had, newest first, as outsiders read it at `/log/keys.json`."""
    return [
        {
            "vkey": key.named(origin).vkey,
            "algorithm": key.algorithm,
            "since_size": key.since,
            "signs_until": iso(key.signs_until) if key.signs_until else None,
            "statement": key.statement,
        }
        for algorithm in algorithms()
        for key in keys(algorithm)
    ]


@transaction.atomic
def rotate(actor: Actor, origin: str, overlap: timedelta = timedelta(days=OVERLAP_DAYS)) -> list[NoteKey]:
    """A new key for each algorithm in use; the former ones sign on for `overlap`. Returns the new keys."""
    return [_rotate(actor, origin, algorithm, overlap) for algorithm in algorithms()]


def _rotate(actor: Actor, origin: str, algorithm: str, overlap: timedelta) -> NoteKey:
    chain = keys(algorithm)
    former, name = chain[0], f"{_FIRST[algorithm]}-{len(chain) + 1}"
    last = Checkpoint.objects.order_by("-size").first()
    size = last.size if last else 0
    new = NoteSigner(origin, signing_key(name, algorithm))
    old = NoteSigner(origin, signing_key(former.stored, algorithm))
    payload = {
        "algorithm": algorithm,
        "key": name,
        "public": new.verifier.public.hex(),
        "vkey": new.verifier.vkey,
        "former_vkey": old.verifier.vkey,
        "former_signs_until": iso(clock.real_now() + overlap),
        "size": size,
        "statement": statement(size, old, new),
    }
    emit(ROTATED, actor, [("log", origin)], payload)
    return new.verifier

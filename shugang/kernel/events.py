"""Emitting events: the trace of every step, committed to the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from shugang.evidence.hashing import commitment, new_salt

from . import clock
from .actors import Actor
from .models import Case, Event, EventRef
from .reactions import react

_emitted: ContextVar[int] = ContextVar("emitted", default=0)


def emitted_so_far() -> int:
    return _emitted.get()


def iso(moment: Any) -> str:
    """RFC 3339, UTC, microseconds: the one spelling that commitments use."""
    from datetime import UTC

    return str(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def committed_content(event: Event) -> dict[str, Any]:
    """What the commitment covers; stable for ever, since receipts open it years later."""
    return {
        "kind": event.kind,
        "at": iso(event.at),
        "actor": event.actor_label,
        "party": event.party_id,
        "person": event.person_id,
        "refs": sorted([ref.kind, ref.key] for ref in event.refs.all()),
        "payload": event.payload,
    }


class Told(NamedTuple):
    """An event to record: `refs` are (kind, public number) pairs; `payload` is JSON without floats or secrets."""

    kind: str
    refs: Iterable[tuple[str, str]]
    payload: dict[str, Any] | None = None


def emit(
    kind: str,
    actor: Actor,
    refs: Iterable[tuple[str, str]],
    payload: dict[str, Any] | None = None,
    case: Case | None = None,
) -> Event:
    """Record that something happened, in the caller's transaction, and let the wings above react.

    `refs` are (kind, public number) pairs, to which an actor may add its own (the mandate under which it acts); `payload` is JSON without floats or secrets.
    """
    return emit_many(actor, [Told(kind, refs, payload)], case)[0]


def emit_many(actor: Actor, told: Sequence[Told], case: Case | None = None) -> list[Event]:
    """As `emit`, for what happened at once to many: two statements for all of them, then the reactions in order."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of what it tells")
    moment, recorded = clock.now(), clock.real_now()
    pairs = [sorted({*one.refs, *getattr(actor, "refs", ())}) for one in told]
    events = Event.objects.bulk_create(
        _event(actor, one, own, moment, recorded, case) for one, own in zip(told, pairs, strict=True)
    )
    EventRef.objects.bulk_create(
        EventRef(event=event, kind=k, key=v) for event, own in zip(events, pairs, strict=True) for k, v in own
    )
    _emitted.set(_emitted.get() + len(events))
    react(events)
    return events


def _event(
    actor: Actor, told: Told, pairs: list[tuple[str, str]], moment: datetime, recorded: datetime, case: Case | None
) -> Event:
    payload = told.payload or {}
    content = {
        "kind": told.kind,
        "at": iso(moment),
        "actor": actor.label,
        "party": actor.party_id,
        "person": actor.person_id,
        "refs": [list(p) for p in pairs],
        "payload": payload,
    }
    salt = new_salt()
    digests = commitment(content, salt)
    return Event(
        at=moment,
        recorded_at=recorded,
        kind=told.kind,
        case=case,
        person_id=actor.person_id,
        party_id=actor.party_id,
        actor_label=actor.label,
        payload=payload,
        salt=salt,
        sha256=digests.sha256.hex(),
        sm3=digests.sm3.hex(),
    )

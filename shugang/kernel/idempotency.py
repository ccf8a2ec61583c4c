"""Idempotency keys, stored in the transaction of their effect (draft-ietf-httpapi-idempotency-key)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from shugang.policy.text import Text

from . import clock
from .actors import Actor
from .errors import Refusal
from .models import IdempotencyRecord

# Kept: `json.dumps` with options makes an encoder at every call.
_encode = json.JSONEncoder(sort_keys=True, default=str).encode


def fingerprint(*parts: object) -> str:
    return hashlib.sha256(_encode(parts).encode()).hexdigest()


def _actor_key(actor: Actor) -> str:
    return f"{actor.person_id or 0}:{actor.party_id or 0}"


def once(actor: Actor, key: str | None, request_hash: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run `act` once per (actor, key); a repeat returns the stored answer, a different request 409.

    Without a key the act simply runs. `act` returns JSON. The unique constraint decides races: the
    loser's transaction rolls back whole and it reads the winner's answer.
    """
    if not key:
        with transaction.atomic():
            return act()
    stored = _stored(actor, key, request_hash)
    if stored is not None:
        return stored
    try:
        with transaction.atomic():
            stored = _stored(actor, key, request_hash)
            if stored is not None:
                return stored
            response = act()
            IdempotencyRecord.objects.create(
                actor=_actor_key(actor),
                key=key,
                request_hash=request_hash,
                response=response,
                created_at=clock.real_now(),
            )
            return response
    except IntegrityError:
        stored = _stored(actor, key, request_hash)
        if stored is None:
            raise
        return stored


def _stored(actor: Actor, key: str, request_hash: str) -> dict[str, Any] | None:
    row = IdempotencyRecord.objects.filter(actor=_actor_key(actor), key=key).first()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise Refusal(
            "idempotency_conflict",
            Text(
                "这个幂等键已用于另一个请求，请换一个新键再提交。",
                "This idempotency key was used for another request. Please send a new key.",
            ),
            409,
        )
    return dict(row.response)

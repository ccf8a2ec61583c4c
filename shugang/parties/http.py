"""What the API of every room shares: who acts, and a request that acts once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import HttpRequest

from shugang.kernel import idempotency
from shugang.kernel.actors import Actor


def actor_of(request: HttpRequest) -> Actor:
    """Whoever it is, a visitor too: what he may do is the verb's to say."""
    return request.actor  # type: ignore[attr-defined]


def once(request: HttpRequest, parts: Sequence[Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Once per `Idempotency-Key`, told by the address and `parts`; without the header every request acts.

    Raises Refusal `idempotency_conflict` for a key that was used for something else.
    """
    key = request.headers.get("Idempotency-Key")
    return idempotency.once(actor_of(request), key, idempotency.fingerprint(request.path, *parts), act)

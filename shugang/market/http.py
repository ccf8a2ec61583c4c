"""What the market's pages share: who acts, a POST that runs once, how a refusal goes back onto its form."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from shugang.kernel import idempotency
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text


def visitor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def member(request: HttpRequest) -> Actor:
    """Who acts for a party. Raises Refusal `sign_in_required`."""
    actor = visitor(request)
    if actor.person_id is None:
        raise Refusal("sign_in_required", Text("请先登录再办理。", "Please sign in first."), 403)
    return actor


def once(request: HttpRequest, what: object, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a page's POST once per idempotency key; a repeat gets the first answer."""
    key = request.POST.get("idempotency_key")
    return idempotency.once(member(request), key, idempotency.fingerprint(request.path, what), act)


def once_api(request: HttpRequest, what: object, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    key = request.headers.get("Idempotency-Key")
    return idempotency.once(member(request), key, idempotency.fingerprint(request.path, what), act)


def revision_of(request: HttpRequest) -> int | None:
    text = request.POST.get("rev", "")
    return int(text) if text.isdigit() else None


def form_state(refusal: Refusal | None) -> dict[str, Any]:
    """What a form page shows of a refusal, and a new idempotency key."""
    return {
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
    }


def status_of(refusal: Refusal | None) -> int:
    return refusal.status if refusal else 200

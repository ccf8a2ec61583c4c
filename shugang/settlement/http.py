"""What settlement's pages share: the actor, and a POST that runs once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from shugang.kernel import idempotency
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text


def actor_of(request: HttpRequest) -> Actor:
    """Who acts. Raises Refusal `sign_in_required` for an anonymous visitor."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.person_id is None:
        raise Refusal("sign_in_required", Text("请先登录再查看。", "Please sign in first."), 403)
    return actor


def once(request: HttpRequest, what: list[object], act: Callable[[], Any]) -> Any:
    """Run a page's POST once per idempotency key; returns what `act` returned, None for a repeat."""
    result: list[Any] = []

    def run() -> dict[str, Any]:
        result.append(act())
        return {}

    key = request.POST.get("idempotency_key")
    idempotency.once(actor_of(request), key, idempotency.fingerprint(request.path, what), run)
    return result[0] if result else None


def revision_of(request: HttpRequest) -> int | None:
    text = request.POST.get("rev", "")
    return int(text) if text.isdigit() else None

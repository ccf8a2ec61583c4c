"""Finds the actor of every request: from the session for pages, from a Bearer token for the API."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.functional import SimpleLazyObject

from shugang.kernel.actors import ANONYMOUS, Actor

from .actor import actor_by_id
from .models import AccessToken, Person
from .tokens import find_token

ACTING = "acting_party"
READ_ONLY_CODE = "read_only_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def has_second_factor(request: HttpRequest, person: Person) -> bool:
    """Whether this session was confirmed with a one-time or recovery code of a device that is still registered."""
    used = [m.get("id") for m in get_authentication_records(request, person) if m.get("method") == "mfa"]
    return bool(used) and Authenticator.objects.filter(user_id=person.pk, pk__in=used).exists()


def _by_session(request: HttpRequest) -> Actor:
    person = request.user
    if not isinstance(person, Person) or not person.stands:
        return ANONYMOUS
    factor = has_second_factor(request, person)
    chosen = request.session.get(ACTING)
    if chosen:
        actor = actor_by_id(person, int(chosen), factor)
        if actor.party is not None:
            return actor
    return actor_by_id(person, None, factor)


def _by_token(token: AccessToken | None) -> Actor:
    if token is None:
        return ANONYMOUS
    actor = actor_by_id(token.person, token.party_id, token.second_factor)
    return actor if actor.party is not None else ANONYMOUS


class ActorMiddleware:
    """Sets `request.actor`, worked out at first use; a token counts on the API alone, a session everywhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        header = request.headers.get("Authorization", "")
        if request.path.startswith("/api/") and header.startswith("Bearer "):
            token = find_token(header.removeprefix("Bearer ").strip())
            if token is not None and token.read_only and request.method not in SAFE:
                return _read_only()
            request.actor = _by_token(token)  # type: ignore[attr-defined]
        else:
            request.actor = SimpleLazyObject(lambda: _by_session(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _read_only() -> JsonResponse:
    said = {
        "code": READ_ONLY_CODE,
        "message": "这个令牌只能读取，请另建一个可以办理的令牌。",
        "message_en": "This token may only read. Please make one that may act.",
        "fields": {},
    }
    return JsonResponse(said, status=403, json_dumps_params={"ensure_ascii": False})

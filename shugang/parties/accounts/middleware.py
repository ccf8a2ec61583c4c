"""Finds the actor of every request: from the session for pages, from a Bearer token for the API."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from shugang.kernel import clock
from shugang.kernel.actors import ANONYMOUS, Actor

from ..organisations.models import Party
from .actor import actor_for
from .models import AccessToken

ACTING = "acting_party"


def has_second_factor(request: HttpRequest) -> bool:
    """Whether this session signed in with a one-time code or a recovery code."""
    methods = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    return any(m.get("method") == "mfa" for m in methods)


def _by_token(header: str) -> Actor:
    digest = hashlib.sha256(header.removeprefix("Bearer ").strip().encode()).hexdigest()
    token = AccessToken.objects.select_related("person", "party").filter(digest=digest, revoked_at__isnull=True).first()
    if token is None or token.expires_at <= clock.real_now():
        return ANONYMOUS
    return actor_for(token.person, token.party, token.second_factor)


def find_actor(request: HttpRequest) -> Actor:
    header = request.headers.get("Authorization", "")
    if request.path.startswith("/api/") and header.startswith("Bearer "):
        return _by_token(header)
    person = request.user
    if not person.is_authenticated:
        return ANONYMOUS
    chosen = request.session.get(ACTING)
    party = Party.objects.filter(pk=chosen).first() if chosen else None
    return actor_for(person, party, has_second_factor(request))  # type: ignore[arg-type]


class ActorMiddleware:
    """Sets `request.actor`, worked out at first use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: find_actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)

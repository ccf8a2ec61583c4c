"""Who is drawn which of the wing's doors; the rooms register their own in `wiring.py`, in these sections."""

from __future__ import annotations

from django.http import HttpRequest

PUBLIC = "desk.public"


def roles(request: HttpRequest) -> frozenset[str]:
    actor = getattr(request, "actor", None)
    return actor.roles if actor is not None and actor.party_id is not None else frozenset()


def holds_public_data(request: HttpRequest) -> bool:
    return bool(roles(request) & {"department", "data_office"})


def is_department(request: HttpRequest) -> bool:
    return "department" in roles(request)


def is_data_office(request: HttpRequest) -> bool:
    return "data_office" in roles(request)


def develops(request: HttpRequest) -> bool:
    return bool(roles(request) & {"supplier", "buyer"})

"""Mandates through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.parties.http import once

from . import queries, services

router = Router(tags=["mandates"])


class MandateIn(Schema):
    """The answers of the form: broker, acts, products (one a line), limit (元), valid_from, valid_until, both_sides."""

    form: dict[str, Any]


class SignatureIn(Schema):
    """Base64 Ed25519 over the digest, context `mandate:<number>`, where the key is in own custody."""

    own_signature: str = ""


@router.get("/mandates", summary="Mandates given and held, newest first")
def mandates(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.mandates(request.actor), after)  # type: ignore[attr-defined]
    return {"items": [queries.as_json(m) for m in found.items], "next": found.next, "total": found.total}


@router.get("/mandates/{number}", summary="One mandate with its signature")
def mandate(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.as_json(queries.get_mandate(request.actor, number))  # type: ignore[attr-defined]


@router.post("/mandates", summary="Draft a mandate for signature")
def draft(request: HttpRequest, said: MandateIn) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    return once(request, [said.form], lambda: queries.as_json(services.draft(actor, said.form)))


@router.post("/mandates/{number}/signature", summary="Sign it for the principal")
def sign(request: HttpRequest, number: str, said: SignatureIn) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    return once(
        request, [said.own_signature], lambda: queries.as_json(services.sign(actor, number, said.own_signature))
    )


@router.delete("/mandates/{number}", summary="Revoke it, with effect from now")
def revoke(request: HttpRequest, number: str, reason: str) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    return once(request, [reason], lambda: queries.as_json(services.revoke(actor, number, reason)))

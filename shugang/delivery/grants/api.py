"""Grants and keys through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router

from shugang.kernel import paging
from shugang.policy.text import Text

from ..datasets.standing import Fact
from . import queries
from .keys import download_address, has_profile, issue_credential, revoke_credential, sharing_profile
from .models import Credential, Grant
from .pages import address, marks

router = Router(tags=["grants"])


def _grant(row: Grant) -> dict[str, Any]:
    return {
        "number": row.number,
        "grantee": row.grantee.number,
        "supplier": row.supplier.number,
        "product": row.product,
        "contract": row.contract,
        "mode": row.mode,
        "state": row.state,
        "reason": row.reason,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "address": address(row),
    }


def _key(row: Credential) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "prefix": row.prefix,
        "purpose": row.purpose,
        "environment": row.environment or None,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }


@router.get("/grants", summary="Grants that the acting party holds or gave, newest first")
def grants(
    request: HttpRequest, after: str = "", state: str = "", contract: str = "", product: str = ""
) -> dict[str, Any]:
    found = paging.page(queries.grants(request.actor, state, contract, product), after)  # type: ignore[attr-defined]
    return {"items": [_grant(g) for g in found.items], "next": found.next, "total": found.total}


@router.get("/grants/{number}", summary="One grant: terms with their guarantees, what is left of quotas, own keys")
def grant(request: HttpRequest, number: str) -> dict[str, Any]:
    view = queries.view(request.actor, number)  # type: ignore[attr-defined]
    return {
        **_grant(view.grant),
        "terms": view.grant.terms,
        "terms_digest": view.grant.terms_digest,
        "guarantees": [
            {"key": x.key, "label": x.label.zh, "value": x.value.zh, "value_en": x.value.en, "guarantee": x.guarantee}
            for x in view.lines
        ],
        "bases": [{"kind": b.kind, "reference": b.reference, "valid_until": b.valid_until} for b in view.bases],
        "holds": [{"kind": h.kind, "reference": h.reference, "reason": h.reason} for h in view.holds],
        "marks": [_mark(fact) for fact in marks(request.actor, view.grant)],  # type: ignore[attr-defined]
        "quotas": [{**q.quota.to_json(), "used": q.used, "left": q.left} for q in view.quotas],
        "credentials": [_key(c) for c in view.credentials],
    }


def _mark(fact: Fact) -> dict[str, Any]:
    value = fact.value if isinstance(fact.value, Text) else Text(fact.value, fact.value)
    return {"label": fact.label.zh, "label_en": fact.label.en, "value": value.zh, "value_en": value.en, "detail": fact.detail.zh,
            "detail_en": fact.detail.en}  # fmt: skip


@router.get("/credentials", summary="Keys of the acting party, newest first")
def credentials(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.credentials(request.actor), after)  # type: ignore[attr-defined]
    return {"items": [_key(c) for c in found.items], "next": found.next, "total": found.total}


@router.post("/credentials", summary="Collect a key; the secret is in this answer and nowhere else")
def collect(request: HttpRequest, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{grants: [number], kind: bearer|api_key|aksk|oauth|link, purpose, environment?, format?}`. Stating purpose
    and environment attests them; a link is for one download of a file, in `format`. Each call makes a new key."""
    given = data.get("grants")
    numbers = [str(n) for n in given] if isinstance(given, list) else []
    actor = request.actor  # type: ignore[attr-defined]
    kind, purpose, environment = (str(data.get(name) or "") for name in ("kind", "purpose", "environment"))
    row, secret = issue_credential(actor, numbers, kind, purpose, environment=environment)
    answer = {**_key(row), "secret": secret}
    if has_profile(row):
        answer["profile"] = sharing_profile(row, secret)
    if row.kind == Credential.Kind.LINK:
        format = str(data.get("format") or "csv")
        answer["urls"] = [
            download_address(g, secret, format) for g in row.grants.select_related("plane").order_by("id")
        ]
    return answer


@router.delete("/credentials/{number}", summary="Revoke a key")
def revoke(request: HttpRequest, number: str) -> dict[str, Any]:
    return _key(revoke_credential(request.actor, number))  # type: ignore[attr-defined]

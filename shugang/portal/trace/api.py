"""Traces and receipts through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from ..log import queries as log
from . import queries

router = Router(tags=["trace"])


@router.get("/trace/{kind}/{number}", summary="Every event about an asset, product, contract or grant")
def trace(request: HttpRequest, kind: str, number: str) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    subject = queries.subject(kind, number, actor)
    events = [
        {"id": e.pk, "at": e.at, "kind": e.kind, "actor": e.actor_label, "log_index": e.log_index, "sha256": e.sha256,
         "sm3": e.sm3}
        for e in queries.history(subject, actor)
    ]  # fmt: skip
    return {"events": events, "uses": queries.uses(subject, actor)}


@router.get("/events/{pk}/receipt", summary="The offline receipt of one event")
def receipt(request: HttpRequest, pk: int) -> dict[str, Any]:
    return log.receipt(pk, request.actor)  # type: ignore[attr-defined]

"""Planes through the API: list, one-time code, suspension."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from .. import gates
from ..connectors.guard import web_origin
from . import services
from .models import Plane
from .queries import planes

router = Router(tags=["planes"])


def _plane(row: Plane) -> dict[str, Any]:
    return {
        "number": row.number,
        "name": row.name,
        "state": row.state,
        "url": row.url,
        "lease_seconds": row.lease_seconds,
        "last_seen": row.last_seen,
        "journal_seq": row.journal_seq,
    }


@router.get("/planes", summary="Planes of the acting party; for the operator the platform's own")
def list_planes(request: HttpRequest) -> dict[str, Any]:
    found = planes(request.actor)  # type: ignore[attr-defined]
    return {"items": [{**_plane(v.plane), "up": v.up, "grants": v.grants} for v in found]}


@router.post("/planes", summary="A plane that waits for its program, and its one-time code (24 h)")
def create(request: HttpRequest, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{name, url}`."""
    actor = request.actor  # type: ignore[attr-defined]
    name, url = str(data.get("name", "")).strip(), str(data.get("url", "")).strip()
    if not name:
        raise Refusal("invalid_form", Text("请填写节点名称。", "Please give the plane a name."), 422)
    web_origin(url)
    party = None if gates.may_enrol(actor, None) else actor.party_id
    plane, code = services.create_enrolment(actor, name, party, url)
    return {**_plane(plane), "code": code}


@router.post("/planes/{number}/suspend", summary="Stop trusting a plane; `{reason}`")
def suspend(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    return _plane(services.suspend_plane(request.actor, number, str(data.get("reason", ""))[:400]))  # type: ignore[attr-defined]


@router.post("/planes/{number}/resume", summary="Trust a plane again (operator); `{reason}`")
def resume(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    return _plane(services.resume_plane(request.actor, number, str(data.get("reason", ""))[:400]))  # type: ignore[attr-defined]

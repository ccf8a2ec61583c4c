"""The evidence log through the API: its state, its witnesses, and the operator's registrations."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router

from shugang.kernel import peers

from . import queries

router = Router(tags=["log"])


@router.get("/log", summary="Size, keys and witnesses of the evidence log")
def state(request: HttpRequest) -> dict[str, Any]:
    return queries.state()


@router.post("/log/witnesses", summary="Have our checkpoints cosigned by a witness (operator)")
def add_witness(request: HttpRequest, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{operator, vkey, url}`."""
    given = [str(data.get(name, "")) for name in ("operator", "vkey", "url")]
    return queries.witness(peers.add_witness(request.actor, *given))  # type: ignore[attr-defined]


@router.post("/log/witnesses/{pk}/drop", summary="Ask a witness no more (operator)")
def drop_witness(request: HttpRequest, pk: int) -> dict[str, Any]:
    return queries.witness(peers.drop_witness(request.actor, pk))  # type: ignore[attr-defined]


@router.post("/log/witnessed", summary="Witness another operator's log (operator)")
def witness_log(request: HttpRequest, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{operator, vkey}`."""
    row = peers.witness_log(request.actor, str(data.get("operator", "")), str(data.get("vkey", "")))  # type: ignore[attr-defined]
    return queries.witnessed_log(row)


@router.post("/log/witnessed/{pk}/drop", summary="Witness that log no more (operator)")
def drop_log(request: HttpRequest, pk: int) -> dict[str, Any]:
    return queries.witnessed_log(peers.stop_witnessing(request.actor, pk))  # type: ignore[attr-defined]

"""Connections through the API. The account goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router

from shugang.kernel.errors import Refusal
from shugang.policy.connections import Account
from shugang.policy.text import Text

from . import services
from .models import Connection
from .pushes import pushes
from .queries import address, connection, connections

router = Router(tags=["connections"])


def _out(row: Connection) -> dict[str, Any]:
    return {
        "number": row.number,
        "purpose": row.purpose,
        "name": row.name,
        "url": row.url,
        "address": address(row),
        "tables": row.tables,
        "schedule": row.schedule,
        "state": row.state,
        "testing": row.checks > row.checked,
        "tested_at": row.checked_at,
        "trouble": row.check_code,
    }


def _text(data: dict[str, Any], name: str, required: bool = True) -> str:
    value = data.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()) or len(value) > 600 or "\x00" in value:
        raise Refusal("invalid_form", Text(f"请填写“{name}”。", f"Please give “{name}”."), 422)
    return value.strip()


def _account(data: dict[str, Any]) -> Account:
    return Account(_text(data, "user", False), _text(data, "password", False))


@router.get("/connections", summary="Stores and databases of the acting party; for the operator all in use")
def list_connections(request: HttpRequest) -> dict[str, Any]:
    return {"items": [_out(row) for row in connections(request.actor)]}  # type: ignore[attr-defined]


@router.post("/connections", summary="Register a source or a destination; its account is sealed to the plane")
def create(request: HttpRequest, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{purpose: source|target, name, url, user, password, tables, schedule}`; `schedule` as in `PUT …/schedule`."""
    tables = data.get("tables") or {}
    if not isinstance(tables, dict) or not all(isinstance(v, str) for v in tables.values()):
        raise Refusal("bad_tables", Text("tables须是名称与路径。", "tables holds names with paths."), 422)
    made = services.register_connection(
        request.actor,  # type: ignore[attr-defined]
        _text(data, "purpose"),
        _text(data, "name"),
        _text(data, "url"),
        _account(data),
        tables,
        _text(data, "schedule", False),
    )
    return _out(made)


@router.post("/connections/{number}/approve", summary="Let the plane dial this address (operator)")
def approve(request: HttpRequest, number: str) -> dict[str, Any]:
    return _out(services.approve_connection(request.actor, number))  # type: ignore[attr-defined]


@router.post("/connections/{number}/test", summary="Ask the plane to try it")
def test(request: HttpRequest, number: str) -> dict[str, Any]:
    return _out(services.try_connection(request.actor, number))  # type: ignore[attr-defined]


@router.put("/connections/{number}/account", summary="Another account; `{user, password}`")
def account(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    return _out(services.change_account(request.actor, number, _account(data)))  # type: ignore[attr-defined]


@router.put("/connections/{number}/schedule", summary="When new versions are pushed here by themselves; `{schedule}`")
def schedule(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`version` (each at once), `daily HH:MM`, `weekly D HH:MM` (D 1 to 7, Monday first; the city's time), or ""."""
    return _out(services.set_schedule(request.actor, number, _text(data, "schedule", False)))  # type: ignore[attr-defined]


@router.get("/connections/{number}/pushes", summary="What was pushed to a destination, and how far each push is")
def list_pushes(request: HttpRequest, number: str) -> dict[str, Any]:
    """The newest first: `state` is done, going_on, waiting, given_up or not_sent."""
    found = pushes(request.actor, connection(request.actor, number))  # type: ignore[attr-defined]
    return {"items": [push._asdict() for push in found]}


@router.delete("/connections/{number}", summary="Forget the account and stop using the address")
def remove(request: HttpRequest, number: str) -> dict[str, Any]:
    return _out(services.remove_connection(request.actor, number))  # type: ignore[attr-defined]

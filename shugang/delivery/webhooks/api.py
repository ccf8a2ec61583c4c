"""Webhook endpoints through the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import paging

from . import queries, services
from .models import WebhookEndpoint, WebhookMessage
from .pages import last_answer
from .sending import seed
from .signing import public_key

router = Router(tags=["webhooks"])


class EndpointIn(Schema):
    """`types`: see `GET /webhooks/types`; [] for all."""

    url: str
    label: str
    types: list[str] = []


class EndpointOut(Schema):
    """`secret` is filled in the answer that made it and nowhere else; `public_key` verifies v1a signatures."""

    number: str
    label: str
    url: str
    types: list[str]
    state: str
    public_key: str
    waiting: int
    secret: str = ""


class MessageOut(Schema):
    """`last`: the status of the last answer, or why there was none."""

    id: str
    type: str
    object: str
    at: datetime
    state: str
    tries: int
    last: str


class MessagePage(Schema):
    items: list[MessageOut]
    next: str
    total: int


def _out(row: WebhookEndpoint, secret: str = "") -> dict[str, Any]:
    return {
        "number": row.number, "label": row.label, "url": row.url, "types": row.types, "state": row.state,
        "public_key": public_key(seed(row)), "waiting": getattr(row, "waiting", 0), "secret": secret,
    }  # fmt: skip


@router.get("/webhooks", response=list[EndpointOut], summary="The acting party's endpoints")
def endpoints(request: HttpRequest) -> Any:
    return [_out(row) for row in queries.endpoints(request.actor)]  # type: ignore[attr-defined]


@router.post("/webhooks", response=EndpointOut, summary="Add an endpoint; the secret is in this answer only")
def add(request: HttpRequest, wanted: Body[EndpointIn]) -> Any:
    return _out(*services.add_endpoint(request.actor, wanted.url, wanted.label, wanted.types))  # type: ignore[attr-defined]


@router.get("/webhooks/types", response=list[str], summary="Types of events that can be pushed")
def types(request: HttpRequest) -> Any:
    return services.known_types()


@router.post(
    "/webhooks/{number}/secret", response=EndpointOut, summary="A new secret; the former signs along for a day"
)
def rotate(request: HttpRequest, number: str) -> Any:
    return _out(*services.rotate_secret(request.actor, number))  # type: ignore[attr-defined]


@router.post("/webhooks/{number}/ping", response=MessageOut, summary="Push a test message")
def ping(request: HttpRequest, number: str) -> Any:
    return _message(services.ping(request.actor, number))  # type: ignore[attr-defined]


@router.post("/webhooks/{number}/enable", response=EndpointOut, summary="Push again after it was disabled")
def enable(request: HttpRequest, number: str) -> Any:
    return _out(services.enable(request.actor, number))  # type: ignore[attr-defined]


@router.delete("/webhooks/{number}", response=EndpointOut, summary="Remove an endpoint")
def remove(request: HttpRequest, number: str) -> Any:
    row = queries.endpoint(request.actor, number)  # type: ignore[attr-defined]
    services.remove(request.actor, number)  # type: ignore[attr-defined]
    return _out(row) | {"state": "removed"}


@router.get("/webhooks/{number}/messages", response=MessagePage, summary="What was pushed, newest first")
def messages(request: HttpRequest, number: str, state: str = "", after: str = "") -> Any:
    page = paging.page(queries.messages(request.actor, number, state), after)  # type: ignore[attr-defined]
    return {"items": [_message(m) for m in page.items], "next": page.next, "total": page.total}


@router.post("/webhooks/{number}/messages/{message_id}/again", response=MessageOut, summary="Push a message once more")
def again(request: HttpRequest, number: str, message_id: str) -> Any:
    return _message(services.send_again(request.actor, number, message_id))  # type: ignore[attr-defined]


def _message(row: WebhookMessage) -> dict[str, Any]:
    return {
        "id": row.message_id, "type": row.code, "object": row.ref_key, "at": row.at, "state": row.state,
        "tries": row.tries, "last": last_answer(row),
    }  # fmt: skip

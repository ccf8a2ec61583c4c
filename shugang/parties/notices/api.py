"""Notices through the API: one's own, marking them read, what comes by e-mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import paging

from . import queries, services

router = Router(tags=["notices"])


class NoticeOut(Schema):
    """`text`, `object` and `link` are empty where the reader may no longer see what it is about."""

    id: int
    code: str
    group: str
    at: datetime
    read_at: datetime | None
    text: str
    text_en: str
    object: str
    link: str


class NoticePage(Schema):
    items: list[NoticeOut]
    next: str
    total: int
    unread: int


class Choices(Schema):
    """Group → once, daily or never."""

    choices: dict[str, str]


@router.get("/messages", response=NoticePage, summary="One's own notices, newest first")
def notices(request: HttpRequest, group: str = "", unread: bool = False, after: str = "") -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    page = paging.page(queries.notices(actor, group, unread), after)
    items = [_out(line) for line in queries.shown(page.items, actor.person, actor)]
    return {"items": items, "next": page.next, "total": page.total, "unread": queries.unread(actor)}


def _out(line: queries.Line) -> dict[str, Any]:
    row, may = line.notice, line.allowed
    return {
        "id": row.pk, "code": row.code, "group": row.group, "at": row.at, "read_at": row.read_at,
        "text": row.zh if may else "", "text_en": row.en if may else "", "object": row.ref_key if may else "",
        "link": line.address,
    }  # fmt: skip


@router.post("/messages/read", summary="Mark all of one's own as read")
def read_all(request: HttpRequest) -> dict[str, int]:
    return {"read": services.mark_read(request.actor)}  # type: ignore[attr-defined]


@router.post("/messages/{pk}/read", summary="Mark one as read")
def read_one(request: HttpRequest, pk: int) -> dict[str, int]:
    return {"read": services.mark_read(request.actor, pk)}  # type: ignore[attr-defined]


@router.get("/messages/choices", response=Choices, summary="How each group comes by e-mail")
def choices(request: HttpRequest) -> Any:
    person = request.actor.person_id  # type: ignore[attr-defined]
    return {"choices": queries.choices([person])[person]}


@router.post("/messages/choices", response=Choices, summary="Choose how groups come by e-mail")
def choose(request: HttpRequest, wanted: Body[Choices]) -> Any:
    return {"choices": services.choose(request.actor, wanted.choices)}  # type: ignore[attr-defined]

"""Sharing, opening and open data through the API; steps are taken at `/api/v1/cases/{number}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.market.http import member, once_api

from . import forms, opening_services, queries, services
from .models import Opening, SharingRequest
from .public import make_link

router = Router(tags=["public data: sharing and opening"])


class FormIn(Schema):
    """Answers to the form; `items` may be a list of names."""

    form: dict[str, Any]


class LinkIn(Schema):
    format: str = "csv"


def request_json(row: SharingRequest) -> dict[str, Any]:
    return {
        "number": row.number, "kind": row.kind, "state": row.case.state, "revision": row.case.revision,
        "resource": row.resource.number, "applicant": row.applicant.number, "provider": row.provider.number, "items": row.items,
        "purpose": row.purpose, "task": row.task, "mode": row.mode, "condition": row.condition, "refusal": row.refusal,
        "grant": row.grant.number if row.grant else None, "result": row.result, "asked_at": row.asked_at,
    }  # fmt: skip


def opening_json(row: Opening) -> dict[str, Any]:
    return {
        "number": row.number, "state": row.case.state, "resource": row.resource.number, "name": row.resource.name,
        "department": row.department.name, "licence": row.licence, "attribution": row.attribution,
        "grant": row.grant.number if row.grant else None, "opened_at": row.opened_at,
    }  # fmt: skip


@router.get("/sharing-requests/form", summary="The form of a sharing request", auth=None)
def form(request: HttpRequest) -> dict[str, Any]:
    return forms.REQUEST.schema()


@router.get("/sharing-requests", summary="Sharing requests in which the acting party takes part, newest first")
def requests(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.requests(member(request), state), after)
    return {"items": [request_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/sharing-requests/{number}", summary="One sharing request")
def one_request(request: HttpRequest, number: str) -> dict[str, Any]:
    return request_json(queries.get_request(member(request), number))


@router.post("/sharing-requests", summary="Ask for a public resource")
def ask(request: HttpRequest, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": services.ask(actor, said.form).number})


@router.get("/openings", summary="Openings in which the acting party takes part, newest first")
def openings(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.openings(member(request)), after)
    return {"items": [opening_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/openings/{number}", summary="One opening")
def one_opening(request: HttpRequest, number: str) -> dict[str, Any]:
    return opening_json(queries.get_opening(member(request), number))


@router.post("/openings", summary="Propose to open a resource to everybody")
def propose(request: HttpRequest, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": opening_services.propose(actor, said.form).number})


@router.get("/open-data", summary="What is open to everybody; no sign-in needed", auth=None)
def open_data(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.public_openings(), after)
    return {"items": [opening_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/open-data/{number}", summary="One open data set, with how often it was downloaded", auth=None)
def open_dataset(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.public_opening(number)
    return {**opening_json(row), "downloads": queries.public_downloads(row)}


@router.post(
    "/open-data/{number}/links", summary="A link for one download, for 15 minutes; no sign-in needed", auth=None
)
def link(request: HttpRequest, number: str, said: LinkIn) -> dict[str, Any]:
    return make_link(number, said.format)

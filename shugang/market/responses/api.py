"""Uninvited answers through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.kernel.models import Case

from ..http import member, once_api
from . import queries, services

router = Router(tags=["demands"])


class ResponseIn(Schema):
    """One of the supplier's listed products by its number."""

    product: str
    message: str = ""


class ReasonIn(Schema):
    """What the supplier reads."""

    reason: str


def _moved(case: Case) -> dict[str, Any]:
    return {"number": case.number, "state": case.state, "revision": case.revision}


@router.post("/demands/{number}/responses", summary="Answer a published demand with a listed product, uninvited")
def offer(request: HttpRequest, number: str, said: ResponseIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: _moved(services.offer(actor, number, said.product, said.message)))


@router.get("/demand-responses", summary="Uninvited answers given, and received on own demands; newest first")
def responses(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    actor = member(request)
    found = paging.page(queries.responses(actor, state), after)
    items = [queries.as_json(row, actor) for row in found.items]
    return {"items": items, "next": found.next, "total": found.total}


@router.get("/demand-responses/{number}", summary="One uninvited answer, with how it fits part by part")
def response(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return queries.as_json(queries.get_response(actor, number), actor)


@router.post("/demand-responses/{number}/inquiry", summary="The demander inquires about what was offered")
def inquire(request: HttpRequest, number: str, revision: int | None = None) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, revision, lambda: _moved(services.inquire(actor, number, revision)))


@router.post("/demand-responses/{number}/refusal", summary="The demander declines what was offered")
def decline(request: HttpRequest, number: str, said: ReasonIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.reason, lambda: _moved(services.decline(actor, number, said.reason)))


@router.delete("/demand-responses/{number}", summary="The supplier takes a waiting answer back")
def withdraw(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, number, lambda: _moved(services.withdraw(actor, number)))

"""Listing through the API. Its steps are those of `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from ..http import member, once_api
from . import reopening, services
from .checklist import APPLICATION, OPINION

router = Router(tags=["listing"])


class ListingIn(Schema):
    """The venue and the third party by number, and the answers of the application form."""

    operator: str
    reviewer: str
    form: dict[str, Any]


class ReasonIn(Schema):
    """Both parties read exactly this."""

    reason: str


class ChangeIn(Schema):
    """`what`: ended (the source's licence), licence, right. The reason is public."""

    what: str
    reason: str


@router.get("/listing-forms", auth=None, summary="The forms of a listing: the application and the compliance opinion")
def forms(request: HttpRequest) -> dict[str, Any]:
    return {"application": APPLICATION.schema(), "opinion": OPINION.schema()}


@router.post(
    "/own-products/{number}/listing", summary="Apply for the listing of a draft, or for the new review of a product"
)
def apply(request: HttpRequest, number: str, said: ListingIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {
        "case": services.apply_listing(actor, number, said.operator, said.reviewer, said.form).number})  # fmt: skip


@router.post(
    "/own-products/{number}/changes", summary="Report that its licence or rights are others now: it is reviewed again"
)
def report_change(request: HttpRequest, number: str, said: ChangeIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {
        "state": reopening.report_change(actor, number, said.what, said.reason).state})  # fmt: skip


@router.post("/own-products/{number}/delist", summary="Take a product down; contracts in force go on")
def delist(request: HttpRequest, number: str, said: ReasonIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.reason, lambda: {"state": services.delist(actor, number, said.reason).state})


@router.post("/products/{number}/suspension", summary="Stop new deals by order (operator's reviewer, regulator)")
def suspend(request: HttpRequest, number: str, said: ReasonIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.reason, lambda: {"state": services.suspend_listing(actor, number, said.reason).state})


@router.delete("/products/{number}/suspension", summary="Lift such an order")
def resume(request: HttpRequest, number: str, reason: str) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, reason, lambda: {"state": services.resume_listing(actor, number, reason).state})

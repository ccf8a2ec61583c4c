"""Auctions through the API: read, announce, register, send a sealed bid, open it, check the result."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging

from ..http import member, once_api, visitor
from . import queries, services

router = Router(tags=["auctions"])


class AnnouncementIn(Schema):
    """The answers of the form: terms, reserve and deposit in 元 as text, opens_at, closes_at, reveals_until, note."""

    form: dict[str, Any]


class CommitmentIn(Schema):
    """64 hex digits: SHA-256 of RFC 8785 {amount_fen, auction, bidder, kind, salt}."""

    commitment: str


class OpeningIn(Schema):
    """Amount in 分 and the salt of the commitment."""

    amount_fen: int
    salt: str


@router.get("/auctions", auth=None, summary="Announced auctions, newest first")
def auctions(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    actor = visitor(request)
    found = paging.page(queries.public_auctions(state), after)
    return {"items": [queries.summary(actor, a) for a in found.items], "next": found.next, "total": found.total}


@router.get("/auctions/{number}", auth=None, summary="One auction: terms, times, reserve, number of bids, result")
def auction(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = visitor(request)
    return queries.summary(actor, queries.get_auction(actor, number))


@router.get(
    "/auctions/{number}/verification",
    auth=None,
    summary="After the close: commitments with their receipts; after the award: openings",
)
def verification(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = visitor(request)
    return queries.verification(actor, queries.get_auction(actor, number))


@router.get("/auctions/{number}/own", summary="The acting party's registration, deposit and bid")
def own(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    return queries.own_json(actor, queries.get_auction(actor, number))


@router.post("/own-products/{number}/auctions", summary="Draft an announcement; publishing is a step of the case")
def announce(request: HttpRequest, number: str, said: AnnouncementIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.form, lambda: {"number": services.draft_auction(actor, number, said.form).number})


@router.post("/auctions/{number}/registration", summary="Register to bid; the deposit to pay is in the answer")
def register(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)

    def act() -> dict[str, Any]:
        row = services.register_bidder(actor, number)
        return queries.own_json(actor, row.auction)

    return once_api(request, None, act)


@router.post("/auctions/{number}/bid", summary="Send the commitment of a sealed bid")
def bid(request: HttpRequest, number: str, said: CommitmentIn) -> dict[str, Any]:
    actor = member(request)

    def act() -> dict[str, Any]:
        made = services.commit_bid(actor, number, said.commitment)
        return {"serial": made.serial, "commitment": made.commitment}

    return once_api(request, said.dict(), act)


@router.post("/auctions/{number}/opening", summary="Open one's own bid after the close")
def opening(request: HttpRequest, number: str, said: OpeningIn) -> dict[str, Any]:
    actor = member(request)

    def act() -> dict[str, Any]:
        made = services.open_bid(actor, number, said.amount_fen, said.salt)
        return {"serial": made.serial, "amount_fen": made.amount_fen}

    return once_api(request, said.dict(), act)

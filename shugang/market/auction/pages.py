"""Pages of auctions: the list, one announcement with what the reader may do now, its proof, one's own, a draft."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import clock, paging, sequencer
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.profiles import current_profile
from shugang.policy.terms import PURPOSES, Terms, describe
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain

from ..http import form_state, member, once, status_of, visitor
from ..products.services import own_product, require_supply
from . import queries, services
from .models import OPEN, PUBLISHED, REVEALING, Auction
from .process import ANNOUNCEMENT
from .timetable import invalid

HEADER = (
    Text("编号", "Number"),
    Text("产品", "Product"),
    Text("供方", "Supplier"),
    Text("状态", "State"),
    Text("底价（元）", "Reserve (CNY)"),
    Text("截止报价", "Closes"),
    Text("报价数", "Bids"),
)


def _csv(rows: Any) -> HttpResponse:
    lines = (
        [a.number, a.product.name, a.supplier.name, queries.STATES[a.state][0], fen_plain(a.reserve_fen),
         a.closes_at.astimezone(clock.zone()).strftime("%Y-%m-%d %H:%M"), a.bids.count()]
        for a in rows.order_by("-pk")[:10_000]
    )  # fmt: skip
    return csv_response("auctions", HEADER, lines)


def _list(request: HttpRequest, rows: Any, own: bool) -> HttpResponse:
    state = request.GET.get("state", "") if request.GET.get("state") in queries.STATES else ""
    rows = rows.filter(state=state) if state else rows
    if request.GET.get("format") == "csv":
        return _csv(rows)
    known = ("published", "open", "revealing", "awarded", "concluded")
    segments = [
        (Text("全部", "All"), "?", not state),
        *((queries.STATES[s][0], f"?state={s}", s == state) for s in known),
    ]
    page = paging.page(rows, request.GET.get("after", ""))
    context = {"page": page, "segments": segments, "states": queries.STATES, "own": own, "json_url": "/api/v1/auctions"}
    return render(request, "market/auctions.html", context)


@require_GET
def auction_list(request: HttpRequest) -> HttpResponse:
    return _list(request, queries.public_auctions(), own=False)


@require_GET
def own_list(request: HttpRequest) -> HttpResponse:
    return _list(request, queries.own_auctions(member(request)), own=True)


def _may(actor: Actor, auction: Auction) -> bool:
    return actor.party_id not in (None, auction.supplier_id) and "buyer" in actor.roles


def _shown(request: HttpRequest, auction: Auction, refusal: Refusal | None = None) -> HttpResponse:
    actor, now = visitor(request), clock.now()
    part = queries.own_part(actor, auction) if actor.party_id else {"bidder": None, "deposit": None, "bid": None}
    bid = part["bid"]
    context = {
        "auction": auction, "product": auction.product, "state": queries.STATES[auction.state], **part,
        "steps": cases.steps_for(auction.case, actor) if actor.party_id else [],
        "terms": describe(auction.read_terms(), auction.product.mode), "purpose": PURPOSES[auction.read_terms().purpose],
        "bids": auction.bids.count(), "result": queries.result(actor, auction), "rules": auction.rules,
        "outcome": queries.OUTCOMES[bid.outcome] if bid else None,
        "may_register": _may(actor, auction) and not part["bidder"] and auction.state in (PUBLISHED, OPEN)
        and now < auction.closes_at,
        "may_bid": part["bidder"] and not bid and auction.state == OPEN and now < auction.closes_at,
        "may_open": bid is not None and bid.amount_fen is None and auction.state == REVEALING and now < auction.reveals_until,
        "party": getattr(actor, "party", None), "proof": auction.closed_id is not None,
        "json_url": f"/api/v1/auctions/{auction.number}", **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/auction.html", context, status=status_of(refusal))


@require_GET
def auction_page(request: HttpRequest, number: str) -> HttpResponse:
    return _shown(request, queries.get_auction(visitor(request), number))


def _posted(request: HttpRequest, number: str, what: object, act: Any) -> HttpResponseBase:
    auction = queries.get_auction(member(request), number)
    try:
        once(request, what, act)
    except Refusal as refusal:
        if refusal.code in ("not_found", "forbidden", "second_factor_required"):
            raise
        return _shown(request, auction, refusal)
    return redirect("auction", number=number)


@require_POST
def register(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = member(request)
    return _posted(request, number, "register", lambda: {"pk": services.register_bidder(actor, number).pk})


@require_POST
def bid(request: HttpRequest, number: str) -> HttpResponseBase:
    """Takes the commitment alone: amount and salt have no names in the form and never leave the browser."""
    actor, said = member(request), request.POST.get("commitment", "").strip()
    return _posted(request, number, said, lambda: {"serial": services.commit_bid(actor, number, said).serial})


@require_POST
def opening(request: HttpRequest, number: str) -> HttpResponseBase:
    actor, said = member(request), request.POST.get("opening", "")

    def act() -> dict[str, Any]:
        amount_fen, salt = read_opening(said)
        return {"serial": services.open_bid(actor, number, amount_fen, salt).serial}

    return _posted(request, number, said, act)


def read_opening(said: str) -> tuple[int, str]:
    """Amount (分) and salt from the file that was saved when the bid was sealed. Raises Refusal `invalid_form`."""
    try:
        found = json.loads(said)
        amount, salt = found["amount_fen"], found["salt"]
        if isinstance(amount, bool) or not isinstance(amount, int) or not isinstance(salt, str):
            raise ValueError
        return amount, salt
    except (ValueError, TypeError, KeyError):
        raise invalid(
            "opening",
            "请选择或粘贴封标时保存的文件内容。",
            "Please choose or paste the file saved when the bid was sealed.",
        ) from None


@require_GET
def verify_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = visitor(request)
    auction = queries.get_auction(actor, number)
    document = queries.verification(actor, auction)
    context = {
        "auction": auction, "product": auction.product, "state": queries.STATES[auction.state], "document": document,
        "findings": queries.checked(document), "outcomes": queries.OUTCOMES, "vkey": sequencer.vkey(),
        "json_url": f"/api/v1/auctions/{number}/verification",
    }  # fmt: skip
    return render(request, "market/auction_verify.html", context)


@require_http_methods(["GET", "POST"])
def announce(request: HttpRequest, number: str) -> HttpResponseBase:
    """Draft an announcement over one's own listed product, with the terms that the product offers."""
    actor = member(request)
    require_supply(actor)
    product = own_product(actor, number)
    values = {f.name: request.POST.get(f.name, "") for f in ANNOUNCEMENT.fields if f.name != "terms"}
    purpose = request.POST.get("purpose", product.terms.purpose)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            form = {**values, "terms": _for(product.terms, purpose, product.purposes).to_json()}
            made = once(request, form, lambda: {"number": services.draft_auction(actor, number, form).number})
            return redirect("auction", number=made["number"])
        except Refusal as error:
            refusal = error
    context = {
        "product": product, "fields": [f for f in ANNOUNCEMENT.fields if f.name != "terms"], "values": values,
        "purposes": [(p, PURPOSES[p]) for p in product.purposes], "purpose": purpose,
        "terms": describe(product.terms, product.mode), "rules": current_profile("auction", clock.today()).data,
        **form_state(refusal),
    }  # fmt: skip
    return render(request, "market/auction_edit.html", context, status=status_of(refusal))


def _for(terms: Terms, purpose: str, offered: list[str]) -> Terms:

    if purpose not in offered:
        raise not_found(Text("这种用途", "such purpose"))
    return replace(terms, purpose=purpose)


urlpatterns = [
    path("auctions", auction_list, name="auctions"),
    path("auctions/<str:number>", auction_page, name="auction"),
    path("auctions/<str:number>/verify", verify_page, name="auction-verify"),
    path("auctions/<str:number>/register", register, name="auction-register"),
    path("auctions/<str:number>/bid", bid, name="auction-bid"),
    path("auctions/<str:number>/open", opening, name="auction-open"),
    path("desk/auctions", own_list, name="own-auctions"),
    path("desk/products/<str:number>/auction", announce, name="announce-auction"),
]

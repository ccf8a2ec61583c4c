"""Deposits on the desk: what is to be paid and how, what is held, what became of the others."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.parties.organisations.queries import the_operator
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain

from ..http import actor_of
from . import queries
from .services import STATES

HEADER = (
    Text("编号", "Number"),
    Text("缴纳方", "Payer"),
    Text("事项", "For"),
    Text("金额（元）", "Amount (CNY)"),
    Text("状态", "State"),
    Text("扣划（元）", "Forfeited (CNY)"),
)


@require_GET
def deposits(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in STATES else ""
    rows = queries.deposits(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [d.number, d.party.name, d.title or d.key, fen_plain(d.amount_fen), STATES[d.state][1],
             fen_plain(d.forfeited_fen)]
            for d in rows[:10_000]
        )  # fmt: skip
        return csv_response("deposits", HEADER, lines)
    context = {
        "page": paging.page(rows, request.GET.get("after", "")),
        "to_pay": list(queries.deposits(actor, "required").filter(party_id=actor.party_id or 0)),
        "state": state,
        "states": STATES,
        "payee": the_operator().name,
        "actor": actor,
    }
    return render(request, "settlement/deposits.html", context)


urlpatterns = [path("desk/deposits", deposits, name="deposits")]

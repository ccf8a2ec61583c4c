"""The custodian's statement on the operator's desk: movements, what is unmatched, what was not executed."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain
from shugang.ui.jinja import tx

from .. import gates, words
from ..http import actor_of, once
from . import bank, broker_pages, queries, receivable_pages, services, suspense

HEADER = (
    Text("流水号", "Reference"),
    Text("时间", "Time"),
    Text("方向", "Direction"),
    Text("对方", "Counterparty"),
    Text("附言", "Text"),
    Text("金额（元）", "Amount (CNY)"),
    Text("状态", "State"),
)
WAYS = {"in": Text("收", "in"), "out": Text("付", "out")}


@require_GET
def statement(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    gates.require_operator(actor)
    state = request.GET.get("state", "") if request.GET.get("state", "") in words.BANK_STATES else ""
    rows = queries.lines(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [
                x.bank_ref,
                x.at.isoformat(),
                WAYS[x.direction],
                x.counterparty,
                x.reference,
                fen_plain(x.amount_fen),
                words.BANK_STATES[x.state][1],
            ]
            for x in rows.order_by("pk")
        )
        return csv_response("bank", HEADER, lines)
    held = suspense.waiting(list(queries.lines(actor, "suspense").order_by("pk")))
    waiting = [(x, queries.candidates(actor, x.line.amount_fen)) for x in held]
    context = {
        "page": paging.page(rows, request.GET.get("after", "")),
        "state": state,
        "words": words,
        "ways": WAYS,
        "waiting": waiting,
        "open": list(queries.open_instructions(actor)),
        "old": [x for x in held if x.old],
        "actor": actor,
        "days": suspense.days_allowed(),
        "file": queries.newest_file(actor),
        "key": str(uuid.uuid4()),
    }
    return render(request, "settlement/bank.html", context)


@require_POST
def act(request: HttpRequest, name: str) -> HttpResponseBase:
    """match a receipt with a bill, return it, answer for it, or send a failed instruction again."""
    actor = actor_of(request)
    reference, number = request.POST.get("reference", ""), request.POST.get("bill", "")
    try:
        if name == "match":
            once(request, [reference, number], lambda: services.match_receipt(actor, reference, number))
        elif name == "own":
            once(request, [reference], lambda: suspense.take_over(actor, reference))
        elif name == "return":
            once(request, [reference], lambda: services.return_receipt(actor, reference))
        else:
            once(request, [reference], lambda: services.retry_instruction(actor, reference))
        bank.send_instructions()
        messages.success(request, tx(Text("已办理。", "Done.")))
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, tx(refusal.message))
    return redirect("bank")


urlpatterns = [
    *broker_pages.urlpatterns,
    *receivable_pages.urlpatterns,
    path("desk/bank", statement, name="bank"),
    path("desk/bank/match", act, {"name": "match"}, name="bank-match"),
    path("desk/bank/return", act, {"name": "return"}, name="bank-return"),
    path("desk/bank/own", act, {"name": "own"}, name="bank-own"),
    path("desk/bank/retry", act, {"name": "retry"}, name="bank-retry"),
]

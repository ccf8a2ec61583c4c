"""What is to be recovered of settled bills: for who owes it, for the buyer who waits, for platform finance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain

from ..http import actor_of
from . import recovering

HEADER = (
    Text("编号", "Number"), Text("欠款方", "Who owes"), Text("需方", "Buyer"), Text("账单", "Bill"), Text("红字账单", "Credit note"),
    Text("应追回", "To recover"), Text("已抵扣", "Set off"), Text("尚欠", "Open"),
)  # fmt: skip


@require_GET
def receivable_list(request: HttpRequest) -> HttpResponse:
    actor, only = actor_of(request), request.GET.get("state", "") == "open"
    rows = recovering.receivables(actor, only)
    if request.GET.get("format") == "csv":
        lines = (
            [r.number, r.party.name, r.bill.buyer.name, r.bill.number, r.note.number, fen_plain(r.amount_fen),
             fen_plain(r.recovered_fen), fen_plain(r.open_fen)] for r in rows[:10_000]
        )  # fmt: skip
        return csv_response("receivables", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    segments = [(Text("全部", "All"), "?", not only), (Text("尚未还清", "Open"), "?state=open", only)]
    return render(request, "settlement/receivables.html", {"page": page, "segments": segments})


urlpatterns = [path("desk/receivables", receivable_list, name="receivables")]

"""The broker's statement (经纪对账单): what each bill gave, with its tax, and what credits took back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain

from ..bills.lifecycle import STATES
from ..http import actor_of
from . import broking

HEADER = (
    Text("账单", "Bill"), Text("合同", "Contract"), Text("委托方", "Principal"), Text("经纪机构", "Broker"), Text("时间", "Time"),
    Text("报酬（含税）", "Fee, tax included"), Text("其中税额", "Tax in it"), Text("账单状态", "State of the bill"),
)  # fmt: skip


@require_GET
def broker_statement(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    rows = broking.lines(actor)
    if request.GET.get("format") == "csv":
        lines = (
            [x.bill.number, x.bill.agreement.contract, x.bill.supplier.name, x.broker.name, x.at.date(), fen_plain(x.gross_fen),
             fen_plain(x.tax_fen), STATES[x.bill.state].label] for x in rows[:10_000]
        )  # fmt: skip
        return csv_response("broker-statement", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    context = {"page": page, "sums": broking.sums(broking.lines(actor)), "states": STATES, "party": actor.party_id}
    return render(request, "settlement/broker_statement.html", context)


urlpatterns = [path("desk/broker-statement", broker_statement, name="broker-statement")]

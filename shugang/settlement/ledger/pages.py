"""The ledger on the desk: accounts, and each account's entries with the balance after each."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain

from .. import gates
from ..http import actor_of
from . import queries
from .accounts import LABELS

KINDS: dict[str, Text] = {
    "hold": Text("到账，存管中", "Received, held"),
    "settle": Text("分账", "Split"),
    "release": Text("转退款", "Released for refund"),
    "window": Text("争议期满转应付", "Payable after the window"),
    "credit": Text("红字冲减，转退款", "Credited, to be refunded"),
    "prepay": Text("预付到账", "Prepayment received"),
    "prepay_return": Text("退还预付余额", "Prepaid balance returned"),
    "payout": Text("银行已付出", "Paid out by the bank"),
    "suspense": Text("到账，待查", "Received, unmatched"),
    "reversal": Text("冲正", "Reversal"),
}
HEADER = (
    Text("序号", "No."),
    Text("时间", "Time"),
    Text("事由", "Why"),
    Text("记账编号", "Key"),
    Text("金额（元）", "Amount (CNY)"),
    Text("余额（元）", "Balance (CNY)"),
)
CHECKS_HEADER = (
    Text("承诺", "Promise"),
    Text("账户或记账编号", "Account or key"),
    Text("账本中", "In the ledger"),
    Text("应为", "Should be"),
)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    gates.require_operator(actor)
    rows = list(queries.accounts(actor))
    context = {"accounts": rows, "labels": LABELS, "sum": sum(a.balance for a in rows)}
    return render(request, "settlement/ledger.html", context)


@require_GET
def checks(request: HttpRequest) -> HttpResponse:
    found = queries.checked(actor_of(request))
    if request.GET.get("format") == "csv":
        rows = ([i.label, v.subject, v.found, v.expected] for i, broken in found for v in broken)
        return csv_response("ledger-checks", CHECKS_HEADER, rows)
    context = {"found": found, "violations": sum(len(broken) for _, broken in found)}
    return render(request, "settlement/ledger_checks.html", context)


@require_GET
def account(request: HttpRequest, code: str) -> HttpResponse:
    actor = actor_of(request)
    found, rows = queries.account(actor, code), queries.entries(actor, code)
    if request.GET.get("format") == "csv":
        lines = (
            [
                e.version,
                e.transfer.effective_at.isoformat(),
                KINDS.get(e.transfer.kind, e.transfer.kind),
                e.transfer.key,
                fen_plain(e.amount),
                fen_plain(e.balance_after),
            ]
            for e in rows.order_by("version")
        )
        return csv_response("entries", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    context = {"account": found, "page": page, "labels": LABELS, "kinds": KINDS}
    return render(request, "settlement/account.html", context)


urlpatterns = [
    path("desk/ledger", ledger, name="ledger"),
    path("desk/ledger-checks", checks, name="ledger-checks"),
    path("desk/ledger/<str:code>", account, name="ledger-account"),
]

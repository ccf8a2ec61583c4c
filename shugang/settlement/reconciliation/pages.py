"""Statements for the parties; reconciliation for the operator and the supervisor."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import clock, paging
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen
from shugang.ui.jinja import tx
from shugang.ui.workbooks import Sheet, Yuan, xlsx_response

from .. import gates, words
from ..bills.lifecycle import STATES
from ..http import actor_of, once
from ..payouts import bank, prepaid
from . import documents, monthly, queries
from .models import ReconciliationRun
from .report import KINDS, OPEN_KINDS, UNITS, Report
from .services import run_reconciliation
from .statement import Statement, agreements, statement

_WORDS = {"kinds": KINDS, "open_kinds": OPEN_KINDS, "units": UNITS, "amount": documents.amount}
SHOWN_RUNS = 60


@require_GET
def statements(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    page = paging.page(agreements(actor), request.GET.get("after", ""))
    found = [statement(actor, agreement.number) for agreement in page.items]
    return render(request, "settlement/statements.html", {"page": page, "found": found})


@require_GET
def one(request: HttpRequest, contract: str) -> HttpResponse:
    found = statement(actor_of(request), contract)
    context = {
        "s": found,
        "rows": documents.use_rows(found),
        "states": STATES,
        "words": words,
        **_prepaid(request, found),
        **_WORDS,
    }
    return render(request, "settlement/statement.html", context)


def _prepaid(request: HttpRequest, found: Statement) -> dict[str, Any]:
    """The prepaid balance, for the buyer and platform finance; none for others."""
    actor, agreement = actor_of(request), found.agreement
    sees = actor.party_id == agreement.buyer_id or gates.is_operator_finance(actor)
    return {
        "prepaid": prepaid.balance(agreement) if sees else None,
        "prepaid_reference": prepaid.reference(agreement.number),
        "may_return": gates.is_operator_finance(actor) or gates.may_decide_for(agreement.buyer_id, actor),
    }


@require_http_methods(["GET", "POST"])
def prepaid_return(request: HttpRequest, contract: str) -> HttpResponseBase:
    actor = actor_of(request)
    found = statement(actor, contract)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            once(request, [contract], lambda: prepaid.return_prepaid(actor, contract, request.POST.get("reason", "")))
            bank.send_instructions()
            messages.success(request, tx(Text("已指令存管银行退还。", "The custodian is ordered to pay it back.")))
            return redirect("statement", contract=contract)
        except Refusal as error:
            refusal = error
    context = {
        "title": Text("退还预付余额", "Return the prepaid balance"),
        "effects": [
            (
                "arrow-back-up",
                Text("余额由存管银行全数退还需方", "The custodian pays the whole balance back to the buyer"),
            )
        ],
        "rows": [
            (Text("合同", "Contract"), contract),
            (Text("预付余额", "Balance"), fen(prepaid.balance(found.agreement))),
        ],
        "verb": Text("退还余额", "Return the balance"),
        "danger": True,
        "general": refusal.message if refusal else None,
        "action_url": f"/desk/statements/{contract}/return-prepaid",
        "back_url": f"/desk/statements/{contract}",
        "key": str(uuid.uuid4()),
    }
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


@require_GET
def as_csv(request: HttpRequest, contract: str) -> HttpResponse:
    found = statement(actor_of(request), contract)
    return csv_response(f"statement-{contract}", documents.TABLE_HEADER, documents.table_rows(found))


@require_GET
def as_pdf(request: HttpRequest, contract: str) -> HttpResponse:
    response = HttpResponse(
        documents.statement_pdf(statement(actor_of(request), contract)), content_type="application/pdf"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="statement-{contract}.pdf"'
    return response


@require_GET
def as_xlsx(request: HttpRequest, contract: str) -> HttpResponse:
    found = statement(actor_of(request), contract)
    sheet = Sheet(
        Text("对账单", "Statement"), documents.TABLE_HEADER, documents.table_rows(found, Yuan), (10, 26, 44, 14, 14, 14)
    )
    return xlsx_response(f"statement-{contract}", [sheet])


def _month(request: HttpRequest) -> monthly.Month:
    asked = monthly.parse_month(request.GET.get("month", ""))
    return monthly.month_of(actor_of(request), asked, request.GET.get("party", ""))


@require_GET
def month(request: HttpRequest) -> HttpResponse:
    """A party's month: its bills on both sides, what moved, what waits."""
    found = _month(request)
    before = (found.first - timedelta(days=1)).replace(day=1)
    after = (found.first + timedelta(days=32)).replace(day=1)
    context = {
        "m": found,
        "tables": [documents.shown_table(sheet) for sheet in monthly.sheets(found)],
        "before": f"{before:%Y-%m}",
        "after": f"{after:%Y-%m}" if after <= clock.today() else "",
        "words": words,
    }
    return render(request, "settlement/month.html", context)


@require_GET
def month_xlsx(request: HttpRequest) -> HttpResponse:
    found = _month(request)
    return xlsx_response(f"month-{found.party.number}-{found.first:%Y-%m}", monthly.sheets(found))


@require_GET
def month_pdf(request: HttpRequest) -> HttpResponse:
    found = _month(request)
    response = HttpResponse(documents.month_pdf(found), content_type="application/pdf")
    name = f"month-{found.party.number}-{found.first:%Y-%m}.pdf"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _reader(request: HttpRequest) -> Actor:
    """Platform finance, and the supervisor who reads every record."""
    actor = actor_of(request)
    if not sees_every_record(actor):
        gates.require_operator(actor)
    return actor


@require_GET
def reconciliation(request: HttpRequest) -> HttpResponse:
    """The last kept run: comparing everything may take a minute, so that it is done by the day and on demand."""
    actor = _reader(request)
    context = {
        "report": queries.newest(actor),
        "page": paging.page(queries.runs(actor), request.GET.get("after", "")),
        "chart": _chart(list(queries.runs(actor)[:SHOWN_RUNS])),
        "may_run": gates.is_operator_finance(actor),
        "key": str(uuid.uuid4()),
        **_WORDS,
    }
    return render(request, "settlement/reconciliation.html", context)


def _chart(runs: list[ReconciliationRun]) -> dict[str, Any]:
    """What differed and what nobody had signed, run by run."""
    oldest_first = runs[::-1]
    unsigned = [
        sum(o["amount"] for o in run.report["open"] if o["kind"] == "unsigned" and "amount" in o)
        for run in oldest_first
    ]
    return {
        "type": "line",
        "unit": tx(Text("项 / 条", "items / records")),
        "x": [f"{run.day:%m-%d}" for run in oldest_first],
        "series": [
            {
                "name": tx(Text("不一致项", "Items that differ")),
                "data": [len(r.report["differences"]) for r in oldest_first],
            },
            {"name": tx(Text("未签收记录", "Records not yet signed")), "data": unsigned},
        ],
    }


@require_GET
def one_run(request: HttpRequest, number: str) -> HttpResponse:
    kept = queries.get_run(_reader(request), number)
    context = {"run": kept, "report": Report.from_json(kept.report), **_WORDS}
    return render(request, "settlement/reconciliation_run.html", context)


@require_GET
def run_as_pdf(request: HttpRequest, number: str) -> HttpResponse:
    kept = queries.get_run(_reader(request), number)
    response = HttpResponse(documents.run_pdf(kept), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="reconciliation-{number}.pdf"'
    return response


@require_POST
def run(request: HttpRequest) -> HttpResponseBase:
    actor = actor_of(request)
    made = once(request, [], lambda: run_reconciliation(actor))
    if made is not None:
        messages.success(
            request, tx(Text(f"对账已留存，编号{made.number}。", f"The reconciliation is kept as {made.number}."))
        )
    return redirect("reconciliation")


urlpatterns = [
    path("desk/statements", statements, name="statements"),
    path("desk/statements/<str:contract>.csv", as_csv, name="statement-csv"),
    path("desk/statements/<str:contract>.xlsx", as_xlsx, name="statement-xlsx"),
    path("desk/month-statement", month, name="month"),
    path("desk/month-statement.xlsx", month_xlsx, name="month-xlsx"),
    path("desk/month-statement.pdf", month_pdf, name="month-pdf"),
    path("desk/statements/<str:contract>.pdf", as_pdf, name="statement-pdf"),
    path("desk/statements/<str:contract>", one, name="statement"),
    path("desk/statements/<str:contract>/return-prepaid", prepaid_return, name="prepaid-return"),
    path("desk/reconciliation", reconciliation, name="reconciliation"),
    path("desk/reconciliation/run", run, name="reconciliation-run"),
    path("desk/reconciliation/<str:number>.pdf", run_as_pdf, name="reconciliation-pdf"),
    path("desk/reconciliation/<str:number>", one_run, name="reconciliation-one"),
]

"""Bills on the desk: the list, one bill, the uses behind a line, the steps."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Form, clean
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain
from shugang.ui.jinja import tx

from .. import gates, words
from ..http import actor_of, once, revision_of
from ..rating.usage import uses_of, visible_uses
from . import documents, presenting, queries
from .lifecycle import STAGES, STATES
from .models import Bill
from .steps import STEPS, Step

HEADER = (
    Text("账单编号", "Number"),
    Text("合同", "Contract"),
    Text("供方", "Supplier"),
    Text("需方", "Buyer"),
    Text("起", "From"),
    Text("止", "To"),
    Text("金额（元）", "Amount (CNY)"),
    Text("状态", "State"),
)


@require_GET
def bill_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    stage = request.GET.get("stage", "") if request.GET.get("stage", "") in STAGES else ""
    rows = queries.bills(actor, stage, request.GET.get("contract", ""))
    if request.GET.get("format") == "csv":
        return csv_response("bills", HEADER, (_csv_row(bill) for bill in rows[:10_000]))
    page = paging.page(rows, request.GET.get("after", ""))
    totals = queries.totals(queries.bills(actor))
    context = {
        "page": page,
        "totals": totals,
        "stages": STAGES,
        "stage": stage,
        "states": STATES,
        "kinds": words.KINDS,
        "actor": actor,
        "operates": gates.is_operator_finance(actor),
    }
    return render(request, "settlement/bill_list.html", context)


def _csv_row(bill: Bill) -> list[Any]:
    return [
        bill.number,
        bill.agreement.number,
        bill.supplier.name,
        bill.buyer.name,
        bill.period_from,
        bill.period_to,
        fen_plain(bill.total_fen),
        STATES[bill.state].label,
    ]


@require_GET
def bill_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = actor_of(request)
    bill = queries.bill(actor, number)
    return render(request, "settlement/bill.html", presenting.bill_context(bill, actor))


@require_GET
def bill_pdf(request: HttpRequest, number: str) -> HttpResponse:
    bill = queries.bill(actor_of(request), number)
    response = HttpResponse(documents.bill_pdf(bill), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{bill.number}.pdf"'
    return response


@require_GET
def line_uses(request: HttpRequest, number: str, position: int) -> HttpResponse:
    """The metered uses behind one line: the third click from any 分."""
    actor = actor_of(request)
    line = queries.line(actor, number, position)
    page = paging.page(uses_of(line, visible_uses(actor)), request.GET.get("after", ""), 50)
    context = {"line": line, "bill": line.bill, "page": page, "words": words}
    return render(request, "settlement/line_uses.html", context)


@require_http_methods(["GET", "POST"])
def bill_step(request: HttpRequest, number: str, name: str) -> HttpResponseBase:
    actor = actor_of(request)
    bill = queries.bill(actor, number)
    step = STEPS.get(name)
    if step is None or (request.method == "GET" and name not in queries.steps_for(bill, actor)):
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    if request.method == "GET":
        return _step_form(request, bill, name, step, {}, None)
    fields = step.fields_for(bill)
    values = {f.name: request.POST.get(f.name, "") for f in fields}
    try:
        answers = clean(Form(1, fields), values)
        once(request, [values], lambda: step.act(actor, number, answers, revision_of(request)))
    except Refusal as refusal:
        return _step_form(request, queries.bill(actor, number), name, step, values, refusal)
    messages.success(request, tx(Text(f"已办理：{step.label.zh}。", f"Done: {step.label.en}.")))
    return redirect("bill", number=number)


def _step_form(
    request: HttpRequest, bill: Bill, name: str, step: Step, values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    context = {
        "title": step.label,
        "lead": step.lead,
        "effects": step.effects,
        "fields": step.fields_for(bill),
        "values": values,
        "errors": refusal.fields if refusal else {},
        "verb": step.label,
        "danger": step.danger,
        "general": refusal.message if refusal and not refusal.fields else None,
        "rows": presenting.summary_rows(bill),
        "action_url": f"/desk/bills/{bill.number}/{name}",
        "back_url": f"/desk/bills/{bill.number}",
        "key": str(uuid.uuid4()),
        "rev": bill.revision,
    }
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/bills", bill_list, name="bills"),
    path("desk/bills/<str:number>.pdf", bill_pdf, name="bill-pdf"),
    path("desk/bills/<str:number>", bill_page, name="bill"),
    path("desk/bills/<str:number>/lines/<int:position>", line_uses, name="bill-line"),
    path("desk/bills/<str:number>/<str:name>", bill_step, name="bill-step"),
]

"""Invoices on the desk: the list of both sides, one request with its steps, the form that asks for one."""

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
from shugang.ui.formats import fen, fen_plain
from shugang.ui.jinja import tx

from ..bills import queries as bills
from ..http import actor_of, once, revision_of
from . import queries, services
from .lifecycle import FIELDS, KINDS, MOVES, REQUEST, STATES, SUBJECTS
from .models import Invoice

HEADER = (
    Text("申请编号", "Request"),
    Text("账单", "Bill"),
    Text("项目", "For"),
    Text("开票方", "Issuer"),
    Text("购买方抬头", "Title"),
    Text("发票号码", "Invoice numbers"),
    Text("金额（元）", "Amount (CNY)"),
    Text("税额（元）", "Tax (CNY)"),
    Text("状态", "State"),
)
EFFECTS = {
    "issue": ("receipt", Text("购买方随即看到发票号码；金额合计须与申请一致", "The other side sees the numbers; they must sum to the amount")),
    "redden": ("file-diff", Text("红字发票金额合计须等于冲减金额", "The red invoices must sum to what was credited")),
    "refuse": ("circle-x", Text("申请结束，对方看到理由，可更正后重新申请", "The request ends; the other side reads why and may ask again")),
    "withdraw": ("arrow-back-up", Text("申请结束，可以重新申请", "The request ends; you may ask again")),
}  # fmt: skip


@require_GET
def invoice_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in STATES else ""
    rows = queries.invoices(actor, state)
    if request.GET.get("format") == "csv":
        return csv_response("invoices", HEADER, (_csv(x) for x in rows.prefetch_related("papers")[:10_000]))
    context = {
        "page": paging.page(rows, request.GET.get("after", "")),
        "state": state,
        "states": STATES,
        "subjects": SUBJECTS,
        "actor": actor,
    }
    return render(request, "settlement/invoices.html", context)


def _csv(x: Invoice) -> list[Any]:
    numbers = "、".join(p.number for p in x.papers.all())
    return [x.number, x.bill.number, SUBJECTS[x.subject], x.issuer.name, x.title, numbers, fen_plain(x.amount_fen),
            fen_plain(x.tax_fen), STATES[x.state][1]]  # fmt: skip


@require_GET
def invoice_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = actor_of(request)
    found = queries.invoice(actor, number)
    context = {
        "x": found,
        "state": STATES[found.state],
        "kinds": KINDS,
        "subjects": SUBJECTS,
        "papers": list(found.papers.order_by("pk")),
        "steps": [(name, MOVES[name].label) for name in queries.steps_for(found, actor)],
    }
    return render(request, "settlement/invoice.html", context)


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, bill: str, subject: str) -> HttpResponseBase:
    actor = actor_of(request)
    found = bills.bill(actor, bill)
    if request.method == "GET":
        if subject not in queries.subjects_for(actor, found):
            raise not_found(Text("可申请的发票", "invoice to ask for"))
        party = found.buyer if subject == "bill" else found.supplier
        values = {"kind": "special", "title": party.name, "tax_number": party.uscc, "email": ""}
        return _ask_form(request, bill, subject, values, None)
    values = {f.name: request.POST.get(f.name, "") for f in REQUEST}
    try:
        made = once(request, [values], lambda: services.request_invoice(actor, bill, subject, values))
    except Refusal as refusal:
        return _ask_form(request, bill, subject, values, refusal)
    messages.success(
        request, tx(Text("已申请，开票方登记发票后通知您。", "Asked for; you see the number once it is entered."))
    )
    return redirect("invoice", number=made.number) if made else redirect("invoices")


def _ask_form(
    request: HttpRequest, bill: str, subject: str, values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    found = bills.bill(actor_of(request), bill)
    amount, tax = services.amounts(found, subject)
    context = {
        "title": Text("申请发票", "Ask for an invoice"),
        "lead": Text("开票信息以此为准，请核对抬头和纳税人识别号。", "The invoice is made out to these details; please check them."),
        "effects": [("send", Text("开票方收到申请，在税务平台开具后登记发票号码", "The issuer issues it at the tax platform and enters its number"))],
        "rows": [
            (Text("账单", "Bill"), bill),
            (Text("项目", "For"), SUBJECTS.get(subject, subject)),
            (Text("金额（含税）", "Amount, tax included"), fen(amount)),
            (Text("其中税额", "Tax therein"), fen(tax)),
        ],
        "fields": REQUEST,
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "verb": Text("申请发票", "Ask for the invoice"),
        "action_url": f"/desk/invoices/new/{bill}/{subject}",
        "back_url": f"/desk/bills/{bill}",
        "key": str(uuid.uuid4()),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, number: str, name: str) -> HttpResponseBase:
    actor = actor_of(request)
    found = queries.invoice(actor, number)
    if name not in FIELDS or (request.method == "GET" and name not in queries.steps_for(found, actor)):
        raise not_found(Text("这个操作，或它已经办理", "such step, or it has been taken"))
    if request.method == "GET":
        return _step_form(request, found, name, {}, None)
    values = {f.name: request.POST.get(f.name, "") for f in FIELDS[name]}
    try:
        answers = clean(Form(1, FIELDS[name]), values)
        once(request, [values], lambda: services.act(actor, number, name, answers, revision_of(request)))
    except Refusal as refusal:
        return _step_form(request, queries.invoice(actor, number), name, values, refusal)
    messages.success(request, tx(Text("已办理。", "Done.")))
    return redirect("invoice", number=number)


def _step_form(
    request: HttpRequest, found: Invoice, name: str, values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    must = found.amount_fen - found.papers_fen if name in ("issue", "redden") else found.amount_fen
    context = {
        "title": MOVES[name].label,
        "effects": [EFFECTS[name]],
        "rows": [
            (Text("申请", "Request"), found.number),
            (Text("抬头", "Title"), found.title),
            (Text("纳税人识别号", "Tax number"), found.tax_number),
            (Text("应登记金额", "To be entered"), fen(must)),
        ],
        "fields": FIELDS[name],
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "verb": MOVES[name].label,
        "danger": name == "refuse",
        "action_url": f"/desk/invoices/{found.number}/{name}",
        "back_url": f"/desk/invoices/{found.number}",
        "key": str(uuid.uuid4()),
        "rev": found.revision,
    }
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/invoices", invoice_list, name="invoices"),
    path("desk/invoices/new/<str:bill>/<str:subject>", ask, name="invoice-new"),
    path("desk/invoices/<str:number>", invoice_page, name="invoice"),
    path("desk/invoices/<str:number>/<str:name>", step, name="invoice-step"),
]

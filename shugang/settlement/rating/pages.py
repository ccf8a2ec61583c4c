"""The operator's settlement desk: rate, check drafts, issue, split; what is stuck stands first."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.priceplan import KINDS as PLAN_KINDS
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from .. import gates, words
from ..bills import queries
from ..bills.lifecycle import STAGES, STATES
from ..bills.services import issue_all, issue_bill
from ..http import actor_of, once
from ..payouts.receiving import exchange
from ..payouts.services import instruct_all
from .services import rate_all, rate_period


@require_GET
def settlement(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    gates.require_operator(actor)
    every = queries.bills(actor)
    context = {
        "drafts": list(queries.drafts(actor)),
        "totals": queries.totals(every),
        "stages": STAGES,
        "states": STATES,
        "disputed": list(every.filter(state="disputed")),
        "paid": list(every.filter(state="paid")),
        "failed": list(every.filter(state="failed")),
        "kinds": words.KINDS,
        "key": str(uuid.uuid4()),
    }
    return render(request, "settlement/settlement.html", context)


@require_GET
def draft(request: HttpRequest, contract: str) -> HttpResponse:
    bill = queries.draft(actor_of(request), contract)
    context = {
        "bill": bill,
        "lines": list(bill.lines.order_by("position")),
        "words": words,
        "key": str(uuid.uuid4()),
        "kind": words.KINDS[bill.kind],
        "plan_kind": PLAN_KINDS[bill.agreement.price_plan.kind],
    }
    return render(request, "settlement/draft.html", context)


def _rate(actor: Actor, contract: str) -> Text:
    if contract:
        made = [bill] if (bill := rate_period(actor, contract)) else []
    else:
        made = rate_all(actor)
    if not made:
        return Text("计费完成，没有新的应出账用量。", "Rated. No use is due to be billed.")
    return Text(f"计费完成，形成{len(made)}份草稿，请核对后出具。", f"Rated. {len(made)} draft(s) await your check.")


def _issue(actor: Actor, contract: str) -> Text:
    if contract:
        bill = issue_bill(actor, contract)
        return Text(f"账单{bill.number}已出具，已提交需方确认。", f"Bill {bill.number} is issued to the buyer.")
    issued = issue_all(actor)
    return Text(f"已出具{len(issued)}份账单。", f"{len(issued)} bill(s) issued.")


def _split(actor: Actor, _: str) -> Text:
    bills = instruct_all(actor)
    return Text(f"已对{len(bills)}份账单发出分账指令。", f"The split of {len(bills)} bill(s) is instructed.")


def _exchange(actor: Actor, _: str) -> Text:
    read = exchange(actor)
    return Text(f"指令已发送，新读取回单{len(read)}份。", f"Instructions sent; {len(read)} new report(s) read.")


ACTS: dict[str, Callable[[Actor, str], Text]] = {
    "rate": _rate,
    "issue": _issue,
    "split": _split,
    "exchange": _exchange,
}


@require_POST
def act(request: HttpRequest, name: str) -> HttpResponseBase:
    actor = actor_of(request)
    if name not in ACTS:
        raise not_found(Text("这个操作", "such step"))
    contract = request.POST.get("contract", "")
    try:
        said: Any = once(request, [name, contract], lambda: ACTS[name](actor, contract))
        if said is not None:
            messages.success(request, tx(said))
    except Refusal as refusal:
        if refusal.status == 403:
            raise
        messages.error(request, tx(refusal.message))
    return redirect("settlement")


urlpatterns = [
    path("desk/settlement", settlement, name="settlement"),
    path("desk/settlement/drafts/<str:contract>", draft, name="settlement-draft"),
    path("desk/settlement/act/<str:name>", act, name="settlement-act"),
]

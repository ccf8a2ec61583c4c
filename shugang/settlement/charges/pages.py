"""The page of a contract of revenue share: what was reported, and the buyer's next report."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_http_methods

from shugang.kernel.errors import Refusal
from shugang.policy.money import round_half_up

from .. import gates
from ..http import actor_of, once
from . import revenue
from .models import ChargeAgreement


@require_http_methods(["GET", "POST"])
def revenue_page(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = actor_of(request)
    agreement = revenue.seen_agreement(actor, number)
    if request.method == "GET":
        begun = revenue.periods(agreement)
        return _form(request, agreement, {"period_from": begun[-1].first.isoformat() if begun else ""}, None)
    values = {f.name: request.POST.get(f.name, "") for f in revenue.REPORT.fields}
    try:
        once(request, [values], lambda: revenue.report_revenue(actor, number, values))
    except Refusal as refusal:
        return _form(request, agreement, values, refusal)
    return redirect("revenue", number=number)


def _form(
    request: HttpRequest, agreement: ChargeAgreement, values: dict[str, Any], refusal: Refusal | None
) -> HttpResponse:
    bp = agreement.price_plan.share_bp
    rows = [(r, round_half_up(r.revenue_fen * bp, 10_000)) for r in agreement.revenues.order_by("-pk")]
    context = {
        "agreement": agreement, "rows": rows, "fields": revenue.REPORT.fields, "values": values, "share_bp": bp,
        "may": gates.may_decide_for(agreement.buyer_id, actor_of(request)), "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None, "key": str(uuid.uuid4()),
        "periods": revenue.periods(agreement),
    }  # fmt: skip
    return render(request, "settlement/revenue.html", context, status=refusal.status if refusal else 200)


urlpatterns = [path("desk/charges/<str:number>/revenue", revenue_page, name="revenue")]

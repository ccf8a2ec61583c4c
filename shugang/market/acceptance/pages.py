"""Acceptances on the desk: the list, and one with what may be done; steps open on the generic page of their case."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.kernel import queries as cases
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import member
from . import queries
from .forms import REMEDIES
from .process import ACCEPTANCE

HEADER = (Text("编号", "Number"), Text("合同", "Contract"), Text("产品", "Product"), Text("供方", "Supplier"), Text("需方", "Buyer"),
          Text("状态", "State"), Text("交付时间", "Delivered"))  # fmt: skip
RULES = {
    "express": Text("须由需方明示验收", "Only by the buyer's express statement"),
    "silence": Text("验收期满未提异议的，视为验收合格", "Also by silence until the period ends"),
    "use": Text("首次成功使用即视为验收合格", "The first successful use is acceptance"),
}
CONFIRMED = {
    "meter": Text("平台计量：首次成功取得数据", "Metered: the first successful use"),
    "statement": Text("交付说明，双方已签名", "Statement of delivery, signed by both"),
    "redelivery": Text("供方已重新交付", "Delivered again by the supplier"),
}
_STATES = {s.name: s for s in ACCEPTANCE.states}


@require_GET
def acceptance_list(request: HttpRequest) -> HttpResponse:
    actor = member(request)
    state = request.GET.get("state", "") if request.GET.get("state", "") in _STATES else ""
    rows = queries.acceptances(actor, state)
    if request.GET.get("format") == "csv":
        lines = (
            [a.number, a.contract.number, a.contract.product.name, a.contract.supplier.name, a.contract.buyer.name,
             _STATES[a.case.state].label, a.delivered_at or ""]
            for a in rows[:10_000]
        )  # fmt: skip
        return csv_response("acceptances", HEADER, lines)
    page = paging.page(rows, request.GET.get("after", ""))
    shown = ("awaiting", "inspecting", "objected", "accepted")
    segments = [(Text("全部", "All"), "?", not state), *((_STATES[s].label, f"?state={s}", state == s) for s in shown)]
    context = {
        "page": page, "views": [(row, cases.view(row.case, actor)) for row in page.items], "segments": segments, "state": state,
    }  # fmt: skip
    return render(request, "market/acceptance_list.html", context)


@require_GET
def acceptance_page(request: HttpRequest, number: str) -> HttpResponse:
    actor = member(request)
    row = queries.get_acceptance(actor, number)
    context = {
        "row": row, "contract": row.contract, "view": cases.view(row.case, actor), "rule": RULES[row.rule],
        "confirmed": CONFIRMED.get(row.delivered_by), "statements": queries.statements(row), "said": queries.said(row),
        "remedies": dict(REMEDIES), "days": row.case.data["inspection_days"], "price": row.contract.plan.price_fen,
        "one_off": row.contract.plan.kind == "one_off",
    }  # fmt: skip
    return render(request, "market/acceptance.html", context)


urlpatterns = [
    path("desk/acceptances", acceptance_list, name="acceptances"),
    path("desk/acceptances/<str:number>", acceptance_page, name="acceptance"),
]

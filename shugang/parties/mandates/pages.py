"""Mandates on the desk: the list, drafting, one mandate with its signature, revoking it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import idempotency, paging
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen

from ..gates import for_a_party
from ..keys.services import living_key
from . import queries, services
from .acts import ACTS
from .models import Mandate

HEADER = (
    Text("编号", "Number"),
    Text("委托方", "Principal"),
    Text("经纪机构", "Broker"),
    Text("起", "From"),
    Text("止", "Until"),
    Text("状态", "State"),
)
REASON = Field("reason", "textarea", Text("理由", "Reason"), max_length=400)


def _once(request: HttpRequest, what: object, act: Any) -> dict[str, Any]:
    key = request.POST.get("idempotency_key")
    return idempotency.once(request.actor, key, idempotency.fingerprint(request.path, what), act)  # type: ignore[attr-defined]


def _form_state(refusal: Refusal | None) -> dict[str, Any]:
    import uuid

    return {
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
    }


@require_GET
@for_a_party
def mandate_list(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    rows = queries.mandates(actor)
    if request.GET.get("format") == "csv":
        return csv_response(
            "mandates",
            HEADER,
            (
                [m.number, m.principal.name, m.broker.name, m.valid_from, m.valid_until, m.state[1]]
                for m in rows[:10_000]
            ),
        )
    page = paging.page(rows, request.GET.get("after", ""))
    may = bool({"supplier", "buyer"} & actor.roles) and bool({"handler", "signer", "manager"} & actor.duties)
    return render(request, "parties/mandate_list.html", {"page": page, "may": may})


@require_http_methods(["GET", "POST"])
@for_a_party
def new_mandate(request: HttpRequest) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {
            f.name: request.POST.getlist(f.name) if f.kind == "multi" else request.POST.get(f.name, "")
            for f in services.FORM.fields
        }
        try:
            made = _once(request, values, lambda: {"number": services.draft(actor, values).number})
            return redirect("mandate", number=made["number"])
        except Refusal as error:
            refusal = error
    context = {"fields": services.FORM.fields, "values": values, **_form_state(refusal)}
    return render(request, "parties/mandate_new.html", context, status=refusal.status if refusal else 200)


def fee_text(mandate: Mandate) -> Text:
    """What the mandate promises its broker out of the supplier's bills."""
    if bp := mandate.content.get("fee_bp"):
        return Text(f"每张账单价款的{bp / 100:.2f}%（含税）", f"{bp / 100:.2f}% of each bill, tax included")
    if fixed := mandate.content.get("fee_fen"):
        return Text(f"每份合同{fen(fixed)}（含税）", f"{fen(fixed)} a contract, tax included")
    return Text("不随账单分付", "None out of the bills")


def rows_of(mandate: Mandate) -> list[tuple[Text, Any]]:
    acts = [ACTS[a] for a in mandate.acts]
    return [
        (Text("委托方", "Principal"), mandate.principal.name),
        (Text("数据经纪机构", "Broker"), mandate.broker.name),
        (Text("授权事项", "What it may do"), Text("、".join(a.zh for a in acts), ", ".join(a.en for a in acts))),
        (Text("限定产品", "Products"), "、".join(mandate.products) or Text("不限", "All")),
        (
            Text("每次金额上限", "Limit of one act"),
            fen(mandate.limit_fen) if mandate.limit_fen is not None else Text("不限", "None"),
        ),
        (
            Text("期限", "Period"),
            Text(f"{mandate.valid_from}至{mandate.valid_until}", f"{mandate.valid_from} to {mandate.valid_until}"),
        ),
        (Text("成交报酬", "Fee for a deal"), fee_text(mandate)),
        (
            Text("同一交易可代表双方", "May act for both sides"),
            Text("同意", "Agreed") if mandate.both_sides else Text("不同意", "Not agreed"),
        ),
    ]


@require_GET
@for_a_party
def mandate_page(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number, None)


def _page(request: HttpRequest, number: str, refusal: Refusal | None) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    mandate = queries.get_mandate(actor, number)
    mine = mandate.principal_id == actor.party_id
    own = living_key(actor.person_id or 0)
    context = {
        "mandate": mandate, "rows": rows_of(mandate), "mine": mine, "state": mandate.state,
        "signs": mine and mandate.signed_at is None and mandate.revoked_at is None and "signer" in actor.duties,
        "revokes": mine and mandate.revoked_at is None and bool({"signer", "manager", "handler"} & actor.duties),
        "works": not mine and mandate.broker_id == actor.party_id and mandate.in_force and "handler" in actor.duties,
        "own_custody": own is not None and own.custody == "own",
        "sign_field": Field("own_signature", "code", Text("签名值", "Signature"), Text("对上面的摘要签名，Base64", "Of the digest above, base64"), max_length=200),
        **_form_state(refusal),
    }  # fmt: skip
    return render(request, "parties/mandate.html", context, status=refusal.status if refusal else 200)


@require_POST
@for_a_party
def sign(request: HttpRequest, number: str) -> HttpResponseBase:
    actor, given = request.actor, request.POST.get("own_signature", "").strip()  # type: ignore[attr-defined]
    try:
        _once(request, given, lambda: {"number": services.sign(actor, number, given).number})
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, number, refusal)
    return redirect("mandate", number=number)


@require_http_methods(["GET", "POST"])
@for_a_party
def revoke(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = request.actor  # type: ignore[attr-defined]
    mandate = queries.get_mandate(actor, number)
    refusal: Refusal | None = None
    reason = request.POST.get("reason", "")
    if request.method == "POST":
        try:
            _once(request, reason, lambda: {"number": services.revoke(actor, number, reason).number})
            return redirect("mandate", number=number)
        except Refusal as error:
            refusal = error
    context = {
        "title": Text("撤销委托", "Revoke the mandate"), "lead": f"{mandate.number}　{mandate.broker.name}", "fields": [REASON],
        "values": {"reason": reason}, "effects": [("ban", Text("经纪机构立即不能再据以办理；已办的事项不受影响", "The broker acts under it no more from now; what it did stands"))],
        "action_url": request.path, "verb": Text("撤销委托", "Revoke"), "back_url": f"/desk/mandates/{number}", "danger": True, **_form_state(refusal),
    }  # fmt: skip
    return render(request, "ui/confirm.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/mandates", mandate_list, name="mandates"),
    path("desk/mandates/new", new_mandate, name="new-mandate"),
    path("desk/mandates/<str:number>", mandate_page, name="mandate"),
    path("desk/mandates/<str:number>/sign", sign, name="sign-mandate"),
    path("desk/mandates/<str:number>/revoke", revoke, name="revoke-mandate"),
]

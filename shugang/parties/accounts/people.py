"""People and duties of the acting party: list, one-time links, duties."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import idempotency, paging
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..entries import Entry
from ..gates import for_a_party
from . import queries, services
from .models import DUTY_LABELS, Membership

DUTIES = Field(
    "duties", "multi", Text("岗位", "Duties"),
    Text("复核、受理审查、签署和监管岗办理时须用第二因素", "Reviewer, examiner, signer and supervisor need a second factor"),
    choices=tuple(DUTY_LABELS.items()),
)  # fmt: skip
LABEL = Entry("label", "text", Text("给谁", "For whom"), Text("只用于您辨认这个链接", "Only so that you know the link"),
              max_length=60)  # fmt: skip


def _rows(request: HttpRequest) -> Any:
    rows = queries.members(request.actor)  # type: ignore[attr-defined]
    if request.GET.get("state") != "all":
        rows = rows.filter(active=True)
    return rows


def duty_words(membership: Membership) -> Text:
    labels = [DUTY_LABELS[d] for d in membership.duties]
    return Text("、".join(x.zh for x in labels) or "已离开", ", ".join(x.en for x in labels) or "left")


@require_GET
@for_a_party
def people(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    page = paging.page(_rows(request), request.GET.get("after", ""))
    context = {
        "page": page,
        "rows": [(m, duty_words(m), queries.factors(m.person).totp) for m in page.items],
        "links": [(x, [DUTY_LABELS[d] for d in x.duties]) for x in queries.open_links(actor)],
        "manages": "manager" in actor.duties,
        "everyone": request.GET.get("state") == "all",
    }
    return render(request, "parties/accounts_people.html", context)


@require_GET
@for_a_party
def people_csv(request: HttpRequest) -> HttpResponseBase:
    header = [
        Text("姓名", "Name"),
        Text("用户名", "User name"),
        Text("岗位", "Duties"),
        Text("第二因素", "Second factor"),
    ]
    rows = [
        [str(m.person), m.person.username, duty_words(m),
         Text("已绑定", "set up") if queries.factors(m.person).totp else Text("未绑定", "not set up")]
        for m in _rows(request).order_by("id")
    ]  # fmt: skip
    return csv_response("people", header, rows)


@never_cache
@require_http_methods(["GET", "POST"])
@for_a_party
def invite_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "fields": (LABEL, DUTIES), "values": {}, "errors": {}, "general": None, "key": str(uuid.uuid4()),
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "parties/accounts_invite.html", context)
    label, duties = request.POST.get("label", ""), request.POST.getlist("duties")
    try:
        # The stored answer must not hold the link: a repeated press gets a page without it, and makes a new one.
        link = services.invite(actor, duties, label)
    except Refusal as refusal:
        context |= {"values": {"label": label, "duties": duties}, "errors": refusal.fields,
                    "general": None if refusal.fields else refusal.message}  # fmt: skip
        return render(request, "parties/accounts_invite.html", context, status=refusal.status)
    return render(request, "parties/accounts_link.html", {"links": [(label, link)], "back": "/desk/people"})


@require_POST
@for_a_party
def withdraw_page(request: HttpRequest, pk: int) -> HttpResponse:
    services.withdraw_invitation(request.actor, pk)  # type: ignore[attr-defined]
    return redirect("people")


@require_http_methods(["GET", "POST"])
@for_a_party
def set_duties_page(request: HttpRequest, username: str) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    membership = queries.member(actor, username)
    field = Field("duties", "multi", DUTIES.label, DUTIES.hint, required=False, choices=DUTIES.choices)
    context: dict[str, Any] = {
        "membership": membership, "fields": (field,), "values": {"duties": membership.duties},
        "errors": {}, "general": None, "key": str(uuid.uuid4()), "manages": "manager" in actor.duties,
    }  # fmt: skip
    if request.method == "GET":
        return render(request, "parties/accounts_duties.html", context)
    duties = request.POST.getlist("duties")
    try:
        idempotency.once(
            actor,
            request.POST.get("idempotency_key"),
            idempotency.fingerprint("duties", username, duties),
            lambda: {"duties": services.set_duties(actor, membership.party, membership.person, duties).duties},
        )
    except Refusal as refusal:
        context |= {"values": {"duties": duties}, "general": refusal.message}
        return render(request, "parties/accounts_duties.html", context, status=refusal.status)
    return redirect("people")

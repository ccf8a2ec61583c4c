"""Applying for admission, one's own organisation, other organisations as anyone may see them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, clean
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..accounts import services as accounts
from ..accounts.models import Membership
from . import queries, services
from .models import ROLE_LABELS
from .process import APPLICATION

ACCOUNT_FIELDS = (
    Field("display_name", "text", Text("您的姓名", "Your name"), max_length=60),
    Field(
        "username",
        "text",
        Text("用户名", "User name"),
        Text("登录用，字母或数字", "For signing in; letters or digits"),
        max_length=60,
    ),
    Field("password", "text", Text("密码", "Password"), Text("至少10位", "At least 10 characters"), max_length=128),
)


@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponseBase:
    """The application form: the organisation, and for a newcomer the first account."""
    newcomer = request.actor.person_id is None  # type: ignore[attr-defined]
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {k: v for k, v in request.POST.items() if k not in {"csrfmiddlewaretoken", "roles"}}
        values["roles"] = request.POST.getlist("roles")
        try:
            return _apply(request, values, newcomer)
        except Refusal as no:
            refusal = no
    context = {
        "fields": APPLICATION.fields,
        "account_fields": ACCOUNT_FIELDS if newcomer else (),
        "values": values,
        "errors": refusal.fields if refusal else {},
        "refusal": refusal,
    }
    return render(request, "parties/join.html", context, status=refusal.status if refusal else 200)


def _apply(request: HttpRequest, values: dict[str, Any], newcomer: bool) -> HttpResponseBase:
    from django.db import transaction

    operator = queries.the_operator()
    form = {f.name: values.get(f.name, "") for f in APPLICATION.fields}
    with transaction.atomic():
        if newcomer:
            clean(APPLICATION, form)
            person = accounts.make_person(
                values.get("username", ""), values.get("password", ""), values.get("display_name", "")
            )
        else:
            person = request.user  # type: ignore[assignment]
        case = services.apply_for_admission(person, form, operator)
    messages.success(
        request,
        tx(
            Text(
                f"入驻申请{case.number}已提交，3个工作日内答复。请登录查看进度。",
                f"Application {case.number} is filed; an answer comes within 3 working days.",
            )
        ),
    )
    return redirect("account_login" if newcomer else f"/cases/{case.number}")


@require_GET
def party_page(request: HttpRequest, number: str) -> HttpResponse:
    party = queries.public_party(number)
    return render(request, "parties/party_public.html", {"party": party, "labels": ROLE_LABELS})


@require_GET
def own(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    party = queries.own_party(actor)
    members = Membership.objects.visible_to(actor).filter(party=party, active=True).select_related("person")
    return render(request, "parties/party.html", {"party": party, "labels": ROLE_LABELS, "members": list(members)})


urlpatterns = [
    path("join", join, name="join"),
    path("parties/<str:number>", party_page, name="party-public"),
    path("desk/party", own, name="party"),
]

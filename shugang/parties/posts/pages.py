"""The administrators' desk: each of the three sees his own half of the work, and no other."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from shugang.kernel import paging, sequencer
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.models import Event
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..accounts.models import Person
from ..organisations import services as organisations
from ..organisations.models import Party
from . import services
from .models import POST_LABELS, Post

_AUDITED = ("post.", "person.", "membership.", "token.", "key.", "party.")


def _holder(request: HttpRequest) -> Any:
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.posts:
        raise forbidden("这里只有三员可以进入。", "Only the administrators enter here.")
    return actor


@require_GET
def administration(request: HttpRequest) -> HttpResponse:
    actor = _holder(request)
    post = next(iter(actor.posts))
    context: dict[str, Any] = {"post": post, "label": POST_LABELS[post], "second_factor": actor.second_factor}
    if post == Post.SYSTEM:
        context |= {
            "log": sequencer.status(),
            "founders": list(Party.objects.filter(is_operator=True))
            + list(Party.objects.filter(is_registrar=True))
            + list(Party.objects.filter(is_regulator=True)),
        }
    elif post == Post.SECURITY:
        context |= {"persons": list(Person.objects.order_by("-id")[:200])}
    else:
        context |= {"page": _audit_page(request)}
    return render(request, "parties/administration.html", context)


def _audit_page(request: HttpRequest) -> paging.Page:
    from django.db.models import Q

    kinds = Q()
    for prefix in _AUDITED:
        kinds |= Q(kind__startswith=prefix)
    return paging.page(Event.objects.filter(kinds), request.GET.get("after", ""), 50)


@require_POST
def found(request: HttpRequest) -> HttpResponse:
    actor = _holder(request)
    services.require_post(actor, Post.SYSTEM)
    facts = {key: request.POST.get(key, "").strip() for key in ("name", "name_en", "uscc")}
    try:
        party = organisations.found_party(actor, facts, request.POST.getlist("roles"))
        messages.success(
            request, tx(Text(f"已设立{party.name}（{party.number}）。", f"{party.name} ({party.number}) is set up."))
        )
    except Refusal as refusal:
        wrong = next(iter(refusal.fields.values()), refusal.message)
        messages.error(request, tx(wrong))
    return redirect("administration")


@require_POST
def authorise(request: HttpRequest, pk: int) -> HttpResponse:
    actor = _holder(request)
    person = services.authorise(actor, pk, request.POST.get("authorised") == "1")
    messages.success(
        request,
        tx(
            Text(
                f"{person}的账户已{'授权' if person.authorised else '停用'}。",
                f"The account of {person} is {'authorised' if person.authorised else 'stopped'}.",
            )
        ),
    )
    return redirect("administration")


urlpatterns = [
    path("desk/admin", administration, name="administration"),
    path("desk/admin/parties", found, name="found-party"),
    path("desk/admin/people/<int:pk>", authorise, name="authorise-person"),
]

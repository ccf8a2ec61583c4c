"""Pages: the public register with one page an element, and the desk where departments claim, refer and ask to collect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.assets.registration.http import desk_actor, new_key, once
from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from . import queries, services
from .models import REGION
from .process import CLAIM, DESIGNATION


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "")
    page = paging.page(queries.public_sources(text), request.GET.get("after", ""))
    return render(request, "publicdata/sources.html", {"page": page, "q": text[:60]})


@require_GET
def element(request: HttpRequest, region: str, element: str) -> HttpResponse:
    found = queries.public_element(element, region)
    actor = request.actor  # type: ignore[attr-defined]
    decides = "data_office" in actor.roles and "reviewer" in actor.duties
    return render(request, "publicdata/source.html", {**found, "decides": decides, "key": new_key()})


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    page = paging.page(queries.claims(actor), request.GET.get("after", ""))
    context = {
        "page": page, "states": {s.name: s for s in DESIGNATION.states}, "collections": list(queries.collections(actor).order_by("-pk")[:20]),
        "department": "department" in actor.roles, "key": new_key(), "region": REGION,
    }  # fmt: skip
    return render(request, "publicdata/sources_desk.html", context)


@require_http_methods(["GET", "POST"])
def claim(request: HttpRequest) -> HttpResponseBase:
    actor = desk_actor(request)
    services.require_department(actor)
    values: dict[str, Any] = {"region": REGION, "element": request.GET.get("element", "")[:20]}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in CLAIM.fields}
        try:
            made = once(request, [values], lambda: {"case": services.claim_source(actor, values).number})
            messages.success(
                request, tx(Text("已申报，等待首席数据官签署。", "Claimed; your chief data officer signs next."))
            )
            return redirect("case", number=made["case"])
        except Refusal as no:
            refusal = no
    context = {
        "fields": list(CLAIM.fields), "values": values, "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None, "key": new_key(),
    }  # fmt: skip
    return render(request, "publicdata/source_claim.html", context, status=refusal.status if refusal else 200)


def _act(request: HttpRequest, verb: Callable[[Any, str, str, str], Any], done: Text) -> HttpResponse:
    actor = desk_actor(request)
    parts = [request.POST.get(n, "")[:400] for n in ("element", "region", "reason")]

    def run() -> dict[str, Any]:
        verb(actor, *parts)
        return {"done": True}

    once(request, parts, run)
    messages.success(request, tx(done))
    return redirect("sources-desk")


@require_POST
def refer(request: HttpRequest) -> HttpResponse:
    return _act(request, services.register_reference, Text("已登记引用。", "The reference is registered."))


@require_POST
def collect(request: HttpRequest) -> HttpResponse:
    return _act(
        request,
        services.request_collection,
        Text("没有可共享的源头，采集已登记。", "No source shares it; your collection is noted."),
    )


@require_POST
def end(request: HttpRequest, region: str, element: str) -> HttpResponse:
    actor = desk_actor(request)
    day, reason = request.POST.get("on", ""), request.POST.get("reason", "")[:400]
    try:
        on = date.fromisoformat(day)
    except ValueError:
        text = Text("请填写终止日期，例：2026-12-31。", "Please give the last day, for example 2026-12-31.")
        raise Refusal("invalid_form", text, 422, {"on": text}) from None
    once(request, [day, reason], lambda: {"e": services.end_source(actor, element, region, on, reason).element})
    messages.success(request, tx(Text("已终止。", "Ended.")))
    return redirect("source", region=region, element=element)


urlpatterns = [
    path("sources", register, name="sources"),
    path("sources/<str:region>/<str:element>", element, name="source"),
    path("sources/<str:region>/<str:element>/end", end, name="source-end"),
    path("desk/sources", desk, name="sources-desk"),
    path("desk/sources/claim", claim, name="source-claim"),
    path("desk/sources/refer", refer, name="source-refer"),
    path("desk/sources/collect", collect, name="source-collect"),
]

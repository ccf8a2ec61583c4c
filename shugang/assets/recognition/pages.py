"""Pages of the desk: certificates from elsewhere, and the form that submits one. Its case has the generic case page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..registration import queries as registrations
from ..registration import services as registering
from ..registration.http import desk_actor, new_key, once, posted
from . import queries, services
from .form import METHODS, SUBMIT
from .process import RECOGNITION


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    page = paging.page(queries.recognitions(actor), request.GET.get("after", ""))
    datasets = registrations.registrable(actor) if "supplier" in actor.roles else []
    states = {s.name: s for s in RECOGNITION.states}
    context = {"page": page, "states": states, "methods": dict(METHODS), "datasets": datasets}
    return render(request, "assets/recognitions.html", context)


@require_http_methods(["GET", "POST"])
def submit(request: HttpRequest, dataset: str) -> HttpResponseBase:
    actor = desk_actor(request)
    row = registering.own_dataset(actor, dataset)
    values: dict[str, Any] = {}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request, SUBMIT.fields)
        sent = {k: v for k, v in values.items() if v not in ("", None, [])}
        registrar = request.POST.get("registrar", "")
        try:
            answer = once(
                request, [sent, registrar], lambda: {"case": services.submit(actor, dataset, registrar, sent).number}
            )
            messages.success(
                request, tx(Text(f"已提交，事项编号{answer['case']}。", f"Submitted as {answer['case']}."))
            )
            return redirect("case", number=answer["case"])
        except Refusal as no:
            refusal = no
    context = {
        "dataset": row,
        "fields": list(SUBMIT.fields),
        "registrars": registrations.public_registrars(),
        "logs": sorted(services.public_known_logs()),
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": new_key(),
    }
    return render(request, "assets/recognition_new.html", context, status=refusal.status if refusal else 200)


urlpatterns = [
    path("desk/recognitions", listed, name="recognitions"),
    path("desk/recognitions/<str:dataset>", submit, name="recognition-new"),
]

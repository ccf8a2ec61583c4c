"""The department's page for reading another catalogue, and what came of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import clock, paging
from shugang.kernel.errors import Refusal
from shugang.kernel.profiles import current_profile
from shugang.market.http import form_state, member, once, status_of
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ... import bodies
from ..import_pages import place
from . import services
from .models import Harvest

HEADER = (Text("行", "Row"), Text("资源名称", "Name"), Text("位置", "Where"), Text("错误", "Mistake"))


def mistakes(found: Harvest) -> list[tuple[int, str, Text, Text]]:
    return [(r["line"], r["name"], place(key), Text(*text)) for r in found.report for key, text in r["wrong"].items()]


@require_http_methods(["GET", "POST"])
def harvests(request: HttpRequest) -> HttpResponseBase:
    actor, refusal = member(request), None
    department = bodies.require_handler(actor)
    fields = list(services.FORM.fields)
    if request.method == "POST":
        said = {f.name: request.POST.get(f.name, "") for f in fields}
        try:
            made = once(request, [said], lambda: {"pk": services.harvest(actor, said).pk})
            return redirect("catalogue-harvest", pk=made["pk"])
        except Refusal as caught:
            refusal = caught
    rows = Harvest.objects.visible_to(actor).filter(department_id=department)
    context = {
        "page": paging.page(rows, request.GET.get("after", "")), "fields": fields, "values": request.POST,
        "most": current_profile("public-harvest", clock.today()).data["entries"], **form_state(refusal),
    }  # fmt: skip
    return render(request, "publicdata/catalogue/harvests.html", context, status=status_of(refusal))


@require_GET
def one_harvest(request: HttpRequest, pk: int) -> HttpResponse:
    found = services.get_harvest(member(request), pk)
    if request.GET.get("format") == "csv":
        return csv_response("harvest", HEADER, mistakes(found))
    return render(request, "publicdata/catalogue/harvest.html", {"found": found, "mistakes": mistakes(found)[:500]})


def as_json(found: Harvest) -> dict[str, Any]:
    return {
        "id": found.pk, "url": found.url, "entries": found.entries, "new": found.new, "changed": found.changed, "same": found.same,
        "mistaken": found.mistaken, "filings": found.filings, "report": found.report, "created_at": found.created_at.isoformat(),
    }  # fmt: skip


urlpatterns = [
    path("desk/catalogue-harvests", harvests, name="catalogue-harvests"),
    path("desk/catalogue-harvests/<int:pk>", one_harvest, name="catalogue-harvest"),
]

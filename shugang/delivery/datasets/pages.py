"""The supplier's data sets: list, declare, look at columns and sample, mark personal information."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel import idempotency, paging
from shugang.kernel.errors import Refusal
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from .. import gates
from ..vault.queries import own_sample, shown_uploads
from ..vault.receiving import upload_limit
from ..words import UPLOAD_STATES
from . import queries, services, standing
from .models import Dataset


def _filtered(request: HttpRequest) -> Any:
    return queries.datasets(request.actor, request.GET.get("q", ""), request.GET.get("hosting", ""))  # type: ignore[attr-defined]


@require_GET
@for_a_party
def list_page(request: HttpRequest) -> HttpResponse:
    page = paging.page(_filtered(request), request.GET.get("after", ""))
    context = {
        "page": page,
        "hosting": services.HOSTING,
        "q": request.GET.get("q", ""),
        "chosen": request.GET.get("hosting", ""),
        "may_add": gates.is_supplying(request.actor),  # type: ignore[attr-defined]
    }
    return render(request, "delivery/datasets_list.html", context)


@require_GET
@for_a_party
def list_csv(request: HttpRequest) -> HttpResponseBase:
    header = [Text("编号", "Number"), Text("名称", "Name"), Text("存放方式", "Hosting"), Text("版本", "Version")]
    rows = [
        [d.number, d.name, services.HOSTING[d.hosting], d.last_version or ""] for d in _filtered(request).order_by("id")
    ]
    return csv_response("datasets", header, rows)


@require_http_methods(["GET", "POST"])
@for_a_party
def new_page(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    gates.require_supply(actor)
    values: dict[str, Any] = {"hosting": "hosted"}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = {f.name: request.POST.get(f.name, "") for f in services.FACTS.fields}
        try:
            made = idempotency.once(
                actor,
                request.POST.get("idempotency_key"),
                idempotency.fingerprint("dataset", values),
                lambda: {"number": services.create_dataset(actor, **values).number},
            )
            return redirect("dataset", made["number"])
        except Refusal as no:
            refusal = no
    context = {
        "fields": services.FACTS.fields,
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": request.POST.get("idempotency_key") or str(uuid.uuid4()),
    }
    return render(request, "delivery/datasets_new.html", context, status=refusal.status if refusal else 200)


@require_GET
@for_a_party
def detail_page(request: HttpRequest, number: str) -> HttpResponse:
    return show(request, number)


def show(request: HttpRequest, number: str, refusal: Refusal | None = None) -> HttpResponse:
    """The page of a data set; with what an upload was refused for."""
    actor = request.actor  # type: ignore[attr-defined]
    dataset = queries.get_dataset(actor, number)
    versions = list(dataset.versions.order_by("-version"))
    wanted = request.GET.get("version", "")
    shown = next((v for v in versions if str(v.version) == wanted), versions[0] if versions else None)
    own = dataset.party_id == actor.party_id and gates.is_supplying(actor)
    context = {
        "dataset": dataset,
        "versions": versions,
        "shown": shown,
        "columns": queries.dictionary(shown) if shown else [],
        "sample": own_sample(actor, number, shown.version) if shown and own else None,
        "connected": getattr(shown, "connected", None) if shown else None,
        "hosted": dataset.hosting == Dataset.Hosting.HOSTED,
        "own": own,
        "limit": upload_limit(),
        "standing": standing.told(actor, shown) if shown else [],
        "uploads": shown_uploads(actor, number) if own else [],
        "upload_states": UPLOAD_STATES,
        "refusal": refusal,
    }
    return render(request, "delivery/datasets_detail.html", context, status=refusal.status if refusal else 200)


@require_POST
@for_a_party
def columns_page(request: HttpRequest, number: str, version: int) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_version(actor, number, version)
    names = [c.name for c in found.columns.order_by("position")]
    comments = {name: request.POST.get(f"comment-{i}", "") for i, name in enumerate(names)}
    personal = [name for i, name in enumerate(names) if f"personal-{i}" in request.POST]
    services.describe_columns(actor, number, version, comments, personal)
    return redirect(f"/desk/datasets/{number}?version={version}&saved=1#columns")


urlpatterns = [
    path("desk/datasets", list_page, name="datasets"),
    path("desk/datasets.csv", list_csv, name="datasets-csv"),
    path("desk/datasets/new", new_page, name="dataset-new"),
    path("desk/datasets/<str:number>", detail_page, name="dataset"),
    path("desk/datasets/<str:number>/versions/<int:version>/columns", columns_page, name="dataset-columns"),
]

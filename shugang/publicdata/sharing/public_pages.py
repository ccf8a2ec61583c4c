"""Open data for everybody: the list, one with its terms, and the button that makes a link for one download."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..rectification.presenting import mark_words
from ..rectification.queries import public_mark
from . import queries
from .public import FORMATS, make_link

FORMAT_LABELS = {
    "csv": Text("CSV（表格文字）", "CSV"),
    "xlsx": Text("Excel 工作簿", "Excel workbook"),
    "parquet": Text("Parquet（供程序）", "Parquet"),
    "jsonl": Text("JSON（每行一条）", "JSON lines"),
}


@require_GET
def open_data(request: HttpRequest) -> HttpResponse:
    page = paging.page(queries.public_openings(), request.GET.get("after", ""))
    return render(request, "publicdata/open_data.html", {"page": page})


def _page(request: HttpRequest, number: str, refusal: Refusal | None) -> HttpResponse:
    row = queries.public_opening(number)
    grant = row.grant
    assert grant is not None
    fields = set(grant.terms["fields"])
    names = {i.column or i.name: i for i in row.resource.items.all()}
    columns = [(c, names.get(c["name"])) for c in grant.source["columns"] if c["name"] in fields]
    mark = public_mark(row.resource.dataset) if row.resource.dataset else None
    context = {
        "mark": mark_words(mark) if mark else None,
        "row": row, "grant": grant, "columns": columns, "used": queries.public_downloads(row), "version": grant.source["version"],
        "formats": [(f, FORMAT_LABELS[f]) for f in FORMATS], "general": refusal.message if refusal else None,
    }  # fmt: skip
    return render(request, "publicdata/open_dataset.html", context, status=refusal.status if refusal else 200)


@require_GET
def open_dataset(request: HttpRequest, number: str) -> HttpResponse:
    return _page(request, number, None)


@never_cache
@require_POST
def download(request: HttpRequest, number: str) -> HttpResponseBase:
    """A link, made now, to be followed: forms of a page lead nowhere but to this site."""
    format = request.POST.get("format", "csv")
    try:
        made = make_link(number, format)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, number, refusal)
    context = {"row": queries.public_opening(number), "place": made["url"], "format": FORMAT_LABELS[format]}
    return render(request, "publicdata/open_link.html", context)


urlpatterns = [
    path("open-data", open_data, name="open-data"),
    path("open-data/<str:number>", open_dataset, name="open-dataset"),
    path("open-data/<str:number>/download", download, name="open-download"),
]

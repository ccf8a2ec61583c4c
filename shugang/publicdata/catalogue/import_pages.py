"""The department's page for many entries at once: template, file, and what came of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.market.http import form_state, member, once, status_of
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.workbooks import XLSX

from .. import bodies
from . import freshness, importing, presenting, sheet
from .models import CatalogueImport
from .template import template

HEADER = (
    Text("行", "Row"),
    Text("资源代码", "Code"),
    Text("资源名称", "Name"),
    Text("位置", "Where"),
    Text("错误", "Mistake"),
)


def place(key: str) -> Text:
    """A field of the form, or of the N-th item, in words."""
    parts = key.split(".")
    if parts[0] == "items" and len(parts) == 3:
        label = presenting.ITEM_LABELS.get(parts[2], Text(parts[2], parts[2]))
        return Text(f"第{parts[1]}个信息项：{label.zh}", f"Item {parts[1]}: {label.en}")
    return presenting.LABELS.get(key, Text(key, key))


def mistakes(found: CatalogueImport) -> list[tuple[int, str, str, Text, Text]]:
    return [
        (row["line"], row["code"], row["name"], place(key), Text(*text))
        for row in found.report
        for key, text in row["wrong"].items()
    ]


@require_GET
def template_file(request: HttpRequest) -> HttpResponse:
    bodies.require_handler(member(request))
    response = HttpResponse(template(), content_type=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="catalogue.xlsx"'
    return response


@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponseBase:
    actor, refusal = member(request), None
    department = bodies.require_handler(actor)
    if request.method == "POST":
        sent = request.FILES.get("file")
        try:
            if sent is None or (sent.size or 0) > sheet.MAX_BYTES:
                text = Text(
                    f"请选择一个不超过{sheet.MAX_BYTES >> 20} MB的文件。",
                    f"Please choose a file of at most {sheet.MAX_BYTES >> 20} MB.",
                )
                raise Refusal("bad_sheet", text, 422, {"file": text})
            content, name = sent.read(), sent.name or ""
            made = once(request, [name, len(content)], lambda: {"pk": importing.upload(actor, name, content).pk})
            return redirect("catalogue-import", pk=made["pk"])
        except Refusal as caught:
            refusal = caught
    rows = CatalogueImport.objects.visible_to(actor).filter(department_id=department).select_related("filing__case")
    page = paging.page(rows, request.GET.get("after", ""))
    context = {
        "page": page,
        "most": freshness.rules()["import_rows"],
        "megabytes": sheet.MAX_BYTES >> 20,
        **form_state(refusal),
    }
    return render(request, "publicdata/catalogue/imports.html", context, status=status_of(refusal))


@require_GET
def one_import(request: HttpRequest, pk: int) -> HttpResponse:
    found = importing.get_import(member(request), pk)
    if request.GET.get("format") == "csv":
        return csv_response("import", HEADER, mistakes(found))
    return render(request, "publicdata/catalogue/import.html", {"found": found, "mistakes": mistakes(found)[:500]})


def as_json(found: CatalogueImport) -> dict[str, Any]:
    return {
        "id": found.pk, "file": found.file_name, "sha256": found.sha256, "entries": found.entries, "items": found.items_read,
        "mistaken": found.mistaken, "filing": found.filing.number if found.filing else None, "report": found.report,
        "created_at": found.created_at.isoformat(),
    }  # fmt: skip


urlpatterns = [
    path("desk/catalogue-imports", imports, name="catalogue-imports"),
    path("desk/catalogue-imports/template.xlsx", template_file, name="catalogue-template"),
    path("desk/catalogue-imports/<int:pk>", one_import, name="catalogue-import"),
]

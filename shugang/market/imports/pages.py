"""The supplier's page for many products at once: template, sheet, preview, drafts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response

from ..http import form_state, member, once, status_of
from ..products.services import require_supply
from . import services, sheet
from .models import ProductSheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RESULTS: dict[str, tuple[Text, str]] = {
    "ready": (Text("可以建立", "Ready"), "run"),
    "wrong": (Text("有误，不建立", "Mistakes; left out"), "bad"),
    "created": (Text("已建立草稿", "Draft created"), "ok"),
    "known": (Text("编号已有产品，未改动", "The code has a product; unchanged"), "off"),
}
HEADER = (Text("行", "Row"), Text("自有编号", "Own code"), Text("产品名称", "Name"), Text("结果", "Result"), Text("产品编号", "Number"),
          Text("错误", "Mistakes"))  # fmt: skip


def mistakes(row: dict[str, Any]) -> list[tuple[Text, Text]]:
    """(column, what is wrong with its cell)."""
    whole = Text("整行", "Whole row")
    return [
        (sheet.NAMES[name].label if name in sheet.NAMES else whole, Text(*text)) for name, text in row["wrong"].items()
    ]


def line(row: dict[str, Any]) -> list[Any]:
    told = mistakes(row)
    said = Text("；".join(f"{a.zh}：{b.zh}" for a, b in told), "; ".join(f"{a.en}: {b.en}" for a, b in told))
    values = row["values"]
    return [
        row["line"],
        values.get("code", ""),
        values.get("name", ""),
        RESULTS[row["result"]][0],
        row["product"],
        said,
    ]


@require_GET
def template(request: HttpRequest) -> HttpResponse:
    require_supply(member(request))
    response = HttpResponse(sheet.template(), content_type=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="products.xlsx"'
    return response


@require_http_methods(["GET", "POST"])
def product_sheets(request: HttpRequest) -> HttpResponseBase:
    actor, refusal = member(request), None
    supplier = require_supply(actor)
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
            made = once(request, [name, len(content)], lambda: {"pk": services.upload(actor, name, content).pk})
            return redirect("product-sheet", pk=made["pk"])
        except Refusal as caught:
            refusal = caught
    rows = ProductSheet.objects.visible_to(actor).filter(supplier_id=supplier).order_by("-pk")[:20]
    context = {
        "sheets": [(s, tally(s)) for s in rows],
        "columns": sheet.COLUMNS,
        "most": sheet.MAX_ROWS,
        **form_state(refusal),
    }
    return render(request, "market/product_sheets.html", context, status=status_of(refusal))


def tally(found: ProductSheet) -> dict[str, int]:
    return {name: n for name in RESULTS if (n := sum(row["result"] == name for row in found.rows))}


@require_GET
def product_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    found = services.own_sheet(member(request), pk)
    if request.GET.get("format") == "csv":
        return csv_response("product-sheet", HEADER, (line(row) for row in found.rows))
    rows = [(row, RESULTS[row["result"]], mistakes(row)) for row in found.rows]
    context = {"sheet": found, "rows": rows, "tally": tally(found), "results": RESULTS, **form_state(None)}
    return render(request, "market/product_sheet.html", context)


@require_POST
def run_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    services.run(member(request), pk)
    return redirect("product-sheet", pk=pk)


@require_POST
def discard_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    services.discard(member(request), pk)
    return redirect("product-sheets")


urlpatterns = [
    path("desk/product-sheets", product_sheets, name="product-sheets"),
    path("desk/product-sheets/template.xlsx", template, name="product-sheet-template"),
    path("desk/product-sheets/<int:pk>", product_sheet, name="product-sheet"),
    path("desk/product-sheets/<int:pk>/run", run_sheet, name="run-product-sheet"),
    path("desk/product-sheets/<int:pk>/discard", discard_sheet, name="discard-product-sheet"),
]

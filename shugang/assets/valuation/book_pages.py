"""Pages of book cost (入表): the list, the sheet with its tables, the export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.kernel import clock, paging
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.formats import fen_plain
from shugang.ui.jinja import tx

from ..registration.http import desk_actor, new_key, once, posted
from . import book_services, queries
from .book_form import BOOK
from .formulas.bookcost import CATEGORIES, NATURES, REASONS, ROWS, WAYS
from .models import BookSheet, BookSheetVersion

GROUPS = (
    (Text("数据资源", "The data resource"), ("title", "category", "purpose", "year")),
    (Text("支出", "Spending"), ("lines",)),
    (Text("资本化的五项条件（仅自行开发的无形资产）", "Five conditions (intangible assets developed by itself)"), "met_"),
    (Text("摊销与减少", "Amortisation and decrease"), ("ready_on", "life_months", "decrease_purchase", "decrease_own", "decrease_other")),
)  # fmt: skip


def _groups() -> list[tuple[Text, list[Any]]]:
    return [(label, [f for f in BOOK.fields if (f.name.startswith(names) if isinstance(names, str) else f.name in names)])
            for label, names in GROUPS]  # fmt: skip


@require_GET
def sheet_list(request: HttpRequest) -> HttpResponse:
    actor = desk_actor(request)
    page = paging.page(queries.sheets(actor), request.GET.get("after", ""))
    return render(request, "assets/book_list.html", {"page": page, "may": "finance" in actor.duties})


def tables(result: Mapping[str, Any]) -> dict[str, Any]:
    """The sheet's result for the page."""
    return {
        "result": result,
        "lines": [[row["on"], WAYS[row["way"]], NATURES[row["nature"]], row["amount_fen"], row["voucher"], row["capitalised"],
                   REASONS[row["reason"]], row["note"]] for row in result["lines"]],
        "note": [(ROWS[row["row"]], [row[way] for way in WAYS], sum(row[way] for way in WAYS)) for row in result["note"]],
        "ways": list(WAYS.values()),
    }  # fmt: skip


def _show(
    request: HttpRequest,
    sheet: BookSheet | None,
    last: BookSheetVersion | None,
    values: Mapping[str, Any],
    refusal: Refusal | None,
) -> HttpResponse:
    actor = desk_actor(request)
    context = {
        "sheet": sheet,
        "version": last.version if last else 0,
        "groups": _groups(),
        "specs": list(BOOK.fields),
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": new_key(),
        "may": "finance" in actor.duties and (sheet is None or sheet.party_id == actor.party_id),
        "category": CATEGORIES[last.form["category"]] if last else None,
        **(tables(last.result) if last else {"result": None}),
    }
    return render(request, "assets/book_sheet.html", context, status=refusal.status if refusal else 200)


@require_http_methods(["GET", "POST"])
def new_sheet(request: HttpRequest) -> HttpResponseBase:
    actor = desk_actor(request)
    values: dict[str, Any] = {"year": clock.today().year}
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request, BOOK.fields)
        try:
            made = once(request, [values], lambda: {"number": book_services.open_sheet(actor, values).number})
            messages.success(request, tx(Text("成本表已建立。", "The cost sheet is opened.")))
            return redirect("book-sheet", number=made["number"])
        except Refusal as no:
            refusal = no
    return _show(request, None, None, values, refusal)


@require_http_methods(["GET", "POST"])
def sheet(request: HttpRequest, number: str) -> HttpResponseBase:
    actor = desk_actor(request)
    found = queries.get_sheet(number, actor)
    last = queries.last_version(found, actor)
    values: dict[str, Any] = dict(last.form)
    refusal: Refusal | None = None
    if request.method == "POST":
        values = posted(request, BOOK.fields)
        base = request.POST.get("version", "")
        try:
            once(request, [values, base], lambda: {
                "version": book_services.save_sheet(actor, number, values, int(base) if base.isdigit() else None).version})  # fmt: skip
            messages.success(request, tx(Text("已保存为新的一版。", "Saved as a new version.")))
            return redirect("book-sheet", number=number)
        except Refusal as no:
            refusal = no
    return _show(request, found, last, values, refusal)


def _csv(result: Mapping[str, Any]) -> Iterator[list[Any]]:
    for row in result["lines"]:
        yield [row["on"], WAYS[row["way"]], NATURES[row["nature"]], fen_plain(row["amount_fen"]), row["voucher"],
               Text("资本化", "Capitalised") if row["capitalised"] else Text("费用化", "Expensed"), REASONS[row["reason"]], row["note"]]  # fmt: skip
    yield []
    yield [Text("披露表", "Note"), *WAYS.values(), Text("合计", "Total")]
    for row in result["note"]:
        yield [ROWS[row["row"]], *(fen_plain(row[w]) for w in WAYS), fen_plain(sum(row[w] for w in WAYS))]


@require_GET
def sheet_csv(request: HttpRequest, number: str) -> HttpResponse:
    actor = desk_actor(request)
    last = queries.last_version(queries.get_sheet(number, actor), actor)
    header = (Text("日期", "Day"), Text("取得方式", "Way"), Text("性质", "Nature"), Text("金额（元）", "Amount (yuan)"), Text("凭证号", "Voucher"),
              Text("处理", "Treatment"), Text("依据", "Reason"), Text("摘要", "Note"))  # fmt: skip
    return csv_response(f"book-cost-{number}", header, _csv(last.result))


urlpatterns = [
    path("desk/book-costs", sheet_list, name="book-sheets"),
    path("desk/book-costs/new", new_sheet, name="book-sheet-new"),
    path("desk/book-costs/<str:number>", sheet, name="book-sheet"),
    path("desk/book-costs/<str:number>/sheet.csv", sheet_csv, name="book-sheet-csv"),
]

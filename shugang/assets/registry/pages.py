"""Public pages of the register. Each says the same as its JSON and CSV."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET

from shugang.kernel import paging
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from ..registration.certificate_check import EVENT_LABELS
from ..registration.industries import CHOICES as INDUSTRIES
from ..registration.kinds import LABELS
from ..registration.rights import RIGHT_SHORT
from . import queries

HEADER = (Text("凭证编号", "Certificate"), Text("数据名称", "Name"), Text("权利人", "Holder"), Text("登记机构", "Registrar"),
          Text("权利", "Rights"), Text("行业", "Industry"), Text("类型", "Type"), Text("状态", "Standing"), Text("存证", "Deposited"),
          Text("有效期至", "Valid until"))  # fmt: skip


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    wanted = queries.Wanted.read(request.GET)
    rows = queries.public_certificates(wanted)
    if request.GET.get("format") == "csv":
        return csv_response("registry", HEADER, (_csv(queries.row_json(c)) for c in rows.order_by("-pk")[:10_000]))
    page = paging.page(rows, request.GET.get("after", ""))
    context = {
        "wanted": wanted,
        "page": page,
        "rows": [(queries.row_json(c), c.issued_at, c.valid_until) for c in page.items],
        "filters": [
            ("state", Text("状态", "Standing"), list(queries.STATES.items())),
            ("right", Text("权利", "Right"), list(RIGHT_SHORT.items())),
            ("industry", Text("行业", "Industry"), list(INDUSTRIES)),
            ("kind", Text("类型", "Type"), list(LABELS.items())),
            ("profile", Text("规则", "Rules"), list(queries.PROFILE_NAMES.items())),
        ],
        "states": queries.STATES,
        "tones": queries.TONES,
        "kinds": LABELS,
        "rights": RIGHT_SHORT,
    }
    return render(request, "assets/registry.html", context)


def _csv(row: dict[str, Any]) -> list[Any]:
    rights = [RIGHT_SHORT[r] for r in row["rights"]]
    return [row["number"], row["name"], row["holder"], row["registrar"],
            Text("、".join(r.zh for r in rights), ", ".join(r.en for r in rights)), row["industry"], LABELS[row["type"]],
            queries.STATES[row["state"]], row["issued_at"][:10], row["valid_until"][:10]]  # fmt: skip


def _json(body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


def search_body(given: Any) -> dict[str, Any]:
    page = paging.page(queries.public_certificates(queries.Wanted.read(given)), str(given.get("after") or ""))
    return {"items": [queries.row_json(c) for c in page.items], "next": page.next, "total": page.total}


@require_GET
def search_json(request: HttpRequest) -> JsonResponse:
    return _json(search_body(request.GET))


@require_GET
def revocations(request: HttpRequest) -> HttpResponse:
    page = paging.page(queries.public_endings(), request.GET.get("after", ""))
    context = {"page": page, "rows": queries.ending_rows(page.items), "labels": EVENT_LABELS}
    return render(request, "assets/registry_revocations.html", context)


@require_GET
def revocations_json(request: HttpRequest) -> JsonResponse:
    return _json(revocations_body(request.GET.get("after", "")))


def revocations_body(after: str) -> dict[str, Any]:
    page = paging.page(queries.public_endings(), after)
    rows = queries.ending_rows(page.items)
    items = [{"at": r.at.isoformat(), "what": r.kind.split(".")[1], "number": r.number, "name": r.name, "holder": r.holder,
              "rule": r.reason.zh if r.reason else None} for r in rows]  # fmt: skip
    return {"items": items, "next": page.next, "total": page.total}


@require_GET
def statistics(request: HttpRequest) -> HttpResponse:
    tables = queries.public_statistics()
    charts = [(t, _chart(t)) for t in tables if t.rows and t.total]
    context = {
        "charts": charts,
        "days": queries.public_days(),
        "total": sum(t.total for t in tables if t.key == "months"),
    }
    return render(request, "assets/registry_statistics.html", context)


def _chart(table: queries.Table) -> dict[str, Any]:
    series = [{"name": tx(Text("件", "Number")), "data": [n for _, _, n in table.rows]}]
    return {
        "type": "bar",
        "unit": "",
        "x": [_mark(table, code, label) for code, label, _ in table.rows],
        "series": series,
    }


def _mark(table: queries.Table, code: str, label: Text) -> str:
    """Sections of industry stand by their letter, with a name short enough for an axis."""
    if table.key != "industries":
        return str(tx(label))
    name = str(tx(label))
    return f"{code} {name[:7]}…" if len(name) > 8 else f"{code} {name}"


@require_GET
def statistics_json(request: HttpRequest) -> JsonResponse:
    return _json(queries.statistics_json())


@require_GET
def statistics_csv(request: HttpRequest) -> HttpResponse:
    header = (Text("统计项", "Table"), Text("代码", "Code"), Text("名称", "Label"), Text("件数", "Number"))
    rows = ((t.title, code, label, n) for t in queries.public_statistics() for code, label, n in t.rows)
    return csv_response("registry-statistics", header, rows)


urlpatterns = [
    path("registry", search, name="registry"),
    path("registry.json", search_json, name="registry-json"),
    path("registry/revocations", revocations, name="registry-revocations"),
    path("registry/revocations.json", revocations_json, name="registry-revocations-json"),
    path("registry/statistics", statistics, name="registry-statistics"),
    path("registry/statistics.json", statistics_json, name="registry-statistics-json"),
    path("registry/statistics.csv", statistics_csv, name="registry-statistics-csv"),
]

"""Pages: the tables whose lineage one may see, the graph around one, the form that explains a version by its SQL."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods

from shugang.delivery.datasets.models import Dataset
from shugang.kernel import paging
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.market.http import form_state, once, status_of
from shugang.parties.gates import for_a_party
from shugang.policy.text import Text
from shugang.ui.exports import csv_response
from shugang.ui.jinja import tx

from . import presenting, queries, services, words
from .queries import Graph

DEPTH = 2


def _actor(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined]


def _whole(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else default


def _graph(request: HttpRequest, ref: str, most: int = queries.MOST) -> tuple[Graph, str, int]:
    actor = _actor(request)
    focus = queries.get_table(actor, ref)
    column = request.GET.get("column", "").replace("\0", "")[:200]
    direction, depth = request.GET.get("direction") or "both", _whole(request.GET.get("depth", ""), DEPTH)
    return queries.graph(actor, focus, column, direction, depth, most), direction, depth


@require_GET
@for_a_party
def tables(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").replace("\0", "").strip()[:60]
    page = paging.page(queries.tables(_actor(request), search), request.GET.get("after", ""))
    context = {"page": page, "search": search, "title_of": presenting.title, "ref_of": presenting.ref, "words": words}
    return render(request, "publicdata/lineage_list.html", context)


@require_GET
@for_a_party
def graph_page(request: HttpRequest, ref: str) -> HttpResponse:
    graph, direction, depth = _graph(request, ref, presenting.SHOWN)
    version = graph.focus.version if graph.focus.version is not None else None
    own = version is not None and version.dataset.party_id == _actor(request).party_id
    context = presenting.page_context(graph, direction, depth) | {
        "own": own,
        "sees_grant": graph.focus.grant_id is not None,
    }
    return render(request, "publicdata/lineage_graph.html", context)


def _download(body: object, name: str) -> HttpResponse:
    text = json.dumps(body, ensure_ascii=False, indent=1)
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers={"Content-Disposition": f'inline; filename="{name}.json"'})  # fmt: skip


@require_GET
@for_a_party
def graph_json(request: HttpRequest, ref: str) -> HttpResponse:
    return _download(presenting.graph_json(_graph(request, ref)[0]), ref)


@require_GET
@for_a_party
def graph_csv(request: HttpRequest, ref: str) -> HttpResponse:
    graph = _graph(request, ref)[0]
    return csv_response(f"lineage-{graph.focus.number}", presenting.CSV_HEADER, presenting.csv_rows(graph))


@require_GET
@for_a_party
def graph_event(request: HttpRequest, ref: str) -> HttpResponse:
    actor = _actor(request)
    graph = queries.graph(actor, queries.get_table(actor, ref), "", "up", 1)
    return _download(presenting.event_json(graph), f"{ref}-openlineage")


@require_http_methods(["GET", "POST"])
@for_a_party
def query_form(request: HttpRequest, dataset: str, version: int) -> HttpResponseBase:
    """Explain one of the party's own versions by the SQL that made it."""
    actor = _actor(request)
    own = Dataset.objects.visible_to(actor).filter(
        number=dataset, party_id=actor.party_id or 0, versions__version=version
    )
    row = own.first()
    if row is None:
        raise not_found(queries.TABLE)
    refusal = None
    if request.method == "POST":
        said = {name: request.POST.get(name, "") for name in ("sql", "inputs")}
        try:
            done = once(request, [said], lambda: services.record_query(actor, dataset, version, said))
        except Refusal as error:
            refusal = error
        else:
            messages.success(
                request, tx(Text(f"已登记{done['edges']}条血缘。", f"{done['edges']} edges are recorded."))
            )
            return redirect("lineage-graph", ref=f"{dataset}.{version}")
    context = form_state(refusal) | {
        "row": row, "version": version, "fields": list(services.QUERY.fields), "values": request.POST,
        "columns": list(row.versions.get(version=version).columns.order_by("position").values_list("name", flat=True)),
    }  # fmt: skip
    return render(request, "publicdata/lineage_query.html", context, status=status_of(refusal))


urlpatterns = [
    path("desk/lineage", tables, name="lineage"),
    path("desk/lineage/query/<str:dataset>/<int:version>", query_form, name="lineage-query"),
    path("desk/lineage/<str:ref>.json", graph_json, name="lineage-json"),
    path("desk/lineage/<str:ref>.csv", graph_csv, name="lineage-csv"),
    path("desk/lineage/<str:ref>/openlineage.json", graph_event, name="lineage-event"),
    path("desk/lineage/<str:ref>", graph_page, name="lineage-graph"),
]

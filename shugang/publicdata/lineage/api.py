"""Lineage through the API: OpenLineage events in, graphs out."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.kernel.errors import Refusal
from shugang.market.http import member, once_api
from shugang.policy.text import Text

from . import presenting, queries, services
from .models import LineageRun

router = Router(tags=["lineage"])
LARGEST = 2 * 1024 * 1024  # bytes of one event


class Dataset(Schema, extra="allow"):
    """`namespace` is `shugang` and `name` a data set's number, with or without `/version`; or a table of your own systems."""

    namespace: str
    name: str


class Run(Schema, extra="allow"):
    runId: str


class RunEvent(Schema, extra="allow"):
    """An OpenLineage 2-0-2 RunEvent; outputs carry the facet `columnLineage`."""

    eventTime: str
    run: Run
    job: Dataset
    eventType: str = "OTHER"
    inputs: list[Dataset] = []
    outputs: list[Dataset] = []


class Query(Schema, extra="forbid"):
    """`inputs`: what each table of the SQL is, as `{"orders": "DS-2026-000001/2"}`."""

    dataset: str
    version: int | None = None
    sql: str
    inputs: dict[str, str]


@router.post("/lineage", summary="Record an OpenLineage run event; edges are kept of COMPLETE and OTHER")
def post_event(request: HttpRequest, said: RunEvent) -> dict[str, Any]:
    actor = member(request)
    if len(request.body) > LARGEST:
        raise Refusal(
            "request_too_large",
            Text("一个事件最大2MB，请分开提交。", "An event is at most 2 MB. Please send it in parts."),
            413,
        )
    event = json.loads(request.body)
    return once_api(request, event, lambda: services.record_event(actor, event))


@router.post(
    "/lineage/queries", summary="Explain a version of an own data set by the SQL that made it; it is read, never run"
)
def post_query(request: HttpRequest, said: Query) -> dict[str, Any]:
    actor = member(request)
    inputs = "\n".join(f"{name} = {value}" for name, value in said.inputs.items())
    answers = {"sql": said.sql, "inputs": inputs}
    return once_api(request, said.dict(), lambda: services.record_query(actor, said.dataset, said.version, answers))


def _run(row: LineageRun) -> dict[str, Any]:
    return {"number": row.number, "kind": row.kind, "job": row.job, "run": str(row.run) if row.run else None,
            "at": row.at.isoformat()}  # fmt: skip


@router.get("/lineage/runs", summary="What the party's lineage was recorded from")
def list_runs(request: HttpRequest, after: str = "", size: int = 20) -> dict[str, Any]:
    page = paging.page(queries.runs(member(request)), after, size)
    return {"items": [_run(row) for row in page.items], "next": page.next, "total": page.total}


@router.get(
    "/lineage/{ref}", summary="The graph around a table (DS-… with .version, XB-…, SQ-…), or one of its columns"
)
def get_graph(
    request: HttpRequest, ref: str, column: str = "", direction: str = "both", depth: int = 2
) -> dict[str, Any]:
    actor = member(request)
    focus = queries.get_table(actor, ref)
    return presenting.graph_json(queries.graph(actor, focus, column[:200], direction, depth))

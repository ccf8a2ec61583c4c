"""REST of cross-checks: the same verbs and reads as the pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.parties.http import actor_of, once

from . import plan, queries, services
from .elements import KINDS

router = Router(tags=["crosscheck"])


class Declaration(Schema):
    """`document` follows the guide of cross-checks; each source names its data set."""

    name: str
    document: dict[str, Any]


@router.get("/crosschecks/kinds", summary="Kinds of elements and strategies", auth=None)
def kinds(request: HttpRequest) -> dict[str, Any]:
    return {
        "kinds": {
            n: {"label": k.label.zh, "label_en": k.label.en, "personal": k.personal, "check": k.check}
            for n, k in KINDS.items()
        },
        "strategies": {n: {"label": s.zh, "label_en": s.en} for n, s in plan.STRATEGIES.items()},
        "default_cap": plan.DEFAULT_CAP,
    }


@router.get("/crosschecks", summary="Declared checks of the acting party")
def checks(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.checks(actor_of(request)), after)
    return {"items": [queries.check_json(c) for c in page.items], "next": page.next, "total": page.total}


@router.post("/crosschecks", summary="Declare a check over data that the party may read")
def declare(request: HttpRequest, body: Declaration) -> dict[str, Any]:
    return once(
        request,
        [body.dict()],
        lambda: queries.check_json(services.declare_check(actor_of(request), body.name, body.document)),
    )


@router.get("/crosschecks/{number}", summary="One declared check with its document and runs")
def check(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_check(actor_of(request), number)
    found = queries.runs(actor_of(request), number).order_by("-pk")[:20]
    return {
        **queries.check_json(row),
        "document": row.document,
        "runs": [{"number": r.number, "state": r.state} for r in found],
    }


@router.post("/crosschecks/{number}/runs", summary="Run a check; it goes on in the background")
def order(request: HttpRequest, number: str) -> dict[str, Any]:
    return once(request, ["order"], lambda: queries.run_json(services.order_run(actor_of(request), number)))


@router.get("/crosscheck-runs/{number}", summary="One run: progress, counts, overlaps, verdicts")
def run(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.run_json(queries.get_run(actor_of(request), number))


@router.get("/crosscheck-runs/{number}/lines", summary="Differences that a run found, masked as on the page")
def lines(request: HttpRequest, number: str, kind: str = "", element: str = "", after: str = "") -> dict[str, Any]:
    row = queries.get_run(actor_of(request), number)
    page = paging.page(queries.lines(actor_of(request), row, kind, element), after)
    return {"items": [queries.line_json(x) for x in page.items], "next": page.next, "total": page.total}


@router.post("/crosscheck-runs/{number}/stop", summary="End a run that waits or goes on")
def stop(request: HttpRequest, number: str) -> dict[str, Any]:
    return queries.run_json(services.stop_run(actor_of(request), number))

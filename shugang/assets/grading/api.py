"""REST of grading: the same verbs and reads as the pages. Steps of a case go through `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router, Schema

from shugang.kernel import paging
from shugang.parties.http import actor_of, once

from . import lowering, matrix, queries, services

router = Router(tags=["grading"])


class Opening(Schema):
    """A dataset by number; the newest version unless one is stated."""

    dataset: str
    version: int | None = None


class Input(Schema):
    """`dataset`, `version`: the derived data. `source_dataset`, `source_version`: what it was made from, and how."""

    dataset: str
    version: int | None = None
    source_dataset: str
    source_version: int
    how: str


class Acceptance(Schema):
    """One column, or every proposal that is not decided yet."""

    column: str = ""


class Batch(Schema):
    batch: str


@router.get("/grading/matrix", summary="The matrix of object and degree, with the rules in force", auth=None)
def rules(request: HttpRequest) -> dict[str, Any]:
    profile = queries.public_rules()
    cells = [
        {"object": o, "degree": d, "level": r.level, "assumed": r.assumed, **r.text.to_json()}
        for o in matrix.OBJECTS for d in matrix.DEGREES for r in [matrix.grade(o, d, profile.data)]
    ]  # fmt: skip
    return {"profile": profile.code, "version": profile.version, "cells": cells, "rules": profile.data}


@router.get(
    "/grading/forms", summary="The forms of a column's decision, of facts, of an input and of a lowering", auth=None
)
def forms(request: HttpRequest) -> dict[str, Any]:
    return {"decision": services.DECISION.schema(), "facts": services.FACTS.schema(), "input": services.INPUT.schema(),
            "lowering": lowering.DECLARATION.schema()}  # fmt: skip


@router.get("/gradings", summary="Gradings of the acting party's data, newest first")
def gradings(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.gradings(actor_of(request), state), after)
    items = [
        {"number": g.case.number, "state": g.case.state, "dataset": g.version.dataset.number,
         "version": g.version.version, "level": g.level} for g in page.items
    ]  # fmt: skip
    return {"items": items, "next": page.next, "total": page.total}


@router.post("/gradings", summary="Start grading a version, also when it is graded already")
def start(request: HttpRequest, body: Opening) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body.dict()],
                 lambda: {"number": services.open_grading(actor, body.dataset, body.version).number})  # fmt: skip


@router.get("/gradings/{number}", summary="One grading with its columns, reasons and inputs")
def grading(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = actor_of(request)
    return queries.as_json(queries.get_grading(number, actor), actor)


@router.put(
    "/gradings/{number}/columns/{column}", summary="Decide one column; `GET /grading/forms` describes the answers"
)
def decide(request: HttpRequest, number: str, column: str, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body], lambda: queries.column_json(services.decide_column(actor, number, column, body)))


@router.post(
    "/gradings/{number}/acceptance", summary="Accept proposals that are not decided yet; answers the batch for undoing"
)
def accept(request: HttpRequest, number: str, body: Acceptance) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body.dict()], lambda: {"batch": services.accept_all(actor, number, body.column)})


@router.post("/gradings/{number}/undo", summary="Undo an acceptance")
def undo(request: HttpRequest, number: str, body: Batch) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body.dict()], lambda: {"columns": services.undo_acceptance(actor, number, body.batch)})


@router.put("/gradings/{number}/facts", summary="State scale and precision")
def facts(request: HttpRequest, number: str, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    actor = actor_of(request)

    def run() -> dict[str, Any]:
        found = services.state_facts(actor, number, body)
        return {"scale": found.scale, "precision_m": found.precision_m}

    return once(request, [body], run)


@router.post("/derivations", summary="Declare what a version was made from")
def declare_input(request: HttpRequest, body: Input) -> dict[str, Any]:
    actor = actor_of(request)
    given = {"dataset": body.source_dataset, "version": body.source_version, "how": body.how}

    def run() -> dict[str, Any]:
        made = services.declare_input(actor, body.dataset, body.version, given)
        return {"version": str(made.version), "source": str(made.source)}

    return once(request, [body.dict()], run)


@router.post("/lowerings", summary="Declare a transformation by which an input counts for less")
def lower(request: HttpRequest, body: dict[str, Any] = Body(...)) -> dict[str, Any]:
    actor = actor_of(request)
    return once(request, [body], lambda: {"case": services.declare_lowering(actor, body).number})

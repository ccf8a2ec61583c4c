"""Scenarios through the API; steps are taken at `/api/v1/cases/{number}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.market.http import member, once_api

from . import queries, report, services
from .models import ClassApproval, ScenarioUse

router = Router(tags=["public data: scenarios"])


class FormIn(Schema):
    form: dict[str, Any]


def class_json(row: ClassApproval) -> dict[str, Any]:
    return {
        "number": row.number, "title": row.case.title, "state": row.case.state, "purpose": row.purpose, "mode": row.mode,
        "min_group": row.min_group, "digest": row.digest, "operation": row.operation.number if row.operation else None, **row.as_rule(),
    }  # fmt: skip


def use_json(row: ScenarioUse) -> dict[str, Any]:
    return {
        "number": row.number, "title": row.case.title, "state": row.case.state, "revision": row.case.revision, "class": row.approval.number,
        "applicant": row.applicant.number, "fields": row.fields, "days": row.days, "product": row.product.number if row.product else None,
        "bundle": row.bundle.number if row.bundle else None, "result": row.result,
    }  # fmt: skip


@router.get("/scenarios", summary="The scenario catalogue: classes in force; no sign-in needed", auth=None)
def catalogue(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.public_classes(), after)
    return {"items": [class_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/scenarios/{number}", summary="One class in force, with its applications on the market", auth=None)
def one_class(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.public_class(number)
    made = queries.public_applications().filter(approval=row)
    applications = [
        {"title": u.case.title, "developer": u.applicant.name, "product": u.product.number} for u in made if u.product
    ]
    return {**class_json(row), "applications": applications}


@router.get("/development-data", summary="The development-data catalogue; no sign-in needed", auth=None)
def development(request: HttpRequest) -> dict[str, Any]:
    return {"items": [
        {"resource": r["resource"].number, "name": r["resource"].name, "items": r["items"],
         "class": r["approval"].number if r["approval"] else None, "operation": r["operation"].number if r["operation"] else None}
        for r in queries.public_development()
    ]}  # fmt: skip


@router.get("/scenario-calls", summary="Calls for scenarios; no sign-in needed", auth=None)
def calls(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.public_calls(), after)
    items = [{"number": r.number, "title": r.case.title, "state": r.case.state, "needs": r.needs} for r in found.items]
    return {"items": items, "next": found.next, "total": found.total}


@router.post("/scenario-calls", summary="Publish a call")
def publish_call(request: HttpRequest, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": services.publish_call(actor, said.form).number})


@router.post("/scenario-calls/{number}/proposals", summary="Answer a call")
def propose(request: HttpRequest, number: str, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"proposal": services.propose(actor, number, said.form).pk})


@router.post("/scenario-proposals/{pk}/answer", summary="The office answers a proposal")
def answer(request: HttpRequest, pk: int, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"adopted": services.answer(actor, pk, said.form).adopted})


@router.post("/scenario-classes", summary="Propose the approval of a class")
def propose_class(request: HttpRequest, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": services.propose_class(actor, said.form).number})


@router.get("/scenario-classes/{number}", summary="One approval, for who takes part in it")
def own_class(request: HttpRequest, number: str) -> dict[str, Any]:
    return class_json(queries.get_class(member(request), number))


@router.get("/scenario-uses", summary="Applications of the acting party, newest first")
def uses(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.uses(member(request)), after)
    return {"items": [use_json(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/scenario-uses/{number}", summary="One application")
def one_use(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)
    row = queries.get_use(actor, number)
    grants = [{"number": g.number, "state": g.state} for g, _ in queries.grants_of(actor, "scenario", number)]
    joint = [{"number": g.number, "state": g.state} for g, _ in queries.joint(actor, row)]
    return {**use_json(row), "grants": grants, "joint_grants": joint}


@router.post("/scenario-uses", summary="Apply inside an approved class")
def apply(request: HttpRequest, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": services.apply(actor, said.form).number})


@router.get("/public-report", summary="The annual report, counted from the record")
def annual_report(request: HttpRequest, year: str = "") -> dict[str, Any]:
    report.require_reader(member(request))
    found = report.public_report(report.year_of(year))
    return {
        "year": found.year, "suspended": found.suspended, "ended": found.ended,
        "cases": [[a.zh, b.zh, n] for a, b, n in found.cases], "use": [[label.zh, *rest] for label, *rest in found.use],
        "resources": found.resources, "applications": found.applications,
    }  # fmt: skip

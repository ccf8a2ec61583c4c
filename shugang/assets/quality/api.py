"""Quality assessment through the API: the same verbs and reads as the pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.parties.http import actor_of, once

from . import queries, services
from .dimensions import DIMENSIONS, INDICATORS
from .kinds import KINDS
from .models import Assessment, RuleSet

router = Router(tags=["quality"])


class Rules(Schema):
    """`document` follows `GET /quality/kinds`."""

    dataset: str
    name: str
    document: dict[str, Any]


class Change(Schema):
    name: str
    document: dict[str, Any]


class Order(Schema):
    """`version` of the data (the newest), `rules_version` (the newest published) may be left out."""

    rules: str
    version: int | None = None
    rules_version: int | None = None


class Signature(Schema):
    """The signature made outside, for keys in own custody."""

    signature: str = ""


def _rules(row: RuleSet) -> dict[str, Any]:
    return {
        "number": row.number, "version": row.version, "name": row.name, "dataset": row.dataset.number, "state": row.state,
        "digest": row.digest, "published_at": row.published_at.isoformat() if row.published_at else None,
    }  # fmt: skip


def _assessment(row: Assessment) -> dict[str, Any]:
    return {
        "number": row.number, "rules": row.rules.number, "rules_version": row.rules.version,
        "dataset": row.dataset_version.dataset.number, "version": row.dataset_version.version,
        "grant": row.grant.number if row.grant else None, "state": row.state, "stage": row.stage, "done": row.done,
        "total": row.total, "refusal": row.refusal, "score": row.score, "digest": row.digest,
        "ordered_at": row.ordered_at.isoformat(), "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }  # fmt: skip


@router.get("/quality/kinds", summary="Kinds of rules, indicators and dimensions", auth=None)
def kinds(request: HttpRequest) -> dict[str, Any]:
    return {
        "kinds": {
            name: {"label": k.label.zh, "label_en": k.label.en, "indicator": k.indicator, "hint": k.hint.zh, "hint_en": k.hint.en,
                   "params": {p: {"kind": v.kind, "required": v.required} for p, v in k.params.items()}}
            for name, k in KINDS.items()
        },
        "indicators": {n: {"dimension": i.dimension, "label": i.label.zh, "label_en": i.label.en, "inverse": i.inverse}
                       for n, i in INDICATORS.items()},
        "dimensions": {n: {"label": d.zh, "label_en": d.en} for n, d in DIMENSIONS.items()},
    }  # fmt: skip


@router.get("/quality/rules", summary="Rule sets, the newest version of each")
def rule_sets(request: HttpRequest, after: str = "") -> dict[str, Any]:
    page = paging.page(queries.rule_sets(actor_of(request)), after)
    return {"items": [_rules(r) for r in page.items], "next": page.next, "total": page.total}


@router.get("/quality/rules/{number}", summary="One rule set with all its versions and documents")
def rule_set(request: HttpRequest, number: str) -> dict[str, Any]:
    rows = queries.rule_versions(actor_of(request), number)
    return {"number": number, "versions": [{**_rules(r), "document": r.document} for r in rows]}


@router.post("/quality/rules", summary="Draft a rule set; send Idempotency-Key to make retries safe")
def draft(request: HttpRequest, body: Rules) -> dict[str, Any]:
    return once(request, [body.dict()],
                 lambda: _rules(services.draft_rules(actor_of(request), body.dataset, body.name, body.document)))  # fmt: skip


@router.put("/quality/rules/{number}", summary="Another wording: of the draft, or as the next version's draft")
def change(request: HttpRequest, number: str, body: Change) -> dict[str, Any]:
    return _rules(services.change_rules(actor_of(request), number, body.name, body.document))


@router.post("/quality/rules/{number}/publish", summary="Seal the draft; it never changes again")
def publish(request: HttpRequest, number: str) -> dict[str, Any]:
    return _rules(services.publish_rules(actor_of(request), number))


@router.post("/quality/rules/{number}/retire", summary="No more assessments by the newest version")
def retire(request: HttpRequest, number: str) -> dict[str, Any]:
    return _rules(services.retire_rules(actor_of(request), number))


@router.post("/quality/suggestions/{dataset}", summary="Rules that the first rows of the data suggest")
def suggestions(request: HttpRequest, dataset: str) -> dict[str, Any]:
    return services.suggest(actor_of(request), dataset)


@router.get("/quality/assessments", summary="Assessments of the acting party, and signed ones of its data")
def assessments(request: HttpRequest, state: str = "", rules: str = "", after: str = "") -> dict[str, Any]:
    page = paging.page(queries.assessments(actor_of(request), state, rules), after)
    return {"items": [_assessment(a) for a in page.items], "next": page.next, "total": page.total}


@router.get("/quality/assessments/{number}", summary="One assessment with its report")
def assessment(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_assessment(actor_of(request), number)
    return {**_assessment(row), "report": row.report, "signature": row.signature}


@router.post("/quality/assessments", summary="Order an assessment; it runs in the background")
def order(request: HttpRequest, body: Order) -> dict[str, Any]:
    def run() -> dict[str, Any]:
        return _assessment(services.order_assessment(actor_of(request), body.rules, body.version, body.rules_version))

    return once(request, [body.dict()], run)


@router.post("/quality/assessments/{number}/stop", summary="End one that waits or runs")
def stop(request: HttpRequest, number: str) -> dict[str, Any]:
    return _assessment(services.stop_assessment(actor_of(request), number))


@router.post("/quality/assessments/{number}/confirm", summary="Sign the report's digest for the party")
def confirm(request: HttpRequest, number: str, body: Signature) -> dict[str, Any]:
    return _assessment(services.confirm_assessment(actor_of(request), number, body.signature))

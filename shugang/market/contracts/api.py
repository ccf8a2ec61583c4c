"""Contracts through the API: read, sign (also with a key in own custody), change."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import paging
from shugang.kernel.errors import not_found
from shugang.policy.text import Text

from ..http import member, once_api
from . import queries, services, templates
from .composing import Clause, compose, title_of
from .models import Amendment, Contract
from .rights import rights

router = Router(tags=["contracts"])


class SignatureIn(Schema):
    """`own_signature`: base64 Ed25519 over the digest, when the key is in own custody. `sha256`: the digest as read."""

    own_signature: str = ""
    revision: int | None = None
    sha256: str = ""


class AnswersIn(Schema):
    """`answers` to the form of `/contract-templates/{code}`; those left out stay as they are."""

    answers: dict[str, Any]
    revision: int | None = None


class AmendmentIn(Schema):
    """What is left out stays; a later `valid_until` in `terms` renews the contract."""

    reason: str
    terms: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    answers: dict[str, Any] = {}


class BreachIn(Schema):
    """Which clause was broken, and what cures it."""

    reason: str


class ChangeIn(Schema):
    """`kind`: suspend, resume or terminate."""

    kind: str
    reason: str


def _summary(row: Contract) -> dict[str, Any]:
    return {
        "number": row.number, "product": row.product.number, "buyer": row.buyer.number, "supplier": row.supplier.number,
        "state": row.state, "held_by": row.held_by, "reason": row.reason, "revision": row.case.revision, "sha256": row.sha256,
        "sm3": row.sm3, "grant": row.grant.number if row.grant else None, "valid_until": row.valid_until,
        "effective_at": row.effective_at,
    }  # fmt: skip


@router.get("/contracts", summary="Contracts of the acting party, newest first")
def contracts(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.contracts(member(request), state).select_related("case"), after)
    return {"items": [_summary(c) for c in found.items], "next": found.next, "total": found.total}


@router.get("/contracts/{number}", summary="One contract: frozen text, signatures, what is left of its quotas")
def contract(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_contract(member(request), number)
    left = [{"quota": q.quota.to_json(), "used": q.used, "left": q.left} for q in queries.left(row)]
    signed = [
        {"side": s["side"], "holds": s["good"], "signature": s["row"].signature if s["row"] else None}
        for s in queries.signatures(row)
    ]
    return {**_summary(row), "context": row.context, "snapshot": row.snapshot, "signatures": signed, "left": left}


def clause_json(clause: Clause) -> dict[str, Any]:
    return {
        "id": clause.id,
        "title": clause.title.to_json(),
        "text": [p.to_json() for p in clause.paragraphs],
        "statements": [
            {"term": s.key, "label": s.label.to_json(), "value": s.value.to_json(), "held": s.guarantee,
             "machine": json.loads(s.machine) if s.machine else None}
            for s in clause.statements
        ],
    }  # fmt: skip


@router.get("/contract-templates", auth=None, summary="The contract templates on offer")
def contract_templates(request: HttpRequest) -> dict[str, Any]:
    found = [templates.load(code) for code in templates.CURRENT]
    return {"items": [{"code": t.code, "version": t.data["version"], "title": t.title.to_json()} for t in found]}


@router.get(
    "/contract-templates/{code}", auth=None, summary="One template: its form, and its clauses with placeholders"
)
def contract_template(request: HttpRequest, code: str) -> dict[str, Any]:
    if code not in templates.CURRENT:
        raise not_found(Text("这个合同模板", "contract template"))
    found = templates.load(code)
    return {**found.frozen(), "form": found.form.schema(), "defaults": found.defaults}


@router.get("/contracts/{number}/clauses", summary="The clauses in words, each value with the form that is enforced")
def clauses(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_contract(member(request), number)
    return {"title": title_of(row.current).to_json(), "clauses": [clause_json(c) for c in compose(row.current)]}


@router.get("/rights", summary="Rights of use that the acting party holds, newest first")
def rights_held(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.held(member(request)), after)
    items = [{"contract": c.number, "product": c.product.number, **rights(c).to_json()} for c in found.items]
    return {"items": items, "next": found.next, "total": found.total}


@router.get("/contracts/{number}/rights", summary="What the buyer may do, what is left, until when, how each is held")
def contract_rights(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_contract(member(request), number)
    return {"contract": row.number, **rights(row).to_json()}


@router.post("/contracts/{number}/answers", summary="Answer the template's form, until one side has signed")
def fill_in(request: HttpRequest, number: str, said: AnswersIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.fill_in(actor, number, said.answers, said.revision)
        return {"number": row.number, "sha256": row.sha256, "answers": row.snapshot["answers"]}

    return once_api(request, said.dict(), run)


@router.post(
    "/contracts/{number}/signature", summary="Sign the digest shown; own_signature when the key is in own custody"
)
def sign(request: HttpRequest, number: str, said: SignatureIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.sign(actor, number, said.own_signature, said.revision, said.sha256)
        return {"number": row.number, "state": row.state, "grant": row.grant.number if row.grant else None}

    return once_api(request, said.dict(), run)


@router.post(
    "/contracts/{number}/changes",
    summary="suspend, resume or terminate: a party proposes or agrees, an authority orders",
)
def change(request: HttpRequest, number: str, said: ChangeIn) -> dict[str, Any]:
    actor = member(request)
    act = services.CHANGES.get(said.kind)
    if act is None:
        raise services.unknown_change(said.kind)
    return once_api(request, said.dict(), lambda: {"number": number, "state": act(actor, number, said.reason).state})


def _amendment(row: Amendment) -> dict[str, Any]:
    return {
        "number": row.number, "contract": row.contract.number, "sequence": row.sequence, "state": row.state, "sha256": row.sha256,
        "sm3": row.sm3, "context": row.context, "revision": row.case.revision, "effective_at": row.effective_at,
    }  # fmt: skip


@router.post("/contracts/{number}/amendments", summary="Propose an amendment or a renewal; both sides sign it")
def propose_amendment(request: HttpRequest, number: str, said: AmendmentIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.propose_amendment(
            actor, number, said.reason, terms=said.terms, plan=said.plan, answers=said.answers
        )
        return {"number": row.number, "sha256": row.sha256, "price_from": row.content["price_from"]}

    return once_api(request, said.dict(), run)


@router.get("/amendments/{number}", summary="One amendment: its content, what changes, signatures")
def amendment(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_amendment(member(request), number)
    diff = [
        {"what": what.to_json(), "before": a.to_json() if a else None, "after": b.to_json() if b else None}
        for what, a, b in queries.amendment_diff(row)
    ]
    signed = [
        {"side": side, "holds": holds, "signature": made} for side, _, made, holds in queries.amendment_signatures(row)
    ]
    return {**_amendment(row), "content": row.content, "changes": diff, "signatures": signed}


@router.post("/amendments/{number}/signature", summary="Sign the digest of an amendment")
def sign_amendment(request: HttpRequest, number: str, said: SignatureIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.sign_amendment(actor, number, said.own_signature, said.revision, said.sha256)
        return {"number": row.number, "state": row.state}

    return once_api(request, said.dict(), run)


@router.post("/contracts/{number}/breach", summary="Give notice of a breach; the agreed time to cure begins")
def breach(request: HttpRequest, number: str, said: BreachIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"case": services.notify_breach(actor, number, said.reason).number})

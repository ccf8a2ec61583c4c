"""Statements and reconciliation through the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from shugang.kernel import paging
from shugang.kernel.actors import Actor, sees_every_record

from .. import gates
from . import monthly, queries
from .services import run_reconciliation
from .statement import Statement, agreements, statement

router = Router(tags=["settlement"])


def _summary(found: Statement) -> dict[str, Any]:
    agreement = found.agreement
    return {
        "contract": agreement.number,
        "grant": agreement.grant,
        "buyer": agreement.buyer.number,
        "supplier": agreement.supplier.number,
        "plan": agreement.plan,
        "commission_bp": agreement.commission_bp,
        "vat_bp": agreement.vat_bp,
        "as_of": found.as_of,
        "used_fen": found.used_fen,
        "unbilled_fen": found.unbilled_fen,
        "billed_unpaid_fen": found.at_stage("billed"),
        "paid_unsettled_fen": found.at_stage("paid"),
        "settled_fen": found.at_stage("settled"),
        "credited_fen": found.credited_fen,
        "difference_fen": found.difference_fen,
    }


@router.get("/statements", summary="How each contract of the acting party stands; amounts in 分")
def statements(request: HttpRequest, after: str = "") -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    page = paging.page(agreements(actor), after)
    items = [_summary(statement(actor, agreement.number)) for agreement in page.items]
    return {"items": items, "next": page.next, "total": page.total}


@router.get("/month-statement", summary="The acting party's month (`2026-12`): bills, what moved, what is kept; in 分")
def month(request: HttpRequest, month: str = "", party: str = "") -> dict[str, Any]:
    found = monthly.month_of(request.actor, monthly.parse_month(month), party)  # type: ignore[attr-defined]
    bills = [*found.bought, *found.sold]
    return {
        "party": found.party.number,
        "month": f"{found.first:%Y-%m}",
        "bills": [{"number": b.number, "kind": b.kind, "buyer": b.buyer.number, "supplier": b.supplier.number,
                   "total_fen": b.total_fen, "tax_fen": b.tax_fen, "state": b.state} for b in bills],
        "moved": [{"at": x.at, "bank_ref": x.bank_ref, "document": monthly.document_of(x), "what": what.to_json(),
                   "paid_fen": x.amount_fen if x.direction == "in" else 0,
                   "received_fen": x.amount_fen if x.direction == "out" else 0} for x, what in found.moved],
        "paid_fen": found.paid_fen,
        "received_fen": found.received_fen,
        "kept_fen": found.kept_fen,
        "ordered": [{"instruction": o.number, "purpose": o.purpose, "amount_fen": o.amount_fen, "state": o.state}
                    for o in found.ordered],
    }  # fmt: skip


@router.get("/statements/{contract}", summary="One contract's statement with its reconciliation")
def one(request: HttpRequest, contract: str) -> dict[str, Any]:
    found = statement(request.actor, contract)  # type: ignore[attr-defined]
    periods = [
        {
            "from": r.period.first,
            "to": r.period.last,
            "quantities": r.quantities,
            "rated_fen": r.rated_fen,
            "billed_fen": r.prior_fen,
        }
        for r in found.periods
    ]
    bills = [{"number": b.number, "kind": b.kind, "state": b.state, "total_fen": b.total_fen} for b in found.bills]
    return {**_summary(found), "periods": periods, "bills": bills, "reconciliation": found.report.to_json()}


def _reader(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not sees_every_record(actor):
        gates.require_operator(actor)
    return actor


@router.get("/reconciliation", summary="Books of planes, use, bills, ledger, bank and signatures compared now")
def reconciliation(request: HttpRequest) -> dict[str, Any]:
    """For platform finance and the supervisor. Reads every record: a minute for a million; kept runs answer at once."""
    _reader(request)
    return queries.reconcile().to_json()


@router.get("/reconciliation/runs", summary="Kept reconciliations, newest first")
def runs(request: HttpRequest, after: str = "") -> dict[str, Any]:
    found = paging.page(queries.runs(_reader(request)), after)
    items = [
        {"number": r.number, "day": r.day, "run_at": r.run_at, "difference_fen": r.difference_fen,
         "differences": len(r.report["differences"])}
        for r in found.items
    ]  # fmt: skip
    return {"items": items, "next": found.next, "total": found.total}


@router.get("/reconciliation/runs/{number}", summary="One kept reconciliation, with every difference that it named")
def one_run(request: HttpRequest, number: str) -> dict[str, Any]:
    run = queries.get_run(_reader(request), number)
    return {"number": run.number, "day": run.day, "run_at": run.run_at, "report": run.report}


@router.post("/reconciliation/runs", summary="Compare now and keep the result (platform finance)")
def keep_run(request: HttpRequest) -> dict[str, Any]:
    run = run_reconciliation(request.actor)  # type: ignore[attr-defined]
    return {"number": run.number, "difference_fen": run.difference_fen, "differences": len(run.report["differences"])}

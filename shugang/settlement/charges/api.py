"""Charges through the API: what a contract's use costs, and the revenue that a buyer reports."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency

from ..http import actor_of
from . import revenue

router = Router(tags=["settlement"])


class RevenueIn(Schema):
    """`revenue_yuan` in 元 as text, tax included; `period_from` the first day of a begun service period."""

    period_from: date
    revenue_yuan: str
    basis: str


@router.get("/charges/{number}/revenue", summary="Revenue reported under a contract of revenue share, newest first")
def reports(request: HttpRequest, number: str) -> dict[str, Any]:
    agreement = revenue.seen_agreement(actor_of(request), number)
    rows = agreement.revenues.order_by("-pk")
    return {"share_bp": agreement.price_plan.share_bp, "items": [
        {"period_from": r.period_from, "period_to": r.period_to, "revenue_fen": r.revenue_fen, "basis": r.basis,
         "reported_at": r.reported_at} for r in rows]}  # fmt: skip


@router.post("/charges/{number}/revenue", summary="Report the revenue of a service period (buyer)")
def report(request: HttpRequest, number: str, said: RevenueIn) -> dict[str, Any]:
    actor, data = actor_of(request), {**said.dict(), "period_from": said.period_from.isoformat()}
    key = request.headers.get("Idempotency-Key")

    def act() -> dict[str, Any]:
        row = revenue.report_revenue(actor, number, data)
        return {"period_from": row.period_from.isoformat(), "revenue_fen": row.revenue_fen}

    return idempotency.once(actor, key, idempotency.fingerprint(request.path, data), act)

"""What the steps of an acceptance bring about: the record of the delivery, and the price released, lowered or dropped."""

from __future__ import annotations

from dataclasses import replace

from shugang.kernel import clock
from shugang.kernel.events import emit
from shugang.kernel.procedure import Context

from ..contracts import charging, standing
from .guards import acceptance_of, wanted
from .models import Acceptance


def told(ctx: Context) -> None:
    ctx.refs += acceptance_of(ctx).event_refs()


def _delivered(ctx: Context, by: str) -> None:
    row = acceptance_of(ctx)
    row.delivered_at, row.delivered_by = clock.now(), by
    row.save(update_fields=["delivered_at", "delivered_by", "round"])
    ctx.refs += row.event_refs()
    ctx.outputs |= {"delivered_by": by, "round": row.round}


def delivered(ctx: Context) -> None:
    _delivered(ctx, "meter")


def received(ctx: Context) -> None:
    _delivered(ctx, "statement")


def redelivered(ctx: Context) -> None:
    Acceptance.objects.filter(case=ctx.case).update(round=acceptance_of(ctx).round + 1)
    _delivered(ctx, "redelivery")


def refused(ctx: Context) -> None:
    row = acceptance_of(ctx)
    row.statements.filter(answered_at=None).update(answered_at=clock.now(), refused=ctx.data["reason"])
    ctx.refs += row.event_refs()


def objected(ctx: Context) -> None:
    row = acceptance_of(ctx)
    ctx.refs += row.event_refs()
    emit("acceptance.objected", ctx.actor, row.event_refs(), {
        "reason": ctx.data["reason"], "remedy": ctx.data["remedy"], "round": row.round, "contract": row.contract.number,
    }, ctx.case)  # fmt: skip


def _decided(ctx: Context, outcome: str) -> Acceptance:
    row = acceptance_of(ctx)
    row.outcome, row.decided_at = outcome, clock.now()
    row.save(update_fields=["outcome", "decided_at"])
    ctx.refs += row.event_refs()
    ctx.outputs |= {"outcome": outcome}
    return row


def accepted(ctx: Context) -> None:
    row = _decided(ctx, Acceptance.Outcome.ACCEPTED)
    charging.release(ctx.actor, row.contract)


def reduced(ctx: Context) -> None:
    """The offered price takes the place of the agreed one, which is never billed."""
    row = _decided(ctx, Acceptance.Outcome.REDUCED)
    offer = ctx.case.votes.filter(transition="reduce").latest("id")
    plan = replace(row.contract.plan, price_fen=int(offer.data["price_fen"]))
    ctx.outputs |= {"price_fen": plan.price_fen, "charge": charging.lower(ctx.actor, row.contract, plan)}


def ended(ctx: Context) -> None:
    row = _decided(ctx, Acceptance.Outcome.ENDED)
    ctx.outputs |= {"remedy": wanted(ctx)}
    contract = standing.locked(row.contract.number)
    if contract.state in ("active", "suspended"):
        standing.terminate(contract, ctx.actor, ctx.data["reason"])


def closed(ctx: Context) -> None:
    _decided(ctx, Acceptance.Outcome.ENDED)

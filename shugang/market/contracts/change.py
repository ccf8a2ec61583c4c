"""The two-sided change of a contract in force."""

from __future__ import annotations

from shugang.kernel.procedure import Context

from . import standing
from .models import Contract


def contract_of(ctx: Context) -> Contract:
    """The contract whose signing case is the parent of this change, under its row lock."""
    assert ctx.case.parent is not None
    return standing.locked(ctx.case.parent.number)


def still_possible(ctx: Context) -> None:
    contract = contract_of(ctx)
    if not standing.may_change(contract, ctx.case.data["kind"], standing.PARTIES):
        raise standing.wrong_state(contract)


def carried_out(ctx: Context) -> None:
    contract = contract_of(ctx)
    kind, reason = ctx.case.data["kind"], ctx.case.data["reason"]
    if kind == "terminate":
        standing.terminate(contract, ctx.actor, reason)
    elif kind == "suspend":
        standing.suspend(contract, ctx.actor, standing.PARTIES, reason)
    else:
        standing.resume(contract, ctx.actor, reason)
    ctx.refs += contract.event_refs()


def told(ctx: Context) -> None:
    ctx.refs += contract_of(ctx).event_refs()

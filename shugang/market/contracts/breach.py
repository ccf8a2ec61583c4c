"""Notice of breach: the other side cures, contests, or after the agreed time the contract may be ended by one side."""

from __future__ import annotations

from shugang.kernel.events import emit
from shugang.kernel.procedure import Context

from . import standing
from .change import contract_of


def told(ctx: Context) -> None:
    ctx.refs += contract_of(ctx).event_refs()


def contested(ctx: Context) -> None:
    """A dispute may follow; the contract goes on meanwhile."""
    contract = contract_of(ctx)
    ctx.refs += contract.event_refs()
    emit("contract.breach_contested", ctx.actor, contract.event_refs(), {"reason": ctx.data["reason"]}, ctx.case)


def still_in_force(ctx: Context) -> None:
    contract = contract_of(ctx)
    if not standing.may_change(contract, "terminate", standing.PARTIES):
        raise standing.wrong_state(contract)


def ended(ctx: Context) -> None:
    contract = contract_of(ctx)
    standing.terminate(contract, ctx.actor, str(ctx.case.data["reason"]))
    ctx.refs += contract.event_refs()

"""What a step of a dispute brings about besides the state."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.models import CaseParty
from shugang.kernel.procedure import Context

from . import measures, remedies
from .guards import dispute_of, named_offer
from .models import Dispute, DisputeDecision


def told(ctx: Context) -> None:
    ctx.refs += dispute_of(ctx).event_refs()


def agency_named(ctx: Context) -> None:
    """The agency takes part from now on: the case under examination is the basis of what it may see."""
    dispute, offer = dispute_of(ctx), named_offer(ctx.data["offer"])
    dispute.offer, dispute.agency = offer, offer.agency
    dispute.save(update_fields=["offer", "agency"])
    CaseParty.objects.get_or_create(case=ctx.case, party_id=offer.agency_id, capacity="arbitrator")
    ctx.refs += [*dispute.event_refs(), ("service", offer.number), ("party", offer.agency.number)]


def agency_left(ctx: Context) -> None:
    """An agency that did not take the case, or left it, sees it no longer."""
    dispute = dispute_of(ctx)
    ctx.refs += [*dispute.event_refs(), *([("party", dispute.agency.number)] if dispute.agency else [])]
    dispute.offer = dispute.agency = None
    dispute.save(update_fields=["offer", "agency"])
    CaseParty.objects.filter(case=ctx.case, capacity="arbitrator").delete()


def awarded(ctx: Context) -> None:
    dispute = dispute_of(ctx)
    _decided(dispute, Dispute.Outcome.AWARDED)
    ctx.refs += [*dispute.event_refs(), *([("party", dispute.agency.number)] if dispute.agency else [])]


def settled(ctx: Context) -> None:
    dispute = dispute_of(ctx)
    _decided(dispute, Dispute.Outcome.SETTLED)
    ctx.refs += dispute.event_refs()
    ctx.outputs["sha256"] = dispute.decisions.get(state="standing").sha256


def _decided(dispute: Dispute, outcome: str) -> None:
    dispute.outcome, dispute.decided_at = outcome, clock.now()
    dispute.save(update_fields=["outcome", "decided_at"])


def executed(ctx: Context) -> None:
    """Platform finance carries out the refund; then the dispute ends like any other."""
    dispute = dispute_of(ctx)
    decision = dispute.decisions.get(state=DisputeDecision.State.STANDING)
    ctx.outputs["refund"] = remedies.refund(ctx.actor, dispute, decision)
    ended(ctx)


def received(ctx: Context) -> None:
    """The supplier repaid outside the custodian, where nothing of the contract's money was left, or sooner."""
    decision = dispute_of(ctx).decisions.get(state=DisputeDecision.State.STANDING)
    ctx.outputs["refund"] = remedies.repaid(decision)
    ended(ctx)


def ended(ctx: Context) -> None:
    """Closed, withdrawn or left unresolved: no measure outlives the dispute, no proposal waits."""
    dispute = dispute_of(ctx)
    if not dispute.outcome:
        dispute.outcome = Dispute.Outcome.WITHDRAWN if ctx.transition.name == "withdraw" else Dispute.Outcome.UNRESOLVED
    dispute.closed_at = clock.now()
    dispute.save(update_fields=["outcome", "closed_at"])
    measures.lift_all(ctx.actor, dispute, ctx.transition.label.zh)
    remedies.drop_proposals(dispute)
    ctx.refs += dispute.event_refs()

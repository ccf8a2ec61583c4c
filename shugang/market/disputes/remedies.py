"""What a decision brings about: access and contract at once, by reaction; the refund by platform finance."""

from __future__ import annotations

from typing import Any

from shugang.delivery.deletions.services import demand_deletion
from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..contracts import standing
from . import measures, money
from .models import Dispute, DisputeDecision

# A credit note's reason is kept as it was written, in the language of the record.
WORDS = {"settlement": "和解", "award": "裁决"}


def drop_proposals(dispute: Dispute) -> None:
    """Proposals of settlement that nobody can sign any more."""
    for decision in dispute.decisions.filter(state="proposed", kind="settlement").select_related("case").order_by("pk"):
        if decision.case.state == "proposed":
            engine.fire(decision.case.number, "lose_object")


@on("market.dispute.award")
@on("market.dispute.settle")
def carry_out(event: Event) -> None:
    """The contract goes on or ends, data are to be deleted; without a refund the dispute is closed in the same step."""
    dispute = Dispute.objects.select_related("case", "contract__grant").filter(case_id=event.case_id or 0).first()
    if dispute is None:
        return
    decision = dispute.decisions.get(state=DisputeDecision.State.STANDING)
    reason = f"争议{dispute.number}"
    for row in dispute.measures.filter(lifted_at=None, kind="access"):
        measures._lift(SYSTEM, dispute, row, reason)
    contract = standing.locked(dispute.contract.number)
    if decision.access == "terminate" and contract.state in {"active", "suspended"}:
        standing.terminate(contract, SYSTEM, reason)
    elif decision.access == "continue" and contract.state == "suspended" and contract.held_by == standing.PARTIES:
        standing.resume(contract, SYSTEM, reason)
    if decision.deletion and contract.grant is not None:
        days = int(dispute.case.profile.data["deletion_days"]) if dispute.case.profile else 10
        demand_deletion(SYSTEM, contract.grant.number, days, dispute.number)
    if not decision.refund_fen:
        _done(decision, {})
        engine.fire(dispute.number, "executed")


def refund(actor: Actor, dispute: Dispute, decision: DisputeDecision) -> dict[str, Any]:
    """Book the refund through settlement; the funds that were held for it are free first, in the same transaction."""
    for row in dispute.measures.filter(lifted_at=None, kind="funds"):
        measures._lift(actor, dispute, row, f"执行{decision.number}")
    made = money.refund(
        actor, dispute.contract.number, decision.refund_fen, f"争议{dispute.number}的{WORDS[decision.kind]}"
    )
    _done(decision, made)
    return made


def repaid(decision: DisputeDecision) -> dict[str, Any]:
    """The buyer says that the supplier paid him directly; no bill changes."""
    made = {"outside_fen": decision.refund_fen}
    _done(decision, made)
    return made


def _done(decision: DisputeDecision, made: dict[str, Any]) -> None:
    decision.executed_at, decision.execution = clock.now(), made
    decision.save(update_fields=["executed_at", "execution"])

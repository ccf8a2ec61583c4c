"""Holds on the pay-out of a contract's bills: a wing above that decides on the money (a dispute) places and lifts them.

While one stands, no bill of the contract is split; what the buyer pays meanwhile stays with the custodian.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.scope import ScopedModel
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..charges.models import ChargeAgreement
from ..charges.services import lock_agreement


class FundsHold(ScopedModel):
    """`kind` and `reference` name the decision (`dispute`, ZY-…); the money moves again when every hold is lifted."""

    agreement = models.ForeignKey(ChargeAgreement, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=20)
    reference = models.CharField(max_length=40)
    reason = models.CharField(max_length=400)
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "kind", "reference"],
                condition=Q(lifted_at__isnull=True),
                name="one_standing_funds_hold",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(agreement__in=ChargeAgreement.objects.visible_to(actor))


@verb
def hold_funds(actor: Actor, contract: str, kind: str, reference: str, reason: str) -> FundsHold:
    """Hold the pay-out of a contract's bills. Raises Refusal `not_found`, `already_done`."""
    agreement = lock_agreement(contract)
    if agreement.holds.filter(kind=kind, reference=reference, lifted_at=None).exists():
        raise Refusal("already_done", Text("这项冻结已在执行。", "This hold stands already."), 409)
    row = FundsHold.objects.create(
        agreement=agreement, kind=kind, reference=reference, reason=reason[:400], placed_at=clock.now()
    )
    emit("funds.held", actor, agreement.event_refs(), {"hold": [kind, reference], "reason": reason[:400]})
    return row


@verb
def lift_funds(actor: Actor, contract: str, kind: str, reference: str) -> ChargeAgreement:
    """Lift one hold. Raises Refusal `not_found`, `wrong_state` where no such hold stands."""
    agreement = lock_agreement(contract)
    if not agreement.holds.filter(kind=kind, reference=reference, lifted_at=None).update(lifted_at=clock.now()):
        raise Refusal("wrong_state", Text("没有可解除的冻结。", "No such hold stands."), 409)
    emit("funds.released", actor, agreement.event_refs(), {"hold": [kind, reference]})
    return agreement


def held_contracts() -> models.QuerySet[Any]:
    """Agreements (ids) with a standing hold."""
    return FundsHold.objects.filter(lifted_at=None).values("agreement_id")


def require_free(agreement: ChargeAgreement) -> None:
    """Raises Refusal `funds_held`. The caller holds the agreement's lock, so that no hold slips in between."""
    standing = agreement.holds.filter(lifted_at=None).order_by("pk").first()
    if standing is not None:
        raise Refusal(
            "funds_held",
            Text(f"该合同的款项已冻结（{standing.reference}），解除前不能付给供方。",
                 f"Funds of this contract are held ({standing.reference}); nothing is paid out until that is lifted."),
            409,
        )  # fmt: skip

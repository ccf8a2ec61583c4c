"""Contracts: the frozen text and its digests, the signatures over it, and its standing."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Terms


class Contract(ScopedModel):
    """`snapshot` is the contract; `sha256` and `sm3` are digests of its RFC 8785 form, and both sides sign the first.

    `source` and `outcomes` are what its grant will read and charge, frozen with it. `held_by` says who
    suspended it: the parties by agreement, or an authority by order. `amended` is what the last amendment in force made
    of terms, plan and answers; the snapshot itself never changes once a side has signed.
    """

    class State(models.TextChoices):
        PENDING = "pending_signature"
        ACTIVE = "active"
        SUSPENDED = "suspended"
        TERMINATED = "terminated"
        EXPIRED = "expired"
        DECLINED = "declined"

    OVER = (State.TERMINATED, State.EXPIRED, State.DECLINED)

    number = models.CharField(max_length=20, unique=True)
    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="contract")
    inquiry = models.OneToOneField("market.Inquiry", on_delete=models.PROTECT, related_name="contract")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, related_name="contracts")
    buyer = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="contracts_bought")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="contracts_supplied")
    snapshot = models.JSONField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    amended = models.JSONField(null=True)
    source = models.JSONField()
    outcomes = models.JSONField()
    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="+", null=True)
    certificate = models.ForeignKey("assets.Certificate", on_delete=models.PROTECT, related_name="contracts")
    grant = models.OneToOneField("delivery.Grant", on_delete=models.PROTECT, related_name="+", null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING, db_index=True)
    held_by = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=400, blank=True)
    revision = models.PositiveIntegerField(default=1)
    valid_until = models.DateTimeField(db_index=True)
    drafted_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["pending_signature", "active", "suspended", "terminated", "expired", "declined"]
                ),
                name="contract_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["active", "suspended", "terminated", "expired"])
                | Q(effective_at__isnull=False, grant__isnull=False),
                name="contract_in_effect_has_its_grant",
            ),
            models.CheckConstraint(
                condition=Q(state="suspended", held_by__in=["parties", "order"])
                | (~Q(state="suspended") & Q(held_by="")),
                name="suspended_contract_says_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["terminated", "expired", "declined"], ended_at__isnull=False)
                | (~Q(state__in=["terminated", "expired", "declined"]) & Q(ended_at__isnull=True)),
                name="ended_contract_says_when",
            ),
            models.CheckConstraint(condition=~Q(buyer=F("supplier")), name="contract_between_two_parties"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The two parties; and the venue's reviewer, who may have to stop one, and finance, who settles it."""
        if "operator" in actor.roles and actor.duties & {"reviewer", "finance"}:
            return Q()
        party = actor.party_id or 0
        return Q(buyer_id=party) | Q(supplier_id=party)

    @property
    def current(self) -> dict[str, Any]:
        """The text as it stands: the snapshot, with what the last amendment in force put in its place."""
        return {"answers": {}, **self.snapshot, **(self.amended or {})}

    @property
    def terms(self) -> Terms:
        return Terms.from_json(self.current["terms"])

    @property
    def plan(self) -> PricePlan:
        return PricePlan.from_json(self.current["plan"])

    @property
    def answers(self) -> dict[str, Any]:
        """Answers to the template's form; none for contracts of the former shape."""
        return dict(self.current["answers"])

    @property
    def context(self) -> str:
        """What a signature names besides the digest, so that it serves no other document."""
        return f"contract:{self.number}"

    def event_refs(self) -> list[tuple[str, str]]:
        refs = [
            ("contract", self.number),
            ("inquiry", self.inquiry.case.number),
            ("party", self.buyer.number),
            *self.product.event_refs(),
        ]
        return [*refs, ("grant", self.grant.number)] if self.grant else refs

    def __str__(self) -> str:
        return self.number


class ContractSignature(ScopedModel):
    """One side's signature, as `parties.keys.services.sign_digest` gives it. At most one a side."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=10)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    signature = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "side"], name="one_signature_a_side"),
            models.CheckConstraint(condition=Q(side__in=["supplier", "buyer"]), name="signature_side_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(contract__buyer_id=party) | Q(contract__supplier_id=party)


class Amendment(ScopedModel):
    """A numbered change (补充协议): `content` states before and after, `sha256` is what both sides sign.

    It builds on the state named by `content["base"]`; at most one is open at a time.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        IN_FORCE = "in_force"
        VOID = "void"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="amendment")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="amendments")
    sequence = models.PositiveSmallIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    supplier_signature = models.JSONField(null=True)
    buyer_signature = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    drafted_at = models.DateTimeField()
    effective_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "sequence"], name="amendment_number_once"),
            models.UniqueConstraint(
                fields=["contract"], condition=Q(state="pending"), name="one_open_amendment_a_contract"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "in_force", "void"]), name="amendment_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="in_force")
                | Q(effective_at__isnull=False, supplier_signature__isnull=False, buyer_signature__isnull=False),
                name="amendment_in_force_is_signed_by_both",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(contract__in=Contract.objects.visible_to(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def context(self) -> str:
        """What a signature names besides the digest."""
        return f"amendment:{self.number}"

    def event_refs(self) -> list[tuple[str, str]]:
        return [("amendment", self.number), *self.contract.event_refs()]

"""A dispute over a contract, its evidence, the measures meanwhile, and the decision: settlement or award."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class Dispute(ScopedModel):
    """`claim_fen` is the refund asked for, 0 where none is. `by_order`: the venue opened it for the claimant."""

    class Outcome(models.TextChoices):
        OPEN = ""
        SETTLED = "settled"
        AWARDED = "awarded"
        WITHDRAWN = "withdrawn"
        UNRESOLVED = "unresolved"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="dispute")
    contract = models.ForeignKey("market.Contract", on_delete=models.PROTECT, related_name="disputes")
    claimant = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    respondent = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    by_order = models.BooleanField(default=False)
    kind = models.CharField(max_length=16, db_index=True)
    remedies = models.JSONField(default=list)
    claim_fen = models.PositiveBigIntegerField(default=0)
    offer = models.ForeignKey("assets.ServiceOffer", on_delete=models.PROTECT, null=True, related_name="+")
    agency = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.OPEN, blank=True)
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(claimant=F("respondent")), name="dispute_between_two_parties"),
            models.UniqueConstraint(
                fields=["contract", "claimant", "kind"],
                condition=Q(closed_at__isnull=True),
                name="one_open_dispute_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(agency__isnull=True) | ~Q(agency=F("claimant")) & ~Q(agency=F("respondent")),
                name="arbitrator_is_no_party",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Those who take part: both sides, the venue, and the agency while the case is with it."""
        return Q(case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("case", self.number), ("dispute", self.number), *self.contract.event_refs()]

    def __str__(self) -> str:
        return self.number


class DisputeEvidence(ScopedModel):
    """A file that one side (or the venue, or the agency) put before the others; the file is a material of the case."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    position = models.PositiveIntegerField()
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    material = models.OneToOneField("kernel.Material", on_delete=models.PROTECT, related_name="+")
    proves = models.CharField(max_length=400)
    filed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dispute", "position"], name="evidence_numbered_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(dispute__case_id__in=_cases_of(actor))


class DisputeMeasure(ScopedModel):
    """What is frozen while the dispute is open: `access` holds the grant, `funds` the pay-out of the contract's bills."""

    class Kind(models.TextChoices):
        ACCESS = "access"
        FUNDS = "funds"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="measures")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.CharField(max_length=400)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_because = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dispute", "kind"], condition=Q(lifted_at__isnull=True), name="one_standing_measure_a_kind"
            ),
            models.CheckConstraint(condition=Q(kind__in=["access", "funds"]), name="measure_kind_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(dispute__case_id__in=_cases_of(actor))


class DisputeDecision(ScopedModel):
    """A settlement (proposed, then signed by both) or an award (signed by the agency).

    `content` is what was decided; `sha256` the digest of its RFC 8785 form, which each of `signatures` covers together
    with `context`. Amounts in 分.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        STANDING = "standing"
        VOID = "void"

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="decisions")
    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12)
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    signatures = models.JSONField(default=list)
    refund_fen = models.PositiveBigIntegerField(default=0)
    access = models.CharField(max_length=10)
    deletion = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    made_at = models.DateTimeField()
    executed_at = models.DateTimeField(null=True)
    execution = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dispute"], condition=Q(state="standing"), name="one_decision_a_dispute"),
            models.UniqueConstraint(fields=["dispute"], condition=Q(state="proposed"), name="one_proposal_at_a_time"),
            models.CheckConstraint(condition=Q(kind__in=["settlement", "award"]), name="decision_kind_known"),
            models.CheckConstraint(condition=Q(access__in=["continue", "terminate"]), name="decision_access_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(dispute__case_id__in=_cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    @property
    def context(self) -> str:
        """What a signature names besides the digest, so that it serves no other document."""
        return f"{self.kind}:{self.number}"


class EvidenceBundle(ScopedModel):
    """One export for one reader. The bytes lie under their digest; `manifest_sha256` is in the log with its event."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="bundles")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    manifest_sha256 = models.CharField(max_length=64)
    files = models.JSONField()
    bytes = models.BigIntegerField()
    log_size = models.BigIntegerField()
    event = models.OneToOneField("kernel.Event", on_delete=models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

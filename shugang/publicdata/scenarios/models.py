"""Tables: scenarios; one approval for one class."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel

from ..sharing.models import cases_of
from .kinds import CLASSES


class ScenarioCall(ScopedModel):
    """A public call for scenarios, by the data office."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="scenario_call")
    office = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    scenario_class = models.CharField(max_length=20)
    needs = models.CharField(max_length=2000)
    published_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)


class ScenarioProposal(ScopedModel):
    """What a party proposed in a call, and what the office answered; `adopted` once it was decided."""

    call = models.ForeignKey(ScenarioCall, on_delete=models.PROTECT, related_name="proposals")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=80)
    text = models.CharField(max_length=2000)
    adopted = models.BooleanField(null=True)
    answer = models.CharField(max_length=400, blank=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "party", "title"], name="scenario_proposed_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0) | Q(call__office_id=actor.party_id or 0)


class ClassApproval(ScopedModel):
    """One approval for one class: scenario class × `fields` {resource number: items} × `subjects`. `digest` once approved."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="class_approval")
    office = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    scenario_class = models.CharField(max_length=20)
    uses = models.CharField(max_length=800)
    resources = models.ManyToManyField("publicdata.PublicResource", related_name="class_approvals")
    fields = models.JSONField()
    subjects = models.JSONField()
    purpose = models.CharField(max_length=40)
    mode = models.CharField(max_length=10)
    key = models.CharField(max_length=120, blank=True)
    most_days = models.PositiveIntegerField()
    min_group = models.PositiveIntegerField(null=True)
    operation = models.ForeignKey(
        "publicdata.Operation", on_delete=models.PROTECT, null=True, related_name="class_approvals"
    )
    digest = models.CharField(max_length=64, blank=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scenario_class__in=list(CLASSES)), name="scenario_class_known"),
            models.CheckConstraint(condition=Q(most_days__gte=1), name="class_lasts_a_day"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=cases_of(actor))

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        return [("scenario_class", self.number), *(("public_resource", number) for number in self.fields)]

    def as_rule(self) -> dict[str, object]:
        return {
            "scenario_class": self.scenario_class,
            "fields": self.fields,
            "subjects": self.subjects,
            "most_days": self.most_days,
        }


class ScenarioUse(ScopedModel):
    """One application inside an approved class. `product`: the finished application on the market; `bundle`: the project of
    private data that it is fused with; `result`: what came of it."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="scenario_use")
    approval = models.ForeignKey(ClassApproval, on_delete=models.PROTECT, related_name="used_by")
    applicant = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    scenario_class = models.CharField(max_length=20)
    text = models.CharField(max_length=2000)
    fields = models.JSONField()
    days = models.PositiveIntegerField()
    bundle = models.ForeignKey("market.DealBundle", on_delete=models.PROTECT, null=True, related_name="+")
    product = models.ForeignKey("market.DataProduct", on_delete=models.PROTECT, null=True, related_name="+")
    result = models.CharField(max_length=2000, blank=True)
    asked_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Who takes part, and the departments whose data is used."""
        return Q(case_id__in=cases_of(actor)) | Q(approval__resources__department_id=actor.party_id or 0)

    @property
    def number(self) -> str:
        return str(self.case.number)

    def event_refs(self) -> list[tuple[str, str]]:
        return [
            ("scenario", self.number),
            ("scenario_class", self.approval.number),
            *(("public_resource", n) for n in self.fields),
        ]

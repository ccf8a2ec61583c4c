"""Tables: tickets of rectification, every finding that led to one, and the objections of those who see the data."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


class Ticket(ScopedModel):
    """What a department has to put right about a data set by one rule. `found_in`: the version in which it was found;
    closing rests on `rechecked` a newer one. One open ticket for a rule and a data set; more findings count up."""

    class Origin(models.TextChoices):
        OBJECTION = "objection"
        QUALITY = "quality"
        CROSSCHECK = "crosscheck"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="ticket")
    origin = models.CharField(max_length=10, choices=Origin.choices)
    rule = models.CharField(max_length=100)
    dataset = models.ForeignKey("delivery.Dataset", on_delete=models.PROTECT, related_name="tickets")
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="tickets")
    office = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    facts = models.JSONField(default=dict)
    occurrences = models.PositiveIntegerField(default=1)
    found_in = models.PositiveIntegerField()
    rechecked = models.PositiveIntegerField(null=True)
    recheck = models.JSONField(null=True)
    open = models.BooleanField(default=True)
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "dataset"], condition=Q(open=True), name="one_open_ticket_a_rule"),
            models.CheckConstraint(condition=Q(occurrences__gte=1), name="ticket_was_seen"),
            models.CheckConstraint(
                condition=Q(rechecked__isnull=True) | Q(rechecked__gt=F("found_in")), name="recheck_on_a_new_version"
            ),
            models.CheckConstraint(
                condition=Q(open=True, closed_at__isnull=True) | Q(open=False, closed_at__isnull=False),
                name="ticket_closed_once",
            ),
            models.CheckConstraint(
                condition=Q(origin__in=["objection", "quality", "crosscheck"]), name="ticket_origin_known"
            ),
        ]
        indexes = [models.Index(fields=["department", "open"], name="ticket_by_department")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """Who takes part in the case, and whoever objected."""
        party = actor.party_id or 0
        cases = CaseParty.objects.filter(party_id=party).values("case_id")
        return Q(case_id__in=cases) | Q(pk__in=Objection.objects.filter(party_id=party).values("ticket_id"))

    @property
    def number(self) -> str:
        return str(self.case.number)


class Occurrence(models.Model):
    """One finding: an objection's, an assessment's or a cross-check's number, and what was found."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="findings")
    source = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "source"], name="finding_once")]


class Objection(ScopedModel):
    """异议: somebody who may see a datum says that it is wrong. While it is open, consumers see a mark on the data set."""

    number = models.CharField(max_length=20, unique=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="objections")
    dataset = models.ForeignKey("delivery.Dataset", on_delete=models.PROTECT, related_name="datum_objections")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="datum_objections")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="+")
    column = models.CharField(max_length=128)
    key = models.CharField(max_length=200, blank=True)
    says = models.CharField(max_length=1000)
    filed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["dataset", "ended_at"], name="objection_by_dataset")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The objector, the department, the data office. Others see that there is one, not what it says."""
        party = actor.party_id or 0
        return Q(party_id=party) | Q(ticket__department_id=party) | Q(ticket__office_id=party)

"""People, their memberships of parties, one-time links and access tokens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.text import Text

DUTY_LABELS: dict[str, Text] = {
    "manager": Text("管理员", "Manager"),
    "handler": Text("经办", "Handler"),
    "examiner": Text("受理审查", "Examiner"),
    "reviewer": Text("复核", "Reviewer"),
    "signer": Text("签署", "Signer"),
    "finance": Text("财务", "Finance"),
    "engineer": Text("工程师", "Engineer"),
    "analyst": Text("分析员", "Analyst"),
    "supervisor": Text("监管", "Supervisor"),
    "chief_data_officer": Text("首席数据官", "Chief data officer"),
}
DUTIES = frozenset(DUTY_LABELS)


class Person(AbstractUser):
    """Somebody who signs in. `authorised` is given by the security administrator; without it nothing works."""

    display_name = models.CharField(max_length=60)
    authorised = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def stands(self) -> bool:
        """Whether the account works at all. Demonstration accounts work in a demonstration only."""
        return self.is_active and self.authorised and (settings.SHUGANG_DEMO or not self.demo)


class Membership(ScopedModel):
    """A person's duties for a party."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="memberships")
    duties = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "party"], name="one_membership_a_party")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)


class Invitation(ScopedModel):
    """A one-time link: to join a party, to take up an administrator's post, or to set an account's password."""

    digest = models.CharField(max_length=64, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, null=True)
    duties = models.JSONField(default=list)
    post = models.CharField(max_length=10, blank=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="links")
    label = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(party__isnull=False, post="", person__isnull=True)
                | (Q(party__isnull=True, person__isnull=True) & ~Q(post=""))
                | Q(party__isnull=True, post="", person__isnull=False),
                name="link_has_one_purpose",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)


class AccessToken(models.Model):
    """A token for the REST API: acts as one person for one party. Only its SHA-256 is kept.

    Personal, so outside the parties' scope: read by person only (`accounts.queries`).
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    party = models.ForeignKey("parties.Party", on_delete=models.CASCADE)
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    label = models.CharField(max_length=60)
    read_only = models.BooleanField(default=True)
    second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

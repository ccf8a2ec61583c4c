"""Grants, their bases and holds, and the keys that open them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.scope import ScopedModel
from shugang.policy.sources import MODE_NAMES
from shugang.policy.terms import Terms


class Grant(ScopedModel):
    """The right of one party to use one product in one mode. Terms are frozen; only the state moves.

    `valid_until` is the intersection of the terms' window and the bases' lives.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        ENDED = "ended"

    number = models.CharField(max_length=20, unique=True)
    grantee = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="grants_held")
    supplier = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="grants_given")
    product = models.CharField(max_length=40, db_index=True)
    contract = models.CharField(max_length=40, blank=True, db_index=True)
    mode = models.CharField(max_length=10)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=400, blank=True)
    terms = models.JSONField()
    terms_digest = models.CharField(max_length=64)
    source = models.JSONField()
    outcomes = models.JSONField()
    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="grants")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(db_index=True)
    issued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    first_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=MODE_NAMES), name="grant_mode_known"),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False) | (~Q(state="ended") & Q(ended_at__isnull=True)),
                name="ended_grant_says_when",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(grantee_id=party) | Q(supplier_id=party)

    def read_terms(self) -> Terms:
        return Terms.from_json(self.terms)

    def __str__(self) -> str:
        return self.number


class GrantBasis(models.Model):
    """Why a grant may exist (用必有据): a contract, a certificate, a listing, an authorisation, a case."""

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="bases")
    kind = models.CharField(max_length=30)
    reference = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    valid_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "kind", "reference"], name="basis_once_a_grant")]
        indexes = [models.Index(fields=["kind", "reference"], name="grant_basis")]


class GrantHold(models.Model):
    """Something that suspends a grant: a basis that is itself suspended, or a decision (`decision`, "").

    A grant is active again only when every hold on it is lifted.
    """

    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=30)
    reference = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=400)
    placed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "kind", "reference"], condition=Q(lifted_at__isnull=True), name="one_standing_hold"
            )
        ]


class Credential(ScopedModel):
    """A key of one person for one purpose, in one environment where that is agreed; opens one or more grants. Only the SHA-256 of the secret is kept, except
    where the plane must check signatures made with it: then the secret itself, sealed (`kernel.secrets`)."""

    class Kind(models.TextChoices):
        BEARER = "bearer"
        API_KEY = "api_key"
        AKSK = "aksk"
        OAUTH = "oauth"
        LINK = "link"

    number = models.CharField(max_length=20, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="credentials")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="credentials")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    digest = models.CharField(max_length=64, unique=True)
    sealed_secret = models.BinaryField(null=True)
    prefix = models.CharField(max_length=12)
    purpose = models.CharField(max_length=40)
    environment = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    grants = models.ManyToManyField(Grant, related_name="credentials")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="aksk", sealed_secret__isnull=False)
                | (~Q(kind="aksk") & Q(sealed_secret__isnull=True)),
                name="only_signing_keys_are_recoverable",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id or 0)

"""Signing keys of people: held by the platform (sealed) or by the person himself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SigningKey(models.Model):
    """An Ed25519 key. `sealed` is empty for a key in the person's own custody. Personal: read by person only."""

    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="signing_keys")
    public_key = models.CharField(max_length=64, unique=True)
    custody = models.CharField(max_length=10, choices=[("platform", "platform"), ("own", "own")])
    sealed = models.BinaryField(default=b"")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(revoked_at__isnull=True), name="one_living_key_a_person"
            ),
            models.CheckConstraint(
                condition=Q(custody="own", sealed=b"") | (Q(custody="platform") & ~Q(sealed=b"")),
                name="only_platform_custody_holds_a_key",
            ),
        ]

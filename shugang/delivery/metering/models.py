"""Usage records: what planes journalled, each committed to the log."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q, Value

from shugang.kernel.events import iso
from shugang.kernel.models import Evidenced
from shugang.kernel.scope import ScopedModel
from shugang.kernel.sequencer import sequenced


@sequenced
class UsageRecord(ScopedModel, Evidenced):
    """One journal record of a plane, never edited.

    `charged` and `charge_reason` are control's finding; where it differs from the plane's statement, that
    statement is kept in `stated`, so that the record's hash can be checked for ever. `at` is rule time,
    `received_at` real time at the plane, `folded_at` real time here. `grant_number` may name a grant that
    this plane does not hold: then `grant` is null and nothing is charged.
    """

    # No index of their own: `usage_seq_once` and `usage_grant_at` begin with them, and each index costs every fold.
    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="usage", db_index=False)
    seq = models.BigIntegerField()
    grant_seq = models.BigIntegerField(default=0)
    grant = models.ForeignKey(
        "delivery.Grant", on_delete=models.PROTECT, null=True, related_name="usage", db_index=False
    )
    grant_number = models.CharField(max_length=64)
    credential = models.CharField(max_length=64)
    request_id = models.CharField(max_length=200)
    mode = models.CharField(max_length=10)
    action = models.CharField(max_length=20)
    outcome = models.CharField(max_length=64)
    charged = models.BooleanField()
    charge_reason = models.CharField(max_length=80)
    stated = models.JSONField(null=True)
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    folded_at = models.DateTimeField(db_index=True)
    version = models.IntegerField()
    answer_sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10)
    detail = models.JSONField(default=dict)
    hash = models.CharField(max_length=64)
    prev = models.CharField(max_length=64)
    LOG_KIND = Value("usage.recorded")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plane", "seq"], name="usage_seq_once"),
            models.UniqueConstraint(
                fields=["plane", "grant_number", "grant_seq"],
                condition=Q(grant_seq__gt=0),
                name="usage_number_once_a_grant",
            ),
            models.UniqueConstraint(
                fields=["grant", "request_id"], condition=Q(charged=True), name="billing_key_charged_once"
            ),
            models.CheckConstraint(condition=Q(charged=False) | Q(grant__isnull=False), name="charged_under_a_grant"),
        ]
        indexes = [
            models.Index(fields=["grant", "at"], name="usage_grant_at"),
            models.Index(fields=["id"], name="usage_unsequenced", condition=Q(log_index__isnull=True)),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(grant__grantee_id=party) | Q(grant__supplier_id=party)

    def stated_record(self) -> dict[str, Any]:
        """The journal record exactly as the plane chained it, `hash` included."""
        claim = self.stated or {"charged": self.charged, "charge_reason": self.charge_reason}
        return {
            "seq": self.seq,
            "grant": self.grant_number,
            "grant_seq": self.grant_seq,
            "credential": self.credential,
            "request_id": self.request_id,
            "mode": self.mode,
            "action": self.action,
            "outcome": self.outcome,
            **claim,
            "rows": self.rows,
            "bytes": self.bytes,
            "at": plane_iso(self.at),
            "received_at": plane_iso(self.received_at),
            "version": self.version,
            "answer_sha256": self.answer_sha256,
            "state": self.state,
            "detail": self.detail,
            "prev": self.prev,
            "hash": self.hash,
        }

    def commitment_payload(self) -> dict[str, Any]:
        """The plane's record and control's finding about it."""
        return {
            "plane": self.plane_number,
            "record": self.stated_record(),
            "charged": self.charged,
            "charge_reason": self.charge_reason,
            "folded_at": iso(self.folded_at),
        }

    @property
    def plane_number(self) -> str:
        return self.plane.number


class PlaneBooks(models.Model):
    """A plane's own sums as of its record `seq`: grant → charged and uncharged calls, rows, bytes. Never edited."""

    plane = models.ForeignKey("delivery.Plane", on_delete=models.PROTECT, related_name="books")
    seq = models.BigIntegerField()
    head = models.CharField(max_length=64)
    sums = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plane", "seq", "head"], name="books_once")]


def plane_iso(moment: Any) -> str:
    """The journal's spelling of a time: milliseconds, `Z`."""
    return iso(moment)[:-4] + "Z"

"""Notices, what people want by e-mail, and the letters. Written in the transaction of the event, so without the foreign
keys' locks: a verb that holds a party's row must not wait for one that tells its people something."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Letter(models.Model):
    """One e-mail. `message_id` is fixed before the first attempt: a repeat after a crash is recognisable as one."""

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"
        DROPPED = "dropped"

    kind = models.CharField(max_length=10, choices=[(k, k) for k in ("notice", "digest", "verify")])
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, related_name="letters")
    address = models.CharField(max_length=254)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    next_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="letter_due", condition=Q(state="pending"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="sent_letter_says_when",
            )
        ]


class Notice(models.Model):
    """One sentence for one person, as a member of `party` or (null) for himself. `key` is told once.

    Personal, so outside the parties' scope: read by person only (`queries.mine`).

    `mail`: new until the worker has looked at it, daily while it waits for the day's digest, then done.
    """

    person = models.ForeignKey("parties.Person", on_delete=models.CASCADE, related_name="notices", db_constraint=False)
    party = models.ForeignKey(
        "parties.Party", on_delete=models.CASCADE, null=True, related_name="+", db_constraint=False
    )
    event_id = models.BigIntegerField(null=True)
    group = models.CharField(max_length=12)
    code = models.CharField(max_length=80)
    zh = models.CharField(max_length=200)
    en = models.CharField(max_length=240)
    ref_kind = models.CharField(max_length=30, blank=True)
    ref_key = models.CharField(max_length=80, blank=True)
    page = models.CharField(max_length=120, blank=True)
    key = models.CharField(max_length=160, unique=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=5, choices=[(m, m) for m in ("new", "daily", "done")], default="new")
    letter = models.ForeignKey(Letter, on_delete=models.SET_NULL, null=True, related_name="notices")

    class Meta:
        indexes = [
            models.Index(fields=["person", "party"], name="notice_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["person", "party", "id"], name="notice_list"),
            models.Index(fields=["mail", "person"], name="notice_unmailed", condition=~Q(mail="done")),
        ]


class NoticeChoice(models.Model):
    """How a person wants one group by e-mail; without a row, the profile's word."""

    person = models.ForeignKey("parties.Person", on_delete=models.CASCADE, related_name="notice_choices")
    group = models.CharField(max_length=12)
    how = models.CharField(max_length=6, choices=[(h, h) for h in ("once", "daily", "never")])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "group"], name="one_choice_a_group")]

"""Tables of the kernel. Parties and people appear as plain ids: they live on a floor above."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from shugang.evidence.hashing import EMPTY_ROOT

from .scope import ScopedModel


class ClockOffset(models.Model):
    """The simulated clock of a demonstration database: one row, seconds added to real time."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_clock_offset")]


class RuleProfile(models.Model):
    """Deadlines, types, validity and thresholds as versioned data. Rows are never edited."""

    code = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160)
    effective_from = models.DateField()
    data = models.JSONField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="profile_version_once")]


class Serial(models.Model):
    """The last number given out under a name; taken under a row lock, so numbers have no gaps."""

    name = models.CharField(max_length=80, primary_key=True)
    last = models.BigIntegerField(default=0)


class IdempotencyRecord(models.Model):
    """The stored answer of a request, written in the transaction of its effect."""

    actor = models.CharField(max_length=80)
    key = models.CharField(max_length=128)
    request_hash = models.CharField(max_length=64)
    response = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotency_key_once")]


class Case(ScopedModel):
    """One run of a procedure. `revision` rises with every change and guards against stale pages."""

    procedure = models.CharField(max_length=60, db_index=True)
    number = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=40, db_index=True)
    revision = models.PositiveIntegerField(default=1)
    profile = models.ForeignKey(RuleProfile, on_delete=models.PROTECT, null=True)
    data = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    opened_by = models.BigIntegerField(null=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(id__in=CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id"))


class CaseParty(models.Model):
    """A party that takes part in a case, in one capacity (applicant, registrar, supplier …)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="parties")
    party_id = models.BigIntegerField(db_index=True)
    capacity = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "party_id", "capacity"], name="case_capacity_once")]


class CaseVote(models.Model):
    """One person's act on a transition; with a quorum, the state moves at the last needed vote."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="votes")
    transition = models.CharField(max_length=60)
    round = models.PositiveIntegerField()
    person_id = models.BigIntegerField(null=True)
    party_id = models.BigIntegerField(null=True)
    capacity = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "transition", "round", "person_id"], name="one_vote_a_person_a_round"
            )
        ]


class CaseClock(models.Model):
    """A named deadline of a case, in working days (wd) or calendar days (d)."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        STOPPED = "stopped"
        EXPIRED = "expired"

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks")
    name = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices)
    started_at = models.DateTimeField()
    days = models.PositiveIntegerField()
    unit = models.CharField(max_length=2, choices=[("wd", "working days"), ("d", "days")])
    due_at = models.DateTimeField(db_index=True)
    remaining = models.IntegerField(null=True)
    provisional = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "name"], name="clock_once_a_case")]


class Material(ScopedModel):
    """An uploaded file of a case: content-addressed, type sniffed, never executed or rendered inline."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="materials")
    party_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    created_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        party = actor.party_id or 0
        return Q(party_id=party) | Q(case_id__in=CaseParty.objects.filter(party_id=party).values("case_id"))


class Evidenced(models.Model):
    """A row whose commitment goes into the log; `log_index` is given by the sequencer alone."""

    salt = models.BinaryField(max_length=32)
    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    log_index = models.BigIntegerField(null=True, unique=True)

    class Meta:
        abstract = True

    # What the entry calls the row, and the rule time that it states, as expressions over the row: the sequencer reads
    # thousands of rows a second and makes no object of any.
    LOG_KIND: ClassVar[Any]
    LOG_TIME: ClassVar[Any] = F("at")

    def commitment_payload(self) -> dict[str, Any]:
        """The content that the commitment covers, so that a holder can open it."""
        raise TypeError(f"{type(self).__name__} must give its payload")


class Event(Evidenced):
    """One business transition: what happened, to what (`EventRef`), by whom. Never edited."""

    at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField()
    kind = models.CharField(max_length=80, db_index=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="events")
    person_id = models.BigIntegerField(null=True)
    party_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200)
    payload = models.JSONField()
    LOG_KIND = F("kind")

    class Meta:
        indexes = [models.Index(fields=["id"], name="event_unsequenced", condition=Q(log_index__isnull=True))]

    def commitment_payload(self) -> dict[str, Any]:
        from .events import committed_content

        return committed_content(self)


class EventRef(models.Model):
    """An object that an event is about, by its public number: `asset`, `product`, `contract`, `grant` …"""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="refs")
    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "kind", "key"], name="ref_once_an_event")]
        indexes = [models.Index(fields=["kind", "key"], name="event_ref")]


class LogEntry(models.Model):
    """The log's own bytes: they outlive the deletable content that they commit to."""

    index = models.BigIntegerField(primary_key=True)
    data = models.BinaryField()


class Checkpoint(models.Model):
    """A signed state of the log. One per size: two roots for one size would be a fork.

    `witnessed_at`: when enough witnesses had cosigned it; null until then, and for the many that nobody was asked about.
    """

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    text = models.TextField()
    at = models.DateTimeField()
    witnessed_at = models.DateTimeField(null=True, db_index=True)


class SearchDocument(models.Model):
    """Normalised text of one public object, in fields of falling weight; the index proper stands beside it (`textstore`)."""

    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=80)
    title = models.TextField()
    keywords = models.TextField(default="")
    summary = models.TextField(default="")
    body = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="search_document_once")]


class SearchWord(models.Model):
    """A Latin word that some text holds or held: how a query that begins inside one is found."""

    word = models.CharField(max_length=80, primary_key=True)


class WitnessedLog(models.Model):
    """Another operator's log that we witness: its key, and the last checkpoint of it that we cosigned.

    `seen_root` is hexadecimal, `seen_note` the checkpoint as sent. `anchored_size`: how far it is told in our own log.
    """

    origin = models.CharField(max_length=200, unique=True)
    vkey = models.CharField(max_length=400)
    operator = models.CharField(max_length=120)
    active = models.BooleanField(default=True)
    seen_size = models.BigIntegerField(default=0)
    seen_root = models.CharField(max_length=64, default=EMPTY_ROOT.hex())
    seen_note = models.TextField(blank=True)
    seen_at = models.DateTimeField(null=True)
    anchored_size = models.BigIntegerField(default=0)
    anchored_at = models.DateTimeField(null=True)


class Witness(models.Model):
    """Who cosigns our checkpoints: key, operator, and the address before `/add-checkpoint`.

    `size`: what it cosigned last, by its own word; `fault`: why the last attempt failed, "" when it did not.
    """

    vkey = models.CharField(max_length=400, unique=True)
    operator = models.CharField(max_length=120)
    url = models.CharField(max_length=200)
    active = models.BooleanField(default=True)
    size = models.BigIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    cosigned_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=200, blank=True)


class Cosignature(models.Model):
    """A witness's line on the checkpoint of `size`, verified before it was stored. `at`: when the witness saw it."""

    witness = models.ForeignKey(Witness, on_delete=models.PROTECT, related_name="cosignatures")
    size = models.BigIntegerField(db_index=True)
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["witness", "size"], name="cosigned_once")]


class TimeStamp(models.Model):
    """An RFC 3161 token over `text`, a checkpoint as we signed it. `at`: the time that the authority states."""

    size = models.BigIntegerField(unique=True)
    text = models.TextField()
    token = models.BinaryField()
    at = models.DateTimeField()
    authority = models.CharField(max_length=200)

"""An appraisal, its working papers and signatures; and, apart from them, the book-cost sheets."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.scope import ScopedModel


class Appraisal(ScopedModel):
    """One engagement, and the report when it is issued. `content` is what the event `appraisal.issued` committed to."""

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="appraisal")
    asset = models.ForeignKey("assets.DataAsset", on_delete=models.PROTECT, related_name="appraisals")
    client = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="appraisals_ordered")
    holder = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="appraisals_of_own")
    appraiser = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="appraisals_made")
    form = models.JSONField()
    base_date = models.DateField()
    supersedes = models.ForeignKey("self", on_delete=models.PROTECT, related_name="superseded_by", null=True)
    number = models.CharField(max_length=20, unique=True, null=True)
    issued_at = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True, db_index=True)
    archive_until = models.DateField(null=True)
    content = models.JSONField(null=True)
    salt = models.BinaryField(null=True)
    event = models.OneToOneField("kernel.Event", on_delete=models.PROTECT, related_name="appraisal", null=True)
    report = models.OneToOneField("assets.SignedReport", on_delete=models.PROTECT, related_name="appraisal", null=True)
    pdf_path = models.CharField(max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(appraiser=F("client")), name="appraiser_is_not_client"),
            models.CheckConstraint(condition=~Q(appraiser=F("holder")), name="appraiser_is_not_holder"),
            models.CheckConstraint(
                condition=Q(number__isnull=True)
                | Q(issued_at__isnull=False, valid_until__gt=F("issued_at"), archive_until__isnull=False),
                name="issued_appraisal_is_complete",
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(client_id=actor.party_id) | Q(appraiser_id=actor.party_id)


class WorkingPaper(ScopedModel):
    """One version of the working paper: the answers, what was computed from them, and their digest. Immutable."""

    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, related_name="papers")
    version = models.PositiveIntegerField()
    form = models.JSONField()
    result = models.JSONField()
    digest = models.CharField(max_length=64)
    saved_by = models.BigIntegerField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["appraisal", "version"], name="paper_version_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The appraiser's own; the client reads its last version through the report (queries.paper_of)."""
        return Q(appraisal__appraiser_id=actor.party_id)


class AppraisalSignature(ScopedModel):
    """A named appraiser's signature under one working paper and its conclusion."""

    appraisal = models.ForeignKey(Appraisal, on_delete=models.PROTECT, related_name="signatures")
    paper = models.ForeignKey(WorkingPaper, on_delete=models.PROTECT, related_name="signatures")
    person_id = models.BigIntegerField()
    name = models.CharField(max_length=40)
    qualification = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    signature = models.JSONField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["appraisal", "person_id"], name="appraiser_signs_once"),
            models.UniqueConstraint(fields=["appraisal", "qualification"], name="qualification_signs_once"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(appraisal__client_id=actor.party_id) | Q(appraisal__appraiser_id=actor.party_id)


class BookSheet(ScopedModel):
    """Book cost of one data resource (入表, 财会〔2023〕11号). It knows no appraisal: value and cost are two records."""

    number = models.CharField(max_length=20, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="book_sheets")
    title = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id)


class BookSheetVersion(ScopedModel):
    """One saved state of a sheet: the answers and what follows from them. Immutable."""

    sheet = models.ForeignKey(BookSheet, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    form = models.JSONField()
    result = models.JSONField()
    digest = models.CharField(max_length=64)
    saved_by = models.BigIntegerField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "version"], name="sheet_version_once")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(sheet__party_id=actor.party_id)

"""Data assets, what was asked about them, the certificate, and what others said against it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel


def _cases_of(actor: Any) -> Any:
    return CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")


class DataAsset(ScopedModel):
    """A version of a dataset on which a party asks for rights, and their present standing."""

    class State(models.TextChoices):
        REGISTERING = "registering"
        REGISTERED = "registered"
        SUSPENDED = "suspended"
        LAPSED = "lapsed"
        CANCELLED = "cancelled"
        REVOKED = "revoked"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"
        TRANSFERRED = "transferred"

    OPEN = (State.REGISTERING, State.REGISTERED, State.SUSPENDED)

    number = models.CharField(max_length=20, unique=True)
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="assets")
    dataset_version = models.ForeignKey("delivery.DatasetVersion", on_delete=models.PROTECT, related_name="assets")
    name = models.CharField(max_length=40)
    summary = models.CharField(max_length=400)
    industry = models.CharField(max_length=1)
    division = models.PositiveSmallIntegerField()
    source_kind = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REGISTERING, db_index=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["party", "dataset_version"],
                condition=Q(state__in=["registering", "registered", "suspended"]),
                name="one_live_asset_a_version",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id) | Q(registration__case_id__in=_cases_of(actor))


class AssetRight(ScopedModel):
    """One party's right on an asset. Several parties may hold the same right: nothing here is exclusive."""

    class Right(models.TextChoices):
        HOLD = "HOLD"
        USE = "USE"
        OPERATE = "OPERATE"

    asset = models.ForeignKey(DataAsset, on_delete=models.PROTECT, related_name="rights")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="asset_rights")
    right = models.CharField(max_length=10, choices=Right.choices)
    valid_from = models.DateTimeField(null=True)
    valid_until = models.DateTimeField(null=True)
    limits = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "party", "right"], name="right_once"),
            models.CheckConstraint(condition=Q(right__in=["HOLD", "USE", "OPERATE"]), name="right_known"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id) | Q(asset__registration__case_id__in=_cases_of(actor))


class Registration(ScopedModel):
    """The application behind one case: the form as it stands, and what the registrar settled on the way.

    It founds an `asset` (first registration, transfer, licence: the asset of who gets the rights) or `amends` one
    (change, correction, renewal). `previous` is the certificate that it stands on, None for a first registration.
    """

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="registration")
    asset = models.OneToOneField(DataAsset, on_delete=models.PROTECT, related_name="registration", null=True)
    amends = models.ForeignKey(DataAsset, on_delete=models.PROTECT, related_name="amendments", null=True)
    previous = models.ForeignKey("Certificate", on_delete=models.PROTECT, related_name="successions", null=True)
    reason = models.CharField(max_length=400, blank=True)
    registrar = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="registrations")
    kind = models.CharField(max_length=12, default="initial")
    form = models.JSONField()
    accepted_on = models.DateField(null=True)
    extended = models.BooleanField(default=False)
    corrections = models.PositiveSmallIntegerField(default=0)
    opinion = models.CharField(max_length=400, blank=True)
    remarks = models.CharField(max_length=400, blank=True)
    withheld = models.BooleanField(default=False)
    notice_from = models.DateTimeField(null=True, db_index=True)
    open = models.BooleanField(default=True)  # until its case has ended: an asset is amended once at a time

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(asset__isnull=False, amends__isnull=True) | Q(asset__isnull=True, amends__isnull=False),
                name="registration_founds_or_amends",
            ),
            models.UniqueConstraint(fields=["amends"], condition=Q(open=True), name="one_open_amendment_an_asset"),
        ]

    @property
    def subject(self) -> DataAsset:
        """The asset that the registration is about."""
        found = self.asset or self.amends
        assert found is not None
        return found

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))


class Certificate(ScopedModel):
    """Proof of a registration. It takes effect with its event (存证); the paper comes later and only repeats it.

    `content` is what the event committed to; where the two differ, the event wins.
    """

    class State(models.TextChoices):
        VALID = "valid"
        SUSPENDED = "suspended"
        LAPSED = "lapsed"
        CANCELLED = "cancelled"
        REVOKED = "revoked"
        REPLACED = "replaced"
        TRANSFERRED = "transferred"

    number = models.CharField(max_length=20, unique=True)
    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="certificate")
    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="certificates")
    asset = models.ForeignKey(DataAsset, on_delete=models.PROTECT, related_name="certificates")
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="certificates")
    registrar = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="issued_certificates")
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.VALID, db_index=True)
    content = models.JSONField()
    event = models.OneToOneField("kernel.Event", on_delete=models.PROTECT, related_name="certificate", null=True)
    held_by = models.CharField(max_length=20, blank=True)  # the source certificate whose suspension suspended this one
    pdf_path = models.CharField(max_length=200, blank=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset"], condition=Q(state__in=["valid", "suspended"]), name="one_live_certificate_an_asset"
            ),
            models.CheckConstraint(condition=Q(valid_until__gt=F("issued_at")), name="certificate_lasts"),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id) | Q(registrar_id=actor.party_id)


class Objection(ScopedModel):
    """What somebody said against a registration during its notice. The objector is never shown in public."""

    class State(models.TextChoices):
        OPEN = "open"
        UPHELD = "upheld"
        DISMISSED = "dismissed"

    case = models.ForeignKey("kernel.Case", on_delete=models.PROTECT, related_name="objections")
    person_id = models.BigIntegerField()
    party = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="objections", null=True)
    interest = models.CharField(max_length=200)
    reasons = models.TextField(max_length=1000)
    evidence = models.JSONField(null=True)
    filed_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    resolution = models.TextField(blank=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person_id"], condition=Q(state="open"), name="one_open_objection_a_person"
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id) | Q(case_id__in=_cases_of(actor))


class RegistrationDraft(ScopedModel):
    """A form in the making. Not a business act, so it leaves no event; it goes when the application is made."""

    party = models.ForeignKey("parties.Party", on_delete=models.CASCADE, related_name="registration_drafts")
    dataset = models.ForeignKey("delivery.Dataset", on_delete=models.CASCADE, related_name="registration_drafts")
    answers = models.JSONField(default=dict)
    saved_topics = models.JSONField(default=list)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["party", "dataset"], name="one_draft_a_dataset")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(party_id=actor.party_id)


class AssetSource(ScopedModel):
    """A certificate that an asset's rights come from (a licence, or data used): they go no further and lapse with it."""

    asset = models.ForeignKey(DataAsset, on_delete=models.PROTECT, related_name="sources")
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="derived")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asset", "certificate"], name="source_once_an_asset")]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        own = DataAsset.objects.visible_to(actor)
        return Q(asset__in=own.values("pk")) | Q(certificate__in=Certificate.objects.visible_to(actor).values("pk"))


class Encumbrance(ScopedModel):
    """What burdens an asset or one right on it, by whose document. A seizure forbids disposal while it stands."""

    class Kind(models.TextChoices):
        SEIZURE = "seizure"
        PLEDGE = "pledge"
        TERM = "term"
        CONDITION = "condition"
        CONTROL = "control"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="encumbrance")
    asset = models.ForeignKey(DataAsset, on_delete=models.PROTECT, related_name="encumbrances")
    right = models.CharField(max_length=10, choices=AssetRight.Right.choices, blank=True)  # "" for all of them
    kind = models.CharField(max_length=10, choices=Kind.choices)
    authority = models.CharField(max_length=120)
    document = models.CharField(max_length=120)
    note = models.CharField(max_length=400, blank=True)
    placed_at = models.DateTimeField()
    until = models.DateTimeField(null=True, db_index=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=120, blank=True)  # the document that lifted it

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["seizure", "pledge", "term", "condition", "control"]),
                                   name="encumbrance_kind_known"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gt=F("placed_at")), name="encumbrance_lasts"),
            models.UniqueConstraint(fields=["asset", "kind", "right", "document"], condition=Q(lifted_at__isnull=True),
                                    name="one_standing_encumbrance_a_document"),
        ]  # fmt: skip

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(case_id__in=_cases_of(actor))

"""Tables: the one catalogue: resources with their items, every published version, the change feed, filings."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from shugang.kernel.models import CaseParty
from shugang.kernel.scope import ScopedModel

from . import kinds


def _known(field: str, words: dict[str, Any], blank: bool = False) -> Q:
    return Q(**{f"{field}__in": [*words, *([""] if blank else [])]})


def _with_condition(name: str) -> Q:
    """Who shares or opens on conditions says which."""
    return ~Q(**{name: "conditional", f"{name}_condition": ""})


class PublicResource(ScopedModel):
    """One entry of the catalogue. The columns and the items are what its state shows: of a draft what stands in it, else the
    newest published version; a change in preparation stands in its filing, never here.

    `case`: of the filing that last touched it. `data_at`: when the data itself was last brought up to date;
    `data_due_at`: by when it has to be again, by its update cycle and the rules.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        SUSPENDED = "suspended"
        WITHDRAWN = "withdrawn"

    number = models.CharField(max_length=20, unique=True)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=300, blank=True)
    summary = models.CharField(max_length=2000)
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="public_resources")
    kind = models.CharField(max_length=10)
    base_library = models.CharField(max_length=24, blank=True)
    theme = models.CharField(max_length=30)
    format = models.CharField(max_length=12)
    sharing = models.CharField(max_length=14)
    sharing_condition = models.CharField(max_length=800, blank=True)
    sharing_method = models.CharField(max_length=10, blank=True)
    opening = models.CharField(max_length=14)
    opening_condition = models.CharField(max_length=800, blank=True)
    update_cycle = models.CharField(max_length=12)
    related = models.JSONField(default=list)
    dataset = models.ForeignKey(
        "delivery.Dataset", on_delete=models.PROTECT, null=True, related_name="public_resources"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    version = models.PositiveIntegerField(default=0)
    published_at = models.DateTimeField(null=True)
    data_at = models.DateTimeField(null=True)
    data_due_at = models.DateTimeField(null=True)
    overdue_told = models.BooleanField(default=False)
    case = models.ForeignKey("kernel.Case", on_delete=models.PROTECT, null=True, related_name="public_resources")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # A draft that was given up leaves its code free; what was ever published keeps it for good.
            models.UniqueConstraint(
                fields=["code"], condition=~Q(state="withdrawn", version=0), name="resource_code_once"
            ),
            models.CheckConstraint(condition=_known("kind", kinds.KINDS), name="resource_kind_known"),
            models.CheckConstraint(
                condition=Q(kind="base", base_library__in=list(kinds.BASE_LIBRARIES))
                | (~Q(kind="base") & Q(base_library="")),
                name="base_resource_names_its_library",
            ),
            models.CheckConstraint(condition=_known("theme", kinds.THEMES), name="resource_theme_known"),
            models.CheckConstraint(condition=_known("format", kinds.FORMATS), name="resource_format_known"),
            models.CheckConstraint(condition=_known("update_cycle", kinds.CYCLES), name="resource_cycle_known"),
            models.CheckConstraint(
                condition=_known("sharing", kinds.CONDITIONS) & _with_condition("sharing"),
                name="resource_sharing_stated",
            ),
            models.CheckConstraint(
                condition=_known("opening", kinds.CONDITIONS) & _with_condition("opening"),
                name="resource_opening_stated",
            ),
            models.CheckConstraint(
                condition=_known("sharing_method", kinds.METHODS, blank=True), name="resource_method_known"
            ),
            models.CheckConstraint(
                condition=Q(state="draft", version=0, published_at__isnull=True)
                | Q(state="withdrawn")
                | Q(state__in=["published", "suspended"], version__gte=1, published_at__isnull=False),
                name="published_resource_has_a_version",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "department"], name="resource_by_department"),
            models.Index(fields=["state", "theme"], name="resource_by_theme"),
            models.Index(
                fields=["data_due_at"], condition=Q(state="published", overdue_told=False), name="resource_falls_due"
            ),
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        """The department its own; the data office what was handed in to it or published."""
        own = Q(department_id=actor.party_id or 0)
        if "data_office" not in actor.roles:
            return own
        return own | ~Q(state="draft") | Q(case__in=CaseParty.objects.filter(party_id=actor.party_id).values("case_id"))

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ResourceVersion(models.Model):
    """What was published: the core metadata with the items, never edited. `digest`: SHA-256 of its canonical JSON."""

    resource = models.ForeignKey(PublicResource, on_delete=models.PROTECT, related_name="versions")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    digest = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    case = models.ForeignKey("kernel.Case", on_delete=models.PROTECT, null=True, related_name="resource_versions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "version"], name="resource_version_once"),
            models.CheckConstraint(condition=Q(version__gte=1), name="resource_version_from_one"),
        ]


class InformationItem(models.Model):
    """One datum of a resource. `element`: code of the standard data element; `column`: name in the newest version of the
    resource's data set, "" while it is mapped to none. `sharing`, `opening`: "" as the resource's."""

    resource = models.ForeignKey(PublicResource, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    element = models.CharField(max_length=20, blank=True, db_index=True)
    data_type = models.CharField(max_length=1)
    length = models.PositiveIntegerField(null=True)
    column = models.CharField(max_length=128, blank=True)
    sharing = models.CharField(max_length=14, blank=True)
    opening = models.CharField(max_length=14, blank=True)
    required = models.BooleanField(default=False)
    description = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource", "position"], name="item_position_once"),
            models.UniqueConstraint(fields=["resource", "name"], name="item_name_once"),
            models.CheckConstraint(condition=_known("data_type", kinds.TYPES), name="item_type_known"),
            models.CheckConstraint(
                condition=_known("sharing", kinds.CONDITIONS, blank=True)
                & _known("opening", kinds.CONDITIONS, blank=True),
                name="item_conditions_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CatalogueChange(models.Model):
    """The change feed: what readers who keep a copy have to fetch, in one gap-free order."""

    sequence = models.PositiveBigIntegerField(unique=True)
    kind = models.CharField(max_length=10)
    resource = models.ForeignKey(PublicResource, on_delete=models.PROTECT, related_name="changes")
    version = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=_known("kind", kinds.CHANGES), name="change_kind_known")]


class Filing(ScopedModel):
    """What a department hands in at once: one entry or many, new or changed, or one to be suspended, resumed, withdrawn."""

    class Kind(models.TextChoices):
        NEW = "new"
        CHANGE = "change"
        SUSPENSION = "suspension"
        RESUMPTION = "resumption"
        WITHDRAWAL = "withdrawal"

    case = models.OneToOneField("kernel.Case", on_delete=models.PROTECT, related_name="filing")
    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="filings")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=200, blank=True)
    entries_count = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["new", "change", "suspension", "resumption", "withdrawal"]),
                name="filing_kind_known",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        cases = CaseParty.objects.filter(party_id=actor.party_id or 0).values("case_id")
        return Q(department_id=actor.party_id or 0) | Q(case_id__in=cases)

    @property
    def number(self) -> str:
        return str(self.case.number)


class FilingEntry(models.Model):
    """One resource of a filing with what is proposed for it (empty where only its standing changes).

    `living` until the filing ends: a resource stands in one open filing at most.
    """

    filing = models.ForeignKey(Filing, on_delete=models.PROTECT, related_name="entries")
    resource = models.ForeignKey(PublicResource, on_delete=models.PROTECT, related_name="filed")
    content = models.JSONField(default=dict)
    living = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resource"], condition=Q(living=True), name="one_open_filing_a_resource")
        ]


class CatalogueIndex(models.Model):
    """How far of the change feed the text index and the lists have come: one row. `epoch` tells databases apart."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField(default=0)
    epoch = models.CharField(max_length=16)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_catalogue_index")]


class CatalogueImport(ScopedModel):
    """A file of entries that a department sent. `report`: entries with mistakes [{line, code, name, wrong {field: [zh, en]}}], as
    many as are shown; `filing` where everything landed, and only then."""

    department = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("parties.Person", on_delete=models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    entries = models.PositiveIntegerField()
    items_read = models.PositiveIntegerField()
    mistaken = models.PositiveIntegerField()
    report = models.JSONField(default=list)
    filing = models.OneToOneField(Filing, on_delete=models.PROTECT, null=True, related_name="made_by")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(mistaken=0, filing__isnull=False) | Q(mistaken__gt=0, filing__isnull=True),
                name="import_lands_whole_or_not",
            )
        ]

    @classmethod
    def scope(cls, actor: Any) -> Q:
        return Q(department_id=actor.party_id or 0)


class ServiceBundle(models.Model):
    """一件事: a service for a life event, with the items that it needs. Public; kept by the data office."""

    number = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160, blank=True)
    summary = models.CharField(max_length=800)
    lead = models.ForeignKey("parties.Party", on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class BundleNeed(models.Model):
    """One item that the service needs: of a named entry, or of whichever holds the data element, or an item of that name."""

    bundle = models.ForeignKey(ServiceBundle, on_delete=models.PROTECT, related_name="needs")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    element = models.CharField(max_length=20, blank=True)
    resource = models.ForeignKey(PublicResource, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "position"], name="need_position_once"),
            models.UniqueConstraint(fields=["bundle", "name"], name="need_name_once"),
        ]

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("delivery", "0001_initial"),
        ("kernel", "0001_initial"),
        ("parties", "0001_initial"),
        ("parties", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="AnonymityCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("columns", models.JSONField()),
                ("rows", models.BigIntegerField()),
                ("groups", models.BigIntegerField()),
                ("smallest", models.BigIntegerField()),
                ("below", models.BigIntegerField()),
                ("threshold", models.PositiveIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "material",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.material"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="anonymity_checks",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BookSheet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("title", models.CharField(max_length=80)),
                ("created_at", models.DateTimeField()),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="book_sheets", to="parties.party"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DataAsset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("summary", models.CharField(max_length=400)),
                ("industry", models.CharField(max_length=1)),
                ("division", models.PositiveSmallIntegerField()),
                ("source_kind", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("registering", "Registering"),
                            ("registered", "Registered"),
                            ("suspended", "Suspended"),
                            ("lapsed", "Lapsed"),
                            ("cancelled", "Cancelled"),
                            ("revoked", "Revoked"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("transferred", "Transferred"),
                        ],
                        db_index=True,
                        default="registering",
                        max_length=12,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "dataset_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assets", to="delivery.datasetversion"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assets", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["registering", "registered", "suspended"])),
                        fields=("party", "dataset_version"),
                        name="one_live_asset_a_version",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Derivation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("how", models.CharField(max_length=400)),
                ("declared_at", models.DateTimeField()),
                ("declared_by", models.BigIntegerField(null=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="derivatives",
                        to="delivery.datasetversion",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="derived_from",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "source"), name="derivation_once"),
                    models.CheckConstraint(
                        condition=models.Q(("version__gt", models.F("source"))), name="derivation_source_is_older"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Grading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("in_force", "In Force"),
                            ("superseded", "Superseded"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        db_index=True,
                        default="open",
                        max_length=12,
                    ),
                ),
                ("scale", models.BigIntegerField(default=0)),
                ("precision_m", models.PositiveIntegerField(null=True)),
                ("progress", models.PositiveIntegerField(default=0)),
                ("fault", models.CharField(blank=True, max_length=200)),
                ("level", models.PositiveSmallIntegerField(null=True)),
                ("reasons", models.JSONField(default=list)),
                ("whole", models.BooleanField(default=False)),
                ("effective_at", models.DateTimeField(null=True)),
                (
                    "carries",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="carried_by",
                        to="assets.grading",
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grading", to="kernel.case"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gradings",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "in_force")),
                        fields=("version",),
                        name="one_grading_in_force_a_version",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("version",), name="one_open_grading_a_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "in_force"), _negated=True),
                            models.Q(("effective_at__isnull", False), ("level__isnull", False)),
                            _connector="OR",
                        ),
                        name="grading_in_force_has_level",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("level__isnull", True), models.Q(("level__gte", 1), ("level__lte", 6)), _connector="OR"
                        ),
                        name="grading_level_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Objection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("interest", models.CharField(max_length=200)),
                ("reasons", models.TextField(max_length=1000)),
                ("evidence", models.JSONField(null=True)),
                ("filed_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("upheld", "Upheld"), ("dismissed", "Dismissed")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("resolution", models.TextField(blank=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="objections", to="kernel.case"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="objections",
                        to="parties.party",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("case", "person_id"),
                        name="one_open_objection_a_person",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RegistrationDraft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("answers", models.JSONField(default=dict)),
                ("saved_topics", models.JSONField(default=list)),
                ("updated_at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="registration_drafts",
                        to="delivery.dataset",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="registration_drafts",
                        to="parties.party",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("party", "dataset"), name="one_draft_a_dataset")],
            },
        ),
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20)),
                ("version", models.PositiveIntegerField(default=1)),
                ("name", models.CharField(max_length=80)),
                ("document", models.JSONField()),
                ("digest", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("published", "Published"), ("retired", "Retired")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="quality_rules", to="delivery.dataset"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="quality_rules", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("number", "version"), name="quality_rules_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")), fields=("number",), name="one_quality_draft"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "draft"), ("published_at__isnull", True), ("digest", "")),
                            models.Q(
                                models.Q(("state", "draft"), _negated=True),
                                ("published_at__isnull", False),
                                models.Q(("digest", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="published_quality_rules_are_sealed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SecurityReview",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("passed", "Passed"),
                            ("reopened", "Reopened"),
                            ("closed", "Closed"),
                        ],
                        db_index=True,
                        default="open",
                        max_length=10,
                    ),
                ),
                ("form", models.JSONField()),
                ("summary", models.JSONField(default=dict)),
                ("level", models.PositiveSmallIntegerField(null=True)),
                ("personal", models.JSONField(default=list)),
                ("passed_at", models.DateTimeField(null=True)),
                ("valid_until", models.DateTimeField(db_index=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=400)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="security_review", to="kernel.case"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="security_reviews",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "closed"), _negated=True),
                        fields=("version",),
                        name="one_live_security_review_a_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "passed"), _negated=True),
                            models.Q(("level__isnull", False), ("level__lte", 5), ("passed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="passed_review_is_not_of_core_data",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceOffer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(db_index=True, max_length=20)),
                ("title", models.CharField(max_length=80)),
                ("title_en", models.CharField(blank=True, max_length=120)),
                ("scope_zh", models.CharField(max_length=800)),
                ("scope_en", models.CharField(blank=True, max_length=1200)),
                ("price_plan", models.JSONField(null=True)),
                ("days", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reviewing", "Reviewing"),
                            ("listed", "Listed"),
                            ("suspended", "Suspended"),
                            ("ended", "Ended"),
                        ],
                        db_index=True,
                        default="reviewing",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=400)),
                ("created_at", models.DateTimeField()),
                ("listed_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="service_offers", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="service_offer", to="kernel.case"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["reviewing", "listed", "suspended"])),
                        fields=("agency", "kind"),
                        name="one_live_offer_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__gte", 1), ("days__lte", 365)), name="offer_days_in_a_year"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "listed"), _negated=True), ("listed_at__isnull", False), _connector="OR"
                        ),
                        name="listed_offer_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignedReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("kind", models.CharField(db_index=True, max_length=20)),
                ("result", models.CharField(max_length=12)),
                ("object_kind", models.CharField(blank=True, max_length=20)),
                ("object_number", models.CharField(blank=True, max_length=40)),
                ("content", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("context", models.CharField(max_length=80)),
                ("signatures", models.JSONField()),
                ("file", models.JSONField(null=True)),
                ("file_sha256", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("delivered", "Delivered"),
                            ("standing", "Standing"),
                            ("superseded", "Superseded"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        db_index=True,
                        default="delivered",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=400)),
                ("public", models.BooleanField(default=False)),
                ("valid_until", models.DateField(null=True)),
                ("signed_at", models.DateTimeField()),
                ("stands_since", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signed_reports", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signed_reports", to="kernel.case"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="reports_received", to="parties.party"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signed_reports",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("result__in", ["favourable", "qualified", "adverse", "disclaimed"])),
                        name="report_result_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", False), ("state__in", ["superseded", "withdrawn"])),
                            models.Q(("state__in", ["delivered", "standing"]), ("ended_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="ended_report_says_when",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["delivered", "standing"])),
                        fields=("case", "kind"),
                        name="one_living_report_a_case",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Assessment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("references", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("confirmed", "Confirmed"),
                            ("failed", "Failed"),
                            ("stopped", "Stopped"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("stage", models.CharField(blank=True, max_length=10)),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=32)),
                ("seen_at", models.DateTimeField()),
                ("refusal", models.JSONField(null=True)),
                ("ordered_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(null=True)),
                ("report", models.JSONField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("score", models.PositiveIntegerField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("signature", models.JSONField(null=True)),
                (
                    "after",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.assessment"
                    ),
                ),
                (
                    "dataset_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
                        to="delivery.datasetversion",
                    ),
                ),
                (
                    "grant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assessments",
                        to="delivery.grant",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assessments", to="parties.party"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "rules",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assessments", to="assets.ruleset"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["state", "seen_at"], name="assessment_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["done", "confirmed"]),
                                ("report__isnull", False),
                                models.Q(("digest", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("state__in", ["done", "confirmed"]), _negated=True),
                                ("report__isnull", True),
                                ("digest", ""),
                            ),
                            _connector="OR",
                        ),
                        name="finished_assessment_has_a_report",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("confirmed_at__isnull", False), ("signature__isnull", False), ("state", "confirmed")
                            ),
                            models.Q(
                                models.Q(("state", "confirmed"), _negated=True),
                                ("signature__isnull", True),
                                ("confirmed_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="confirmed_assessment_is_signed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__isnull", True), ("score__lte", 10000), _connector="OR"),
                        name="quality_score_percent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AssetRight",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "right",
                    models.CharField(choices=[("HOLD", "Hold"), ("USE", "Use"), ("OPERATE", "Operate")], max_length=10),
                ),
                ("valid_from", models.DateTimeField(null=True)),
                ("valid_until", models.DateTimeField(null=True)),
                ("limits", models.CharField(blank=True, max_length=400)),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="asset_rights", to="parties.party"
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rights", to="assets.dataasset"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("asset", "party", "right"), name="right_once"),
                    models.CheckConstraint(
                        condition=models.Q(("right__in", ["HOLD", "USE", "OPERATE"])), name="right_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Encumbrance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "right",
                    models.CharField(
                        blank=True, choices=[("HOLD", "Hold"), ("USE", "Use"), ("OPERATE", "Operate")], max_length=10
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("seizure", "Seizure"),
                            ("pledge", "Pledge"),
                            ("term", "Term"),
                            ("condition", "Condition"),
                            ("control", "Control"),
                        ],
                        max_length=10,
                    ),
                ),
                ("authority", models.CharField(max_length=120)),
                ("document", models.CharField(max_length=120)),
                ("note", models.CharField(blank=True, max_length=400)),
                ("placed_at", models.DateTimeField()),
                ("until", models.DateTimeField(db_index=True, null=True)),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_by", models.CharField(blank=True, max_length=120)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="encumbrances", to="assets.dataasset"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="encumbrance", to="kernel.case"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["seizure", "pledge", "term", "condition", "control"])),
                        name="encumbrance_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until__isnull", True), ("until__gt", models.F("placed_at")), _connector="OR"
                        ),
                        name="encumbrance_lasts",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("asset", "kind", "right", "document"),
                        name="one_standing_encumbrance_a_document",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ColumnGrade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("proposal", models.JSONField(default=dict)),
                ("object", models.CharField(blank=True, max_length=12)),
                ("degree", models.CharField(blank=True, max_length=8)),
                ("pi_class", models.CharField(blank=True, max_length=20)),
                ("sensitive", models.BooleanField(default=False)),
                ("level", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.CharField(blank=True, max_length=400)),
                ("carried", models.BooleanField(default=False)),
                ("batch", models.CharField(blank=True, max_length=36)),
                ("decided_by", models.BigIntegerField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "column",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grades", to="delivery.column"
                    ),
                ),
                (
                    "grading",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="columns", to="assets.grading"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("grading", "column"), name="column_graded_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("level__isnull", True),
                            models.Q(
                                ("object__in", ["security", "economy", "order", "public", "organisation", "person"]),
                                ("degree__in", ["grave", "serious", "general", "none"]),
                            ),
                            _connector="OR",
                        ),
                        name="column_grade_has_its_cell",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lowering",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=12)),
                ("k", models.PositiveIntegerField(null=True)),
                ("from_level", models.PositiveSmallIntegerField()),
                ("to_level", models.PositiveSmallIntegerField()),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lowering", to="kernel.case"
                    ),
                ),
                (
                    "derivation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lowerings", to="assets.derivation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("to_level__gte", 1), ("to_level__lt", models.F("from_level"))),
                        name="lowering_goes_down",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BasisWithdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("basis", models.CharField(max_length=20)),
                ("batch", models.CharField(blank=True, max_length=120)),
                ("reason", models.CharField(max_length=300)),
                ("evidence", models.CharField(blank=True, max_length=64)),
                ("text", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="basis_withdrawals",
                        to="delivery.dataset",
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="assets.securityreview",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Qualification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("number", models.CharField(max_length=60)),
                ("issuer", models.CharField(max_length=120)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField(db_index=True)),
                ("document", models.JSONField()),
                ("filed_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField(null=True)),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="qualifications",
                        to="assets.serviceoffer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_until__gte", models.F("valid_from"))),
                        name="qualification_has_a_life",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ServiceOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("object_kind", models.CharField(blank=True, max_length=20)),
                ("object_number", models.CharField(blank=True, max_length=40)),
                ("object_name", models.CharField(blank=True, max_length=200)),
                ("fee_fen", models.PositiveBigIntegerField(null=True)),
                ("days", models.PositiveSmallIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("engaged", "Engaged"),
                            ("completed", "Completed"),
                            ("not_engaged", "Not Engaged"),
                            ("terminated", "Terminated"),
                        ],
                        db_index=True,
                        default="open",
                        max_length=12,
                    ),
                ),
                ("engaged_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("on_time", models.BooleanField(null=True)),
                ("objections", models.PositiveSmallIntegerField(default=0)),
                ("upheld", models.PositiveSmallIntegerField(default=0)),
                ("resigned", models.BooleanField(default=False)),
                ("draft", models.JSONField(null=True)),
                ("drafted_by", models.BigIntegerField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="service_engagements",
                        to="parties.party",
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="service_order", to="kernel.case"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="service_orders", to="parties.party"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="assets.serviceoffer"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("client", models.F("agency")), _negated=True), name="agency_serves_others"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["engaged", "completed"]), _negated=True),
                            models.Q(
                                ("days__isnull", False), ("engaged_at__isnull", False), ("fee_fen__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="engaged_order_is_agreed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("upheld__lte", models.F("objections"))),
                        name="upheld_objections_were_raised",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Appraisal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("form", models.JSONField()),
                ("base_date", models.DateField()),
                ("number", models.CharField(max_length=20, null=True, unique=True)),
                ("issued_at", models.DateTimeField(null=True)),
                ("valid_until", models.DateTimeField(db_index=True, null=True)),
                ("archive_until", models.DateField(null=True)),
                ("content", models.JSONField(null=True)),
                ("salt", models.BinaryField(null=True)),
                ("pdf_path", models.CharField(blank=True, max_length=200)),
                ("pdf_sha256", models.CharField(blank=True, max_length=64)),
                (
                    "appraiser",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="appraisals_made", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="appraisal", to="kernel.case"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appraisals_ordered",
                        to="parties.party",
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appraisal",
                        to="kernel.event",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appraisals_of_own",
                        to="parties.party",
                    ),
                ),
                (
                    "supersedes",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="superseded_by",
                        to="assets.appraisal",
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="appraisals", to="assets.dataasset"
                    ),
                ),
                (
                    "report",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appraisal",
                        to="assets.signedreport",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("appraiser", models.F("client")), _negated=True),
                        name="appraiser_is_not_client",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("appraiser", models.F("holder")), _negated=True),
                        name="appraiser_is_not_holder",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("number__isnull", True),
                            models.Q(
                                ("archive_until__isnull", False),
                                ("issued_at__isnull", False),
                                ("valid_until__gt", models.F("issued_at")),
                            ),
                            _connector="OR",
                        ),
                        name="issued_appraisal_is_complete",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookSheetVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("form", models.JSONField()),
                ("result", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("saved_by", models.BigIntegerField()),
                ("saved_at", models.DateTimeField()),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="assets.booksheet"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("sheet", "version"), name="sheet_version_once")],
            },
        ),
        migrations.CreateModel(
            name="DimensionResult",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("dimension", models.CharField(max_length=12)),
                ("score", models.PositiveIntegerField(null=True)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dimension_results",
                        to="assets.assessment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("assessment", "dimension"), name="dimension_result_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dimension__in", ["norm", "complete", "accurate", "consistent", "timely", "accessible"])
                        ),
                        name="dimension_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__isnull", True), ("score__lte", 10000), _connector="OR"),
                        name="dimension_percent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleResult",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=40)),
                ("indicator", models.CharField(max_length=12)),
                ("a", models.BigIntegerField()),
                ("b", models.BigIntegerField()),
                ("value", models.PositiveIntegerField(null=True)),
                ("passed", models.BooleanField(null=True)),
                (
                    "assessment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rule_results", to="assets.assessment"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("assessment", "rule"), name="rule_result_once"),
                    models.CheckConstraint(condition=models.Q(("a__gte", 0), ("a__lte", models.F("b"))), name="a_of_b"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("b", 0), ("value__isnull", True)),
                            models.Q(("b__gt", 0), ("value__lte", 10000)),
                            _connector="OR",
                        ),
                        name="no_basis_no_value",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkingPaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("form", models.JSONField()),
                ("result", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("saved_by", models.BigIntegerField()),
                ("saved_at", models.DateTimeField()),
                (
                    "appraisal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="papers", to="assets.appraisal"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("appraisal", "version"), name="paper_version_once")],
            },
        ),
        migrations.CreateModel(
            name="AppraisalSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=40)),
                ("qualification", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("signature", models.JSONField()),
                ("signed_at", models.DateTimeField()),
                (
                    "appraisal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="assets.appraisal"
                    ),
                ),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="assets.workingpaper"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("appraisal", "person_id"), name="appraiser_signs_once"),
                    models.UniqueConstraint(fields=("appraisal", "qualification"), name="qualification_signs_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Certificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("issued_at", models.DateTimeField()),
                ("valid_until", models.DateTimeField(db_index=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("valid", "Valid"),
                            ("suspended", "Suspended"),
                            ("lapsed", "Lapsed"),
                            ("cancelled", "Cancelled"),
                            ("revoked", "Revoked"),
                            ("replaced", "Replaced"),
                            ("transferred", "Transferred"),
                        ],
                        db_index=True,
                        default="valid",
                        max_length=12,
                    ),
                ),
                ("content", models.JSONField()),
                ("held_by", models.CharField(blank=True, max_length=20)),
                ("pdf_path", models.CharField(blank=True, max_length=200)),
                ("pdf_sha256", models.CharField(blank=True, max_length=64)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="certificate", to="kernel.case"
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="certificate",
                        to="kernel.event",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="certificates", to="parties.party"
                    ),
                ),
                (
                    "registrar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="issued_certificates",
                        to="parties.party",
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="certificates", to="assets.dataasset"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["valid", "suspended"])),
                        fields=("asset",),
                        name="one_live_certificate_an_asset",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("valid_until__gt", models.F("issued_at"))), name="certificate_lasts"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Recognition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "method",
                    models.CharField(
                        choices=[("receipt", "Receipt"), ("code", "Code"), ("pdf", "Pdf"), ("paper", "Paper")],
                        max_length=10,
                    ),
                ),
                ("number", models.CharField(max_length=40)),
                ("issuer", models.CharField(max_length=120)),
                ("origin", models.CharField(blank=True, max_length=200)),
                ("log_index", models.BigIntegerField(null=True)),
                ("proved", models.BooleanField(default=False)),
                ("facts", models.JSONField()),
                ("checks", models.JSONField(default=list)),
                ("open", models.BooleanField(default=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="recognition", to="kernel.case"
                    ),
                ),
                (
                    "dataset_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recognitions",
                        to="delivery.datasetversion",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="recognitions", to="parties.party"
                    ),
                ),
                (
                    "registrar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "certificate",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recognition",
                        to="assets.certificate",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("open", True), ("certificate__isnull", False), _connector="OR"),
                        fields=("issuer", "number", "dataset_version"),
                        name="recognised_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("method__in", ["receipt", "code", "pdf", "paper"])),
                        name="recognition_method_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Registration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(blank=True, max_length=400)),
                ("kind", models.CharField(default="initial", max_length=12)),
                ("form", models.JSONField()),
                ("accepted_on", models.DateField(null=True)),
                ("extended", models.BooleanField(default=False)),
                ("corrections", models.PositiveSmallIntegerField(default=0)),
                ("opinion", models.CharField(blank=True, max_length=400)),
                ("remarks", models.CharField(blank=True, max_length=400)),
                ("withheld", models.BooleanField(default=False)),
                ("notice_from", models.DateTimeField(db_index=True, null=True)),
                ("open", models.BooleanField(default=True)),
                (
                    "amends",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="amendments",
                        to="assets.dataasset",
                    ),
                ),
                (
                    "asset",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="registration",
                        to="assets.dataasset",
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="registration", to="kernel.case"
                    ),
                ),
                (
                    "registrar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="registrations", to="parties.party"
                    ),
                ),
                (
                    "previous",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="successions",
                        to="assets.certificate",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amends__isnull", True), ("asset__isnull", False)),
                            models.Q(("amends__isnull", False), ("asset__isnull", True)),
                            _connector="OR",
                        ),
                        name="registration_founds_or_amends",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("open", True)), fields=("amends",), name="one_open_amendment_an_asset"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AssetSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="derived", to="assets.certificate"
                    ),
                ),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sources", to="assets.dataasset"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("asset", "certificate"), name="source_once_an_asset")],
            },
        ),
        migrations.AddField(
            model_name="certificate",
            name="registration",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="certificates", to="assets.registration"
            ),
        ),
    ]

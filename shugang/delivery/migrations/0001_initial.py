import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_initial"),
        ("parties", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("name_en", models.CharField(blank=True, max_length=160)),
                ("description", models.TextField(blank=True)),
                ("origin", models.CharField(blank=True, max_length=400)),
                ("licence", models.CharField(blank=True, max_length=200)),
                (
                    "hosting",
                    models.CharField(
                        choices=[("hosted", "Hosted"), ("connected", "Connected")], default="hosted", max_length=10
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="datasets", to="parties.party"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Plane",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=12, unique=True)),
                ("name", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("active", "Active"), ("suspended", "Suspended")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("public_key", models.CharField(blank=True, max_length=64)),
                ("enrol_digest", models.CharField(blank=True, db_index=True, max_length=64)),
                ("enrol_until", models.DateTimeField(null=True)),
                ("url", models.CharField(blank=True, max_length=200)),
                ("lease_seconds", models.FloatField()),
                ("revision", models.BigIntegerField(default=1)),
                ("journal_seq", models.BigIntegerField(default=0)),
                (
                    "journal_head",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000", max_length=64
                    ),
                ),
                ("last_seen", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "party",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="planes",
                        to="parties.party",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("public_key", ""), _negated=True),
                        fields=("public_key",),
                        name="plane_key_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("label", models.CharField(max_length=80)),
                ("url", models.CharField(max_length=400)),
                ("types", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("disabled", "Disabled"), ("removed", "Removed")],
                        default="active",
                        max_length=8,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=80)),
                ("sealed_secret", models.BinaryField()),
                ("former_secret", models.BinaryField(null=True)),
                ("former_until", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="webhooks", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("url__startswith", "https://")), name="webhook_is_https"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("former_secret__isnull", True), ("former_until__isnull", True)),
                            models.Q(("former_secret__isnull", False), ("former_until__isnull", False)),
                            _connector="OR",
                        ),
                        name="former_secret_has_an_end",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DatasetVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("rows", models.BigIntegerField(null=True)),
                ("bytes", models.BigIntegerField(null=True)),
                ("path", models.CharField(blank=True, max_length=200)),
                ("source_name", models.CharField(blank=True, max_length=200)),
                ("source_sha256", models.CharField(blank=True, max_length=64)),
                ("schema_digest", models.CharField(max_length=64)),
                ("key_columns", models.JSONField(default=list)),
                ("appends", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.BigIntegerField(null=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="delivery.dataset"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("dataset", "version"), name="dataset_version_once")],
            },
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("product", models.CharField(db_index=True, max_length=40)),
                ("contract", models.CharField(blank=True, db_index=True, max_length=40)),
                ("mode", models.CharField(max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("suspended", "Suspended"), ("ended", "Ended")],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=400)),
                ("terms", models.JSONField()),
                ("terms_digest", models.CharField(max_length=64)),
                ("source", models.JSONField()),
                ("outcomes", models.JSONField()),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField(db_index=True)),
                ("issued_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("first_used_at", models.DateTimeField(null=True)),
                (
                    "grantee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants_held", to="parties.party"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants_given", to="parties.party"
                    ),
                ),
                (
                    "plane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="delivery.plane"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mode__in", ("table", "api", "query", "sql", "file", "proxy", "push", "stream"))
                        ),
                        name="grant_mode_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", False), ("state", "ended")),
                            models.Q(models.Q(("state", "ended"), _negated=True), ("ended_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="ended_grant_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=12, unique=True)),
                ("purpose", models.CharField(max_length=6)),
                ("name", models.CharField(max_length=80)),
                ("url", models.CharField(max_length=600)),
                ("tables", models.JSONField(default=dict)),
                ("sealed", models.TextField(blank=True)),
                ("follow", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("active", "Active"), ("removed", "Removed")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("checks", models.PositiveIntegerField(default=0)),
                ("checked", models.PositiveIntegerField(default=0)),
                ("checked_at", models.DateTimeField(null=True)),
                ("check_code", models.CharField(blank=True, max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="connections", to="parties.party"
                    ),
                ),
                (
                    "plane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="connections", to="delivery.plane"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ("source", "target"))), name="connection_purpose_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "removed"), _negated=True), ("sealed", ""), _connector="OR"
                        ),
                        name="removed_connection_keeps_no_account",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlaneBooks",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.BigIntegerField()),
                ("head", models.CharField(max_length=64)),
                ("sums", models.JSONField()),
                ("received_at", models.DateTimeField()),
                (
                    "plane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="books", to="delivery.plane"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("plane", "seq", "head"), name="books_once")],
            },
        ),
        migrations.CreateModel(
            name="PlaneNonce",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nonce", models.CharField(max_length=36)),
                ("at", models.DateTimeField(db_index=True)),
                ("plane", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="delivery.plane")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("plane", "nonce"), name="plane_nonce_once")],
            },
        ),
        migrations.CreateModel(
            name="WebhookMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(max_length=40, unique=True)),
                ("code", models.CharField(max_length=80)),
                ("ref_kind", models.CharField(blank=True, max_length=30)),
                ("ref_key", models.CharField(blank=True, max_length=80)),
                ("event_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("delivered", "Delivered"),
                            ("failed", "Failed"),
                            ("dropped", "Dropped"),
                        ],
                        default="pending",
                        max_length=9,
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("delivered_at", models.DateTimeField(null=True)),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="delivery.webhookendpoint",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("state", "pending")), fields=["next_at"], name="webhook_due")
                ],
            },
        ),
        migrations.CreateModel(
            name="Column",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=128)),
                ("type", models.CharField(max_length=40)),
                ("comment", models.CharField(blank=True, max_length=200)),
                ("personal", models.BooleanField(default=False)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="columns",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("version", "position"), name="column_position_once"),
                    models.UniqueConstraint(fields=("version", "name"), name="column_name_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeletionStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("statement", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("signature", models.JSONField()),
                ("person_id", models.BigIntegerField()),
                ("signed_at", models.DateTimeField()),
                (
                    "grant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deletion", to="delivery.grant"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DeletionDemand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=40)),
                ("days", models.PositiveSmallIntegerField()),
                ("demanded_at", models.DateTimeField()),
                (
                    "grant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="deletion_demand", to="delivery.grant"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bearer", "Bearer"),
                            ("api_key", "Api Key"),
                            ("aksk", "Aksk"),
                            ("oauth", "Oauth"),
                            ("link", "Link"),
                        ],
                        max_length=10,
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("sealed_secret", models.BinaryField(null=True)),
                ("prefix", models.CharField(max_length=12)),
                ("purpose", models.CharField(max_length=40)),
                ("environment", models.CharField(blank=True, max_length=20)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="credentials", to="parties.party"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credentials",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("grants", models.ManyToManyField(related_name="credentials", to="delivery.grant")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "aksk"), ("sealed_secret__isnull", False)),
                            models.Q(models.Q(("kind", "aksk"), _negated=True), ("sealed_secret__isnull", True)),
                            _connector="OR",
                        ),
                        name="only_signing_keys_are_recoverable",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("first_seq", models.BigIntegerField()),
                ("last_seq", models.BigIntegerField()),
                ("statement", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("signature", models.JSONField()),
                ("person_id", models.BigIntegerField()),
                ("signed_at", models.DateTimeField()),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgements",
                        to="delivery.grant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("grant", "first_seq"), name="acknowledged_once"),
                    models.CheckConstraint(
                        condition=models.Q(("first_seq__gte", 1), ("last_seq__gte", models.F("first_seq"))),
                        name="acknowledged_range",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GrantBasis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=30)),
                ("reference", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                ("valid_until", models.DateTimeField(null=True)),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bases", to="delivery.grant"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["kind", "reference"], name="grant_basis")],
                "constraints": [
                    models.UniqueConstraint(fields=("grant", "kind", "reference"), name="basis_once_a_grant")
                ],
            },
        ),
        migrations.CreateModel(
            name="GrantHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=30)),
                ("reference", models.CharField(blank=True, max_length=80)),
                ("reason", models.CharField(max_length=400)),
                ("placed_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="delivery.grant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("grant", "kind", "reference"),
                        name="one_standing_hold",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConnectedSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("connector", models.CharField(max_length=60)),
                ("mode", models.CharField(default="query", max_length=10)),
                ("dialect", models.CharField(max_length=10)),
                ("template", models.TextField()),
                ("params", models.JSONField(default=list)),
                ("spec", models.JSONField(default=dict)),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connected",
                        to="delivery.datasetversion",
                    ),
                ),
                (
                    "plane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="sources", to="delivery.plane"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("mode__in", ("query", "proxy", "stream"))), name="connected_mode_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("size", models.BigIntegerField()),
                ("offset", models.BigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("wishes", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("receiving", "Receiving"),
                            ("waiting", "Waiting"),
                            ("converting", "Converting"),
                            ("stored", "Stored"),
                            ("refused", "Refused"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                        ],
                        default="receiving",
                        max_length=10,
                    ),
                ),
                ("stage", models.CharField(blank=True, max_length=10)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("rows", models.BigIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("worker", models.CharField(blank=True, max_length=32)),
                ("refusal", models.JSONField(null=True)),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("not_before", models.DateTimeField(null=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="uploads", to="delivery.dataset"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="uploads", to="parties.party"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="uploads", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uploads",
                        to="delivery.datasetversion",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["state", "seen_at"], name="upload_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("offset__gte", 0), ("offset__lte", models.F("size")), ("size__gt", 0)),
                        name="upload_within_size",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("salt", models.BinaryField(max_length=32)),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(max_length=64)),
                ("log_index", models.BigIntegerField(null=True, unique=True)),
                ("seq", models.BigIntegerField()),
                ("grant_seq", models.BigIntegerField(default=0)),
                ("grant_number", models.CharField(max_length=64)),
                ("credential", models.CharField(max_length=64)),
                ("request_id", models.CharField(max_length=200)),
                ("mode", models.CharField(max_length=10)),
                ("action", models.CharField(max_length=20)),
                ("outcome", models.CharField(max_length=64)),
                ("charged", models.BooleanField()),
                ("charge_reason", models.CharField(max_length=80)),
                ("stated", models.JSONField(null=True)),
                ("rows", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("folded_at", models.DateTimeField(db_index=True)),
                ("version", models.IntegerField()),
                ("answer_sha256", models.CharField(blank=True, max_length=64)),
                ("state", models.CharField(max_length=10)),
                ("detail", models.JSONField(default=dict)),
                ("hash", models.CharField(max_length=64)),
                ("prev", models.CharField(max_length=64)),
                (
                    "grant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage",
                        to="delivery.grant",
                    ),
                ),
                (
                    "plane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="usage", to="delivery.plane"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["grant", "at"], name="usage_grant_at"),
                    models.Index(
                        condition=models.Q(("log_index__isnull", True)), fields=["id"], name="usage_unsequenced"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("plane", "seq"), name="usage_seq_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("grant_seq__gt", 0)),
                        fields=("plane", "grant_number", "grant_seq"),
                        name="usage_number_once_a_grant",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("charged", True)),
                        fields=("grant", "request_id"),
                        name="billing_key_charged_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("charged", False), ("grant__isnull", False), _connector="OR"),
                        name="charged_under_a_grant",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("status", models.PositiveIntegerField()),
                ("error", models.CharField(blank=True, max_length=80)),
                ("milliseconds", models.PositiveIntegerField()),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="delivery.webhookmessage",
                    ),
                ),
            ],
        ),
    ]

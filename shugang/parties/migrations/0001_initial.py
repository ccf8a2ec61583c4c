import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("kernel", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("display_name", models.CharField(max_length=60)),
                ("authorised", models.BooleanField(default=True)),
                ("demo", models.BooleanField(default=False)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Party",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=12, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("name_en", models.CharField(blank=True, max_length=160)),
                ("uscc", models.CharField(max_length=18, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("active", "Active"),
                            ("suspended", "Suspended"),
                            ("exited", "Exited"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("is_supplier", models.BooleanField(default=False)),
                ("is_buyer", models.BooleanField(default=False)),
                ("is_reviewer", models.BooleanField(default=False)),
                ("is_association", models.BooleanField(default=False)),
                ("is_regulator", models.BooleanField(default=False)),
                ("is_registrar", models.BooleanField(default=False)),
                ("is_operator", models.BooleanField(default=False)),
                ("is_department", models.BooleanField(default=False)),
                ("is_data_office", models.BooleanField(default=False)),
                ("legal_representative", models.CharField(blank=True, max_length=60)),
                ("contact", models.CharField(blank=True, max_length=60)),
                ("telephone", models.CharField(blank=True, max_length=30)),
                ("address", models.CharField(blank=True, max_length=200)),
                ("business", models.CharField(blank=True, max_length=400)),
                ("demo", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("admitted_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.case"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("is_operator", True), ("is_registrar", True), ("is_regulator", True), _connector="OR"
                            ),
                            models.Q(("is_supplier", True), ("is_buyer", True), _connector="OR"),
                            _negated=True,
                        ),
                        name="who_governs_does_not_trade",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_regulator", True),
                            models.Q(
                                ("is_operator", True), ("is_registrar", True), ("is_reviewer", True), _connector="OR"
                            ),
                            _negated=True,
                        ),
                        name="regulator_is_only_regulator",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_reviewer", True),
                            models.Q(
                                ("is_supplier", True), ("is_operator", True), ("is_registrar", True), _connector="OR"
                            ),
                            _negated=True,
                        ),
                        name="reviewer_is_independent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_association", True),
                            models.Q(
                                ("is_supplier", True), ("is_operator", True), ("is_regulator", True), _connector="OR"
                            ),
                            _negated=True,
                        ),
                        name="association_models_no_price_of_its_own",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_department", True), ("is_data_office", True), _connector="OR"),
                            models.Q(("is_supplier", True), ("is_buyer", True), ("is_operator", True), _connector="OR"),
                            _negated=True,
                        ),
                        name="public_bodies_do_not_trade",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("notice", "notice"), ("digest", "digest"), ("verify", "verify")], max_length=10
                    ),
                ),
                ("address", models.CharField(max_length=254)),
                ("message_id", models.CharField(max_length=120, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("dropped", "Dropped"),
                        ],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("tries", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=200)),
                ("next_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="letters", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("state", "pending")), fields=["next_at"], name="letter_due")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("sent_at__isnull", False), ("state", "sent")),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="sent_letter_says_when",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("group", models.CharField(max_length=12)),
                (
                    "how",
                    models.CharField(choices=[("once", "once"), ("daily", "daily"), ("never", "never")], max_length=6),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notice_choices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "group"), name="one_choice_a_group")],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("duties", models.JSONField(default=list)),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="memberships", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "party"), name="one_membership_a_party")],
            },
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("acts", models.JSONField()),
                ("products", models.JSONField(default=list)),
                ("limit_fen", models.PositiveBigIntegerField(null=True)),
                ("both_sides", models.BooleanField(default=False)),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField()),
                ("content", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("signature", models.JSONField(null=True)),
                ("created_at", models.DateTimeField()),
                ("signed_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=400)),
                (
                    "broker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mandates_held", to="parties.party"
                    ),
                ),
                (
                    "principal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="mandates_given", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("principal", models.F("broker")), _negated=True),
                        name="nobody_mandates_himself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("valid_until__gte", models.F("valid_from"))), name="mandate_has_a_life"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("signature__isnull", True), ("signed_at__isnull", True)),
                            models.Q(("signature__isnull", False), ("signed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="signed_mandate_has_its_signature",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("duties", models.JSONField(default=list)),
                ("post", models.CharField(blank=True, max_length=10)),
                ("label", models.CharField(blank=True, max_length=60)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="parties.party"),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("party__isnull", False), ("person__isnull", True), ("post", "")),
                            models.Q(
                                ("party__isnull", True), ("person__isnull", True), models.Q(("post", ""), _negated=True)
                            ),
                            models.Q(("party__isnull", True), ("person__isnull", False), ("post", "")),
                            _connector="OR",
                        ),
                        name="link_has_one_purpose",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AccessToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("prefix", models.CharField(max_length=12)),
                ("label", models.CharField(max_length=60)),
                ("read_only", models.BooleanField(default=True)),
                ("second_factor", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("party", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="parties.party")),
            ],
        ),
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "post",
                    models.CharField(
                        choices=[("SYSTEM", "SYSTEM"), ("SECURITY", "SECURITY"), ("AUDIT", "AUDIT")], max_length=10
                    ),
                ),
                ("since", models.DateTimeField()),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="post", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("post__in", ["SYSTEM", "SECURITY", "AUDIT"])), name="one_of_three_posts"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_key", models.CharField(max_length=64, unique=True)),
                ("custody", models.CharField(choices=[("platform", "platform"), ("own", "own")], max_length=10)),
                ("sealed", models.BinaryField(default=b"")),
                ("created_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signing_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at__isnull", True)),
                        fields=("person",),
                        name="one_living_key_a_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("custody", "own"), ("sealed", b"")),
                            models.Q(("custody", "platform"), models.Q(("sealed", b""), _negated=True)),
                            _connector="OR",
                        ),
                        name="only_platform_custody_holds_a_key",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.BigIntegerField(null=True)),
                ("group", models.CharField(max_length=12)),
                ("code", models.CharField(max_length=80)),
                ("zh", models.CharField(max_length=200)),
                ("en", models.CharField(max_length=240)),
                ("ref_kind", models.CharField(blank=True, max_length=30)),
                ("ref_key", models.CharField(blank=True, max_length=80)),
                ("page", models.CharField(blank=True, max_length=120)),
                ("key", models.CharField(max_length=160, unique=True)),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "mail",
                    models.CharField(
                        choices=[("new", "new"), ("daily", "daily"), ("done", "done")], default="new", max_length=5
                    ),
                ),
                (
                    "letter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notices",
                        to="parties.letter",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="parties.party",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)), fields=["person", "party"], name="notice_unread"
                    ),
                    models.Index(fields=["person", "party", "id"], name="notice_list"),
                    models.Index(
                        condition=models.Q(("mail", "done"), _negated=True),
                        fields=["mail", "person"],
                        name="notice_unmailed",
                    ),
                ],
            },
        ),
    ]

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("assets", "0001_initial"),
        ("delivery", "0001_initial"),
        ("kernel", "0001_initial"),
        ("parties", "0001_initial"),
        ("parties", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Agreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("template", models.CharField(max_length=20)),
                ("content", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(max_length=64)),
                ("source", models.JSONField(null=True)),
                ("until", models.DateField(db_index=True)),
                ("drafted_at", models.DateTimeField()),
                ("effective_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="agreement", to="kernel.case"
                    ),
                ),
                (
                    "grant",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="delivery.grant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("template__in", ["processing", "fusion", "brokerage"])),
                        name="agreement_template_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("grant__isnull", True),
                            models.Q(("effective_at__isnull", False), ("template", "processing")),
                            _connector="OR",
                        ),
                        name="only_processing_carries_a_grant",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DataProduct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=110)),
                ("name_en", models.CharField(blank=True, max_length=160)),
                ("summary", models.CharField(max_length=400)),
                ("summary_en", models.CharField(blank=True, max_length=600)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("dataset", "数据集"),
                            ("api", "数据接口"),
                            ("report", "分析报告"),
                            ("index", "指数"),
                            ("model", "模型"),
                            ("service", "数据服务"),
                            ("tool", "数据工具"),
                            ("app", "应用"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "sector",
                    models.CharField(
                        choices=[
                            ("A", "农、林、牧、渔业"),
                            ("B", "采矿业"),
                            ("C", "制造业"),
                            ("D", "电力、热力、燃气及水生产和供应业"),
                            ("E", "建筑业"),
                            ("F", "批发和零售业"),
                            ("G", "交通运输、仓储和邮政业"),
                            ("H", "住宿和餐饮业"),
                            ("I", "信息传输、软件和信息技术服务业"),
                            ("J", "金融业"),
                            ("K", "房地产业"),
                            ("L", "租赁和商务服务业"),
                            ("M", "科学研究和技术服务业"),
                            ("N", "水利、环境和公共设施管理业"),
                            ("O", "居民服务、修理和其他服务业"),
                            ("P", "教育"),
                            ("Q", "卫生和社会工作"),
                            ("R", "文化、体育和娱乐业"),
                            ("S", "公共管理、社会保障和社会组织"),
                            ("T", "国际组织"),
                        ],
                        max_length=1,
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("credit", "信用"),
                            ("health", "医疗"),
                            ("transport", "交通"),
                            ("finance", "金融"),
                            ("industry", "工业"),
                            ("city", "智慧城市"),
                            ("tourism", "文旅"),
                            ("weather", "气象"),
                            ("telecom", "通信"),
                            ("energy", "电力"),
                            ("trade", "商贸"),
                            ("agriculture", "农业"),
                            ("education", "教育"),
                            ("other", "其他"),
                        ],
                        max_length=12,
                    ),
                ),
                ("mode", models.CharField(max_length=10)),
                ("keywords", models.CharField(blank=True, max_length=200)),
                ("purposes", models.JSONField()),
                ("offered_terms", models.JSONField()),
                ("price_plan", models.JSONField()),
                ("price_kind", models.CharField(max_length=12)),
                ("spec", models.JSONField(default=dict)),
                ("source", models.JSONField()),
                ("sample", models.JSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("reviewing", "Reviewing"),
                            ("listed", "Listed"),
                            ("suspended", "Suspended"),
                            ("delisted", "Delisted"),
                        ],
                        db_index=True,
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.CharField(blank=True, max_length=400)),
                ("held_by", models.CharField(blank=True, max_length=12)),
                ("created_at", models.DateTimeField()),
                ("listed_at", models.DateTimeField(null=True)),
                ("delisted_at", models.DateTimeField(null=True)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="products", to="assets.dataasset"
                    ),
                ),
                (
                    "certificate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="assets.certificate",
                    ),
                ),
                (
                    "dataset_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="delivery.datasetversion",
                    ),
                ),
                (
                    "plane",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="delivery.plane"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="products", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "reviewing", "listed", "suspended", "delisted"])),
                        name="product_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["listed", "suspended"]), _negated=True),
                            models.Q(("certificate__isnull", False), ("listed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="listed_product_has_certificate",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "suspended"), ("held_by", ""), _connector="OR"),
                        name="only_a_suspended_product_is_held",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mode__in", ("table", "api", "query", "sql", "file", "proxy", "push", "stream"))
                        ),
                        name="product_mode_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DealBundle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=120)),
                ("need", models.TextField()),
                ("purpose", models.CharField(max_length=40)),
                ("shares", models.JSONField(null=True)),
                ("basis", models.JSONField(null=True)),
                ("reason", models.CharField(blank=True, max_length=400)),
                ("opened_at", models.DateTimeField()),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bundle", to="kernel.case"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Demand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=80)),
                (
                    "sector",
                    models.CharField(
                        choices=[
                            ("A", "农、林、牧、渔业"),
                            ("B", "采矿业"),
                            ("C", "制造业"),
                            ("D", "电力、热力、燃气及水生产和供应业"),
                            ("E", "建筑业"),
                            ("F", "批发和零售业"),
                            ("G", "交通运输、仓储和邮政业"),
                            ("H", "住宿和餐饮业"),
                            ("I", "信息传输、软件和信息技术服务业"),
                            ("J", "金融业"),
                            ("K", "房地产业"),
                            ("L", "租赁和商务服务业"),
                            ("M", "科学研究和技术服务业"),
                            ("N", "水利、环境和公共设施管理业"),
                            ("O", "居民服务、修理和其他服务业"),
                            ("P", "教育"),
                            ("Q", "卫生和社会工作"),
                            ("R", "文化、体育和娱乐业"),
                            ("S", "公共管理、社会保障和社会组织"),
                            ("T", "国际组织"),
                        ],
                        db_index=True,
                        max_length=1,
                    ),
                ),
                ("purpose", models.CharField(max_length=40)),
                ("visibility", models.CharField(db_index=True, max_length=10)),
                ("content", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="demand", to="kernel.case"
                    ),
                ),
                (
                    "mandate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="demands",
                        to="parties.mandate",
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="demands", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("visibility__in", ["public", "anonymous", "invited"])),
                        name="demand_visibility_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FeeAllowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("field", models.CharField(max_length=80)),
                ("document", models.CharField(max_length=120)),
                ("period_from", models.DateField()),
                ("period_to", models.DateField()),
                ("trial", models.BooleanField()),
                ("cost_fen", models.BigIntegerField()),
                ("profit_fen", models.BigIntegerField()),
                ("tax_fen", models.BigIntegerField()),
                ("deducted_fen", models.BigIntegerField(default=0)),
                ("person_id", models.BigIntegerField(null=True)),
                ("decided_at", models.DateTimeField()),
                (
                    "authority",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fee_allowances", to="parties.party"
                    ),
                ),
                (
                    "previous",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="following",
                        to="market.feeallowance",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cost_fen__gte", 0), ("deducted_fen__gte", 0), ("profit_fen__gte", 0), ("tax_fen__gte", 0)
                        ),
                        name="allowance_parts_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period_to__gte", models.F("period_from"))), name="allowance_period_forward"
                    ),
                    models.UniqueConstraint(fields=("holder", "field", "period_from"), name="allowance_period_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MatchTask",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("demand", "demand"), ("product", "product")], max_length=10)),
                ("number", models.CharField(max_length=40)),
                ("since", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "number"), name="match_task_once")],
            },
        ),
        migrations.CreateModel(
            name="PartyTie",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("ground", models.CharField(max_length=400)),
                ("person_id", models.BigIntegerField(null=True)),
                ("recorded_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "other",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("party", "other", "kind"),
                        name="living_tie_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("party", models.F("other")), _negated=True), name="tie_between_two_parties"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["control", "agent"])), name="tie_kind_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlatformRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.SlugField(max_length=40)),
                ("version", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=120)),
                ("title_en", models.CharField(max_length=160)),
                ("text", models.TextField()),
                ("text_en", models.TextField(blank=True)),
                ("reason", models.CharField(max_length=800)),
                ("sha256", models.CharField(max_length=64)),
                ("published_on", models.DateField()),
                ("comments_until", models.DateField()),
                ("effective_on", models.DateField(db_index=True)),
                ("published_at", models.DateTimeField()),
                ("person_id", models.BigIntegerField()),
                ("withdrawn_on", models.DateField(null=True)),
                ("withdrawn_because", models.CharField(blank=True, max_length=800)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("code", "version"), name="rule_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("comments_until__gte", models.F("published_on")),
                            ("effective_on__gt", models.F("comments_until")),
                        ),
                        name="rule_is_heard_before_it_holds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("withdrawn_on__isnull", True),
                            ("withdrawn_on__lt", models.F("effective_on")),
                            _connector="OR",
                        ),
                        name="rule_in_force_is_not_withdrawn",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PricingModel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=120)),
                (
                    "sector",
                    models.CharField(
                        choices=[
                            ("A", "农、林、牧、渔业"),
                            ("B", "采矿业"),
                            ("C", "制造业"),
                            ("D", "电力、热力、燃气及水生产和供应业"),
                            ("E", "建筑业"),
                            ("F", "批发和零售业"),
                            ("G", "交通运输、仓储和邮政业"),
                            ("H", "住宿和餐饮业"),
                            ("I", "信息传输、软件和信息技术服务业"),
                            ("J", "金融业"),
                            ("K", "房地产业"),
                            ("L", "租赁和商务服务业"),
                            ("M", "科学研究和技术服务业"),
                            ("N", "水利、环境和公共设施管理业"),
                            ("O", "居民服务、修理和其他服务业"),
                            ("P", "教育"),
                            ("Q", "卫生和社会工作"),
                            ("R", "文化、体育和娱乐业"),
                            ("S", "公共管理、社会保障和社会组织"),
                            ("T", "国际组织"),
                        ],
                        max_length=1,
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("dataset", "数据集"),
                            ("api", "数据接口"),
                            ("report", "分析报告"),
                            ("index", "指数"),
                            ("model", "模型"),
                            ("service", "数据服务"),
                            ("tool", "数据工具"),
                            ("app", "应用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("scenario", models.CharField(max_length=80)),
                ("basis", models.CharField(max_length=8)),
                ("factors", models.JSONField()),
                ("formula", models.CharField(max_length=1000)),
                ("spread", models.PositiveIntegerField()),
                ("examples", models.JSONField()),
                ("valid_from", models.DateField()),
                ("valid_until", models.DateField()),
                ("notes", models.TextField(blank=True)),
                ("state", models.CharField(db_index=True, max_length=12)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pricing_model", to="kernel.case"
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="pricing_models", to="parties.party"
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="later",
                        to="market.pricingmodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("valid_until__gte", models.F("valid_from"))), name="model_valid_forward"
                    ),
                    models.CheckConstraint(condition=models.Q(("spread__lte", 90)), name="model_spread_at_most_90"),
                    models.CheckConstraint(
                        condition=models.Q(("basis__in", ["unit", "whole", "month", "year"])), name="model_basis_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["published", "superseded", "withdrawn"]), _negated=True),
                            ("published_at__isnull", False),
                            _connector="OR",
                        ),
                        name="published_model_says_when",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["published", "superseded", "withdrawn"])),
                        fields=("replaces",),
                        name="one_published_successor",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductSheet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file_name", models.CharField(max_length=120)),
                ("rows", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=600)),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_searches",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "name"), name="saved_search_named_once")],
            },
        ),
        migrations.CreateModel(
            name="ShelfState",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("revision", models.BigIntegerField(default=0)),
                ("epoch", models.CharField(max_length=32)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_shelf_state")],
            },
        ),
        migrations.CreateModel(
            name="ViewCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("product", "product"), ("demand", "demand")], max_length=10)),
                ("number", models.CharField(max_length=20)),
                ("day", models.DateField()),
                ("views", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "number", "day"), name="view_count_a_day")],
            },
        ),
        migrations.CreateModel(
            name="AgreementSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("signature", models.JSONField()),
                ("signed_at", models.DateTimeField()),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="market.agreement"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("agreement", "party"), name="one_signature_a_party")],
            },
        ),
        migrations.CreateModel(
            name="ContributionSplit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=10)),
                ("players", models.JSONField()),
                ("basis", models.JSONField()),
                ("values", models.JSONField()),
                ("shares", models.JSONField()),
                ("worth", models.BigIntegerField()),
                ("error", models.CharField(max_length=40)),
                ("samples", models.PositiveIntegerField()),
                ("seed", models.BigIntegerField()),
                ("remark", models.CharField(max_length=400)),
                ("person_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="splits", to="market.dataproduct"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("method__in", ["exact", "sampled", "metered"])), name="split_method_known"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CatalogueEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("document", models.BigIntegerField()),
                ("on_shelf", models.BooleanField()),
                ("revision", models.BigIntegerField(db_index=True, null=True)),
                ("facets", models.TextField()),
                ("card", models.JSONField()),
                ("listed", models.BigIntegerField()),
                ("fresh", models.BigIntegerField()),
                ("rows", models.BigIntegerField(default=0)),
                ("score", models.IntegerField(default=-1)),
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="entry", to="market.dataproduct"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AskPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("plan", models.JSONField()),
                ("at", models.DateTimeField()),
                ("person_id", models.BigIntegerField(null=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="asks", to="market.dataproduct"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DemandVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("content", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("person_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "demand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="market.demand"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("demand", "version"), name="demand_version_once")],
            },
        ),
        migrations.CreateModel(
            name="FeeCap",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("plan", models.JSONField()),
                ("remark", models.CharField(blank=True, max_length=400)),
                ("person_id", models.BigIntegerField(null=True)),
                ("set_at", models.DateTimeField()),
                (
                    "allowance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="caps", to="market.feeallowance"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fee_caps", to="market.dataproduct"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="FeeReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revenue_fen", models.BigIntegerField()),
                ("cost_fen", models.BigIntegerField()),
                ("billed_fen", models.BigIntegerField()),
                ("surplus_fen", models.BigIntegerField()),
                ("remark", models.CharField(max_length=400)),
                ("person_id", models.BigIntegerField(null=True)),
                ("reported_at", models.DateTimeField()),
                (
                    "allowance",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="report", to="market.feeallowance"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("cost_fen__gte", 0), ("revenue_fen__gte", 0), ("surplus_fen__gte", 0)),
                        name="fee_report_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Inquiry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("purpose", models.CharField(max_length=40)),
                ("need", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("shares", models.JSONField(null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inquiries", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inquiry", to="kernel.case"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inquiries", to="market.dataproduct"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("buyer", models.F("supplier")), _negated=True),
                        name="nobody_buys_from_himself",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Listing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("form", models.JSONField()),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="listing", to="kernel.case"
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="listings", to="market.dataproduct"
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Match",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("demand_version", models.PositiveIntegerField()),
                ("score", models.PositiveIntegerField()),
                ("passes", models.BooleanField()),
                ("lines", models.JSONField()),
                ("refusals", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("current", models.BooleanField(default=True)),
                ("made_at", models.DateTimeField()),
                (
                    "demand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="matches", to="market.demand"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="matches", to="market.dataproduct"
                    ),
                ),
                (
                    "rules",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.ruleprofile"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["demand", "-score"], name="match_best_first")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("current", True)), fields=("demand", "product"), name="one_current_match"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__lte", 10000)), name="match_score_in_basis_points"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=60)),
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="own_code", to="market.dataproduct"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("supplier", "code"), name="own_code_once")],
            },
        ),
        migrations.CreateModel(
            name="PriceWarning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("findings", models.JSONField()),
                ("reason", models.CharField(max_length=400)),
                ("person_id", models.BigIntegerField(null=True)),
                ("accepted_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="price_warnings",
                        to="market.dataproduct",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("product", "digest"), name="warning_accepted_once")],
            },
        ),
        migrations.CreateModel(
            name="Estimate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("inputs", models.JSONField()),
                ("grounds", models.CharField(max_length=400)),
                ("low_e8", models.BigIntegerField()),
                ("mid_e8", models.BigIntegerField()),
                ("high_e8", models.BigIntegerField()),
                ("working", models.JSONField()),
                ("public", models.BooleanField(default=False)),
                ("person_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="estimates", to="market.dataproduct"
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="estimates", to="market.pricingmodel"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("high_e8__gte", models.F("mid_e8")),
                            ("low_e8__gte", 0),
                            ("mid_e8__gte", models.F("low_e8")),
                        ),
                        name="estimate_is_a_range",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RuleComment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("text", models.CharField(max_length=1000)),
                ("said_at", models.DateTimeField()),
                ("reply", models.CharField(blank=True, max_length=1000)),
                ("replied_at", models.DateTimeField(null=True)),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="market.platformrule"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("rule", "party"), name="one_comment_a_party")],
            },
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("snapshot", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(max_length=64)),
                ("amended", models.JSONField(null=True)),
                ("source", models.JSONField()),
                ("outcomes", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending_signature", "Pending"),
                            ("active", "Active"),
                            ("suspended", "Suspended"),
                            ("terminated", "Terminated"),
                            ("expired", "Expired"),
                            ("declined", "Declined"),
                        ],
                        db_index=True,
                        default="pending_signature",
                        max_length=20,
                    ),
                ),
                ("held_by", models.CharField(blank=True, max_length=12)),
                ("reason", models.CharField(blank=True, max_length=400)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("valid_until", models.DateTimeField(db_index=True)),
                ("drafted_at", models.DateTimeField()),
                ("effective_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contracts_bought", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contract", to="kernel.case"
                    ),
                ),
                (
                    "certificate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contracts", to="assets.certificate"
                    ),
                ),
                (
                    "grant",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="delivery.grant"
                    ),
                ),
                (
                    "plane",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="delivery.plane"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contracts_supplied",
                        to="parties.party",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contracts", to="market.dataproduct"
                    ),
                ),
                (
                    "inquiry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="contract", to="market.inquiry"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["pending_signature", "active", "suspended", "terminated", "expired", "declined"],
                            )
                        ),
                        name="contract_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["active", "suspended", "terminated", "expired"]), _negated=True),
                            models.Q(("effective_at__isnull", False), ("grant__isnull", False)),
                            _connector="OR",
                        ),
                        name="contract_in_effect_has_its_grant",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("held_by__in", ["parties", "order"]), ("state", "suspended")),
                            models.Q(models.Q(("state", "suspended"), _negated=True), ("held_by", "")),
                            _connector="OR",
                        ),
                        name="suspended_contract_says_by_whom",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", False), ("state__in", ["terminated", "expired", "declined"])),
                            models.Q(
                                models.Q(("state__in", ["terminated", "expired", "declined"]), _negated=True),
                                ("ended_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="ended_contract_says_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("buyer", models.F("supplier")), _negated=True),
                        name="contract_between_two_parties",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BundleMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("consented_at", models.DateTimeField(null=True)),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "bundle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="members", to="market.dealbundle"
                    ),
                ),
                (
                    "inquiry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bundled", to="market.inquiry"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("bundle", "supplier"), name="supplier_once_a_bundle")],
            },
        ),
        migrations.CreateModel(
            name="Quotation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField()),
                ("side", models.CharField(choices=[("supplier", "Supplier"), ("buyer", "Buyer")], max_length=10)),
                ("terms", models.JSONField()),
                ("plan", models.JSONField()),
                ("message", models.TextField(blank=True)),
                ("digest", models.CharField(max_length=64)),
                ("person_id", models.BigIntegerField(null=True)),
                ("made_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "inquiry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="quotations", to="market.inquiry"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("inquiry", "version"), name="quotation_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["supplier", "buyer"])), name="quotation_side_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="QuoteInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message", models.CharField(blank=True, max_length=800)),
                ("living", models.BooleanField(default=True)),
                ("invited_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invitation", to="kernel.case"
                    ),
                ),
                (
                    "demand",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="market.demand"
                    ),
                ),
                (
                    "inquiry",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitation",
                        to="market.inquiry",
                    ),
                ),
                (
                    "mandate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="parties.mandate",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="market.dataproduct",
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invitations", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("living", True)),
                        fields=("demand", "supplier"),
                        name="one_living_invitation_a_supplier",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answered_at__isnull", True), ("inquiry__isnull", True), ("product__isnull", True)
                            ),
                            models.Q(
                                ("answered_at__isnull", False), ("inquiry__isnull", False), ("product__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="answered_invitation_has_its_inquiry",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Auction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("terms", models.JSONField()),
                ("note", models.TextField(blank=True)),
                ("reserve_fen", models.BigIntegerField()),
                ("deposit_fen", models.BigIntegerField()),
                ("opens_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                ("reveals_until", models.DateTimeField()),
                ("state", models.CharField(db_index=True, default="draft", max_length=10)),
                ("reserved", models.BooleanField(default=False)),
                ("price_fen", models.BigIntegerField(null=True)),
                ("passed", models.PositiveIntegerField(default=0)),
                ("reason", models.CharField(blank=True, max_length=400)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.dataasset"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="auction", to="kernel.case"
                    ),
                ),
                (
                    "closed",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.event"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="auctions", to="parties.party"
                    ),
                ),
                (
                    "contract",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="auction",
                        to="market.contract",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="auctions", to="market.dataproduct"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("reserved", True)), fields=("asset",), name="asset_reserved_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closes_at__lt", models.F("reveals_until")), ("opens_at__lt", models.F("closes_at"))
                        ),
                        name="auction_times_forward",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("deposit_fen__gt", 0), ("reserve_fen__gt", 0)),
                        name="auction_reserve_and_deposit_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                [
                                    "draft",
                                    "published",
                                    "open",
                                    "revealing",
                                    "awarded",
                                    "concluded",
                                    "failed",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="auction_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("price_fen__isnull", True), ("price_fen__gte", models.F("reserve_fen")), _connector="OR"
                        ),
                        name="price_reaches_reserve",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Amendment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveSmallIntegerField()),
                ("content", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("sm3", models.CharField(max_length=64)),
                ("supplier_signature", models.JSONField(null=True)),
                ("buyer_signature", models.JSONField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("in_force", "In Force"), ("void", "Void")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("drafted_at", models.DateTimeField()),
                ("effective_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="amendment", to="kernel.case"
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="amendments", to="market.contract"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("contract", "sequence"), name="amendment_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "pending")),
                        fields=("contract",),
                        name="one_open_amendment_a_contract",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "in_force", "void"])), name="amendment_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "in_force"), _negated=True),
                            models.Q(
                                ("buyer_signature__isnull", False),
                                ("effective_at__isnull", False),
                                ("supplier_signature__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="amendment_in_force_is_signed_by_both",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Acceptance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=10)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("delivered_by", models.CharField(blank=True, max_length=10)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("accepted", "Accepted"), ("reduced", "Reduced"), ("ended", "Ended")],
                        max_length=10,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="acceptance", to="kernel.case"
                    ),
                ),
                (
                    "contract",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="acceptance", to="market.contract"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("rule__in", ["express", "silence", "use"])), name="acceptance_rule_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("delivered_at__isnull", True), ("delivered_by", "")),
                            models.Q(
                                ("delivered_at__isnull", False),
                                ("delivered_by__in", ["meter", "statement", "redelivery"]),
                            ),
                            _connector="OR",
                        ),
                        name="delivery_says_what_confirmed_it",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("outcome", "")),
                            models.Q(models.Q(("outcome", ""), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="acceptance_says_when_decided",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContractSignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("side", models.CharField(max_length=10)),
                ("person_id", models.BigIntegerField()),
                ("signature", models.JSONField()),
                ("signed_at", models.DateTimeField()),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="signatures", to="market.contract"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("contract", "side"), name="one_signature_a_side"),
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["supplier", "buyer"])), name="signature_side_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("by_order", models.BooleanField(default=False)),
                ("kind", models.CharField(db_index=True, max_length=16)),
                ("remedies", models.JSONField(default=list)),
                ("claim_fen", models.PositiveBigIntegerField(default=0)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Open"),
                            ("settled", "Settled"),
                            ("awarded", "Awarded"),
                            ("withdrawn", "Withdrawn"),
                            ("unresolved", "Unresolved"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="dispute", to="kernel.case"
                    ),
                ),
                (
                    "claimant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="disputes", to="market.contract"
                    ),
                ),
                (
                    "offer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="assets.serviceoffer",
                    ),
                ),
                (
                    "respondent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("claimant", models.F("respondent")), _negated=True),
                        name="dispute_between_two_parties",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("contract", "claimant", "kind"),
                        name="one_open_dispute_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("agency__isnull", True),
                            models.Q(
                                models.Q(("agency", models.F("claimant")), _negated=True),
                                models.Q(("agency", models.F("respondent")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="arbitrator_is_no_party",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TradeVoucher",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20, unique=True)),
                ("bill", models.CharField(max_length=40, unique=True)),
                ("content", models.JSONField()),
                ("digest", models.CharField(max_length=64)),
                ("amount", models.JSONField()),
                ("amount_salt", models.BinaryField(max_length=32)),
                ("issued_at", models.DateTimeField()),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="vouchers", to="market.contract"
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="voucher",
                        to="kernel.event",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AuctionBidder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("registered_at", models.DateTimeField()),
                (
                    "auction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bidders", to="market.auction"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("auction", "party"), name="bidder_once_an_auction")],
            },
        ),
        migrations.CreateModel(
            name="DeliveryStatement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("content", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("supplier_signature", models.JSONField()),
                ("buyer_signature", models.JSONField(null=True)),
                ("refused", models.CharField(blank=True, max_length=800)),
                ("declared_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "acceptance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="statements", to="market.acceptance"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("acceptance", "number"), name="statement_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("buyer_signature__isnull", True), ("refused", "")),
                            ("answered_at__isnull", False),
                            _connector="OR",
                        ),
                        name="statement_answered_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeDecision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=12)),
                ("content", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("signatures", models.JSONField(default=list)),
                ("refund_fen", models.PositiveBigIntegerField(default=0)),
                ("access", models.CharField(max_length=10)),
                ("deletion", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("proposed", "Proposed"), ("standing", "Standing"), ("void", "Void")],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("executed_at", models.DateTimeField(null=True)),
                ("execution", models.JSONField(default=dict)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.case"
                    ),
                ),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="market.dispute"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "standing")), fields=("dispute",), name="one_decision_a_dispute"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")), fields=("dispute",), name="one_proposal_at_a_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["settlement", "award"])), name="decision_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("access__in", ["continue", "terminate"])), name="decision_access_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DisputeEvidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("proves", models.CharField(max_length=400)),
                ("filed_at", models.DateTimeField()),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="market.dispute"
                    ),
                ),
                (
                    "material",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.material"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("dispute", "position"), name="evidence_numbered_once")],
            },
        ),
        migrations.CreateModel(
            name="DisputeMeasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("access", "Access"), ("funds", "Funds")], max_length=8)),
                ("reason", models.CharField(max_length=400)),
                ("ordered_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                ("lifted_because", models.CharField(blank=True, max_length=400)),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="measures", to="market.dispute"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("dispute", "kind"),
                        name="one_standing_measure_a_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["access", "funds"])), name="measure_kind_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceBundle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person_id", models.BigIntegerField()),
                ("manifest_sha256", models.CharField(max_length=64)),
                ("files", models.JSONField()),
                ("bytes", models.BigIntegerField()),
                ("log_size", models.BigIntegerField()),
                ("made_at", models.DateTimeField()),
                (
                    "dispute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bundles", to="market.dispute"
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.event"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SealedBid",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("serial", models.PositiveIntegerField()),
                ("commitment", models.CharField(max_length=64)),
                ("committed_at", models.DateTimeField()),
                ("amount_fen", models.BigIntegerField(null=True)),
                ("salt", models.CharField(blank=True, max_length=64)),
                ("revealed_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("sealed", "Sealed"),
                            ("opened", "Opened"),
                            ("unopened", "Unopened"),
                            ("below", "Below"),
                            ("standby", "Standby"),
                            ("lost", "Lost"),
                            ("won", "Won"),
                            ("defaulted", "Defaulted"),
                        ],
                        default="sealed",
                        max_length=10,
                    ),
                ),
                (
                    "auction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bids", to="market.auction"
                    ),
                ),
                (
                    "bidder",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="bid", to="market.auctionbidder"
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.event"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("auction", "serial"), name="bid_serial_once"),
                    models.UniqueConstraint(fields=("commitment",), name="commitment_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_fen__isnull", True), ("revealed_at__isnull", True), ("salt", "")),
                            models.Q(
                                ("amount_fen__gt", 0),
                                ("revealed_at__isnull", False),
                                models.Q(("salt", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="bid_opened_whole_or_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_fen__isnull", False), ("outcome__in", ["sealed", "unopened"]), _connector="OR"
                        ),
                        name="unopened_bid_takes_no_part",
                    ),
                ],
            },
        ),
    ]

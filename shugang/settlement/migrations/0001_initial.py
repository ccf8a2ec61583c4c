import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("kernel", "0001_initial"),
        ("parties", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="BankFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, unique=True)),
                ("seq", models.PositiveBigIntegerField(unique=True)),
                ("sha256", models.CharField(max_length=64)),
                ("closing_fen", models.BigIntegerField()),
                ("stated_at", models.DateTimeField()),
                ("read_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ReconciliationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True)),
                ("day", models.DateField(db_index=True)),
                ("run_at", models.DateTimeField()),
                ("difference_fen", models.BigIntegerField()),
                ("report", models.JSONField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=80, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("custody", "Custody"),
                            ("escrow", "Escrow"),
                            ("payable", "Payable"),
                            ("refund", "Refund"),
                            ("deposit", "Deposit"),
                            ("reserve", "Reserve"),
                            ("prepaid", "Prepaid"),
                            ("commission", "Commission"),
                            ("vat", "Vat"),
                            ("suspense", "Suspense"),
                        ],
                        max_length=12,
                    ),
                ),
                ("balance", models.BigIntegerField(default=0)),
                ("version", models.PositiveBigIntegerField(default=0)),
                ("floor", models.BigIntegerField(null=True)),
                (
                    "party",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("floor__isnull", True), ("balance__gte", models.F("floor")), _connector="OR"
                        ),
                        name="balance_not_below_floor",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ChargeAgreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True)),
                ("grant", models.CharField(db_index=True, max_length=40)),
                ("title", models.CharField(default="", max_length=200)),
                ("plan", models.JSONField()),
                ("plan_digest", models.CharField(max_length=64)),
                ("commission_bp", models.PositiveIntegerField()),
                ("vat_bp", models.PositiveIntegerField()),
                ("supply", models.CharField(default="data_service", max_length=24)),
                ("vat_by_date", models.BooleanField(default=False)),
                ("commission_vat_bp", models.PositiveIntegerField(null=True)),
                ("reserve_days", models.PositiveIntegerField(default=0)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("ended", "Ended")], default="active", max_length=8
                    ),
                ),
                ("refs", models.JSONField(default=list)),
                ("shares", models.JSONField(default=list)),
                ("held_for", models.CharField(blank=True, default="", max_length=20)),
                ("registered_at", models.DateTimeField()),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                ("profile", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="kernel.ruleprofile")),
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
                        name="charge_between_two_parties",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))), name="charge_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("commission_bp__lte", 10000)), name="commission_at_most_all"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120, unique=True)),
                ("payload_hash", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=20)),
                ("refs", models.JSONField(default=list)),
                ("effective_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                (
                    "resolves",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resolved_by",
                        to="settlement.transfer",
                    ),
                ),
                (
                    "reverses",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="settlement.transfer",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Bill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, null=True, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("bill", "Bill"), ("statement", "Statement"), ("credit_note", "Credit Note")],
                        max_length=12,
                    ),
                ),
                ("state", models.CharField(db_index=True, max_length=10)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("period_from", models.DateField()),
                ("period_to", models.DateField()),
                ("total_fen", models.BigIntegerField()),
                ("tax_fen", models.BigIntegerField()),
                ("drafted_at", models.DateTimeField()),
                ("issued_at", models.DateTimeField(null=True)),
                ("due_on", models.DateField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("paid_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("voided_at", models.DateTimeField(null=True)),
                ("partial", models.BooleanField(default=False)),
                ("credited_fen", models.BigIntegerField(default=0)),
                ("reserved_until", models.DateTimeField(db_index=True, null=True)),
                ("dispute", models.TextField(default="")),
                ("answer", models.TextField(default="")),
                (
                    "buyer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "corrects",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="settlement.bill",
                    ),
                ),
                (
                    "supplier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bills",
                        to="settlement.chargeagreement",
                    ),
                ),
                (
                    "held",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="settlement.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("number__isnull", True), ("state", "draft")),
                            models.Q(models.Q(("state", "draft"), _negated=True), ("number__isnull", False)),
                            _connector="OR",
                        ),
                        name="bill_numbered_when_issued",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "bill"), ("total_fen__gt", 0)),
                            models.Q(("kind", "statement"), ("total_fen", 0)),
                            models.Q(("corrects__isnull", False), ("kind", "credit_note"), ("total_fen__lte", 0)),
                            _connector="OR",
                        ),
                        name="bill_sign_fits_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")), fields=("agreement",), name="one_draft_an_agreement"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("corrects__isnull", False), ("partial", False)),
                        fields=("corrects",),
                        name="bill_voided_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credited_fen", 0),
                            models.Q(
                                ("credited_fen__gt", 0), ("credited_fen__lte", models.F("total_fen")), ("kind", "bill")
                            ),
                            _connector="OR",
                        ),
                        name="bill_credited_at_most_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FundsHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("reference", models.CharField(max_length=40)),
                ("reason", models.CharField(max_length=400)),
                ("placed_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holds",
                        to="settlement.chargeagreement",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("agreement", "kind", "reference"),
                        name="one_standing_funds_hold",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RevenueReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period_from", models.DateField()),
                ("period_to", models.DateField()),
                ("revenue_fen", models.BigIntegerField()),
                ("basis", models.CharField(max_length=400)),
                ("person_id", models.BigIntegerField(null=True)),
                ("reported_at", models.DateTimeField()),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revenues",
                        to="settlement.chargeagreement",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("revenue_fen__gte", 0)), name="revenue_not_negative")
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount", models.BigIntegerField()),
                ("balance_after", models.BigIntegerField()),
                ("version", models.PositiveBigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="settlement.account",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="settlement.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "version"), name="entry_version_once"),
                    models.UniqueConstraint(fields=("transfer", "account"), name="entry_once_a_transfer"),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="entry_amount_not_zero"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Deposit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True)),
                ("key", models.CharField(max_length=60)),
                ("title", models.CharField(default="", max_length=200)),
                ("amount_fen", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("required", "Required"),
                            ("held", "Held"),
                            ("returning", "Returning"),
                            ("returned", "Returned"),
                            ("forfeiting", "Forfeiting"),
                            ("forfeited", "Forfeited"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="required",
                        max_length=10,
                    ),
                ),
                ("forfeited_fen", models.BigIntegerField(default=0)),
                ("reason", models.CharField(default="", max_length=400)),
                ("refs", models.JSONField(default=list)),
                ("asked_at", models.DateTimeField()),
                ("paid_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "beneficiary",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "held",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deposit",
                        to="settlement.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("party", "key"), name="one_deposit_a_party_and_key"),
                    models.CheckConstraint(condition=models.Q(("amount_fen__gt", 0)), name="deposit_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("forfeited_fen__gte", 0), ("forfeited_fen__lte", models.F("amount_fen"))),
                        name="deposit_forfeits_at_most_itself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("held__isnull", True), ("state__in", ["required", "cancelled"])),
                            models.Q(
                                models.Q(("state__in", ["required", "cancelled"]), _negated=True),
                                ("held__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="deposit_held_when_paid",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BillLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("period_from", models.DateField()),
                ("period_to", models.DateField()),
                ("charge_reason", models.CharField(max_length=20)),
                ("tier", models.PositiveIntegerField(null=True)),
                ("late", models.BooleanField(default=False)),
                ("unit", models.CharField(max_length=10)),
                ("quantity", models.BigIntegerField()),
                ("unit_price_e8", models.BigIntegerField()),
                ("unit_size", models.BigIntegerField()),
                ("amount_fen", models.BigIntegerField()),
                ("tax_fen", models.BigIntegerField()),
                ("vat_bp", models.PositiveIntegerField(null=True)),
                ("grant", models.CharField(max_length=40)),
                ("outcomes", models.JSONField(default=list)),
                ("usage_from", models.DateTimeField()),
                ("usage_to", models.DateTimeField()),
                (
                    "bill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="settlement.bill"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("bill", "position"), name="bill_line_position_once")],
            },
        ),
        migrations.CreateModel(
            name="BillPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period_from", models.DateField()),
                ("period_to", models.DateField()),
                ("cut_at", models.DateTimeField()),
                ("folded_until", models.DateTimeField()),
                ("quantities", models.JSONField()),
                ("rated_fen", models.BigIntegerField()),
                ("prior_fen", models.BigIntegerField()),
                (
                    "bill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="periods", to="settlement.bill"
                    ),
                ),
                (
                    "prior",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="settlement.billperiod",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("bill", "period_from"), name="bill_period_once")],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True)),
                ("subject", models.CharField(choices=[("bill", "Bill"), ("commission", "Commission")], max_length=12)),
                ("kind", models.CharField(choices=[("special", "Special"), ("ordinary", "Ordinary")], max_length=10)),
                ("title", models.CharField(max_length=100)),
                ("tax_number", models.CharField(max_length=18)),
                ("email", models.CharField(max_length=200)),
                ("amount_fen", models.BigIntegerField()),
                ("tax_fen", models.BigIntegerField()),
                ("papers_fen", models.BigIntegerField(default=0)),
                ("state", models.CharField(db_index=True, default="requested", max_length=10)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("reason", models.CharField(default="", max_length=400)),
                ("requested_at", models.DateTimeField()),
                ("issued_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "bill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="invoices", to="settlement.bill"
                    ),
                ),
                (
                    "issuer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "receiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["requested", "issued", "red_due"])),
                        fields=("bill", "subject"),
                        name="one_invoice_a_bill_and_subject",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("issuer", models.F("receiver")), _negated=True),
                        name="invoice_between_two_parties",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "issued"), _negated=True),
                            ("papers_fen", models.F("amount_fen")),
                            _connector="OR",
                        ),
                        name="issued_invoices_sum_to_the_amount",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutInstruction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=40, unique=True)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("supplier", "Supplier"),
                            ("contributor", "Contributor"),
                            ("commission", "Commission"),
                            ("vat", "Vat"),
                            ("refund", "Refund"),
                            ("return", "Return"),
                            ("deposit", "Deposit"),
                            ("forfeit", "Forfeit"),
                            ("prepaid", "Prepaid"),
                        ],
                        max_length=12,
                    ),
                ),
                ("payee_name", models.CharField(max_length=200)),
                ("amount_fen", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("instructed", "Instructed"), ("done", "Done"), ("failed", "Failed")],
                        default="instructed",
                        max_length=10,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=1)),
                ("reason", models.CharField(default="", max_length=400)),
                ("created_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                ("cause", models.CharField(db_index=True, default="", max_length=40)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="settlement.account"
                    ),
                ),
                (
                    "bill",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="instructions",
                        to="settlement.bill",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_fen__gt", 0)), name="instruction_amount_positive"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("bill__isnull", False), ("cause", ""), models.Q(("purpose", "contributor"), _negated=True)
                        ),
                        fields=("bill", "purpose"),
                        name="one_instruction_a_purpose",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("purpose", "contributor")),
                        fields=("bill", "payee"),
                        name="one_instruction_a_contributor",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cause", ""), _negated=True),
                        fields=("cause", "purpose"),
                        name="one_instruction_a_cause_and_purpose",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoicePaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20)),
                ("dated", models.DateField()),
                ("amount_fen", models.BigIntegerField()),
                ("entered_at", models.DateTimeField()),
                (
                    "invoice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="papers", to="settlement.invoice"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("number",), name="invoice_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_fen", 0), _negated=True), name="invoice_amount_not_zero"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BankLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bank_ref", models.CharField(max_length=60, unique=True)),
                ("direction", models.CharField(choices=[("in", "in"), ("out", "out")], max_length=3)),
                ("amount_fen", models.BigIntegerField()),
                ("reference", models.CharField(max_length=60)),
                ("counterparty", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("matched", "Matched"),
                            ("suspense", "Suspense"),
                            ("returned", "Returned"),
                            ("unexplained", "Unexplained"),
                        ],
                        max_length=12,
                    ),
                ),
                ("note_zh", models.CharField(default="", max_length=200)),
                ("note_en", models.CharField(default="", max_length=300)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="settlement.bankfile"
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.party"
                    ),
                ),
                (
                    "bill",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_lines",
                        to="settlement.bill",
                    ),
                ),
                (
                    "instruction",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_lines",
                        to="settlement.payoutinstruction",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_lines",
                        to="settlement.transfer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount_fen__gt", 0)), name="bank_amount_positive")
                ],
            },
        ),
    ]

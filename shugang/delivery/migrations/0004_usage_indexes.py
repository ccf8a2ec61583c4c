"""Two indexes of use records that repeat the beginning of others; without them a fold writes two trees less.

Dropped by name: altering the fields would rebuild the table on SQLite, which takes its triggers and, for millions of
records, minutes.
"""

import django.db.models.deletion
from django.db import migrations, models

INDEXES = {
    "plane_id": "delivery_usagerecord_plane_id_35ead789",
    "grant_id": "delivery_usagerecord_grant_id_6949a1ff",
}


class Migration(migrations.Migration):
    dependencies = [("delivery", "0003_push_schedules")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"DROP INDEX {name}", f"CREATE INDEX {name} ON delivery_usagerecord ({column})")
                for column, name in INDEXES.items()
            ],
            state_operations=[
                migrations.AlterField(
                    "usagerecord",
                    "plane",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage",
                        to="delivery.plane",
                    ),
                ),
                migrations.AlterField(
                    "usagerecord",
                    "grant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage",
                        to="delivery.grant",
                    ),
                ),
            ],
        )
    ]

"""Entries lose two indexes that their unique constraints repeat: each cost every posting.

Only the indexes are dropped. An `AlterField` would rebuild the table on SQLite and lose its append-only trigger.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

COLUMNS = ("transfer_id", "account_id")


def drop(apps: Any, editor: Any) -> None:
    entry = apps.get_model("settlement", "Entry")
    for column in COLUMNS:
        for name in editor._constraint_names(entry, [column], index=True, unique=False, primary_key=False):
            editor.execute(editor._delete_index_sql(entry, name))


def restore(apps: Any, editor: Any) -> None:
    entry = apps.get_model("settlement", "Entry")
    for column in COLUMNS:
        field = entry._meta.get_field(column.removesuffix("_id"))
        editor.execute(editor._create_index_sql(entry, fields=[field]))


def bare(to: str) -> Any:
    return models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="entries", to=to)


class Migration(migrations.Migration):
    dependencies = [("settlement", "0004_billing")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("entry", "transfer", bare("settlement.transfer")),
                migrations.AlterField("entry", "account", bare("settlement.account")),
            ],
            database_operations=[migrations.RunPython(drop, restore)],
        )
    ]

"""What was recorded stays: data set versions, terms of grants, usage records and what was signed about them.

Held by triggers in the database itself, so that no code path and no operator's hand can rewrite it quietly. A usage
record's `log_index` is the one column that is set later, by the sequencer.
"""

from typing import Any

from django.db import migrations

from ._frozen import ACKNOWLEDGEMENT, BOOKS, DELETION, GRANT, USAGE, VERSION, freeze

FROZEN = {
    "delivery_datasetversion": VERSION,
    "delivery_grant": GRANT,
    "delivery_usagerecord": USAGE,
    "delivery_acknowledgement": ACKNOWLEDGEMENT,
    "delivery_planebooks": BOOKS,
    "delivery_deletionstatement": DELETION,
}
FUNCTION = """
CREATE FUNCTION delivery_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append only: %', TG_TABLE_NAME;
END $$
"""


def guard(apps: Any, editor: Any) -> None:
    if editor.connection.vendor != "sqlite":
        editor.execute(FUNCTION, params=None)
    for table, columns in FROZEN.items():
        freeze(table, columns)(apps, editor)


def unguard(apps: Any, editor: Any) -> None:
    for table in FROZEN:
        on = "" if editor.connection.vendor == "sqlite" else f" ON {table}"
        editor.execute(f"DROP TRIGGER {table}_frozen{on}")
    if editor.connection.vendor != "sqlite":
        editor.execute("DROP FUNCTION delivery_append_only()")


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]

"""Posted rows and bill lines are never updated, whoever asks: held by triggers in the database itself.

Deleting is refused on PostgreSQL for entries and transfers; on SQLite the test runner empties tables by DELETE,
so there the models alone refuse it. A later migration that rebuilds one of these tables on SQLite has to make
its trigger again.
"""

from typing import Any

from django.db import migrations

TABLES = ("settlement_entry", "settlement_transfer", "settlement_billline")
KEPT = ("settlement_entry", "settlement_transfer")

FUNCTION = """
CREATE FUNCTION settlement_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append only: %', TG_TABLE_NAME;
END $$
"""


def guard(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "sqlite":
        for table in TABLES:
            editor.execute(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'append only: {table}'); END"
            )
        return
    editor.execute(FUNCTION, params=None)
    for table in TABLES:
        what = "UPDATE OR DELETE" if table in KEPT else "UPDATE"
        editor.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {what} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION settlement_append_only()"
        )


def unguard(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "sqlite":
        for table in TABLES:
            editor.execute(f"DROP TRIGGER {table}_no_update")
        return
    for table in TABLES:
        editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    editor.execute("DROP FUNCTION settlement_append_only()")


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]

"""What was recorded stays: data set versions, the terms of grants and usage records are never rewritten.

Held by triggers in the database itself, so that no code path and no operator's hand can do it quietly. A usage record's
`log_index` is the one column that is set later, by the sequencer. A later migration that rebuilds one of these tables
on SQLite has to make its trigger again.
"""

from typing import Any

from django.db import migrations

FROZEN = {
    "delivery_datasetversion": (
        "dataset_id", "version", "sha256", "rows", "bytes", "path", "source_name", "source_sha256", "schema_digest",
        "created_at", "created_by",
    ),
    "delivery_grant": (
        "number", "grantee_id", "supplier_id", "product", "contract", "mode", "terms", "terms_digest", "source",
        "outcomes", "plane_id", "valid_from", "issued_at",
    ),
    "delivery_usagerecord": (
        "plane_id", "seq", "grant_id", "grant_number", "credential", "request_id", "mode", "action", "outcome",
        "charged", "charge_reason", "stated", "rows", "bytes", "at", "received_at", "folded_at", "version",
        "answer_sha256", "state", "detail", "hash", "prev", "salt", "sha256", "sm3",
    ),
}  # fmt: skip

FUNCTION = """
CREATE FUNCTION delivery_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append only: %', TG_TABLE_NAME;
END $$
"""


def _columns(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def guard(apps: Any, editor: Any) -> None:
    sqlite = editor.connection.vendor == "sqlite"
    if not sqlite:
        editor.execute(FUNCTION, params=None)
    for table, names in FROZEN.items():
        head = f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OF {_columns(names)} ON {table} "
        if sqlite:
            editor.execute(head + f"BEGIN SELECT RAISE(ABORT, 'append only: {table}'); END")
        else:
            editor.execute(head + "FOR EACH ROW EXECUTE FUNCTION delivery_append_only()")


def unguard(apps: Any, editor: Any) -> None:
    for table in FROZEN:
        on = "" if editor.connection.vendor == "sqlite" else f" ON {table}"
        editor.execute(f"DROP TRIGGER {table}_frozen{on}")
    if editor.connection.vendor != "sqlite":
        editor.execute("DROP FUNCTION delivery_append_only()")


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]

"""Triggers that keep recorded columns from being rewritten, made anew where a migration lost them.

On SQLite a migration that alters a table rebuilds it, and its triggers are gone: such a migration ends with
`RunPython(freeze("delivery_grant", GRANT), …)`. On PostgreSQL the trigger survives and is replaced by an equal one.
"""

from collections.abc import Callable
from typing import Any

GRANT = (
    "number", "grantee_id", "supplier_id", "product", "contract", "mode", "terms", "terms_digest", "source", "outcomes",
    "plane_id", "valid_from", "issued_at",
)  # fmt: skip

VERSION = (
    "dataset_id", "version", "sha256", "rows", "bytes", "path", "source_name", "source_sha256", "schema_digest",
    "key_columns", "appends", "created_at", "created_by",
)  # fmt: skip

DELETION = ("grant_id", "statement", "sha256", "signature", "person_id", "signed_at")

USAGE = (
    "plane_id", "seq", "grant_id", "grant_number", "grant_seq", "credential", "request_id", "mode", "action", "outcome",
    "charged", "charge_reason", "stated", "rows", "bytes", "at", "received_at", "folded_at", "version", "answer_sha256",
    "state", "detail", "hash", "prev", "salt", "sha256", "sm3",
)  # fmt: skip

ACKNOWLEDGEMENT = (
    "number", "grant_id", "first_seq", "last_seq", "statement", "sha256", "signature", "person_id", "signed_at",
)  # fmt: skip
BOOKS = ("plane_id", "seq", "head", "sums", "received_at")


def freeze(table: str, columns: tuple[str, ...]) -> Callable[[Any, Any], None]:
    """A migration step: from here on `columns` of `table` can be inserted and never updated."""

    def step(apps: Any, editor: Any) -> None:
        sqlite = editor.connection.vendor == "sqlite"
        editor.execute(f"DROP TRIGGER IF EXISTS {table}_frozen" + ("" if sqlite else f" ON {table}"))
        names = ", ".join(f'"{name}"' for name in columns)
        head = f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OF {names} ON {table} "
        if sqlite:
            editor.execute(head + f"BEGIN SELECT RAISE(ABORT, 'append only: {table}'); END")
        else:
            editor.execute(head + "FOR EACH ROW EXECUTE FUNCTION delivery_append_only()")

    return step

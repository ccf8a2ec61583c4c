"""The trigger that refuses overlapping periods of sources, made anew where a migration lost it.

On SQLite a migration that alters the table rebuilds it and its triggers are gone: such a migration ends with
`RunPython(guard, unguard)`. On PostgreSQL the trigger survives and is replaced by an equal one. There concurrent designations
are told apart by an advisory lock on the element and region, since neither transaction sees the other's row yet.
"""

# ruff: noqa: S608 names are our own

from typing import Any

TABLE, NAME = "publicdata_sourceoftruth", "publicdata_source_periods"
_OVERLAP = (
    f"SELECT 1 FROM {TABLE} o WHERE o.element = NEW.element AND o.region = NEW.region AND o.id <> NEW.id "
    "AND o.valid_from <= COALESCE(NEW.valid_until, '9999-12-31') AND COALESCE(o.valid_until, '9999-12-31') >= NEW.valid_from"
)


def guard(apps: Any, editor: Any) -> None:
    unguard(apps, editor)
    if editor.connection.vendor == "sqlite":
        # A new row has no id before it is inserted, so it is looked at afterwards.
        for verb in ("INSERT", "UPDATE"):
            editor.execute(
                f"CREATE TRIGGER {NAME}_{verb.lower()} AFTER {verb} ON {TABLE} WHEN EXISTS ({_OVERLAP}) "
                "BEGIN SELECT RAISE(ABORT, 'periods of sources overlap'); END"
            )
        return
    editor.execute(
        f"CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_advisory_xact_lock(hashtext(NEW.element || '/' || NEW.region)); "
        f"IF EXISTS ({_OVERLAP.replace(chr(39) + '9999-12-31' + chr(39), 'DATE ' + chr(39) + '9999-12-31' + chr(39))}) THEN "
        "RAISE EXCEPTION 'periods of sources overlap' USING ERRCODE = 'exclusion_violation'; END IF; RETURN NEW; END $$"
    )
    editor.execute(f"CREATE TRIGGER {NAME} BEFORE INSERT OR UPDATE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {NAME}()")


def unguard(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "sqlite":
        for verb in ("insert", "update"):
            editor.execute(f"DROP TRIGGER IF EXISTS {NAME}_{verb}")
    else:
        editor.execute(f"DROP TRIGGER IF EXISTS {NAME} ON {TABLE}")

"""What every test shares: a master key, a folder of its own, a clean set of platform keys."""

import base64
import gc
import os
from importlib import import_module
from pathlib import Path

os.environ.setdefault("SHUGANG_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
os.environ.setdefault("SHUGANG_SECRET_KEY", "a-secret-key-for-the-tests-only-0123456789abcdef")

import pytest


def pytest_collection_finish():
    """Ten thousand collected tests and all modules stay to the end: nothing that the collector should walk through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def var_dir(settings, tmp_path):
    """Files of this test only; the platform's keys are made anew in it."""
    from shugang.kernel import platform

    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    settings.SHUGANG_MASTER_KEY = os.environ["SHUGANG_MASTER_KEY"]  # pytest-django reads settings before this file
    settings.SHUGANG_VIEW_SECONDS = float("inf")  # a page read in a test writes nothing
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    platform.private_key.cache_clear()
    platform.signing_key.cache_clear()
    return settings.VAR_DIR


def database_steps():
    """What the migrations do besides making tables: triggers and indexes that no model declares, in their order."""
    from django.apps import apps
    from django.db.migrations import RunPython

    for app in apps.get_app_configs():
        if app.name.startswith("shugang."):
            for path in sorted((Path(app.path) / "migrations").glob("0*.py")):
                migration = import_module(f"{app.name}.migrations.{path.stem}").Migration
                yield from (step for step in migration.operations if isinstance(step, RunPython))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Tables straight from the models (`--no-migrations`), as migrating would leave them: `tests.test_migrations`.
    Each worker would spend half a minute of its core on drawing the states of 40 migrations."""
    from django.apps import apps
    from django.db import connection

    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        for step in database_steps():
            step.code(apps, editor)


# What migrating fills from the models: emptied, it would be filled again with the same.
FROM_MODELS = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def rows_are_deleted_where_there_are_any():
    """After a test with real transactions Django empties all 200 tables, and fills what comes from the models again: most
    of the time of such a test. Here the few tables with rows are emptied."""
    from django.db import connection, transaction
    from django.test import TransactionTestCase

    tables: list[str] = []

    def emptied(case: TransactionTestCase) -> None:
        quoted = connection.ops.quote_name
        tables.extend([] if tables else set(connection.introspection.django_table_names(True, False)) - FROM_MODELS)
        asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables)  # noqa: S608
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(asked)
            filled = [table for (table,) in cursor.fetchall()]
            if connection.vendor == "postgresql":  # as TRUNCATE: without triggers, in any order
                cursor.execute("SET LOCAL session_replication_role = replica")
            for table in filled:
                cursor.execute(f"DELETE FROM {quoted(table)}")  # noqa: S608

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", emptied)
        yield


@pytest.fixture(autouse=True)
def text_index_is_emptied(request):
    """After a test with real transactions the tables of all models are emptied; SQLite's text index is no model's."""
    yield
    mark = request.node.get_closest_marker("django_db")
    real = "transactional_db" in request.fixturenames or (mark is not None and mark.kwargs.get("transaction"))
    if real:
        from django.db import connection

        with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM kernel_search_fts")
                cursor.execute("DELETE FROM kernel_search_names")

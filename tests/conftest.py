"""The world stands for the whole folder: built once in a transaction, each test in a savepoint of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def _forget_keys() -> None:
    """The platform's keys are cached by process; each data folder has its own."""
    from shugang.kernel import platform

    platform.private_key.cache_clear()
    platform.signing_key.cache_clear()


@pytest.fixture(scope="package")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="package")
def world(django_db_setup: None, django_db_blocker: Any, world_folder: Path) -> Iterator[Any]:
    """See tests.world. Rolled back when the folder's last test is done, so no other test ever meets it."""
    from django.core.cache import cache
    from django.db import transaction
    from django.test import override_settings

    from .world import build

    (world_folder / "var").mkdir()
    settings = override_settings(
        VAR_DIR=world_folder / "var",
        SHUGANG_DEMO=True,
        SHUGANG_VIEW_SECONDS=float("inf"),
        SHUGANG_MASTER_KEY=os.environ["SHUGANG_MASTER_KEY"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    _forget_keys()
    cache.clear()
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():
        with settings:
            made = build(patch, world_folder)
        yield made
        transaction.set_rollback(True)
    _forget_keys()


@pytest.fixture(autouse=True)
def var_dir(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> Path:
    """A copy of the world's files for a test that stands in it; an empty folder for another."""
    from django.core.cache import cache

    cache.clear()  # failed sign-ins are counted there
    settings.SHUGANG_MASTER_KEY = os.environ["SHUGANG_MASTER_KEY"]
    settings.SHUGANG_VIEW_SECONDS = float("inf")  # a page read in a test writes nothing
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.VAR_DIR = tmp_path / "var"
    if "world" not in request.fixturenames:
        settings.VAR_DIR.mkdir()
        _forget_keys()
        return settings.VAR_DIR
    request.getfixturevalue("world")
    shutil.copytree(request.getfixturevalue("world_folder") / "var", settings.VAR_DIR)
    settings.SHUGANG_DEMO = True
    return settings.VAR_DIR

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


class Copy:
    """A copy of the world's files; `clean` puts back whatever a test has changed in it, which is most often nothing."""

    def __init__(self, original: Path, place: Path) -> None:
        self.original, self.place = original, place
        shutil.copytree(original, place)
        self.state = self._look()

    def clean(self) -> Path:
        now = self._look()
        if now == self.state:
            return self.place
        for path in sorted(now.keys() - self.state.keys(), reverse=True):
            os.rmdir(path) if now[path] is None else os.unlink(path)
        for path in sorted(p for p, seen in self.state.items() if p not in now or now[p] != seen):
            if self.state[path] is None:
                os.mkdir(path)
            else:
                shutil.copy2(self.original / os.path.relpath(path, self.place), path)
                self.state[path] = self._seen(os.lstat(path))
        return self.place

    def _look(self) -> dict[str, tuple[int, int, int] | None]:
        """Whatever stands below the place; None for a folder. Asked before each of some thousand tests."""
        found: dict[str, tuple[int, int, int] | None] = {}
        folders = [str(self.place)]
        while folders:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        found[entry.path] = None
                        folders.append(entry.path)
                    else:
                        found[entry.path] = self._seen(entry.stat(follow_symlinks=False))
        return found

    @staticmethod
    def _seen(seen: os.stat_result) -> tuple[int, int, int]:
        return seen.st_mtime_ns, seen.st_size, seen.st_ino


@pytest.fixture(scope="package")
def world_copy(world: Any, world_folder: Path) -> Copy:
    return Copy(world_folder / "var", world_folder / "copy")


@pytest.fixture(autouse=True)
def var_dir(request: pytest.FixtureRequest, settings: Any) -> Path:
    """The world's files, as it left them, for a test that stands in it; an empty folder for another."""
    from django.core.cache import cache

    cache.clear()  # failed sign-ins are counted there
    settings.SHUGANG_MASTER_KEY = os.environ["SHUGANG_MASTER_KEY"]
    settings.SHUGANG_VIEW_SECONDS = float("inf")  # a page read in a test writes nothing
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if "world" not in request.fixturenames:
        settings.VAR_DIR = request.getfixturevalue("tmp_path") / "var"
        settings.VAR_DIR.mkdir()
        _forget_keys()
        return settings.VAR_DIR
    settings.VAR_DIR = request.getfixturevalue("world_copy").clean()
    settings.SHUGANG_DEMO = True
    return settings.VAR_DIR

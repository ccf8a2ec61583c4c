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
        for path in sorted(now.keys() - self.state.keys(), reverse=True):
            (self.place / path).rmdir() if now[path] is None else (self.place / path).unlink()
        for path in sorted(p for p, seen in self.state.items() if p not in now or now[p] != seen):
            if self.state[path] is None:
                (self.place / path).mkdir()
            else:
                shutil.copy2(self.original / path, self.place / path)
                self.state[path] = self._seen(self.place / path)
        return self.place

    def _look(self) -> dict[str, tuple[int, int, int] | None]:
        """Paths below the place; None for a folder."""
        found: dict[str, tuple[int, int, int] | None] = {}
        for folder, folders, names in os.walk(self.place):
            below = os.path.relpath(folder, self.place)
            found |= {os.path.join(below, name): None for name in folders}
            found |= {os.path.join(below, name): self._seen(Path(folder) / name) for name in names}
        return found

    @staticmethod
    def _seen(path: Path) -> tuple[int, int, int]:
        seen = os.lstat(path)
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

"""An empty migrated SQLite database, copied. Migrating one takes half a minute of a core, and seven test files need one.

It is made once for one state of the source (whoever needs it first) and kept in `var/test-template/`, which is not in the repository.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "var" / "test-template"


def migrate(path: Path) -> None:
    """Migrate an empty database at `path`, step by step, in a process of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_")} | {
        "SHUGANG_VAR_DIR": str(path.parent), "SHUGANG_DATABASE_URL": f"sqlite://{path.resolve()}",
        "SHUGANG_MASTER_KEY": base64.b64encode(bytes(32)).decode(), "DJANGO_SETTINGS_MODULE": "shugang.settings",
    }  # fmt: skip
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], check=True, env=env, cwd=ROOT)


def keep(path: Path) -> None:
    """Let the others copy this freshly migrated database."""
    with _alone():
        _keep(path)


def lay(path: Path) -> None:
    """Put a copy at `path`, where a platform would find no database yet."""
    with _alone():
        kept = KEPT / f"{_digest()}.sqlite3"
        if not kept.exists():
            with tempfile.TemporaryDirectory() as folder:
                migrate(Path(folder) / "control.sqlite3")
                _keep(Path(folder) / "control.sqlite3")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(kept, path)


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: the workers of a run need it at the same moment."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep(path: Path) -> None:
    for old in KEPT.glob("*.sqlite3"):
        old.unlink()
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        whole = Path(folder) / "whole"
        with closing(sqlite3.connect(path)) as database:
            database.execute("VACUUM INTO ?", (str(whole),))
        whole.rename(KEPT / f"{_digest()}.sqlite3")


def _digest() -> str:
    """Of everything that could make the tables other ones."""
    digest = hashlib.sha256(f"{django.get_version()} {sqlite3.sqlite_version}".encode())
    for source in sorted((ROOT / "shugang").rglob("*.py")):
        if "tests" not in source.parts:
            digest.update(f"{source}\n".encode() + source.read_bytes())
    return digest.hexdigest()[:32]

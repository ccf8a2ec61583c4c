"""Restoring into an empty place, and going on with the log without ever contradicting what the world has seen."""

from __future__ import annotations

import base64
import json
import os
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import archive, collect, fleets, postgres, sealing
from .errors import Stopped

ENVIRONMENT = "shugang.env"
REFUSED = 3


def restore(
    source: Path,
    target: Path,
    database_url: str,
    published: str | None,
    passphrase: str,
    identity: Path | None,
    journal_url: str = "",
    store_url: str = "",
) -> list[str]:
    """Restore into `target`; returns what the operator should know. Raises Stopped; then nothing is left."""
    target = target.absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Stopped(f"{target}不是空文件夹，不会覆盖。", f"{target} is not an empty folder and stays as it is.")
    reader = archive.Reader(source)
    secrets = sealing.unseal(reader.sealed, reader.manifest_bytes, passphrase, identity)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as staging:
            folder = Path(staging) / "data"
            folder.mkdir(mode=0o700)
            environment = fleets.environment(secrets["environment"], journal_url, store_url)
            database = _place(reader, secrets, folder, target, database_url)
            brought: list[str] = []
            try:
                _journals(reader, folder, journal_url, brought)
                fleets.point(folder, journal_url, store_url, str(target))
                told = _settle(folder, environment, database_url, published)
                _write_environment(folder, target, environment, database_url)
                os.rename(folder, target)
            except BaseException:
                for plane in brought:
                    fleets.take_back(journal_url, plane)
                if database_url:
                    postgres.empty(database)
                raise
    except (OSError, sqlite3.Error) as error:
        raise Stopped(
            f"恢复没有完成（{error}），没有留下文件。", f"Nothing was restored ({error}); no file was left."
        ) from None
    finally:
        reader.close()
    return told


def _journals(reader: archive.Reader, folder: Path, url: str, brought: list[str]) -> None:
    """Journals that were shared in PostgreSQL, into the database at `url`; `brought` names the planes that are there."""
    for told in reader.manifest["planes"]:
        if "plane" not in told:
            continue
        if not url:
            raise Stopped(
                "备份里有PostgreSQL中的用量日志，请用--journal-url给出一个库。",
                "The backup holds journals of PostgreSQL. Please give a database with --journal-url.",
            )
        dump = folder / told["journal"]
        fleets.bring_back(dump, url, told["plane"])
        brought.append(told["plane"])
        dump.unlink()


def _place(
    reader: archive.Reader, secrets: dict[str, Any], folder: Path, target: Path, database_url: str
) -> dict[str, Any]:
    """Files, keys and database at their places in `folder`; the database's settings."""
    from shugang.settings import _database

    manifest = reader.manifest
    on_postgres = manifest["database"] == collect.CONTROL_POSTGRES
    if on_postgres != bool(database_url):
        raise Stopped(
            "备份来自PostgreSQL时须用--database-url给出一个空库；来自SQLite时不用。",
            "A backup of PostgreSQL needs an empty database by --database-url; one of SQLite takes none.",
        )
    database = _database(database_url or f"sqlite://{folder}/{collect.CONTROL_SQLITE}")
    if on_postgres:
        postgres.check_empty(database)
    for told in manifest["files"]:
        reader.extract(told, folder / told["name"])
    for name, text in secrets["files"].items():
        _write_key(folder / name, base64.b64decode(text), manifest["folder"], str(target))
    if on_postgres:
        dump = folder / collect.CONTROL_POSTGRES
        postgres.load(dump, database)
        dump.unlink()
    return database


def _write_key(path: Path, data: bytes, was: str, now: str) -> None:
    """Settings of planes name their own folder, which may have moved."""
    from shugang.delivery.plane.config import write_private

    if path.suffix == ".toml":
        data = data.replace(json.dumps(was)[1:-1].encode() + b"/", json.dumps(now)[1:-1].encode() + b"/")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, data)


def _write_environment(folder: Path, target: Path, environment: dict[str, str], database_url: str) -> None:
    from shugang.delivery.plane.config import write_private

    url = database_url or f"sqlite://{target}/{collect.CONTROL_SQLITE}"
    told = {**environment, "SHUGANG_VAR_DIR": str(target), "SHUGANG_DATABASE_URL": url}
    lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(told.items()))
    write_private(folder / ENVIRONMENT, lines.encode())


def _settle(folder: Path, environment: dict[str, str], database_url: str, published: str | None) -> list[str]:
    """The log and the planes, with the platform's own programs over the restored data, in a process of its own: this
    one may have been started with the settings of another platform."""
    url = database_url or f"sqlite://{folder}/{collect.CONTROL_SQLITE}"
    own = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_")}
    own |= environment | {"SHUGANG_VAR_DIR": str(folder), "SHUGANG_DATABASE_URL": url}
    command = [sys.executable, "-m", "shugang.commands.keeping.settle", *([published] if published else [])]
    done = subprocess.run(command, env=own, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if line] or ["?"]
        raise Stopped(*(lines[-2:] if done.returncode == REFUSED else [f"恢复没有完成：{lines[-1]}", lines[-1]]))
    return done.stdout.splitlines()

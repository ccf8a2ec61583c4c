"""PostgreSQL through its own tools: `pg_dump` is one consistent snapshot, `pg_restore` one transaction."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import Stopped

Connection = Mapping[str, Any]


def _program(name: str) -> str:
    newest = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    found = newest[-1] if newest else shutil.which(name)
    if not found:
        raise Stopped(
            f"本机没有{name}，请安装PostgreSQL客户端。", f"{name} is not installed. Please install PostgreSQL's client."
        )
    return found


def _environment(database: Connection) -> dict[str, str]:
    """The password goes through the environment of the child alone, never through its arguments."""
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME",
             "PGSSLMODE": "SSLMODE", "PGSSLROOTCERT": "SSLROOTCERT"}  # fmt: skip
    told = {name: str(database[key]) for name, key in names.items() if database.get(key)}
    return {**os.environ, **told}


def _run(arguments: list[str], database: Connection, zh: str, en: str) -> str:
    done = subprocess.run(arguments, env=_environment(database), capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["?"])[-1][:300]
        raise Stopped(f"{zh}：{why}", f"{en}: {why}")
    return done.stdout


def dump(database: Connection, target: Path, schema: str = "") -> None:
    """All but the journals of planes, or one schema alone."""
    what = f"--schema={schema}" if schema else "--exclude-schema=plane_*"
    _run(
        [_program("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", what, f"--file={target}"],
        database, "数据库没有备份成功", "The database was not saved",
    )  # fmt: skip


def check_empty(database: Connection) -> None:
    query = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    found = _run(
        [_program("psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--command", query],
        database, "目标数据库连不上", "The target database cannot be reached",
    )  # fmt: skip
    if found.strip() != "0":
        raise Stopped(
            "目标数据库不是空的，不会覆盖。请另建一个空库。",
            "The target database is not empty and stays as it is. Please make an empty one.",
        )


def load(source: Path, database: Connection) -> None:
    """All of it or nothing. The database must be empty."""
    _run(
        [_program("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
         f"--dbname={database['NAME']}", str(source)],
        database, "数据库没有恢复成功", "The database was not restored",
    )  # fmt: skip


def empty(database: Connection) -> None:
    """Take back what `load` put into a database that was empty before."""
    query = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
    _run([_program("psql"), "--no-psqlrc", "--quiet", "--command", query], database, "未能清空", "Not emptied")


def listing(source: Path) -> None:
    """Raises Stopped when the dump cannot be read."""
    _run([_program("pg_restore"), "--list", str(source)], {}, "数据库备份读不出", "The database's dump cannot be read")

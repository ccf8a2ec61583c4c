"""Journals that a plane's workers share in PostgreSQL: one schema each, saved and brought back with PostgreSQL's tools.

A plane's settings (a `.toml` of the data folder, or `SHUGANG_PLANE_…`) say where its journal is. Its dump stands beside
the settings, as a journal in SQLite does.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from shugang.delivery.plane import config as plane_config
from shugang.delivery.plane.fleet.tables import schema_name

from . import postgres
from .errors import Stopped

DUMP = "journal.pgdump"
_LINE = re.compile(r"^(\s*)journal_url(\s*)=.*$", re.MULTILINE)
_STORE = re.compile(r"^(\s*)vault_s3_url(\s*)=.*$", re.MULTILINE)


class Fleet(NamedTuple):
    """`dump` is the journal's name in a backup; `url_file` the file that holds the address, if one does."""

    plane: str
    dsn: str
    dump: str
    url_file: Path | None

    @property
    def schema(self) -> str:
        return schema_name(self.plane)


def fleets(root: Path, environ: Mapping[str, str]) -> Iterator[Fleet]:
    """Those whose settings stand in the data folder or in the environment."""
    seen = set()
    for path in [*sorted(root.rglob("*.toml")), None]:
        try:
            found = plane_config.load(path, environ)
            dsn = found.journal_dsn()
        except (plane_config.ConfigError, OSError, ValueError):
            continue  # another program's settings, or none
        if dsn and found.plane_id not in seen:
            seen.add(found.plane_id)
            place = path.parent.relative_to(root) if path else Path("planes", found.plane_id)
            yield Fleet(found.plane_id, dsn, (place / DUMP).as_posix(), found.journal_url_file)


def database(url: str) -> dict[str, Any]:
    """The address in the words of `postgres`, its password apart. Raises Stopped."""
    try:
        told = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        raise Stopped("日志库的地址写法不对。", "The address of the journals' database is malformed.") from None
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME",
             "sslmode": "SSLMODE", "sslrootcert": "SSLROOTCERT"}  # fmt: skip
    return {names[key]: value for key, value in told.items() if key in names and value}


def last_record(url: str, plane: str) -> int:
    """The newest record of a shared journal. Raises Stopped."""
    try:
        with psycopg.connect(url, connect_timeout=10) as con:
            name = sql.Identifier(schema_name(plane))
            found = con.execute(sql.SQL("SELECT seq FROM {}.head").format(name)).fetchone()
    except psycopg.Error as error:
        raise _unreachable(plane, error) from None
    return int(found[0]) if found else 0


def save(fleet: Fleet, target: Path) -> int:
    """One moment of the journal; its last record by then or before. Raises Stopped."""
    seq = last_record(fleet.dsn, fleet.plane)
    postgres.dump(database(fleet.dsn), target, fleet.schema)
    return seq


def bring_back(dump: Path, url: str, plane: str) -> None:
    """Into a database that holds no journal of this plane. Raises Stopped."""
    try:
        with psycopg.connect(url, connect_timeout=10) as con:
            there = con.execute("SELECT to_regnamespace(%s) IS NOT NULL", (schema_name(plane),)).fetchone()
    except psycopg.Error as error:
        raise _unreachable(plane, error) from None
    if there and there[0]:
        raise Stopped(
            f"日志库里已有节点{plane}的用量日志，不会覆盖。请另建一个空库。",
            f"The database holds a journal of plane {plane}, which stays as it is. Please make an empty one.",
        )
    postgres.load(dump, database(url))


def take_back(url: str, plane: str) -> None:
    """What `bring_back` put there."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as con:
        con.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_name(plane))))


def point(folder: Path, journal_url: str, store_url: str, was: str) -> None:
    """Tell restored settings where journals and store are now; `was` is the folder's former place."""
    for path in sorted(folder.rglob("*.toml")):
        text = path.read_text()
        if journal_url:
            _write_url(path, text, journal_url, was, folder)
            text = _LINE.sub(lambda m: f"{m[1]}journal_url{m[2]}= {json.dumps(journal_url)}", text)
        if store_url:
            text = _STORE.sub(lambda m: f"{m[1]}vault_s3_url{m[2]}= {json.dumps(store_url)}", text)
        if text != path.read_text():
            plane_config.write_private(path, text.encode())


def _write_url(path: Path, text: str, url: str, was: str, folder: Path) -> None:
    """Where a file names the database, the file is written anew."""
    found = re.search(r'^\s*journal_url_file\s*=\s*"([^"]+)"', text, re.MULTILINE)
    if found is None:
        return
    place = Path(found[1])
    for known in (Path(was), folder):
        if place.is_relative_to(known):
            plane_config.write_private(folder / place.relative_to(known), url.encode())


def _unreachable(plane: str, error: Exception) -> Stopped:
    why = (str(error).strip().splitlines() or ["?"])[0][:200]
    return Stopped(
        f"节点{plane}的日志库连不上：{why}", f"The journal's database of plane {plane} cannot be reached: {why}"
    )


def environment(told: Mapping[str, str], journal_url: str, store_url: str) -> dict[str, str]:
    """The restored settings of the environment, with the new places."""
    new = dict(told)
    if journal_url and "SHUGANG_PLANE_JOURNAL_URL" in new:
        new["SHUGANG_PLANE_JOURNAL_URL"] = journal_url
    for name in ("SHUGANG_VAULT_S3_URL", "SHUGANG_PLANE_VAULT_S3_URL"):
        if store_url and (name in new or name == "SHUGANG_VAULT_S3_URL"):
            new[name] = store_url
    return new


def settings_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k.startswith(plane_config.ENV_PREFIX)}

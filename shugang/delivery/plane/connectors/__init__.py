"""Read-only connections to a supplier's own source (可连). Nothing of what they answer is kept.

A connection lives for one query: no state can leak from one grant to the next. The statement is read-only by the
source (`mode=ro` and an authorizer, a read-only transaction, a child process that can only read), not by our reading.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors.base import TLS, Connector, Rows, Server, SourceFailed
from shugang.delivery.plane.connectors.files import FilesConnector, Folder, Objects, Store
from shugang.delivery.plane.connectors.mysql import MysqlConnector
from shugang.delivery.plane.connectors.postgres import PostgresConnector
from shugang.delivery.plane.connectors.sqlite import SqliteConnector
from shugang.delivery.plane.s3 import Bucket
from shugang.policy.addresses import AddressRefused

__all__ = ["Connector", "Rows", "Setting", "SourceFailed", "open_connector", "open_connectors"]
_PORTS = {"postgresql": 5432, "postgres": 5432, "mysql": 3306}
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_FILES = ("folder", "s3+https", "s3+http")


@dataclass(frozen=True)
class Setting:
    """One connector as it is set: its address, with or without the account, and the account apart from it."""

    url: str = field(repr=False)
    tables: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    password: str = field(default="", repr=False)


def open_connectors(config: PlaneConfig) -> dict[str, Connector]:
    """Only what this plane's own settings name. Raises ConfigError (never with the URL's secrets in it)."""
    shutil.rmtree(_scratch(config), ignore_errors=True)  # what a killed plane left behind
    return {
        name: open_connector(name, Setting(url, config.tables.get(name, {})), config)
        for name, url in config.connectors.items()
    }


def _scratch(config: PlaneConfig) -> Path:
    return config.data_dir / f"reading-{config.worker}"


def open_connector(name: str, setting: Setting, config: PlaneConfig) -> Connector:
    """Nothing is dialled yet. Raises ConfigError."""
    try:
        parts = urlsplit(setting.url)
        options = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        port = parts.port
    except ValueError:
        raise ConfigError(f"connector {name}: the address cannot be read") from None
    if parts.scheme == "sqlite":
        return SqliteConnector(_file(name, parts))
    if parts.scheme in _FILES:
        store = (
            Folder(_file(name, parts)) if parts.scheme == "folder" else _objects(name, setting, parts, options, config)
        )
        return _files(name, setting, store, config)
    if parts.scheme not in _PORTS:
        raise ConfigError(f"connector {name}: only sqlite, postgresql, mysql, {', '.join(_FILES)} are known")
    server = _server(name, setting, parts, port or _PORTS[parts.scheme], options, config)
    return MysqlConnector(server) if parts.scheme == "mysql" else PostgresConnector(server)


def _file(name: str, parts: SplitResult) -> Path:
    if parts.netloc:
        raise ConfigError(f"connector {name}: write {parts.scheme}:///relative or {parts.scheme}:////absolute")
    return Path(unquote(parts.path[1:])).absolute()


def _server(
    name: str, setting: Setting, parts: SplitResult, port: int, options: Mapping[str, str], config: PlaneConfig
) -> Server:
    # At a supplier's own site the database often has no TLS; over a network that is not his, it must.
    default = "verify" if config.role == "platform" else "prefer"
    tls = options.get("tls", default)
    if set(options) - {"tls", "ca"} or tls not in (*TLS, default):
        raise ConfigError(f"connector {name}: after ? only tls=verify, require or off, and ca=FILE are known")
    host = parts.hostname or ""
    try:
        config.rules.check_pair(host, port)
    except AddressRefused as error:
        raise ConfigError(f"connector {name}: {error}") from error
    return Server(
        host,
        port,
        unquote(parts.path[1:]),
        setting.user or unquote(parts.username or ""),
        setting.password or unquote(parts.password or ""),
        tls,
        config.rules,
        options.get("ca"),
    )


def _files(name: str, setting: Setting, store: Store, config: PlaneConfig) -> Connector:
    for table, pattern in setting.tables.items():
        parts = pattern.split("/")
        if not _TABLE.fullmatch(table) or not pattern or parts[0] == "" or ".." in parts or "**" in pattern:
            raise ConfigError(f"connector {name}: the table {table} needs a plain name and a path below the root")
    if not setting.tables:
        raise ConfigError(f"connector {name}: name its tables in [connectors.{name}.tables]")
    return FilesConnector(store, setting.tables, config.max_source, _scratch(config))


def _objects(
    name: str, setting: Setting, parts: SplitResult, options: Mapping[str, str], config: PlaneConfig
) -> Objects:
    bucket, _, prefix = unquote(parts.path[1:]).partition("/")
    style = options.get("style", "path")
    if set(options) - {"region", "style"} or style not in ("path", "host"):
        raise ConfigError(f"connector {name}: after ? only region=…, style=path or host are known")
    place = Bucket(
        f"{parts.scheme.removeprefix('s3+')}://{parts.netloc.rpartition('@')[2]}",
        bucket,
        options.get("region", "us-east-1"),
        setting.user or unquote(parts.username or ""),
        setting.password or unquote(parts.password or ""),
        style == "path",
    )
    try:
        host, _, port = place.pair.rpartition(":")
        config.rules.check_pair(host.strip("[]"), int(port))
    except AddressRefused as error:
        raise ConfigError(f"connector {name}: {error}") from error
    return Objects(place, config.rules, f"{prefix.rstrip('/')}/" if prefix else "")

"""Settings of one plane: a TOML file, overridden by `SHUGANG_PLANE_*` environment variables.

Keys hold file *paths*; the secrets themselves are read once by whoever needs them and appear in no log or repr.
"""

from __future__ import annotations

import json
import os
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shugang.delivery.plane.objects import Objects
from shugang.delivery.plane.places import networks
from shugang.policy.addresses import Rules
from shugang.policy.pushes import MOST_SECONDS, RETRY_DAYS, RETRY_SECONDS

ENV_PREFIX = "SHUGANG_PLANE_"
MB = 1024 * 1024


class ConfigError(ValueError):
    """The settings cannot start a plane; the message names the setting."""


@dataclass(frozen=True)
class PlaneConfig:
    """Only the `allow` host:port pairs are dialled. `role` is "platform" (private addresses are refused except in the
    `networks` that the operator admits, CIDRs) or "edge" (a supplier's site). Sizes are bytes, times seconds."""

    plane_id: str
    control_url: str
    data_dir: Path
    private_key_file: Path
    platform_key: str
    vault_root: Path | None = None
    vault_s3_url: str = field(default="", repr=False)
    push_root: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8700
    mqtt_port: int = 0
    public_url: str = ""
    role: str = "platform"
    poll_seconds: float = 0.25
    ship_seconds: float = 0.2
    max_body: int = 64 * 1024
    max_answer: int = 64 * MB
    max_source: int = 1024 * MB
    whole_answer: int = 8 * MB
    stored_answer: int = MB
    max_upstream: int = 8 * MB
    row_cap: int = 100_000
    part_rows: int = 1_000_000
    query_seconds: float = 10.0
    sql_running: int = 2
    sql_waiting: int = 8
    sql_memory_mb: int = 512
    sql_seconds: float = 300.0
    sql_wait_seconds: float = 2.0
    sql_keep_seconds: float = 600.0
    file_url_seconds: int = 3600
    push_retry_seconds: float = RETRY_SECONDS
    push_retry_most_seconds: float = MOST_SECONDS
    push_retry_days: int = RETRY_DAYS
    backpressure: int = 512
    tls_cert: Path | None = None
    tls_key: Path | None = None
    journal_url: str = field(default="", repr=False)
    journal_url_file: Path | None = None
    journal_keep_days: int = 90
    workers: int = 1
    worker: int = 0
    # Where the fleet's other machines reach this one's workers (each on a port of its own, TLS between them).
    fleet_host: str = "127.0.0.1"
    connectors: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Those of HTTP and MQTT, with all that stands in their table.
    upstreams: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    # Of connectors that read files: table → path or pattern.
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    allow: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    policy_keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.role not in ("platform", "edge"):
            raise ConfigError(f"role: {self.role!r} is neither platform nor edge")
        if self.vault_s3_url and self.vault_root is None:
            raise ConfigError("vault_s3_url: needs vault_root, a folder to keep what is fetched")
        try:
            self.objects  # noqa: B018
        except ValueError as error:
            raise ConfigError(f"vault_s3_url: {error}") from error
        if not self.control_url.startswith(("http://", "https://")):
            raise ConfigError("control_url: must be an http or https address")
        try:
            self.rules  # noqa: B018 a bad pair or network must not wait for its first use
        except ValueError as error:
            raise ConfigError(f"allow, networks: {error}") from error
        try:
            networks(self.trusted_proxies)
        except ValueError as error:
            raise ConfigError(f"trusted_proxies: {error}") from error
        if self.journal_keep_days != 0 and self.journal_keep_days < 2:
            raise ConfigError("journal_keep_days: 0 (for ever) or at least 2, so that no retry outlives its record")
        if self.workers < 1:
            raise ConfigError("workers: at least 1")
        if self.workers > 1 and not self.journal_dsn():
            raise ConfigError(
                "workers: more than one share a journal in PostgreSQL; set journal_url or journal_url_file"
            )

    @cached_property
    def objects(self) -> Objects | None:
        """The vault's S3 store; None where the vault is `vault_root` alone."""
        return Objects.of(self.vault_s3_url) if self.vault_s3_url else None

    @cached_property
    def rules(self) -> Rules:
        """Where this plane may dial. An edge stands inside its own network; its allow-list alone bounds it."""
        return Rules.of(self.allow, self.networks, private=self.role == "edge")

    def journal_dsn(self) -> str:
        """The address of the shared journal, "" where this plane keeps its own in SQLite."""
        url = self.journal_url
        if self.journal_url_file is not None:
            try:
                url = self.journal_url_file.read_text().strip()
            except OSError as error:
                raise ConfigError(f"journal_url_file: cannot read {self.journal_url_file}") from error
        if url and not url.startswith(("postgresql://", "postgres://")):
            raise ConfigError("journal_url: must be a postgresql:// address")
        return url

    @property
    def journal_path(self) -> Path:
        return self.data_dir / "journal.sqlite3"

    @property
    def cache_dir(self) -> Path:
        return self.data_dir / "cache"

    def private_key(self) -> Ed25519PrivateKey:
        return read_private_key(self.private_key_file)

    def platform_public_key(self) -> Ed25519PublicKey:
        try:
            return Ed25519PublicKey.from_public_bytes(b64decode(self.platform_key, validate=True))
        except ValueError as error:
            raise ConfigError("platform_key: not a base64 Ed25519 public key") from error


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The file holds the raw 32-byte key in base64 and must be readable by its owner alone."""
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"private_key_file: {path} is readable by others; run chmod 600")
        return Ed25519PrivateKey.from_private_bytes(b64decode(path.read_text().strip(), validate=True))
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"private_key_file: cannot read a key from {path}") from error


def write_private(path: Path, data: bytes) -> None:
    """A file that only its owner reads, durable."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


_PATHS = {"data_dir", "private_key_file", "vault_root", "push_root", "tls_cert", "tls_key", "journal_url_file"}
_INTS = {
    "port",
    "mqtt_port",
    "max_body",
    "max_answer",
    "max_source",
    "max_upstream",
    "whole_answer",
    "stored_answer",
    "row_cap",
    "part_rows",
    "file_url_seconds",
    "push_retry_days",
    "backpressure",
    "journal_keep_days",
    "workers",
    "worker",
    "sql_running",
    "sql_waiting",
    "sql_memory_mb",
}
_LISTS = {"allow", "networks", "trusted_proxies"}
_FLOATS = {
    "poll_seconds",
    "ship_seconds",
    "query_seconds",
    "sql_seconds",
    "sql_wait_seconds",
    "sql_keep_seconds",
    "push_retry_seconds",
    "push_retry_most_seconds",
}


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> PlaneConfig:
    """Read `path` (TOML, table `[plane]`, `[connectors.NAME] url=…` with
    `[connectors.NAME.tables]`, `[policy_keys]`), then the environment."""
    environ = os.environ if environ is None else environ
    document: dict[str, Any] = tomllib.loads(path.read_text()) if path else {}
    values: dict[str, Any] = dict(document.pop("plane", {}))
    entries = document.pop("connectors", {})
    connectors = {name: str(entry["url"]) for name, entry in entries.items()}
    policy_keys = {name: str(key) for name, key in document.pop("policy_keys", {}).items()}
    if document:
        raise ConfigError(f"unknown table in the settings file: {', '.join(sorted(document))}")
    known = {f.name for f in fields(PlaneConfig)} - {"connectors", "policy_keys", "tables", "upstreams"}
    for name in known:
        if (given := environ.get(ENV_PREFIX + name.upper())) not in (None, ""):
            values[name] = given
    for name, url in environ.items():
        if name.startswith(ENV_PREFIX + "CONNECTOR_"):
            connectors[name.removeprefix(ENV_PREFIX + "CONNECTOR_").lower()] = url
    if unknown := set(values) - known:
        raise ConfigError(f"unknown setting: {', '.join(sorted(unknown))}")
    values["tables"] = _tables(entries, environ)
    values["upstreams"] = _upstreams(entries, connectors)
    return _build(values, connectors, policy_keys)


def _upstreams(entries: Mapping[str, Any], connectors: dict[str, str]) -> dict[str, dict[str, str]]:
    """Takes those of `connectors` that are dialled by HTTP or MQTT, with their credentials."""
    schemes = ("http://", "https://", "mqtt://", "mqtts://")
    names = [name for name, url in connectors.items() if url.startswith(schemes)]
    found = {name: {key: str(value) for key, value in entries.get(name, {}).items()} for name in names}
    return {name: {**found[name], "url": connectors.pop(name)} for name in names}


def _tables(entries: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """`[connectors.NAME.tables]`, or JSON in `SHUGANG_PLANE_TABLES_NAME`."""
    found = {name: entry["tables"] for name, entry in entries.items() if "tables" in entry}
    try:
        for name, text in environ.items():
            if name.startswith(ENV_PREFIX + "TABLES_"):
                found[name.removeprefix(ENV_PREFIX + "TABLES_").lower()] = json.loads(text)
        return {name: {str(t): str(path) for t, path in tables.items()} for name, tables in found.items()}
    except (ValueError, AttributeError) as error:
        raise ConfigError("tables: must be names with their paths") from error


def _build(values: dict[str, Any], connectors: dict[str, str], policy_keys: dict[str, str]) -> PlaneConfig:
    for name, value in list(values.items()):
        try:
            if name in _PATHS:
                values[name] = Path(value).expanduser()
            elif name in _INTS:
                values[name] = int(value)
            elif name in _FLOATS:
                values[name] = float(value)
            elif name in _LISTS:
                values[name] = tuple(value.split(",") if isinstance(value, str) else value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{name}: {value!r} is not valid") from error
    required = ("plane_id", "control_url", "data_dir", "private_key_file", "platform_key")
    if missing := [name for name in required if not values.get(name)]:
        raise ConfigError(f"missing setting: {', '.join(missing)}")
    return PlaneConfig(**values, connectors=connectors, policy_keys=policy_keys)

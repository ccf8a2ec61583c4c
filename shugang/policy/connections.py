"""Connections that a party registers with the platform's plane: a supplier's source, a buyer's destination.

The address is public, the account is sealed to the plane (`policy.sealing`), so that control stores what it cannot
read. Only network places are known here: a file of the platform's own machine is nobody's source. A `folder:///NAME`
destination is a folder that the operator set aside (`push_root` of the plane).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from shugang.policy.addresses import PORTS, AddressRefused, check_host, pair
from shugang.policy.codec import Fields, Json, UnknownTerm, field_names
from shugang.policy.pushes import BadSchedule, timed

PURPOSES = ("source", "target")
# `s3+http` is for stores inside an intranet that the operator admits; the plane refuses it elsewhere.
SCHEMES = {
    "source": ("postgresql", "mysql", "s3+https", "s3+http", "https", "mqtts"),
    "target": ("s3+https", "s3+http", "folder"),
}
STORES = ("s3+https", "s3+http")
OPTIONS: dict[str, set[str]] = {
    "postgresql": {"tls"},
    "mysql": {"tls"},
    "s3+https": {"region", "style"},
    "s3+http": {"region", "style"},
    "folder": set(),
    # A supplier's HTTP interface and his MQTT broker: over a network that is not his, with TLS alone.
    "https": {"auth", "name"},
    "mqtts": set(),
}
VALUES = {
    "tls": ("verify", "require"),
    "style": ("path", "host"),
    "auth": ("none", "bearer", "basic", "header", "query"),
}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}")
_BASE = re.compile(r"[A-Za-z0-9._~/-]{0,400}")
_FIELD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REGION = re.compile(r"[a-z0-9-]{1,40}")
_PREFIX = re.compile(r"[^\x00-\x1f\\*?\[\]]{0,400}")
_TABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class Place(NamedTuple):
    """`pair`: the host:port that is dialled, "" for a folder. `path`: database, or bucket and prefix, or name."""

    scheme: str
    pair: str
    path: str
    options: Mapping[str, str]


def place(url: str, purpose: str) -> Place:
    """A registered address taken apart. Raises AddressRefused: unknown scheme or option, account inside, odd host."""
    if not url.isprintable() or " " in url or "#" in url:
        raise AddressRefused("含有不允许的字符", "it has characters that are not allowed")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise AddressRefused("格式不对", "it is malformed") from None
    if parts.scheme not in SCHEMES[purpose]:
        known = "、".join(SCHEMES[purpose])
        raise AddressRefused(f"须以{known}之一开头", f"it begins with one of {', '.join(SCHEMES[purpose])}")
    if "@" in parts.netloc or "%" in parts.netloc:
        raise AddressRefused("账号请另填，不要写在地址里", "the account is entered apart and not in the address")
    if set(options) - OPTIONS[parts.scheme] or any(options.get(n, v[0]) not in v for n, v in VALUES.items()):
        raise AddressRefused("问号后的选项不支持", "an option after ? is not supported")
    path = unquote(parts.path[1:])
    if parts.scheme == "folder":
        if parts.netloc or not _NAME.fullmatch(path):
            raise AddressRefused("文件夹写作folder:///名称", "a folder is written folder:///NAME")
        return Place("folder", "", path, {})
    check_host(host)
    if parts.scheme in STORES:
        host = _store(host, path, options)
    elif parts.scheme in ("https", "mqtts"):
        _interface(parts.scheme, path, options)
    elif not _NAME.fullmatch(path):
        raise AddressRefused("请在地址末尾写数据库名", "the address ends with the name of a database")
    return Place(parts.scheme, pair(host, PORTS[parts.scheme] if port is None else port), path, options)


def _interface(scheme: str, path: str, options: Mapping[str, str]) -> None:
    segments = path.split("/")
    if not _BASE.fullmatch(path) or ".." in segments or (scheme == "mqtts" and path):
        raise AddressRefused("路径写法不对", "its path is malformed")
    if (options.get("auth") in ("header", "query")) != ("name" in options and bool(_FIELD.fullmatch(options["name"]))):
        raise AddressRefused("auth为header或query时须写name", "auth=header and auth=query go with a name")


def interface_settings(found: Place, account: "Account") -> dict[str, str]:
    """An `https` or `mqtts` connection in the words of a plane's own settings."""
    settings = {"url": f"{found.scheme}://{found.pair}/{found.path}", "user": account.user, "secret": account.password}
    return settings | {name: found.options[name] for name in ("auth", "name") if name in found.options}


def _store(host: str, path: str, options: Mapping[str, str]) -> str:
    bucket, _, prefix = path.partition("/")
    if not _BUCKET.fullmatch(bucket) or not _PREFIX.fullmatch(prefix) or ".." in prefix.split("/"):
        raise AddressRefused(
            "请在地址中写桶名，前缀中不要有通配符", "the address names a bucket; its prefix has no pattern"
        )
    if not _REGION.fullmatch(options.get("region", "us-east-1")):
        raise AddressRefused("区域写法不对", "the region is malformed")
    return f"{bucket}.{host}" if options.get("style") == "host" else host


def check_tables(tables: Mapping[str, str], scheme: str) -> None:
    """Names with paths below the prefix, for a store that is a source; none elsewhere. Raises ValueError."""
    if scheme not in STORES:
        if tables:
            raise ValueError("only a store has tables of files")
        return
    for name, path in tables.items():
        parts = path.split("/")
        if not _TABLE.fullmatch(name) or len(path) > 400 or "" in parts or ".." in parts or "**" in path:
            raise ValueError(f"the table {name} needs a plain name and a path")
    if not 0 < len(tables) <= 50:
        raise ValueError("a store names 1 to 50 tables")


def of_connection(number: str) -> str:
    """`bound_to` of a connection's sealed account."""
    return f"connection:{number}"


class Account(NamedTuple):
    """Database user and password, or access key and secret key."""

    user: str
    password: str

    def to_bytes(self) -> bytes:
        return json.dumps([self.user, self.password]).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Account":
        user, password = json.loads(raw)
        return cls(str(user), str(password))


def _schedule(f: Fields) -> str:
    given = f.text("schedule")
    try:
        timed(given)
    except BadSchedule:
        raise UnknownTerm(f"{f.path('schedule')}={given}") from None
    return given


@dataclass(frozen=True)
class Connection:
    """One approved connection as the plane is told of it. `check` counts the tests that were asked for: the plane tests
    when the number is new to it and reports. `schedule`: when new versions are pushed without being asked for
    (`policy.pushes`)."""

    number: str
    party: str
    purpose: str
    url: str
    sealed: str = field(repr=False)
    tables: Mapping[str, str] = field(default_factory=dict)
    check: int = 0
    schedule: str = ""

    def to_json(self) -> Json:
        return {
            "number": self.number,
            "party": self.party,
            "purpose": self.purpose,
            "url": self.url,
            "sealed": self.sealed,
            "tables": dict(self.tables),
            "check": self.check,
            "schedule": self.schedule,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "connection") -> "Connection":
        f = Fields(data, where, field_names(cls))
        return cls(
            f.text("number"),
            f.text("party"),
            f.text("purpose", PURPOSES),
            f.text("url"),
            f.text("sealed"),
            f.mapping("tables", lambda inner, name: inner.text(name)),
            f.whole("check"),
            _schedule(f),
        )

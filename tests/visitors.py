"""Browsers of the world's people, and whether a request changed anything."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.test import Client

from shugang.parties.accounts.actor import PartyActor

BACKEND = "django.contrib.auth.backends.ModelBackend"
PEOPLE = ("gongfang", "xufang", "pinggu", "yunying", "fuhe", "shouli", "shencha", "dengji", "jianguan", "pangren",
          "shenqing", "xitong", "anquan", "shenji", "minzheng", "mzguan", "weijian", "shuju", "shushen")  # fmt: skip
ADMINISTRATORS = ("xitong", "anquan", "shenji")
STRANGER = "pangren"


def open_sessions(things: dict[str, Any]) -> dict[str, str]:
    """User name → key of a session confirmed with the second factor, as signing in would leave it."""
    return {name: _session(things[name]) for name in PEOPLE}


def _session(actor: PartyActor) -> str:
    from allauth.mfa.models import Authenticator

    factor = Authenticator.objects.filter(user=actor.person, type=Authenticator.Type.TOTP).first()
    session = SessionStore()
    session[SESSION_KEY] = str(actor.person.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = actor.person.get_session_auth_hash()
    session["account_authentication_methods"] = [
        {"method": "mfa", "at": time.time(), "id": factor.pk if factor else 0, "type": "totp", "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(actor.person.pk)
    session.create()
    return str(session.session_key)


def browser(world: Any, name: str = "", english: bool = False, **options: Any) -> Client:
    """A browser of one of the world's people; "" for a visitor who has not signed in."""
    client = Client(raise_request_exception=True, **options)
    if name:
        client.cookies["sessionid"] = world.sessions[name]
    if english:
        client.cookies["lang"] = "en"
    return client


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is rolled back, the custodian's books with it."""
    bank = os.path.join(settings.VAR_DIR, "bank")
    before = _files(bank)
    kept = {path: _content(path, seen) for path, seen in before.items()}
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    after = _files(bank)
    if after == before:
        return
    for name in after.keys() - before.keys():
        Path(name).unlink()
    for name, content in kept.items():
        path = Path(name)
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _files(folder: str) -> dict[str, tuple[int, int, int]]:
    """Every file below: when it was written, its size and its inode."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            seen = os.stat(os.path.join(place, name))
            found[os.path.join(place, name)] = seen.st_mtime_ns, seen.st_size, seen.st_ino
    return found


@cache
def _content(path: str, seen: tuple[int, int, int]) -> bytes:
    return Path(path).read_bytes()


def writes() -> int:
    """Rows written over this connection so far; on PostgreSQL, where nobody counts them, never the same twice."""
    raw = connection.connection
    return int(getattr(raw, "total_changes", None) or time.monotonic_ns())


def footprint() -> dict[str, str]:
    """A digest of every table but the sessions."""
    return {table: _digest(table) for table in _tables()}


def differs(before: dict[str, str]) -> bool:
    """Whether any table differs from its digest then; the first that does is enough."""
    return any(_digest(table) != before[table] for table in _tables())


@cache
def _tables() -> list[str]:
    """The record first: hardly anything happens that is not written there."""
    tables = {m._meta.db_table for m in apps.get_models(include_auto_created=True) if m._meta.managed}
    return sorted(tables - {"django_session"}, key=lambda table: (table != "kernel_event", table))


def _digest(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
        rows = [tuple(map(_plain, row)) for row in cursor.fetchall()]
    return hashlib.sha256(str(rows).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value

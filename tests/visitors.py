"""Browsers of the world's people, and whether a request changed anything."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    bank = Path(settings.VAR_DIR) / "bank"
    kept = {path: path.read_bytes() for path in bank.rglob("*") if path.is_file()}
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    for path in [p for p in bank.rglob("*") if p.is_file() and p not in kept]:
        path.unlink()
    for path, content in kept.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def writes() -> int:
    """Rows written over this connection so far; on PostgreSQL, where nobody counts them, never the same twice."""
    raw = connection.connection
    return int(getattr(raw, "total_changes", None) or time.monotonic_ns())


def footprint() -> str:
    """A digest of every table but the sessions."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for model in sorted(apps.get_models(include_auto_created=True), key=lambda m: m._meta.db_table):
            table = model._meta.db_table
            if table == "django_session" or not model._meta.managed:
                continue
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            digest.update(f"{table}{[tuple(map(_plain, row)) for row in cursor.fetchall()]}".encode())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value

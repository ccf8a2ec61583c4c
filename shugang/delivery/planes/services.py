"""Verbs of planes: a one-time code, enrolment, the platform's own plane, suspension. And the revision of a plane."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db.models import F

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Serial
from shugang.kernel.numbering import next_number
from shugang.kernel.platform import private_key
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .. import gates
from .models import Plane

CODE_LIFE = timedelta(hours=24)


def bump(plane_ids: Iterable[int]) -> None:
    """A new revision for planes whose grants or keys changed; in the transaction of that change."""
    for pk in sorted(set(plane_ids)):
        Plane.objects.filter(pk=pk).update(revision=F("revision") + 1)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _new_plane(name: str, party_id: int | None, url: str) -> Plane:
    lease = settings.SHUGANG_PLANE_LEASE_SECONDS if party_id is None else settings.SHUGANG_EDGE_LEASE_SECONDS
    return Plane.objects.create(
        number=f"PL-{next_number('plane'):06d}",
        name=name[:80],
        party_id=party_id,
        url=url,
        lease_seconds=lease,
        created_at=clock.now(),
    )


@verb
def create_enrolment(actor: Actor, name: str, party: int | None, url: str = "") -> tuple[Plane, str]:
    """A plane that waits for its program, and the one-time code (24 h) that the program enrols with.

    `party` is the supplier's party id, None for the platform's own. `url` is the address that buyers call.
    Raises Refusal `forbidden`.
    """
    gates.require_enrol(actor, party)
    if party is None:
        plane = platform_plane()
        plane.name, plane.url = name[:80], url.rstrip("/") or plane.url
    else:
        plane = _new_plane(name, party, url.rstrip("/"))
    code = secrets.token_urlsafe(24)
    plane.enrol_digest, plane.enrol_until = _digest(code), clock.real_now() + CODE_LIFE
    plane.save(update_fields=["name", "url", "enrol_digest", "enrol_until"])
    emit("plane.invited", actor, [("plane", plane.number)], {"name": plane.name, "party": party})
    return plane, code


def platform_plane() -> Plane:
    """The platform's own plane; the row is made at first use, its program enrols later."""
    own = Plane.objects.filter(party__isnull=True).order_by("id")
    if (plane := own.first()) is not None:
        return plane
    Serial.objects.get_or_create(name="plane")
    Serial.objects.select_for_update().get(name="plane")  # two first users wait here; the second finds the row
    return own.first() or _new_plane("platform", None, settings.SHUGANG_PLANE_URL)


@verb
def enrol(code: str, public_key: str, name: str = "") -> Plane:
    """Bind a program's key to the plane of a one-time code. A code works once.

    An enrolled plane that is given a fresh code may take a new key: its journal goes on where it was.
    Raises Refusal `bad_code` (also expired), `bad_key`.
    """
    plane = Plane.objects.select_for_update().filter(enrol_digest=_digest(code)).exclude(enrol_digest="").first()
    if plane is None or plane.enrol_until is None or plane.enrol_until < clock.real_now():
        raise Refusal(
            "bad_code",
            Text(
                "接入码不正确、已用过或已过期。请在“数据连接”页面重新生成。",
                "The code is wrong, used or expired. Please make a new one on the Connections page.",
            ),
            403,
        )
    _check_key(public_key)
    plane.public_key, plane.enrol_digest, plane.enrol_until = public_key, "", None
    plane.state = Plane.State.ACTIVE
    plane.name = plane.name or name[:80]
    plane.save(update_fields=["public_key", "enrol_digest", "enrol_until", "state", "name"])
    emit("plane.enrolled", SYSTEM, [("plane", plane.number)], {"public_key": public_key})
    return plane


def _check_key(public_key: str) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
    except ValueError:
        raise Refusal(
            "bad_key",
            Text("公钥应为32字节的Ed25519公钥（base64）。", "The key must be a raw Ed25519 key in base64."),
            422,
        ) from None
    if Plane.objects.filter(public_key=public_key).exists():
        raise Refusal(
            "bad_key",
            Text("这把公钥已用于另一个节点，请生成新的密钥。", "Another plane has this key. Please make a new one."),
            422,
        )


@verb
def suspend_plane(actor: Actor, number: str, reason: str) -> Plane:
    """Stop trusting a plane: it gets no more bundles, so it stops serving when its lease ends.

    Raises Refusal `forbidden`, `not_found`.
    """
    plane = Plane.objects.select_for_update().filter(number=number).first()
    if plane is None:
        raise not_found(gates.PLANE)
    gates.require_enrol(actor, plane.party_id if actor.party_id == plane.party_id else None)
    plane.state = Plane.State.SUSPENDED
    plane.save(update_fields=["state"])
    emit("plane.suspended", actor, [("plane", number)], {"reason": reason})
    return plane


@verb
def resume_plane(actor: Actor, number: str, reason: str) -> Plane:
    """Trust a plane again; the operator's act alone. Raises Refusal `forbidden`, `not_found`, `wrong_state`."""
    gates.require_enrol(actor, None)
    plane = Plane.objects.select_for_update().filter(number=number).first()
    if plane is None:
        raise not_found(gates.PLANE)
    if plane.state != Plane.State.SUSPENDED:
        raise Refusal("wrong_state", Text("这个节点没有被停用。", "This plane is not suspended."), 409)
    plane.state = Plane.State.ACTIVE if plane.public_key else Plane.State.WAITING
    plane.save(update_fields=["state"])
    emit("plane.resumed", actor, [("plane", number)], {"reason": reason})
    return plane


def platform_key() -> str:
    """The public key that planes check bundles with, base64 of the raw 32 bytes."""
    return base64.b64encode(private_key("bundle").public_key().public_bytes_raw()).decode()

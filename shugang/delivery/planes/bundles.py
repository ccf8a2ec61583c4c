"""What a plane is told: its grants of this moment, compiled and signed.

Ended grants stay in the bundle for a week, so that a holder reads “ended” (403) and not “unknown key” (401).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q

from shugang.kernel import clock
from shugang.kernel.platform import private_key
from shugang.policy.bundle import Bundle, sign_bundle
from shugang.policy.codec import to_iso
from shugang.policy.connections import Connection
from shugang.policy.grant import CompiledGrant
from shugang.policy.sealing import of_credential, of_mark, seal_to_plane

from ..connections.models import Connection as ConnectionRow
from ..grants.models import Credential, Grant
from ..grants.sealed import signing_secret
from ..grants.sources import standing
from ..marks.secret import mark_secret
from .models import Plane

TOMBSTONE = timedelta(days=7)


def compile_bundle(plane: Plane, known_revision: int | None = None) -> Bundle:
    """The bundle of a plane; a heartbeat when it already holds the current revision.

    The revision is read before the grants: what changes in between belongs to a later revision, so a plane
    may learn of it early but never miss it.
    """
    revision = Plane.objects.values_list("revision", flat=True).get(pk=plane.pk)
    return Bundle(
        plane=plane.number,
        revision=revision,
        issued_at=clock.real_now(),
        lease_seconds=plane.lease_seconds,
        clock_offset=float(clock.offset_seconds()),
        grants=None if revision == known_revision else tuple(_grants(plane)),
        connections=() if revision == known_revision else tuple(_connections(plane)),
    )


def signed_bundle(plane: Plane, known_revision: int | None = None) -> bytes:
    return sign_bundle(compile_bundle(plane, known_revision), private_key("bundle"))


def _grants(plane: Plane) -> list[CompiledGrant]:
    recently = clock.now() - TOMBSTONE
    rows = (
        Grant.objects.filter(plane=plane)
        .filter(~Q(state=Grant.State.ENDED) | Q(ended_at__gte=recently))
        .select_related("grantee", "plane")
        .prefetch_related("bases")
        .order_by("id")
    )
    keys = _credentials(plane)
    return [compile_grant(row, keys.get(row.pk, [])) for row in rows]


def _connections(plane: Plane) -> list[Connection]:
    rows = ConnectionRow.objects.filter(plane=plane, state=ConnectionRow.State.ACTIVE)
    return [
        Connection(r.number, r.party.number, r.purpose, r.url, r.sealed, r.tables, r.checks, r.schedule)
        for r in rows.select_related("party").order_by("id")
    ]


def _credentials(plane: Plane) -> dict[int, list[Credential]]:
    """Living keys by grant, and those revoked lately: their holders read `revoked`, not “unknown key”."""
    found: dict[int, list[Credential]] = {}
    standing = Q(credential__revoked_at__isnull=True) | Q(credential__revoked_at__gte=clock.now() - TOMBSTONE)
    links = (
        Credential.grants.through.objects.filter(standing, grant__plane=plane)
        .select_related("credential")
        .order_by("credential_id")
    )
    for link in links:
        found.setdefault(link.grant_id, []).append(link.credential)
    return found


def compile_grant(row: Grant, credentials: list[Credential]) -> CompiledGrant:
    """One grant in the plane's terms. A grant that ended by time is left to its window: the plane says “expired”."""
    state = row.state
    if state == Grant.State.ENDED and row.ended_at is not None and row.ended_at >= row.valid_until:
        state = Grant.State.ACTIVE
    return CompiledGrant.from_json(
        {
            "id": row.number,
            "party": row.grantee.number,
            "product": row.product,
            "mode": row.mode,
            "state": str(state),
            "reason": row.reason,
            "terms": row.terms,
            "bases": [_basis(b) for b in row.bases.all()],
            "source": standing(row.source),
            "outcomes": row.outcomes,
            "credentials": [_credential(c, row.plane.public_key) for c in credentials],
            "sealed_mark": _sealed_mark(row),
        }
    )


def _sealed_mark(row: Grant) -> str:
    if row.terms["mark"] is None or not row.plane.public_key:
        return ""
    return seal_to_plane(row.plane.public_key, mark_secret(row.source["dataset"]), of_mark(row.number))


def _basis(basis: Any) -> dict[str, Any]:
    until = to_iso(basis.valid_until) if basis.valid_until else None
    return {"kind": basis.kind, "reference": basis.reference, "digest": basis.digest, "valid_until": until}


def _credential(row: Credential, plane_key: str) -> dict[str, Any]:
    document = {
        "id": row.number,
        "kind": row.kind,
        "digest": row.digest,
        "person": str(row.person_id),
        "purpose": row.purpose,
        "expires_at": to_iso(row.expires_at) if row.expires_at else None,
        "revoked": row.revoked_at is not None,
        "environment": row.environment or None,
    }
    if row.kind == Credential.Kind.AKSK and plane_key:
        document["sealed"] = seal_to_plane(plane_key, signing_secret(row), of_credential(row.number))
    return document

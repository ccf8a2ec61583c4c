"""The statement of deletion by program."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency

from ..grants.queries import get_grant
from . import services
from .queries import deletion

router = Router(tags=["deletions"])


class DeletionIn(Schema):
    """`own_signature` (base64) for a key in own custody."""

    own_signature: str = ""


@router.get(
    "/grants/{number}/deletion", summary="Whether a statement of deletion is due, late or given; what is signed"
)
def state(request: HttpRequest, number: str) -> dict[str, Any]:
    """`state`: null where the terms ask for none, else later, due, late, given or given_late."""
    grant = get_grant(request.actor, number)  # type: ignore[attr-defined]
    found, said = deletion(grant), services.statement_of(grant)
    given = found.statement if found else None
    return {
        "grant": grant.number,
        "state": found.state if found else None,
        "due": found.due if found else None,
        "statement": given.statement if given else said,
        "sha256": given.sha256 if given else services.digest(said),
        "context": services.context(grant),
        "signature": given.signature if given else None,
        "signed_at": given.signed_at if given else None,
        "holds": found.holds if given and found else None,
    }


@router.post("/grants/{number}/deletion", summary="Sign the statement of deletion (the buyer's signer)")
def sign(request: HttpRequest, number: str, data: DeletionIn) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]

    def run() -> dict[str, Any]:
        row = services.state_deletion(actor, number, data.own_signature)
        return {"grant": number, "sha256": row.sha256}

    prints = idempotency.fingerprint(request.path, data.dict())
    return idempotency.once(actor, request.headers.get("Idempotency-Key"), prints, run)

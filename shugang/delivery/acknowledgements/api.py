"""Acknowledging by program: the records of a grant in their order, a proposal, the signed statement."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from shugang.kernel import idempotency, paging

from ..grants.queries import get_grant
from ..metering.models import plane_iso
from . import queries, services
from .counting import records as grant_records
from .models import Acknowledgement, context

router = Router(tags=["acknowledgements"])
PAGE = 1000


class AcknowledgementIn(Schema):
    """`statement` as proposed or as the buyer counted himself; `own_signature` (base64) for a key in own custody."""

    statement: dict[str, Any]
    own_signature: str = ""


def _row(row: Acknowledgement) -> dict[str, Any]:
    return {
        "number": row.number, "grant": row.grant.number, "statement": row.statement, "sha256": row.sha256,
        "context": row.context, "signature": row.signature, "holds": queries.holds(row), "signed_at": row.signed_at,
    }  # fmt: skip


@router.get("/grants/{number}/records", summary="A grant's records by their number, to check that none is missing")
def records(request: HttpRequest, number: str, after: int = 0) -> dict[str, Any]:
    """At most 1,000 after number `after`. Each `hash` is the plane's; `next` goes into `after`."""
    grant = get_grant(request.actor, number)  # type: ignore[attr-defined]
    found = grant_records(grant).filter(grant_seq__gt=max(0, min(after, 2**53))).order_by("grant_seq")
    rows = list(found[: PAGE + 1])
    items = [
        {
            "grant_seq": r.grant_seq, "hash": r.hash, "request_id": r.request_id, "outcome": r.outcome, "state": r.state,
            "charged": r.charged, "rows": r.rows, "bytes": r.bytes, "at": plane_iso(r.at),
        }
        for r in rows[:PAGE]
    ]  # fmt: skip
    return {"items": items, "next": items[-1]["grant_seq"] if len(rows) > PAGE else None}


@router.get("/grants/{number}/acknowledgement", summary="What the platform proposes that the buyer sign next")
def proposal(request: HttpRequest, number: str, last_seq: int | None = None) -> dict[str, Any]:
    """`sign` is what a key in own custody signs, with line breaks."""
    said = queries.proposal(request.actor, number, last_seq)  # type: ignore[attr-defined]
    sha256 = queries.form.digest(said)
    return {"statement": said, "sha256": sha256, "context": context(number, said["first_seq"])}


@router.get("/acknowledgements", summary="Acknowledgements that the acting party gave or got, newest first")
def acknowledgements(request: HttpRequest, grant: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.acknowledgements(request.actor, grant), after)  # type: ignore[attr-defined]
    return {"items": [_row(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/acknowledgements/{number}", summary="One acknowledgement, and where it differs from the records now")
def one(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_acknowledgement(request.actor, number)  # type: ignore[attr-defined]
    differs = [{"what": what, "signed": signed, "recorded": now} for what, signed, now in queries.compare(row)]
    return {**_row(row), "differs": differs}


@router.post("/acknowledgements", summary="Sign what was received (the buyer's signer)")
def sign(request: HttpRequest, data: AcknowledgementIn) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    said = data.dict()

    def run() -> dict[str, Any]:
        row = services.acknowledge(actor, data.statement, data.own_signature)
        return {"number": row.number, "sha256": row.sha256}

    print_of = idempotency.fingerprint(request.path, said)
    return idempotency.once(actor, request.headers.get("Idempotency-Key"), print_of, run)

"""Disputes through the API. The steps of the table are those of `/cases/{number}/steps/{step}`."""

from __future__ import annotations

import io
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from shugang.kernel import materials, paging

from ..http import member, once_api
from . import bundle, measures, queries, services
from .models import Dispute

router = Router(tags=["disputes"])


class DisputeIn(Schema):
    """`form`: kind, remedies, claim_fen (in 元, as on the page), statement; `side` where the venue opens it."""

    contract: str
    form: dict[str, Any]


class FormIn(Schema):
    form: dict[str, Any]


class ReasonIn(Schema):
    reason: str


def _summary(row: Dispute) -> dict[str, Any]:
    return {
        "number": row.number, "contract": row.contract.number, "claimant": row.claimant.number,
        "respondent": row.respondent.number, "agency": row.agency.number if row.agency else None, "kind": row.kind,
        "remedies": row.remedies, "claim_fen": row.claim_fen, "by_order": row.by_order, "state": row.case.state,
        "outcome": row.outcome or None, "opened_at": row.opened_at, "closed_at": row.closed_at,
    }  # fmt: skip


@router.get("/disputes", summary="Disputes in which the acting party takes part, newest first")
def disputes(request: HttpRequest, after: str = "", outcome: str | None = None) -> dict[str, Any]:
    found = paging.page(queries.disputes(member(request), outcome), after)
    return {"items": [_summary(d) for d in found.items], "next": found.next, "total": found.total}


@router.get("/disputes/{number}", summary="One dispute: claim, evidence, measures, decisions with their signatures")
def dispute(request: HttpRequest, number: str) -> dict[str, Any]:
    row = queries.get_dispute(member(request), number)
    evidence = [
        {"position": e.position, "party": e.party.number, "proves": e.proves, "material": e.material_id, "name": e.material.name,
         "sha256": e.material.sha256, "size": e.material.size, "filed_at": e.filed_at}
        for e in row.evidence.select_related("party", "material").order_by("position")
    ]  # fmt: skip
    frozen = [
        {"kind": m.kind, "reason": m.reason, "ordered_at": m.ordered_at, "lifted_at": m.lifted_at, "lifted_because": m.lifted_because}
        for m in row.measures.order_by("pk")
    ]  # fmt: skip
    decided = [
        {"number": d["row"].number, "kind": d["row"].kind, "state": d["row"].state, "content": d["row"].content,
         "sha256": d["row"].sha256, "context": d["row"].context, "signatures": d["row"].signatures, "holds": d["holds"],
         "executed_at": d["row"].executed_at, "execution": d["row"].execution}
        for d in queries.decisions(row)
    ]  # fmt: skip
    said = row.case.data.get("statement", "")
    return {**_summary(row), "statement": said, "evidence": evidence, "measures": frozen, "decisions": decided}


@router.post("/disputes", summary="Open a dispute over a contract (a side; or the venue by order, with `side`)")
def new(request: HttpRequest, said: DisputeIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.dict(), lambda: {"number": services.open_dispute(actor, said.contract, said.form).number}
    )


@router.post(
    "/disputes/{number}/evidence", summary="File evidence: the file is the body, its name and purpose in the query"
)
def evidence(request: HttpRequest, number: str, name: str, proves: str) -> dict[str, Any]:
    actor = member(request)
    services.check_may_file(actor, queries.get_dispute(actor, number))
    file = materials.store(actor, name, io.BytesIO(request.body))

    def run() -> dict[str, Any]:
        row = services.file_evidence(actor, number, {"file": file, "proves": proves})
        return {"number": number, "position": row.position, "sha256": row.material.sha256}

    return once_api(request, [file["sha256"], proves], run)


@router.post("/disputes/{number}/bundles", summary="Export the evidence bundle of the dispute for the acting party")
def export(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = bundle.export_bundle(actor, number)
        return {"id": row.pk, "manifest_sha256": row.manifest_sha256, "bytes": row.bytes, "log_size": row.log_size}

    return once_api(request, ["bundle"], run)


@router.get(
    "/disputes/{number}/bundles/{pk}", summary="The bundle as one file; 409 for the seconds until its export is logged"
)
def download(request: HttpRequest, number: str, pk: int) -> HttpResponse:
    data = bundle.bundle_bytes(bundle.get_bundle(member(request), number, pk))
    return HttpResponse(data, content_type="application/zip")


@router.post("/disputes/{number}/settlements", summary="Propose a settlement; both sides sign it in its case (HJ)")
def settle(request: HttpRequest, number: str, said: FormIn) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.propose_settlement(actor, number, said.form)
        return {"number": row.number, "sha256": row.sha256, "context": row.context}

    return once_api(request, said.dict(), run)


@router.post("/disputes/{number}/measures", summary="Freeze access or funds (mediator's reviewer, or the arbitrators)")
def measure(request: HttpRequest, number: str, said: FormIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"kind": measures.order(actor, number, said.form).kind})


@router.post("/disputes/{number}/measures/{kind}/lift", summary="Lift a measure")
def lift(request: HttpRequest, number: str, kind: str, said: ReasonIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"kind": measures.lift(actor, number, kind, said.reason).kind})

"""Reads of disputes, always as the actor may see them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import Case
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.text import Text

from .deciding import digest_of
from .forms import ACCESS, KINDS, REMEDIES, RESULTS
from .guards import DISPUTE as DISPUTE_NAME
from .measures import may_order
from .models import Dispute, DisputeDecision, EvidenceBundle
from .process import DISPUTE, OPEN
from .services import is_venue

OUTCOMES: dict[str, tuple[Text, str]] = {
    "": (Text("处理中", "Open"), "run"),
    "settled": (Text("和解", "Settled"), "ok"),
    "awarded": (Text("裁决", "Awarded"), "ok"),
    "withdrawn": (Text("撤回", "Withdrawn"), "off"),
    "unresolved": (Text("未解决", "Unresolved"), "off"),
}


def disputes(actor: Actor, outcome: str | None = None) -> QuerySet[Dispute]:
    """`outcome`: None for all, "" for open ones."""
    rows: QuerySet[Dispute] = Dispute.objects.visible_to(actor).select_related(
        "case", "contract__product", "claimant", "respondent", "agency"
    )
    return rows if outcome is None else rows.filter(outcome=outcome)


def get_dispute(actor: Actor, number: str) -> Dispute:
    found = (
        Dispute.objects.visible_to(actor)
        .select_related(
            "case__profile", "contract__product", "contract__buyer", "contract__supplier", "contract__grant",
            "contract__inquiry__case", "claimant", "respondent", "agency", "offer__case",
        )
        .filter(case__number=number)
        .first()
    )  # fmt: skip
    if found is None:
        raise not_found(DISPUTE_NAME)
    return found


def state_of(dispute: Dispute) -> tuple[Text, str]:
    state = DISPUTE.state(dispute.case.state)
    return state.label, state.tone


def remedies(dispute: Dispute) -> Text:
    found = [REMEDIES[r] for r in dispute.remedies]
    return Text("、".join(t.zh for t in found), ", ".join(t.en for t in found))


def claim_rows(dispute: Dispute) -> list[tuple[Text, Any]]:
    rows: list[tuple[Text, Any]] = [
        (Text("事项", "About"), KINDS[dispute.kind]),
        (Text("请求", "Asked for"), remedies(dispute)),
    ]
    if dispute.claim_fen:
        rows.append(
            (Text("请求退款", "Refund asked for"), f"¥{dispute.claim_fen // 100:,}.{dispute.claim_fen % 100:02d}")
        )
    return [*rows, (Text("事实与理由", "Facts and reasons"), dispute.case.data.get("statement", ""))]


def decision_rows(decision: DisputeDecision) -> list[tuple[Text, Any]]:
    said, refund = decision.content, decision.refund_fen
    rows: list[tuple[Text, Any]] = []
    if "result" in said:
        rows.append((Text("结论", "Result"), RESULTS[said["result"]]))
    rows += [
        (Text("退款", "Refund"), f"¥{refund // 100:,}.{refund % 100:02d}" if refund else Text("无", "None")),
        (Text("合同", "The contract"), ACCESS[decision.access]),
        (Text("删除数据", "Deletion"), Text("需方删除并声明", "The buyer deletes and states so") if decision.deletion else Text("无", "None")),
        (Text("内容", "Text"), said.get("opinion") or said.get("text", "")),
    ]  # fmt: skip
    return rows


def decisions(dispute: Dispute) -> list[dict[str, Any]]:
    """Newest first, each with whether its digest and every signature hold."""
    found = []
    for row in dispute.decisions.select_related("case").order_by("-pk"):
        fits = digest_of(row.content) == row.sha256
        holds = (
            fits and bool(row.signatures) and all(verify_signature(s, row.sha256, row.context) for s in row.signatures)
        )
        found.append({"row": row, "rows": decision_rows(row), "holds": holds})
    return found


def may(dispute: Dispute, actor: Actor) -> dict[str, bool]:
    """Which of the acts that are no steps of the table to show."""
    state, handler = dispute.case.state, "handler" in actor.duties
    takes_part = actor.party_id in {dispute.claimant_id, dispute.respondent_id}
    venue = is_venue(actor)
    proposed = dispute.decisions.filter(state="proposed").exists()
    return {
        "evidence": state in OPEN and bool(actor.duties & {"handler", "signer"}) and actor.party_id is not None
        and (takes_part or venue or actor.party_id == dispute.agency_id),
        "settle": state in OPEN and handler and (takes_part or venue) and not proposed,
        "measure": dispute.closed_at is None and may_order(actor, dispute),
    }  # fmt: skip


def bundles(dispute: Dispute, actor: Actor) -> QuerySet[EvidenceBundle]:
    """What the acting party exported, newest first."""
    rows: QuerySet[EvidenceBundle] = EvidenceBundle.objects.visible_to(actor)
    return rows.filter(dispute=dispute, party_id=actor.party_id or 0).order_by("-pk")


def open_proposal(dispute: Dispute) -> Case | None:
    row = dispute.decisions.filter(state="proposed").select_related("case").first()
    return row.case if row else None

"""Verbs of disputes: open one, file evidence, propose a settlement. The other steps are those of the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine, materials
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case, CaseClock, Material
from shugang.kernel.verbs import verb
from shugang.parties.organisations.queries import the_operator
from shugang.policy.text import Text

from ..contracts import standing
from ..contracts.models import Contract
from . import deciding, money
from .forms import CLAIM, EVIDENCE, KINDS, ORDERED, PROPOSAL
from .measures import locked, over
from .models import Dispute, DisputeDecision, DisputeEvidence
from .process import CODE, OPEN
from .settling import CODE as SETTLEMENT

MAX_EVIDENCE = 200


def is_venue(actor: Actor) -> bool:
    return "operator" in actor.roles and actor.party_id == the_operator().pk


@verb
def open_dispute(actor: Actor, contract_number: str, form: Mapping[str, Any]) -> Dispute:
    """Either side of a contract that took effect, or the venue by order for one of them (`side`).

    Raises Refusal `not_found` (a stranger), `wrong_state`, `already_open`, `forbidden`, `invalid_form` (also: a claim
    larger than what was booked).
    """
    contract = disputable(actor, contract_number)
    sides = {contract.buyer_id: "buyer", contract.supplier_id: "supplier"}
    by_order = actor.party_id not in sides
    said = clean(ORDERED if by_order else CLAIM, form)
    _check(contract, said, by_order)
    side = said["side"] if by_order else sides[actor.party_id or 0]
    claimant, respondent = (
        (contract.buyer, contract.supplier) if side == "buyer" else (contract.supplier, contract.buyer)
    )
    if Dispute.objects.filter(contract=contract, claimant=claimant, kind=said["kind"], closed_at=None).exists():
        raise Refusal(
            "already_open",
            Text("同一事项的争议正在处理，请在其中补充。", "A dispute about the same is open. Please add to it."),
            409,
        )
    case = engine.open_case(
        CODE, actor,
        [("claimant", claimant.pk), ("respondent", respondent.pk), ("operator", the_operator().pk)],
        f"{KINDS[said['kind']].zh}：{contract.product.name}"[:200], form, refs=contract.event_refs(),
    )  # fmt: skip  # cleaned there: once, for money
    dispute = Dispute.objects.create(
        case=case, contract=contract, claimant=claimant, respondent=respondent, by_order=by_order, kind=said["kind"],
        remedies=said["remedies"], claim_fen=said.get("claim_fen", 0), opened_at=clock.now(),
    )  # fmt: skip
    told = {"kind": dispute.kind, "claimant": claimant.number, "respondent": respondent.number, "by_order": by_order}
    emit("dispute.opened", actor, dispute.event_refs(), told, case)
    return dispute


def disputable(actor: Actor, number: str) -> Contract:
    """The contract that a new dispute would be about. Raises Refusal `not_found` (a stranger), `wrong_state`."""
    rows = Contract.objects.select_related("product", "buyer", "supplier", "grant", "inquiry__case")
    found = rows.filter(number=number).first()
    sides = {found.buyer_id, found.supplier_id} if found else set()
    if found is None or not (actor.party_id in sides or is_venue(actor)):
        raise not_found(standing.CONTRACT)
    if found.effective_at is None:
        raise Refusal("wrong_state", Text("合同没有生效，没有可争议的履行。", "The contract never took effect."), 409)
    return found


def _check(contract: Contract, said: dict[str, Any], by_order: bool) -> None:
    wrong: dict[str, Text] = {}
    refund, claim = "refund" in said["remedies"], said.get("claim_fen", 0)
    booked = money.booked(contract.number)
    if refund and not claim:
        wrong["claim_fen"] = Text("请求退款的，请写明金额。", "Please say how much is to be refunded.")
    if claim and not refund:
        wrong["claim_fen"] = Text("没有请求退款，不填金额。", "No refund is asked for; leave the amount empty.")
    if claim > booked:
        wrong["claim_fen"] = deciding.beyond_booked(booked)
    if "resume" in said["remedies"] and "terminate" in said["remedies"]:
        wrong["remedies"] = Text(
            "不能同时请求恢复访问和终止合同。", "Access cannot be resumed and the contract ended at once."
        )
    if by_order and not said.get("side"):
        wrong["side"] = Text("请写明替哪一方提出。", "Please say for which side.")
    if wrong:
        raise Refusal("invalid_form", Text("请更正标出的各项。", "Please correct the marked fields."), 422, wrong)


def check_may_file(actor: Actor, dispute: Dispute) -> None:
    """Asked before a file is taken in, too. Raises Refusal `forbidden`, `dispute_closed`, `evidence_closed`."""
    if "handler" not in actor.duties and "signer" not in actor.duties:
        from shugang.kernel.errors import forbidden

        raise forbidden("证据由经办或签署岗位提交。", "Evidence is filed by a handler or a signer.")
    if dispute.case.state not in OPEN:
        raise over(dispute)
    if dispute.case.state == "hearing" and _late(dispute.case) and actor.party_id != dispute.agency_id:
        raise Refusal(
            "evidence_closed", Text("举证期限已过，仲裁庭不再接收证据。", "The days for evidence are over."), 409
        )


@verb
def file_evidence(actor: Actor, number: str, form: Mapping[str, Any]) -> DisputeEvidence:
    """Put a file of the acting party before all who take part.

    Raises Refusal `not_found`, `forbidden`, `dispute_closed`, `evidence_closed` (the days before the arbitrators are over),
    `already_done` (the same file), `too_many`, `invalid_form`.
    """
    dispute = locked(actor, number)
    check_may_file(actor, dispute)
    said = clean(EVIDENCE, form)
    wrong = materials.not_own(said, ("file",), actor)
    if wrong:
        raise Refusal("invalid_form", Text("请重新上传证据。", "Please upload the evidence again."), 422, wrong)
    material = Material.objects.select_for_update().get(pk=said["file"]["material"])
    if material.case_id is not None or dispute.evidence.filter(material__sha256=material.sha256).exists():
        raise Refusal("already_done", Text("这份文件已经提交过。", "This file was filed already."), 409)
    position = dispute.evidence.count() + 1
    if position > MAX_EVIDENCE:
        raise Refusal(
            "too_many",
            Text(f"一件争议最多{MAX_EVIDENCE}份证据。", f"A dispute takes at most {MAX_EVIDENCE} files."),
            409,
        )
    material.case = dispute.case
    material.save(update_fields=["case"])
    row = DisputeEvidence.objects.create(
        dispute=dispute, position=position, party_id=actor.party_id or 0, person_id=actor.person_id or 0,
        material=material, proves=said["proves"], filed_at=clock.now(),
    )  # fmt: skip
    told = {
        "position": position,
        "name": material.name,
        "sha256": material.sha256,
        "size": material.size,
        "proves": row.proves,
    }
    emit("dispute.evidence_filed", actor, dispute.event_refs(), told, dispute.case)
    return row


def _late(case: Case) -> bool:
    watch = case.clocks.filter(name="evidence").first()
    return watch is not None and (watch.state == CaseClock.State.EXPIRED or watch.due_at < clock.now())


@verb
def propose_settlement(actor: Actor, number: str, form: Mapping[str, Any]) -> DisputeDecision:
    """One side, or the mediator, puts a text before both sides; they sign it in its own case (HJ).

    Raises Refusal `not_found`, `forbidden`, `dispute_closed`, `already_proposed`, `invalid_form`.
    """
    dispute = locked(actor, number)
    if dispute.case.state not in OPEN:
        raise over(dispute)
    if actor.party_id == dispute.agency_id:
        raise not_found(Text("这个操作", "such step"))
    if dispute.decisions.filter(state="proposed").exists():
        raise Refusal(
            "already_proposed",
            Text("已有和解方案待签署，请先答复。", "A proposal awaits signatures. Please answer it first."),
            409,
        )
    said = clean(PROPOSAL, form)
    booked = money.booked(dispute.contract.number)
    deciding.check_amounts(dispute, said, booked, deciding.beyond_booked(booked))
    case = engine.open_case(
        SETTLEMENT, actor,
        [("proposer", actor.party_id or 0), ("claimant", dispute.claimant_id), ("respondent", dispute.respondent_id)],
        dispute.case.title, form, refs=dispute.event_refs(), parent=dispute.case,
    )  # fmt: skip  # cleaned there: once, for money
    content = deciding.text_of("settlement", dispute, case.number, said)
    return DisputeDecision.objects.create(
        dispute=dispute, case=case, kind="settlement", content=content, sha256=deciding.digest_of(content),
        refund_fen=content["refund_fen"], access=content["access"], deletion=content["deletion"], made_at=clock.now(),
    )  # fmt: skip

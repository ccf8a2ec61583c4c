"""How a dispute is decided: a text, frozen by its digest, signed by both sides (settlement) or by the agency (award)."""

from __future__ import annotations

import hashlib
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import living_key, sign_digest
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from . import money
from .models import Dispute, DisputeDecision


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON, RFC 8785."""
    return hashlib.sha256(canonical(content)).hexdigest()


def _party(party: Any) -> dict[str, str]:
    return {"number": party.number, "name": party.name, "uscc": party.uscc}


def text_of(kind: str, dispute: Dispute, case_number: str, said: dict[str, Any]) -> dict[str, Any]:
    """What is signed. It names the contract by the digest that both sides signed; it has no time, so that whoever signs
    with a key in own custody gets the same digest twice."""
    return {
        "kind": f"shugang-{kind}-v1", "number": case_number, "dispute": dispute.number,
        "contract": {"number": dispute.contract.number, "sha256": dispute.contract.sha256},
        "claimant": _party(dispute.claimant), "respondent": _party(dispute.respondent),
        "claim": {"kind": dispute.kind, "remedies": dispute.remedies, "refund_fen": dispute.claim_fen},
        "refund_fen": int(said.get("refund_fen") or 0), "access": said["access"], "deletion": bool(said.get("deletion")),
        **({"text": said["text"]} if kind == "settlement" else
           {"result": said["result"], "opinion": said["opinion"],
            "agency": _party(dispute.agency) if dispute.agency else None}),
    }  # fmt: skip


def check_amounts(dispute: Dispute, said: dict[str, Any], most: int, most_words: Text) -> None:
    """Raises Refusal `invalid_form`: more than `most`, more than is booked, or a deletion while use goes on."""
    wrong: dict[str, Text] = {}
    refund, booked = int(said.get("refund_fen") or 0), money.booked(dispute.contract.number)
    if refund > booked:
        wrong["refund_fen"] = beyond_booked(booked)
    elif refund > most:
        wrong["refund_fen"] = most_words
    if said.get("deletion") and said["access"] == "continue" and not dispute.contract.ended_at:
        wrong["deletion"] = Text("合同继续履行时不能要求删除；请同时终止合同。",
                                 "While the contract goes on, nothing can be deleted. End it as well.")  # fmt: skip
    if said["access"] == "continue" and dispute.contract.ended_at:
        wrong["access"] = Text("合同已经结束，只能选择终止。", "The contract has ended already; choose that it ends.")
    if said.get("result") == "dismissed" and refund:
        wrong["refund_fen"] = Text("驳回请求的，不能裁决退款。", "A dismissed claim brings no refund.")
    if wrong:
        raise Refusal("invalid_form", Text("请更正标出的各项。", "Please correct the marked fields."), 422, wrong)


def beyond_booked(booked: int) -> Text:
    return Text(f"不能超过该合同已出账的金额¥{booked // 100:,}.{booked % 100:02d}。",
                f"At most what was billed under the contract, ¥{booked // 100:,}.{booked % 100:02d}.")  # fmt: skip


def signed_by(actor: Actor, sha256: str, context: str, own_signature: str) -> dict[str, Any]:
    """The actor's signature. Where his key is in own custody and no signature came, the refusal says what to sign."""
    key = living_key(actor.person_id or 0)
    if key is not None and key.custody == "own" and not own_signature:
        raise Refusal(
            "signature_needed",
            Text(f"您的密钥由本人保管。请对摘要 {sha256}（用途 {context}）签名后，连同相同内容再提交。",
                 f"Your key is in your own custody. Sign the digest {sha256} (context {context}) and send the same again."),
            422,
        )  # fmt: skip
    return sign_digest(actor, sha256, context, own_signature)


def sign_award(ctx: Context, dispute: Dispute) -> None:
    own = ctx.data.pop("own_signature", "")
    claim = Text("裁决退款不能超过请求的金额。", "An award gives at most what was claimed.")
    check_amounts(dispute, ctx.data, dispute.claim_fen, claim)
    content = text_of("award", dispute, dispute.number, ctx.data)
    sha256 = digest_of(content)
    made = signed_by(ctx.actor, sha256, f"award:{dispute.number}", own)
    DisputeDecision.objects.filter(dispute=dispute, state="proposed").update(state="void")
    DisputeDecision.objects.create(
        dispute=dispute, case=dispute.case, kind="award", content=content, sha256=sha256, signatures=[made],
        refund_fen=content["refund_fen"], access=content["access"], deletion=content["deletion"], state="standing",
        made_at=clock.now(),
    )  # fmt: skip
    ctx.data |= {"sha256": sha256, "signature": made}


def decision_of(ctx: Context) -> DisputeDecision:
    rows = DisputeDecision.objects.select_related(
        "dispute__case", "dispute__contract__inquiry__case", "dispute__contract__product", "dispute__contract__grant"
    )
    return rows.get(case=ctx.case)


def sign_settlement(ctx: Context) -> None:
    """Check what may have changed since the proposal, then make and keep the acting side's signature."""
    decision = decision_of(ctx)
    said = decision.content
    if digest_of(said) != decision.sha256:
        raise Refusal(
            "settlement_altered", Text("和解文本与摘要不符，已停止签署。", "The text no longer fits its digest."), 409
        )
    booked = money.booked(decision.dispute.contract.number)
    check_amounts(decision.dispute, said, booked, beyond_booked(booked))
    made = signed_by(ctx.actor, decision.sha256, decision.context, ctx.data.pop("own_signature", ""))
    decision.signatures = [*decision.signatures, made]
    decision.save(update_fields=["signatures"])
    ctx.data |= {"sha256": decision.sha256, "signature": made}
    ctx.refs += decision.dispute.event_refs()


def settlement_signed(ctx: Context) -> None:
    decision = decision_of(ctx)
    decision.state = DisputeDecision.State.STANDING
    decision.save(update_fields=["state"])
    ctx.refs += decision.dispute.event_refs()
    ctx.outputs |= {"sha256": decision.sha256, "signatures": decision.signatures}
    engine.fire(decision.dispute.number, "settle")


def dropped(ctx: Context) -> None:
    decision = decision_of(ctx)
    decision.state = DisputeDecision.State.VOID
    decision.save(update_fields=["state"])
    ctx.refs += decision.dispute.event_refs()

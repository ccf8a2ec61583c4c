"""A dispute from the claim to what is carried out."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction
from django.test import Client

from shugang.assets.thirdparty.testing import make_agency, make_file, order_service
from shugang.delivery.deletions.services import due_at, state_deletion
from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, CaseParty, Event
from shugang.kernel.testing import clock_at, refused
from shugang.market.contracts.models import Contract
from shugang.market.disputes import deciding, measures, money, services
from shugang.market.disputes.models import Dispute, DisputeDecision, DisputeEvidence, DisputeMeasure
from shugang.market.disputes.testing import AWARD, CLAIM, PROPOSAL, WHY, dispute_over, evidence, to_state
from shugang.parties.accounts.services import set_duties
from shugang.parties.keys.services import make_key, revoke_key
from shugang.parties.keys.signatures import message, verify_signature
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in
from shugang.policy.codec import canonical
from shugang.settlement.bills.services import confirm_bill
from shugang.settlement.models import FundsHold
from shugang.settlement.payouts.services import instruct_all, instruct_split
from shugang.settlement.testing import pay

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def code(act, *args, **more) -> str:
    """The refusal's code; nothing may have been recorded."""
    before = Event.objects.count()
    with pytest.raises(Refusal) as no, transaction.atomic():
        act(*args, **more)
    assert Event.objects.count() == before
    return no.value.code


def opened(quarrel, actor=None, **changes):
    form = {k: v for k, v in {**CLAIM, **changes}.items() if v is not None}
    return services.open_dispute(actor or quarrel.buyer, quarrel.contract.number, form)


def test_a_claim_is_opened_by_a_side_and_by_nobody_else(quarrel):
    number = quarrel.contract.number
    stranger = make_signer(make_party("buyer"))
    assert code(services.open_dispute, stranger, number, CLAIM) == "not_found"
    assert code(services.open_dispute, make_actor(quarrel.buyer.party, ("analyst",)), number, CLAIM) == "forbidden"
    dispute = opened(quarrel)
    assert (dispute.claim_fen, dispute.claimant_id, dispute.respondent_id) == (
        700,
        quarrel.buyer.party_id,
        quarrel.supplier.party_id,
    )
    assert dispute.case.state == "filed" and dispute.number.startswith("ZY-")
    assert code(opened, quarrel) == "already_open"
    # the other side may have a claim of its own about the same
    assert (
        opened(quarrel, quarrel.supplier, kind="use", remedies=["terminate"], claim_fen=None).claimant_id
        == quarrel.supplier.party_id
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.create(case=Case.objects.exclude(pk=dispute.case_id).first(), contract=dispute.contract, kind="quality",
                               claimant=dispute.claimant, respondent=dispute.respondent, opened_at=clock.now())  # fmt: skip


@pytest.mark.parametrize(("changes", "field"), [
    ({"claim_fen": "14.01"}, "claim_fen"),
    ({"claim_fen": None}, "claim_fen"),
    ({"remedies": ["terminate"]}, "claim_fen"),
    ({"remedies": ["refund", "resume", "terminate"]}, "remedies"),
    ({"kind": "weather"}, "kind"),
    ({"statement": ""}, "statement"),
    ({"claim_fen": "-1"}, "claim_fen"),
], ids=["more than booked", "no amount", "amount without refund", "both ways", "kind", "silent", "negative"])  # fmt: skip
def test_a_claim_that_cannot_be_is_refused_with_its_field(quarrel, changes, field):
    with pytest.raises(Refusal) as no:
        opened(quarrel, **changes)
    assert (no.value.code, list(no.value.fields)) == ("invalid_form", [field])
    assert not Dispute.objects.exists()


def test_the_venue_opens_by_order_and_then_somebody_else_mediates(quarrel):
    form = {**CLAIM, "side": "supplier", "remedies": ["terminate"], "claim_fen": ""}
    dispute = services.open_dispute(quarrel.officer, quarrel.contract.number, form)
    assert dispute.by_order and dispute.claimant_id == quarrel.supplier.party_id
    assert refused(dispute.case, "withdraw", quarrel.supplier, WHY).code == "forbidden"
    engine.fire(dispute.number, "unanswered")
    again = make_actor(quarrel.officer.party, ("handler", "reviewer"), person=quarrel.officer.person)
    assert refused(dispute.case, "close_mediation", again, WHY).code == "conflict_of_interest"
    engine.act(dispute.number, "withdraw", quarrel.officer, WHY)
    assert Dispute.objects.get().outcome == "withdrawn"


def test_nobody_answers_and_the_clocks_lead_on(quarrel, settings):
    """Each clock fires into the next stage; here also one that crosses into a year whose calendar is not loaded yet."""
    with clock_at(settings, clock.now()) as move:
        dispute = dispute_over(quarrel)
        seen = []
        for _ in range(3):
            watch = Case.objects.get(pk=dispute.case_id).clocks.filter(state="running").get()
            move(watch.due_at + timedelta(seconds=1))
            engine._expire(watch.pk, clock.now())
            seen.append(Case.objects.get(pk=dispute.case_id).state)
    assert seen == ["mediating", "unsettled", "unresolved"]
    assert Dispute.objects.get().outcome == "unresolved" and Dispute.objects.get().closed_at


def test_an_agency_that_worked_for_a_side_or_is_one_cannot_arbitrate(quarrel):
    case = to_state(quarrel, "unsettled")
    dataset = quarrel.contract.product.dataset_version.dataset.number
    busy = make_agency("notarial", "arbitration")
    order_service(quarrel.supplier, busy.offers["notarial"], dataset)
    engine.act(Case.objects.filter(procedure="assets.order").latest("pk").number, "accept", busy.handler)
    related = make_agency("arbitration")
    set_duties(SYSTEM, related.party, quarrel.buyer.person, ["analyst"])
    ask = lambda offer: refused(case, "request", quarrel.buyer, {"offer": offer, "reason": "示例"}).code  # noqa: E731
    assert ask(busy.offers["arbitration"]) == "conflict_of_interest"
    assert ask(related.offers["arbitration"]) == "conflict_of_interest"
    assert ask(busy.offers["notarial"]) == "not_an_arbitrator"
    assert ask("FW-2026-999999") == "not_found"
    # one that took on work for a side after it was named is found at the award as well
    case = to_state(quarrel, "unsettled", Dispute.objects.get()) if case.state == "filed" else case
    engine.act(case.number, "request", quarrel.buyer, {"offer": quarrel.agency.offers["arbitration"], "reason": "示例"})
    engine.act(case.number, "take", quarrel.agency.handler)
    set_duties(SYSTEM, quarrel.agency.party, quarrel.supplier.person, ["analyst"])
    assert refused(case, "award", quarrel.agency.signer, AWARD).code == "conflict_of_interest"
    # it leaves, and sees the case no longer
    engine.act(case.number, "resign", quarrel.agency.handler, WHY)
    assert not CaseParty.objects.filter(case=case, capacity="arbitrator").exists()
    assert not Dispute.objects.visible_to(quarrel.agency.signer).exists()


def test_an_award_is_a_signed_text_within_the_claim(quarrel):
    case = to_state(quarrel, "hearing")
    for changes, field in (
        ({"refund_fen": "7.01"}, "refund_fen"), ({"deletion": True}, "deletion"), ({"result": "dismissed"}, "refund_fen"),
    ):  # fmt: skip
        no = refused(case, "award", quarrel.agency.signer, {**AWARD, **changes})
        assert (no.code, list(no.fields)) == ("invalid_form", [field])
    engine.act(case.number, "award", quarrel.agency.signer, AWARD)
    decision = DisputeDecision.objects.get()
    assert (decision.refund_fen, decision.kind, decision.state) == (350, "award", "standing")
    assert hashlib.sha256(canonical(decision.content)).hexdigest() == decision.sha256
    assert verify_signature(decision.signatures[0], decision.sha256, f"award:{case.number}")
    event = Event.objects.get(kind="market.dispute.award")
    assert event.payload["form"]["sha256"] == decision.sha256
    assert Case.objects.get(pk=case.pk).state == "executing"


def test_a_key_in_own_custody_signs_what_the_refusal_shows(quarrel):
    case, signer = to_state(quarrel, "hearing"), quarrel.agency.signer
    private = Ed25519PrivateKey.generate()
    revoke_key(signer)
    make_key(signer, base64.b64encode(private.public_key().public_bytes_raw()).decode())
    no = refused(case, "award", signer, AWARD)
    dispute = Dispute.objects.get()
    sha256 = deciding.digest_of(deciding.text_of("award", dispute, case.number, {**AWARD, "refund_fen": 350}))
    assert no.code == "signature_needed" and sha256 in no.message.zh
    raw = base64.b64encode(private.sign(message(sha256, f"award:{case.number}"))).decode()
    engine.act(case.number, "award", signer, {**AWARD, "own_signature": raw})
    assert DisputeDecision.objects.get().sha256 == sha256


def test_only_who_keeps_his_key_is_asked_for_a_signature_to_paste(quarrel):
    dispute = dispute_over(quarrel)
    proposal = services.propose_settlement(quarrel.buyer, dispute.number, PROPOSAL)
    client, page = sign_in(Client(), quarrel.supplier), f"/cases/{proposal.number}/sign"
    assert 'name="own_signature"' not in client.get(page).content.decode()
    private = Ed25519PrivateKey.generate()
    revoke_key(quarrel.supplier)
    make_key(quarrel.supplier, base64.b64encode(private.public_key().public_bytes_raw()).decode())
    assert 'name="own_signature"' in client.get(page).content.decode()


def test_without_a_refund_the_decision_is_carried_out_at_once(quarrel):
    """The contract ends, the buyer owes a statement of deletion, what was frozen is free, the case is closed."""
    dispute = dispute_over(quarrel, kind="use", remedies=["terminate", "deletion"], claim_fen=None)
    to_state(quarrel, "hearing", dispute)
    measures.order(quarrel.agency.signer, dispute.number, {"kind": "access", "reason": "防止继续超范围使用。"})
    said = {"result": "upheld", "refund_fen": "0", "access": "terminate", "deletion": True, "opinion": "属实。"}
    engine.act(dispute.number, "award", quarrel.agency.signer, said)
    dispute.refresh_from_db()
    contract = Contract.objects.select_related("grant").get(pk=quarrel.contract.pk)
    assert (Case.objects.get(pk=dispute.case_id).state, dispute.outcome) == ("closed", "awarded") and dispute.closed_at
    assert (contract.state, contract.grant.state) == ("terminated", "ended")
    assert DisputeMeasure.objects.get().lifted_at
    assert due_at(contract.grant).date() == (clock.now() + timedelta(days=11)).date()
    assert state_deletion(quarrel.buyer, contract.grant.number).statement["contract"] == contract.number
    kinds = list(Event.objects.filter(case=dispute.case).order_by("pk").values_list("kind", flat=True))
    assert kinds.index("market.dispute.award") < kinds.index("market.dispute.executed")


def test_access_is_frozen_by_who_decides_and_free_when_all_holds_are_lifted(quarrel):
    dispute = dispute_over(quarrel)
    form, grant = {"kind": "access", "reason": "核查期间暂停。"}, quarrel.contract.grant
    for actor in (quarrel.buyer, quarrel.supplier, quarrel.officer, quarrel.finance):
        assert code(measures.order, actor, dispute.number, form) == "forbidden"
    assert code(measures.order, make_signer(make_party("buyer")), dispute.number, form) == "not_found"
    weak = make_actor(quarrel.mediator.party, ("reviewer",), second_factor=False)
    assert code(measures.order, weak, dispute.number, form) == "second_factor_required"
    measures.order(quarrel.mediator, dispute.number, form)
    grant.refresh_from_db()
    assert grant.state == "suspended"
    assert code(measures.order, quarrel.mediator, dispute.number, form) == "already_done"
    # the parties cannot lift it between them; the mediator can
    assert code(measures.lift, quarrel.buyer, dispute.number, "access", "好了") == "forbidden"
    measures.lift(quarrel.mediator, dispute.number, "access", "已核实。")
    grant.refresh_from_db()
    assert grant.state == "active"
    # before arbitrators it is theirs alone
    to_state(quarrel, "hearing", dispute)
    assert code(measures.order, quarrel.mediator, dispute.number, form) == "forbidden"
    measures.order(quarrel.agency.signer, dispute.number, form)
    engine.act(dispute.number, "withdraw", quarrel.buyer, WHY)
    grant.refresh_from_db()
    assert grant.state == "active" and not DisputeMeasure.objects.filter(lifted_at=None).exists()
    assert code(measures.order, quarrel.mediator, dispute.number, form) == "dispute_closed"


def test_while_funds_are_held_nothing_is_paid_to_the_supplier(quarrel):
    dispute = dispute_over(quarrel)
    confirm_bill(quarrel.buyer, quarrel.bill.number)
    pay(quarrel.finance, quarrel.bill)
    measures.order(quarrel.mediator, dispute.number, {"kind": "funds", "reason": "争议期间保留。"})
    assert code(instruct_split, quarrel.finance, quarrel.bill.number) == "funds_held"
    assert instruct_all(quarrel.finance) == []
    quarrel.bill.refresh_from_db()
    assert quarrel.bill.state == "paid" and FundsHold.objects.get().lifted_at is None
    engine.act(dispute.number, "withdraw", quarrel.buyer, WHY)
    assert [b.number for b in instruct_all(quarrel.finance)] == [quarrel.bill.number]


def test_evidence_is_read_by_all_who_take_part_until_its_days_are_over(quarrel, settings):
    dispute = dispute_over(quarrel)
    stranger = make_signer(make_party("buyer"))
    assert code(services.file_evidence, stranger, dispute.number, evidence(stranger)) == "not_found"
    foreign = {"file": make_file(quarrel.supplier), "proves": "别人的文件。"}
    assert code(services.file_evidence, quarrel.buyer, dispute.number, foreign) == "invalid_form"
    form = evidence(quarrel.buyer)
    row = services.file_evidence(quarrel.buyer, dispute.number, form)
    assert (row.position, row.material.case_id) == (1, dispute.case_id)
    assert code(services.file_evidence, quarrel.buyer, dispute.number, form) == "already_done"
    assert DisputeEvidence.objects.visible_to(quarrel.supplier).count() == 1
    assert not DisputeEvidence.objects.visible_to(stranger).exists()
    to_state(quarrel, "hearing", dispute)
    with clock_at(settings, clock.now() + timedelta(days=40)):
        assert (
            code(services.file_evidence, quarrel.supplier, dispute.number, evidence(quarrel.supplier))
            == "evidence_closed"
        )
        engine.act(dispute.number, "withdraw", quarrel.buyer, WHY)
        assert code(services.file_evidence, quarrel.buyer, dispute.number, evidence(quarrel.buyer)) == "dispute_closed"


def test_a_settlement_holds_when_both_have_signed_the_same_text(quarrel):
    dispute = dispute_over(quarrel)
    assert (
        code(services.propose_settlement, quarrel.buyer, dispute.number, {**PROPOSAL, "refund_fen": "14.01"})
        == "invalid_form"
    )
    proposal = services.propose_settlement(quarrel.buyer, dispute.number, {**PROPOSAL, "refund_fen": "0"})
    assert code(services.propose_settlement, quarrel.supplier, dispute.number, PROPOSAL) == "already_proposed"
    engine.act(proposal.number, "sign", quarrel.buyer)
    assert Case.objects.get(pk=dispute.case_id).state == "filed"
    assert refused(proposal.case, "sign", make_signer(quarrel.buyer.party)).code == "already_done"
    engine.act(proposal.number, "sign", quarrel.supplier)
    proposal.refresh_from_db()
    assert proposal.state == "standing" and len(proposal.signatures) == 2
    assert all(verify_signature(s, proposal.sha256, f"settlement:{proposal.number}") for s in proposal.signatures)
    dispute.refresh_from_db()
    assert (dispute.outcome, Case.objects.get(pk=dispute.case_id).state) == ("settled", "closed")


def test_the_case_and_the_log_tell_the_amounts_that_were_asked_for(quarrel):
    """7.00 元 and 2.00 元 are 700 and 200 分 wherever they are read: by who signs, and in the evidence."""
    dispute = dispute_over(quarrel)
    proposal = services.propose_settlement(quarrel.buyer, dispute.number, PROPOSAL)
    assert (dispute.claim_fen, dispute.case.data["claim_fen"]) == (700, 700)
    assert (proposal.refund_fen, proposal.case.data["refund_fen"]) == (200, 200)
    told = {
        event.case_id: event.payload["form"]
        for event in Event.objects.filter(kind__in=["market.dispute.file", "market.settlement.propose"])
    }
    assert told[dispute.case_id]["claim_fen"] == 700 and told[proposal.case_id]["refund_fen"] == 200
    page = sign_in(Client(), quarrel.supplier).get(f"/cases/{proposal.number}").content.decode()
    assert "¥2.00" in page and "¥200.00" not in page


def test_a_text_that_was_changed_after_the_proposal_is_not_signed(quarrel):
    dispute = dispute_over(quarrel)
    proposal = services.propose_settlement(quarrel.buyer, dispute.number, PROPOSAL)
    DisputeDecision.objects.update(content={**proposal.content, "refund_fen": 1})
    assert refused(proposal.case, "sign", quarrel.supplier).code == "settlement_altered"


def test_a_proposal_that_is_declined_or_outlived_leaves_the_dispute_as_it_was(quarrel):
    dispute = dispute_over(quarrel)
    first = services.propose_settlement(quarrel.buyer, dispute.number, PROPOSAL)
    engine.act(first.number, "decline", quarrel.supplier, WHY)
    second = services.propose_settlement(quarrel.officer, dispute.number, PROPOSAL)
    engine.act(second.number, "sign", quarrel.buyer)
    engine.act(dispute.number, "withdraw", quarrel.buyer, WHY)
    assert [d.state for d in DisputeDecision.objects.order_by("pk")] == ["void", "void"]
    assert Case.objects.get(pk=second.case_id).state == "moot"


def test_booked_is_what_stands_after_credit_notes(quarrel):
    assert money.booked(quarrel.contract.number) == 1400
    from shugang.settlement.bills.services import void_bill

    void_bill(quarrel.finance, quarrel.bill.number, "计量有误，重新出账。")
    assert money.booked(quarrel.contract.number) == 0
    assert code(opened, quarrel) == "invalid_form"


def test_a_refund_is_a_partial_credit_note_and_the_money_goes_back(quarrel):
    """14.00 paid and held meanwhile; 3.50 awarded: the bill is due for 10.50, the buyer is paid 3.50, the case is closed."""
    dispute = dispute_over(quarrel)
    confirm_bill(quarrel.buyer, quarrel.bill.number)
    pay(quarrel.finance, quarrel.bill)
    measures.order(quarrel.mediator, dispute.number, {"kind": "funds", "reason": "争议期间保留。"})
    to_state(quarrel, "executing", dispute)
    engine.act(dispute.number, "execute", quarrel.finance)
    quarrel.bill.refresh_from_db()
    note = quarrel.bill.credit_notes.get()
    assert (quarrel.bill.due_fen, note.total_fen, money.booked(quarrel.contract.number)) == (1050, -350, 1050)
    assert quarrel.bill.instructions.get(purpose="refund").amount_fen == 350
    decision = DisputeDecision.objects.get()
    assert decision.execution["credit_notes"] == [
        {"bill": quarrel.bill.number, "credit_note": note.number, "amount_fen": 350}
    ]
    assert (
        Case.objects.get(pk=dispute.case_id).state == "closed" and not FundsHold.objects.filter(lifted_at=None).exists()
    )
    # the rest goes to the supplier now
    assert [b.number for b in instruct_all(quarrel.finance)] == [quarrel.bill.number]

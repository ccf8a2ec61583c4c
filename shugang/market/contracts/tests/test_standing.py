"""A contract in force changes only by order, by agreement, or by its end; its grant follows in the same transaction."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.delivery.models import Grant
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.market import testing
from shugang.market.contracts import services, standing
from shugang.market.contracts.models import Contract
from shugang.parties.testing import make_actor, make_party
from shugang.settlement.models import ChargeAgreement

pytestmark = [pytest.mark.django_db, pytest.mark.both]
WHY = "核查来源期间暂停。"


@pytest.fixture
def contract(deal):
    return testing.signed(deal)


@pytest.fixture
def regulator():
    return make_actor(make_party("regulator"), ("supervisor",))


def now_of(contract):
    fresh = Contract.objects.get(pk=contract.pk)
    return fresh.state, fresh.held_by, Grant.objects.get(pk=fresh.grant_id).state


def says_no(code, act, *args):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args)
    assert (no.value.code, Event.objects.count()) == (code, before)


def test_an_order_stops_the_grant_at_once_and_only_an_order_lifts_it(deal, contract, regulator):
    # when the regulator orders a suspension
    services.suspend(regulator, contract.number, WHY)
    # then contract and grant stop together
    assert now_of(contract) == ("suspended", "order", "suspended")
    # and neither side can resume it
    for side in (deal.buyer, deal.supplier):
        says_no("wrong_state", services.resume, side, contract.number, "恢复")
    services.resume(regulator, contract.number, "核查无误。")
    assert now_of(contract) == ("active", "", "active")


def test_an_order_needs_a_reason_a_duty_and_a_second_factor(deal, contract, regulator):
    says_no("reason_required", services.suspend, regulator, contract.number, " ")
    weak = make_actor(deal.venue.operator, ("reviewer",), second_factor=False)
    says_no("second_factor_required", services.suspend, weak, contract.number, WHY)
    says_no("not_found", services.suspend, make_actor(deal.venue.operator, ("handler",)), contract.number, WHY)
    assert now_of(contract) == ("active", "", "active")


def test_one_side_alone_ends_nothing(deal, contract):
    # when the buyer proposes to end it
    services.terminate(deal.buyer, contract.number, "项目结束。")
    assert now_of(contract) == ("active", "", "active")
    # then repeating it, or proposing for a third party, does nothing
    says_no("already_proposed", services.terminate, deal.buyer, contract.number, "项目结束。")
    says_no("not_found", services.terminate, make_actor(make_party("buyer"), ("signer",)), contract.number, "x")
    # when the supplier does the same, it is agreed
    services.terminate(deal.supplier, contract.number, "同意。")
    assert now_of(contract) == ("terminated", "", "ended")
    assert ChargeAgreement.objects.get(number=contract.number).state == "ended"
    says_no("wrong_state", services.suspend, deal.buyer, contract.number, WHY)


def test_a_declined_proposal_leaves_it_in_force(deal, contract):
    case = services.propose_change(deal.supplier, contract.number, "suspend", WHY)
    engine.act(case.number, "decline", deal.buyer, {"reason": "正在使用。"})
    assert now_of(contract) == ("active", "", "active")
    # and the proposer cannot agree to his own proposal
    case = services.propose_change(deal.supplier, contract.number, "suspend", WHY)
    with pytest.raises(Refusal):
        engine.act(case.number, "agree", deal.supplier)
    assert now_of(contract) == ("active", "", "active")


def test_what_both_suspended_both_resume_and_an_order_takes_over(deal, contract, regulator):
    services.suspend(deal.buyer, contract.number, WHY)
    services.suspend(deal.supplier, contract.number, WHY)
    assert now_of(contract) == ("suspended", "parties", "suspended")
    services.suspend(regulator, contract.number, "责令暂停。")
    assert now_of(contract)[1] == "order"
    says_no("wrong_state", services.resume, deal.buyer, contract.number, "恢复")


def test_a_late_yes_to_a_proposal_that_no_longer_fits_is_refused(deal, contract, regulator):
    case = services.propose_change(deal.buyer, contract.number, "suspend", WHY)
    services.suspend(regulator, contract.number, "责令暂停。")
    says_no("wrong_state", engine.act, case.number, "agree", deal.supplier)
    assert now_of(contract)[1] == "order"


def test_the_end_of_the_period_ends_contract_and_grant(settings, deal, contract):
    assert services.expire_due() == 0
    with clock_at(settings, clock.now()) as move:
        move(contract.valid_until + timedelta(seconds=1))
        assert services.expire_due() == 1 and services.expire_due() == 0
    assert now_of(contract) == ("expired", "", "ended")


def test_certificate_and_contract_hold_a_grant_apart(deal, contract, regulator):
    """Resuming one of two suspended bases does not bring the grant back."""
    reason = {"rule": "inspection", "reason": "核查来源。"}
    engine.act(deal.certificate.case.number, "suspend", deal.office.reviewer, reason)
    services.suspend(regulator, contract.number, WHY)
    engine.act(deal.certificate.case.number, "resume", deal.office.reviewer, {"reason": "核查无误。"})
    assert now_of(contract) == ("suspended", "order", "suspended")
    services.resume(regulator, contract.number, "核查无误。")
    assert now_of(contract) == ("active", "", "active")


@pytest.mark.parametrize("kind", ["suspend", "resume", "terminate"])
@pytest.mark.parametrize("state", ["pending_signature", "active", "suspended", "terminated", "expired", "declined"])
@pytest.mark.parametrize("by", ["parties", "order"])
def test_the_table_of_standings(kind, state, by):
    row = Contract(state=state, held_by="parties" if state == "suspended" else "")
    allowed = {
        ("suspend", "active", "parties"), ("suspend", "active", "order"), ("suspend", "suspended", "order"),
        ("resume", "suspended", "parties"), *(("terminate", s, b) for s in ("active", "suspended") for b in ("parties", "order")),
    }  # fmt: skip
    assert standing.may_change(row, kind, by) == ((kind, state, by) in allowed)

"""Delivery confirmed, inspected, accepted or objected to; and what a one-off price waits for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.delivery.metering.services import fold_journal
from shugang.delivery.models import Grant
from shugang.delivery.testing import make_records
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at, refused
from shugang.market import testing
from shugang.market.acceptance import queries, services
from shugang.market.acceptance.models import Acceptance
from shugang.market.contracts import services as contracts
from shugang.market.contracts.charging import charges
from shugang.market.contracts.models import Contract
from shugang.parties.testing import make_actor, make_party
from shugang.policy.priceplan import PricePlan
from shugang.settlement.models import ChargeAgreement
from shugang.settlement.rating.services import rate_period

from .test_table import DATA, DIGEST

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ONE_OFF = PricePlan("one_off", price_fen=50_000)


def deal_with(answers=None, plan=ONE_OFF):
    """(deal, contract in force, its acceptance), the form answered as asked."""
    deal = testing.make_deal(plan=plan)
    contract = testing.accepted(deal)
    if answers:
        contracts.fill_in(deal.buyer, contract.number, answers)
    contracts.sign(deal.supplier, contract.number)
    contract = contracts.sign(deal.buyer, contract.number)
    return deal, contract, Acceptance.objects.filter(contract=contract).first()


def use(contract):
    """The first successful use, as the plane's journal brings it."""
    grant = Grant.objects.get(pk=contract.grant_id)
    fold_journal(grant.plane, 1, make_records([{"grant": grant.number, "mode": grant.mode, "outcome": "delivered"}]))


def state(row):
    return Acceptance.objects.select_related("case").get(pk=row.pk).case.state


@pytest.fixture
def finance():
    return make_actor(make_party("operator"), ("finance",))


def test_a_one_off_price_waits_for_the_acceptance_that_the_meter_began(finance):
    # given a contract over a one-off price, in force
    deal, contract, row = deal_with()
    assert state(row) == "awaiting" and charges(contract)[0].held_for == "acceptance"
    # when the first use is metered
    use(contract)
    # then the inspection runs for the agreed days, and nothing is billed
    row.refresh_from_db()
    assert (state(row), row.delivered_by) == ("inspecting", "meter")
    assert row.case.clocks.get(name="inspection").days == 10
    assert rate_period(finance, contract.number) is None
    # when the buyer accepts, then it is billed in full
    engine.act(row.number, "accept", deal.buyer)
    bill = rate_period(finance, contract.number)
    assert bill.total_fen == 50_000 and Acceptance.objects.get().outcome == "accepted"


def test_silence_accepts_only_where_the_contract_says_so(settings, finance):
    _, contract, row = deal_with({"acceptance": "silence", "inspection_days": "3"})
    other, quiet, express = deal_with({"acceptance": "express", "inspection_days": "3"})
    use(contract)
    engine.fire(express.number, "deliver")
    with clock_at(settings, clock.now()) as move:
        move(clock.now() + timedelta(days=20))
        engine.tick()
    # then one is accepted, of the other the end of the time is told and nothing more
    assert (state(row), state(express)) == ("accepted", "inspecting")
    assert Event.objects.filter(kind="clock.expired", refs__key=express.number).exists()
    assert not charges(contract)[0].held_for and charges(quiet)[0].held_for == "acceptance"
    # and the buyer may still object after the time
    engine.act(express.number, "object", other.buyer, DATA["object"])
    assert state(express) == "objected"


def test_use_accepts_only_where_the_contract_says_so_and_quality_does_not_show_in_use():
    _, contract, row = deal_with({"acceptance": "use", "quality_in_use": False})
    use(contract)
    assert state(row) == "accepted" and not charges(contract)[0].held_for
    # where quality shows in use only, the form takes no acceptance by use
    other = testing.accepted(testing.make_deal(plan=ONE_OFF))
    buyer = contracts  # the side does not matter to the form
    with pytest.raises(Refusal) as no:
        buyer.fill_in(_side(other), other.number, {"acceptance": "use", "quality_in_use": True})
    assert "acceptance" in no.value.fields


def _side(contract):
    return make_actor(contract.buyer, ("handler",))


def test_a_delivery_off_the_platform_is_signed_by_both_over_one_digest():
    deal, _, row = deal_with({"acceptance": "express"})
    # a list that is none, twice the same name, or a digest that is none
    for files in ("", "无摘要.csv", f"a | {DIGEST}\na | {DIGEST}", "a | 12"):
        assert "files" in refused(row.case, "declare", deal.supplier, {"files": files, "note": "x"}).fields
    assert not row.statements.exists()
    # when the supplier states it and the buyer got other files, it is stated again
    engine.act(row.number, "declare", deal.supplier, DATA["declare"])
    engine.act(row.number, "not_received", deal.buyer, DATA["not_received"])
    engine.act(row.number, "declare", deal.supplier, DATA["declare"])
    engine.act(row.number, "receive", deal.buyer)
    # then both signatures hold over the second statement's digest, and the inspection has begun
    second, first = queries.statements(row)
    assert second["supplier_holds"] and second["buyer_holds"] and not first["buyer_holds"]
    assert first["row"].refused == "摘要不一致。" and second["row"].sha256 != first["row"].sha256
    assert [f["name"] for f in second["row"].content["files"]] == ["观测数据.csv", "说明.pdf"]
    assert (state(row), Acceptance.objects.get().delivered_by) == ("inspecting", "statement")
    # and a changed content no longer verifies
    second["row"].content["files"][0]["sha256"] = "0" * 64


def test_a_lower_price_takes_the_place_of_the_agreed_one(finance):
    deal, contract, row = deal_with()
    use(contract)
    engine.act(row.number, "object", deal.buyer, {**DATA["object"], "remedy": "reduce"})
    assert Event.objects.get(kind="acceptance.objected").payload["remedy"] == "reduce"
    assert "price_fen" in refused(row.case, "reduce", deal.supplier, {"price_fen": "500", "reason": "x"}).fields
    assert refused(row.case, "agree_end", deal.supplier, {"reason": "x"}).code == "end_not_asked"
    engine.act(row.number, "reduce", deal.supplier, DATA["reduce"])
    engine.act(row.number, "decline", deal.buyer, DATA["decline"])
    engine.act(row.number, "reduce", deal.supplier, {**DATA["reduce"], "price_fen": "250.00"})
    engine.act(row.number, "take", deal.buyer)
    # then only the last offered price is billed, once
    bills = [rate_period(finance, c.number) for c in charges(contract)]
    assert [b and b.total_fen for b in bills] == [None, 25_000]
    assert Acceptance.objects.get().outcome == "reduced"
    second = ChargeAgreement.objects.get(number=f"{contract.number}-2")
    assert ("contract", contract.number) in second.event_refs()


def test_the_end_that_the_buyer_asked_for_ends_contract_grant_and_price(finance):
    deal, contract, row = deal_with()
    use(contract)
    engine.act(row.number, "object", deal.buyer, DATA["object"])
    engine.act(row.number, "agree_end", deal.supplier, DATA["agree_end"])
    fresh = Contract.objects.get(pk=contract.pk)
    assert (fresh.state, Grant.objects.get(pk=fresh.grant_id).state, state(row)) == ("terminated", "ended", "ended")
    assert rate_period(finance, contract.number) is None


def test_a_contract_that_ends_otherwise_closes_its_acceptance_and_a_dispute_decides_one():
    deal, contract, row = deal_with()
    contracts.terminate(deal.buyer, contract.number, "项目取消。")
    contracts.terminate(deal.supplier, contract.number, "同意。")
    assert state(row) == "ended" and Acceptance.objects.get().outcome == "ended"
    with pytest.raises(Refusal):
        services.decide(row.number, accepted=True)


def test_a_price_by_use_has_no_acceptance_unless_agreed(finance):
    _, contract, row = deal_with(plan=testing.PER_DELIVERY)
    assert row is None and not charges(contract)[0].held_for
    use(contract)
    assert rate_period(finance, contract.number).total_fen == 80_000

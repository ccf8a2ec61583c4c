"""Inquiry, quotation, counter-offer and acceptance; the deal is checked at every step."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shugang.kernel import clock, engine, idempotency
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at, refused, snapshot, wrong_cells
from shugang.market import testing
from shugang.market.contracts.models import Contract
from shugang.market.trade import queries, services
from shugang.market.trade.differing import differences
from shugang.market.trade.models import Inquiry, Quotation
from shugang.market.trade.process import TRADE
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.priceplan import PricePlan

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def says_no(code, act, *args):
    """The call is refused with this code and leaves no event."""
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args)
    assert (no.value.code, Event.objects.count()) == (code, before)
    return no.value


@pytest.mark.parametrize(
    "wider",
    [
        {"fields": ("station", "at", "pm25"), "masks": ()},
        {"actions": ("read", "download", "train")},
        {"redistribute": True, "actions": ("read", "download", "redistribute")},
        {"attribution": ""},
    ],
)
def test_a_quotation_beyond_the_offer_is_refused_and_changes_nothing(deal, wider):
    # given an open inquiry
    case = testing.inquire(deal)
    terms = replace(deal.product.terms, **wider)
    # when the supplier quotes more than the product offers
    no = refused(case, "quote", deal.supplier, {"terms": terms.to_json(), "plan": deal.product.plan.to_json()})
    # then nothing changed
    assert no.code == "exceeds_offer" and not Quotation.objects.exists()


def test_a_counter_offer_is_held_to_the_same_limits(deal):
    case = testing.inquire(deal)
    services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
    longer = replace(deal.product.terms, valid_until=deal.product.terms.valid_until + timedelta(days=1))
    no = refused(case, "counter", deal.buyer, {"terms": longer.to_json(), "plan": deal.product.plan.to_json()})
    assert no.code == "exceeds_offer" and Quotation.objects.count() == 1


def test_terms_for_another_purpose_than_the_stated_one_are_refused(deal):
    # given an inquiry for research, while the product is offered for model validation too
    case = testing.inquire(deal)
    other = replace(deal.product.terms, purpose="model_validation")
    assert (
        refused(case, "quote", deal.supplier, {"terms": other.to_json(), "plan": deal.product.plan.to_json()}).code
        == "purpose_changed"
    )


def test_a_price_for_an_outcome_that_the_mode_does_not_have_is_refused(deal):
    case = testing.inquire(deal)
    plan = PricePlan("per_unit", unit_price_e8=1, billable=("found",))
    assert (
        refused(case, "quote", deal.supplier, {"terms": deal.product.offered_terms, "plan": plan.to_json()}).code
        == "unknown_outcome"
    )


def test_who_may_inquire_and_for_what(deal):
    number = deal.product.number
    ask = {"purpose": "research", "need": "全部站点"}
    says_no("purpose_not_offered", services.inquire, deal.buyer, number, {**ask, "purpose": "risk_control"})
    says_no("forbidden", services.inquire, make_actor(make_party("buyer"), ("analyst",)), number, ask)
    says_no("forbidden", services.inquire, make_actor(make_party("reviewer")), number, ask)
    both = make_party("supplier", "buyer")
    deal.supplier.party.is_buyer = True
    deal.supplier.party.save()
    says_no("own_product", services.inquire, make_actor(deal.supplier.party), number, ask)
    assert services.inquire(make_actor(both), number, ask).state == "inquiry"


def test_a_suspended_buyer_can_go_no_further(deal):
    case = testing.inquire(deal)
    services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
    deal.buyer.party.status = "suspended"
    deal.buyer.party.save()
    assert refused(case, "accept", deal.buyer).code == "buyer_not_active"
    assert not Contract.objects.exists()


def test_an_acceptance_is_checked_against_today(deal):
    # given a quotation, and a certificate suspended since
    case = testing.inquire(deal)
    services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
    engine.act(
        deal.certificate.case.number, "suspend", deal.office.reviewer, {"rule": "inspection", "reason": "核查来源。"}
    )
    # when the buyer accepts, then no contract comes of it
    assert refused(case, "accept", deal.buyer).code == "not_listed"
    assert not Contract.objects.exists()


def test_negotiation_keeps_every_version(deal):
    case = testing.inquire(deal)
    offered, plan = deal.product.terms, deal.product.plan
    services.quote(deal.supplier, case.number, offered, plan)
    narrower = replace(offered, fields=("at", "pm25"), masks=())
    cheaper = replace(plan, unit_price_e8=plan.unit_price_e8 // 2)
    services.counter(deal.buyer, case.number, narrower, cheaper, "只要两个字段")
    services.accept(deal.supplier, case.number)
    # then the counter-offer is the contract, and the first quotation is still there
    contract = Contract.objects.get()
    assert contract.terms == narrower and contract.plan == cheaper
    assert list(Quotation.objects.order_by("version").values_list("side", flat=True)) == ["supplier", "buyer"]
    told = {text.zh for text, _, _ in differences((offered, plan), (narrower, cheaper), "table")}
    assert told == {"授权字段", "脱敏", "价格（含税）"}


def test_accepting_twice_with_one_key_makes_one_contract(deal):
    case = testing.inquire(deal)
    services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)

    def accept():
        return {"revision": services.accept(deal.buyer, case.number).revision}

    first = idempotency.once(deal.buyer, "key-1", "same", accept)
    assert idempotency.once(deal.buyer, "key-1", "same", accept) == first
    assert Contract.objects.count() == 1
    # and without the key the second is refused by the state
    says_no("wrong_state", services.accept, deal.buyer, case.number)


def test_the_contract_freezes_what_was_agreed(deal):
    contract = testing.accepted(deal)
    said = contract.snapshot
    assert contract.state == "pending_signature"
    assert said["terms"] == deal.product.offered_terms and said["certificate"]["number"] == deal.certificate.number
    assert said["dataset"]["sha256"] == deal.product.dataset_version.sha256
    assert len(contract.sha256) == len(contract.sm3) == 64
    # a later change of the product does not reach it
    deal.product.price_plan = PricePlan("free").to_json()
    deal.product.save()
    assert Contract.objects.get().plan == testing.PER_DELIVERY


def test_cells_outside_the_table_are_refused_to_both_sides(deal):
    case = testing.inquire(deal)
    answers = {"terms": deal.product.offered_terms, "plan": deal.product.price_plan}
    for state, step in wrong_cells(TRADE):
        Case.objects.filter(pk=case.pk).update(state=state)
        for actor in (deal.buyer, deal.supplier):
            data = {f.name: answers.get(f.name, "x") for f in step.form.fields}
            assert refused(case, step.name, actor, data).code == "wrong_state"


@pytest.mark.parametrize(("state", "step", "who"), [
    ("inquiry", "quote", "buyer"), ("quoted", "accept", "supplier"), ("quoted", "counter", "supplier"),
    ("countered", "accept_counter", "buyer"), ("inquiry", "decline", "buyer"), ("quoted", "withdraw", "supplier"),
])  # fmt: skip
def test_no_side_takes_the_other_sides_step(deal, state, step, who):
    case = testing.inquire(deal)
    Case.objects.filter(pk=case.pk).update(state=state)
    data = {"terms": deal.product.offered_terms, "plan": deal.product.price_plan, "reason": "x"}
    fields = {f.name for f in TRADE.transition(step).form.fields}
    assert refused(case, step, getattr(deal, who), {k: v for k, v in data.items() if k in fields}).code == "forbidden"


def test_strangers_see_nothing(deal):
    case = testing.inquire(deal)
    stranger = make_signer(make_party("buyer"))
    before = snapshot(case)
    says_no("not_found", services.accept, stranger, case.number)
    assert snapshot(case) == before and not Inquiry.objects.visible_to(stranger).exists()


def test_what_expired_is_refused_by_the_servers_clock_and_ended_by_the_worker(deal, settings):
    with clock_at(settings, clock.now()) as move:
        # given a quotation whose time has passed while no worker ran
        case = testing.inquire(deal)
        services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
        due = case.clocks.get(name="answer").due_at
        move(due + timedelta(seconds=2))
        offer = {"terms": deal.product.offered_terms, "plan": deal.product.price_plan}
        # then neither counter nor acceptance nor another quotation is taken
        for step, who, data in (
            ("counter", deal.buyer, offer),
            ("accept", deal.buyer, {}),
            ("quote", deal.supplier, offer),
        ):
            assert refused(case, step, who, data).code == "expired"
        # and the worker ends it
        engine.tick()
        assert Case.objects.get(pk=case.pk).state == "expired"
        assert refused(case, "counter", deal.buyer, offer).code == "wrong_state"


@pytest.mark.parametrize("countered", [False, True])
def test_a_supplier_who_is_silent_ends_the_inquiry(deal, settings, countered):
    with clock_at(settings, clock.now()) as move:
        case = testing.inquire(deal)
        if countered:
            services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
            services.counter(deal.buyer, case.number, deal.product.terms, PricePlan("free"))
        move(case.clocks.get(name="reply").due_at + timedelta(seconds=2))
        offer = {"terms": deal.product.offered_terms, "plan": deal.product.price_plan}
        assert refused(case, "quote", deal.supplier, offer).code == "expired"
        engine.tick()
        assert Case.objects.get(pk=case.pk).state == "expired" and not Contract.objects.exists()


def test_a_supplier_may_take_a_quotation_back_and_it_is_kept(deal):
    case = testing.inquire(deal)
    services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan, "按挂牌条件。")
    engine.act(case.number, "retract", deal.supplier, {"reason": "价格有误。"})
    # then the buyer can accept nothing, and the version stays, marked
    assert refused(case, "accept", deal.buyer).code == "wrong_state"
    assert Quotation.objects.get().withdrawn_at is not None
    assert {c.name: c.state for c in case.clocks.all()} == {"reply": "running", "answer": "stopped"}
    # and the next quotation is version 2
    services.quote(deal.supplier, case.number, deal.product.terms, PricePlan("free"))
    services.accept(deal.buyer, case.number)
    assert Contract.objects.get().snapshot["quotation"]["version"] == 2


def test_two_people_of_one_party_who_saw_the_same_page_make_one_contract(deal):
    case = testing.inquire(deal)
    seen = services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan).revision
    colleague = make_actor(deal.buyer.party, ("handler",))
    services.accept(deal.buyer, case.number, seen)
    says_no("stale_version", services.accept, colleague, case.number, seen)
    assert Contract.objects.count() == 1


def test_an_acceptance_of_a_page_that_has_gone_stale_is_refused(deal):
    # given a buyer who reads version 1 while the supplier puts down version 2
    case = testing.inquire(deal)
    seen = services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan).revision
    services.quote(deal.supplier, case.number, deal.product.terms, PricePlan("one_off", price_fen=9_999_900))
    says_no("stale_version", services.accept, deal.buyer, case.number, seen)
    assert not Contract.objects.exists()


def test_the_whole_negotiation_is_told_in_full(deal):
    case = testing.inquire(deal)
    offered, plan = deal.product.terms, deal.product.plan
    services.quote(deal.supplier, case.number, offered, plan, "按挂牌条件。")
    services.counter(
        deal.buyer, case.number, replace(offered, fields=("at", "pm25"), masks=()), PricePlan("free"), "只要两个字段"
    )
    inquiry = queries.get_inquiry(deal.buyer, case.number)
    told = queries.negotiation(inquiry)
    assert [(v["version"], v["side"], v["message"]) for v in told["versions"]] == [
        (2, "buyer", "只要两个字段"), (1, "supplier", "按挂牌条件。")]  # fmt: skip
    terms = [c["term"]["en"] for c in told["versions"][0]["against_offer"]]
    assert terms == [c["term"]["en"] for c in told["versions"][0]["against_previous"]]
    assert {"Granted columns", "Masking", "Price"} <= set(terms) and told["versions"][1]["against_offer"] == []
    assert [s["step"] for s in told["steps"]] == ["inquire", "quote", "counter"]
    lines = queries.export(inquiry)
    assert [line[0] for line in lines] == [1] + [2] * (2 * len(terms))
    with pytest.raises(Refusal):
        queries.get_inquiry(make_signer(make_party("buyer")), case.number)

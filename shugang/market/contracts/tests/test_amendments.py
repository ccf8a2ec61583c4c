"""A change of a contract in force: signed by both against one state, then carried out on grant and charge."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import transaction

from shugang.assets.testing import assert_cell, expected
from shugang.delivery.deletions.services import ended_at
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.models import Grant
from shugang.delivery.planes.bundles import compile_grant
from shugang.delivery.testing import make_records
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at
from shugang.market import testing
from shugang.market.contracts import queries, services
from shugang.market.contracts.amending import base_digest
from shugang.market.contracts.charging import charges
from shugang.market.contracts.models import Amendment, Contract
from shugang.market.contracts.process import AMENDMENT, BREACH
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.codec import to_iso
from shugang.policy.priceplan import PricePlan
from shugang.settlement.rating.services import rate_period

pytestmark = [pytest.mark.django_db, pytest.mark.both]
DEARER = PricePlan("per_unit", unit_price_e8=90_000_000_000, billable=("delivered",))
WIDE = 900  # days that the offer lasts


def world(plan=testing.PER_DELIVERY):
    """(deal whose offer lasts longer than its contract, contract of 365 days in force)."""
    now = clock.now()
    deal = testing.make_deal(
        plan=plan, terms=testing.make_terms(valid_from=now, valid_until=now + timedelta(days=WIDE))
    )
    terms = testing.make_terms(valid_from=deal.product.terms.valid_from, valid_until=now + timedelta(days=365))
    return deal, testing.signed(deal, terms)


def later(contract, days):
    return {**contract.current["terms"], "valid_until": to_iso(contract.valid_until + timedelta(days=days))}


def both_sign(deal, row):
    services.sign_amendment(deal.supplier, row.number, sha256=row.sha256)
    return services.sign_amendment(deal.buyer, row.number, sha256=row.sha256)


def says_no(code, act, *args, **kwargs):
    before = Event.objects.count(), Amendment.objects.count(), Case.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    after = Event.objects.count(), Amendment.objects.count(), Case.objects.count()
    assert (no.value.code, after) == (code, before)


def test_changed_terms_make_a_new_grant_that_the_keys_open_and_one_price_counts_both():
    deal, contract = world()
    first = contract.grant
    key, _ = issue_credential(deal.buyer, [first.number], "bearer", "research")
    use = {"grant": first.number, "mode": "table", "outcome": "delivered", "credential": key.number}
    fold_journal(first.plane, 1, records := make_records([use]))
    # when both sign an amendment that narrows the columns
    row = services.propose_amendment(
        deal.supplier, contract.number, "缩小字段。", terms={**contract.current["terms"], "fields": ["station", "at"]}
    )
    assert [str(what.zh) for what, _, _ in queries.amendment_diff(row)] == ["授权字段"]
    services.sign_amendment(deal.supplier, row.number)
    assert Contract.objects.get().grant_id == first.pk, "nothing before both have signed"
    row = services.sign_amendment(deal.buyer, row.number)
    # then the former grant has ended, the new one is compiled from the amended paper and stands on three bases
    contract, first = Contract.objects.select_related("grant").get(), Grant.objects.get(pk=first.pk)
    assert (row.state, first.state, contract.grant.state) == ("in_force", "ended", "active")
    compiled = compile_grant(contract.grant, [])
    assert compiled.terms.fields == ("station", "at") and compiled.terms == contract.terms
    assert {b.kind for b in contract.grant.bases.all()} == {"contract", "amendment", "certificate"}
    assert contract.snapshot["terms"]["fields"] == ["station", "at", "pm25"], "what was signed stays"
    # and the key opens it, no deletion is due, and the one charge counts the use of both grants
    assert list(key.grants.all()) == [contract.grant] and ended_at(first) is None
    again = {**use, "grant": contract.grant.number}
    fold_journal(first.plane, 2, make_records([again], 2, records[-1]["hash"]))
    finance = make_actor(make_party("operator"), ("finance",))
    assert len(charges(contract)) == 1 and rate_period(finance, contract.number).total_fen == 160_000
    # suspending the contract stops the new grant
    services.suspend(make_actor(make_party("regulator"), ("supervisor",)), contract.number, "核查。")
    assert Grant.objects.get(pk=contract.grant_id).state == "suspended"


def test_a_new_price_counts_from_a_month_and_a_renewal_from_the_former_end():
    deal, contract = world()
    row = services.propose_amendment(deal.supplier, contract.number, "调价。", plan=DEARER.to_json())
    both_sign(deal, row)
    old, new = charges(contract)
    start = date.fromisoformat(row.content["price_from"])
    assert start.day == 1 and start > clock.today() + timedelta(days=14)
    assert (old.state, old.ends_on, new.starts_on) == ("ended", start - timedelta(days=1), start)
    assert (old.price_plan, new.price_plan, new.contract) == (testing.PER_DELIVERY, DEARER, contract.number)
    assert Contract.objects.get().grant_id == contract.grant_id, "a price alone makes no new grant"
    # when it is renewed at the same price, the charge goes on
    contract = Contract.objects.get()
    both_sign(deal, services.propose_amendment(deal.buyer, contract.number, "续期。", terms=later(contract, 100)))
    fresh = Contract.objects.get()
    assert fresh.valid_until == contract.valid_until + timedelta(days=100) and len(charges(fresh)) == 2
    assert charges(fresh)[-1].ends_on >= new.ends_on + timedelta(days=99)


def test_a_one_off_price_is_paid_again_for_a_new_period_and_never_for_one_that_did_not_begin():
    deal, contract = world(PricePlan("one_off", price_fen=50_000))
    finance = make_actor(make_party("operator"), ("finance",))
    says_no("price_fixed_for_term", services.propose_amendment, deal.supplier, contract.number, "调价。",
            plan=PricePlan("one_off", price_fen=60_000).to_json())  # fmt: skip
    row = services.propose_amendment(
        deal.supplier,
        contract.number,
        "续期。",
        terms=later(contract, 100),
        plan=PricePlan("one_off", price_fen=20_000).to_json(),
    )
    both_sign(deal, row)
    assert [c.price_plan.price_fen for c in charges(contract)] == [50_000, 20_000]
    # when it is ended before the new period, the second price is never billed
    services.terminate(deal.buyer, contract.number, "不再需要。")
    services.terminate(deal.supplier, contract.number, "同意。")
    assert charges(contract)[1].held_for == "never_began"
    assert rate_period(finance, charges(contract)[1].number) is None


def test_what_an_amendment_may_not_do(settings):
    deal, contract = world()
    propose = services.propose_amendment
    terms = contract.current["terms"]
    args = (deal.supplier, contract.number, "变更。")
    says_no("nothing_changed", propose, *args)
    says_no("acceptance_fixed", propose, *args, answers={"inspection_days": "30"})
    says_no("invalid_form", propose, *args, answers={"cure_days": "0"})
    says_no("shorter_period", propose, *args, terms=later(contract, -10))
    says_no("exceeds_offer", propose, *args, terms=later(contract, 2 * WIDE))
    says_no("purpose_changed", propose, *args, terms={**terms, "purpose": "model_validation"})
    says_no("not_found", propose, make_signer(make_party("buyer")), contract.number, "变更。", plan=DEARER.to_json())
    # an open one is the only one; nothing is half signed
    row = propose(*args, plan=DEARER.to_json())
    says_no("already_proposed", propose, *args, plan=DEARER.to_json())
    says_no("stale_version", services.sign_amendment, deal.buyer, row.number, sha256="0" * 64)
    services.sign_amendment(deal.buyer, row.number)
    says_no("already_done", services.sign_amendment, deal.buyer, row.number)
    # a text that was edited after the signature is not signed by the other side
    Amendment.objects.filter(pk=row.pk).update(content={**row.content, "price_from": "2026-01-01"})
    says_no("contract_altered", services.sign_amendment, deal.supplier, row.number)
    Amendment.objects.filter(pk=row.pk).update(content=row.content)
    # nor one whose listing fell, nor one whose day has passed
    deal.product.state = "suspended"
    deal.product.save()
    says_no("not_listed", services.sign_amendment, deal.supplier, row.number)
    deal.product.state = "listed"
    deal.product.save()
    with clock_at(settings, clock.now()) as move:
        move(clock.now() + timedelta(days=60))
        says_no("late_amendment", services.sign_amendment, deal.supplier, row.number)


def test_an_amendment_against_another_state_is_refused():
    deal, contract = world()
    row = services.propose_amendment(deal.supplier, contract.number, "变更。", answers={"cure_days": "20"})
    Contract.objects.filter(pk=contract.pk).update(
        amended={
            **{k: contract.current[k] for k in ("terms", "plan")},
            "answers": {**contract.answers, "cure_days": 15},
        }
    )
    assert base_digest(Contract.objects.get().current) != row.content["base"]
    says_no("stale_amendment", services.sign_amendment, deal.buyer, row.number)


def test_every_cell_of_amendment_and_breach():
    """In every state, every step, by every actor; each cell undone."""
    deal, contract = world()
    actors = {
        "buyer": deal.buyer, "supplier": deal.supplier, "buyer handler": make_actor(deal.buyer.party, ("handler",)),
        "weak": make_actor(deal.supplier.party, ("signer",), second_factor=False),
        "finance": make_actor(deal.buyer.party, ("finance",)), "stranger": make_signer(make_party("buyer", "supplier")),
    }  # fmt: skip
    sides = {"buyer", "supplier", "buyer handler"}
    row = services.propose_amendment(deal.supplier, contract.number, "变更。", answers={"cure_days": "20"})
    services.sign_amendment(deal.supplier, row.number)  # so that the buyer's signature is the step itself
    why = {"reason": "见附件。"}
    road = {"proposed": [], "in_force": [("sign", deal.buyer, {})], "void": [("refuse", deal.buyer, why)]}
    _cells(AMENDMENT, row.case, road, actors, {"sign": {"buyer"}, "refuse": sides}, {"refuse": why})
    notice = services.notify_breach(deal.buyer, contract.number, "未按时更新数据，请在期内补发。")
    assert notice.clocks.get(name="cure").days == 10
    ripe = [("lapse", None, {})]
    road = {
        "notified": [], "ripe": ripe, "cured": [("cured", deal.buyer, {})], "contested": [("contest", deal.supplier, why)],
        "withdrawn": [("withdraw", deal.buyer, why)], "ended": [*ripe, ("end", deal.buyer, {})],
    }  # fmt: skip
    mine = {"buyer", "buyer handler"}
    may = {"cured": mine, "withdraw": mine, "contest": {"supplier"}, "end": {"buyer"}}
    _cells(BREACH, notice, road, actors, may, {"contest": why, "withdraw": why})


def _cells(spec, case, road, actors, may, data):
    assert set(road) == {s.name for s in spec.states}
    for state, steps in road.items():
        outer = transaction.savepoint()
        for name, actor, given in steps:
            engine.fire(case.number, name) if actor is None else engine.act(case.number, name, actor, given)
        assert Case.objects.get(pk=case.pk).state == state
        for step in spec.transitions:
            for who, actor in actors.items():
                allowed, inner = expected(step, state, who, may), transaction.savepoint()
                assert_cell(
                    Case.objects.get(pk=case.pk), step, actor, allowed, data.get(step.name, {}) if allowed else {}
                )
                transaction.savepoint_rollback(inner)
        transaction.savepoint_rollback(outer)


def test_a_breach_that_is_not_cured_ends_the_contract_by_one_side(settings):
    deal, contract = world()
    notice = services.notify_breach(deal.buyer, contract.number, "未按时更新数据。")
    says_no("already_proposed", services.notify_breach, deal.buyer, contract.number, "再次催告。")
    with clock_at(settings, clock.now()) as move:
        move(clock.now() + timedelta(days=30))
        engine.tick()
        assert Case.objects.get(pk=notice.pk).state == "ripe" and Contract.objects.get().state == "active"
        engine.act(notice.number, "end", deal.buyer)
    fresh = Contract.objects.get()
    assert (fresh.state, Grant.objects.get(pk=fresh.grant_id).state) == ("terminated", "ended")


def test_an_authority_ends_a_contract_by_order_at_once():
    _, contract = world()
    services.terminate(make_actor(make_party("regulator"), ("supervisor",)), contract.number, "依法责令终止。")
    fresh = Contract.objects.get()
    assert (fresh.state, Grant.objects.get(pk=fresh.grant_id).state) == ("terminated", "ended")

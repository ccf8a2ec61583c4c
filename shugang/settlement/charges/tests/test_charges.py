"""A charge agreement is frozen at registration and stops when the contract does."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.codec import TermsError
from shugang.policy.priceplan import PricePlan
from shugang.settlement.charges.models import ChargeAgreement
from shugang.settlement.charges.services import end_charge, plan_digest
from shugang.settlement.rating.services import rate_period
from shugang.settlement.testing import PER_FOUND, make_agreement

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HT = "HT-2026-000001"


def test_rates_come_from_the_profile_in_force_and_are_frozen(market):
    agreement = make_agreement(market.buyer, market.supplier, HT)
    assert (agreement.commission_bp, agreement.vat_bp, agreement.profile.code) == (500, 600, "settlement")
    assert agreement.plan_digest == plan_digest(PER_FOUND)
    assert agreement.price_plan == PER_FOUND
    assert make_agreement(market.buyer, market.supplier, "HT-2026-000002", commission_bp=0, vat_bp=100).vat_bp == 100


def test_the_event_names_everything_upstream(market):
    make_agreement(market.buyer, market.supplier, HT, refs=[("asset", "ZC-2026-000001"), ("product", "CP-2026-000001")])
    refs = set(Event.objects.get(kind="charge.registered").refs.values_list("kind", "key"))
    assert refs >= {("contract", HT), ("asset", "ZC-2026-000001"), ("product", "CP-2026-000001")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ends_on": date(2026, 8, 31)}, "invalid_charge"),
        ({"commission_bp": 10_001}, "invalid_charge"),
        ({"vat_bp": -1}, "invalid_charge"),
    ],
)
def test_an_agreement_that_makes_no_sense_is_refused(market, change, code):
    with pytest.raises(Refusal) as refusal:
        make_agreement(market.buyer, market.supplier, HT, **change)
    assert refusal.value.code == code
    assert ChargeAgreement.objects.count() == 0


def test_nobody_sells_to_himself(market):
    with pytest.raises(Refusal):
        make_agreement(market.buyer, market.buyer, HT)


def test_a_contract_is_registered_once(market):
    make_agreement(market.buyer, market.supplier, HT)
    with pytest.raises(Refusal) as refusal:
        make_agreement(market.buyer, market.supplier, HT, PricePlan("free"))
    assert refusal.value.code == "already_registered"
    assert ChargeAgreement.objects.get().plan["kind"] == "per_unit"


def test_a_plan_that_contradicts_itself_is_refused(market):
    with pytest.raises(TermsError):
        make_agreement(market.buyer, market.supplier, HT, {"kind": "per_unit", "unit_price_e8": 1})  # type: ignore
    assert ChargeAgreement.objects.count() == 0


def test_after_the_end_only_what_was_used_before_is_billed(market, use):
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 2, datetime(2026, 11, 10, 3, tzinfo=UTC))
    use(agreement, "found", 5, datetime(2026, 11, 20, 3, tzinfo=UTC))
    ended = end_charge(SYSTEM, HT, date(2026, 11, 15), "合同终止")
    assert (ended.state, ended.ends_on) == ("ended", date(2026, 11, 15))
    assert rate_period(market.finance, HT).total_fen == 70
    with pytest.raises(Refusal):
        end_charge(SYSTEM, HT, date(2026, 11, 15), "合同终止")


def test_an_end_never_prolongs(market):
    make_agreement(market.buyer, market.supplier, HT)
    assert end_charge(SYSTEM, HT, date(2030, 1, 1), "到期").ends_on == date(2027, 8, 31)


def test_who_sees_an_agreement(market):
    make_agreement(market.buyer, market.supplier, HT)
    sees = {
        name: ChargeAgreement.objects.visible_to(getattr(market, name)).count()
        for name in ("buyer_finance", "supplier_finance", "finance", "supervisor", "stranger")
    }
    assert sees == {"buyer_finance": 1, "supplier_finance": 1, "finance": 1, "supervisor": 1, "stranger": 0}

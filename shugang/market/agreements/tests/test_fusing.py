"""A joint development carried through: signed by all, its product sold, and each bill divided by the signed shares."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.market import testing
from shugang.market.agreements import fusing, queries, services
from shugang.market.agreements.models import FusedProduct
from shugang.market.pricing.splits import make_split, shares_of
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in
from shugang.policy.priceplan import PricePlan
from shugang.settlement.ledger import invariants
from shugang.settlement.models import ChargeAgreement, PayoutInstruction
from shugang.settlement.testing import issue, settle

from .test_agreements import FUSION, until

pytestmark = [pytest.mark.django_db]


def says_no(code, act, *args):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args)
    assert (no.value.code, Event.objects.count()) == (code, before)


def proposed(deal, *partners):
    sides = [deal.supplier, *partners]
    shares = "\n".join(f"{s.party.number} | {p}" for s, p in zip(sides, ("50", "30.5", "19.5"), strict=True))
    others = [p.party.number for p in partners]
    return services.propose(deal.supplier, "fusion", others, {"until": until(), **FUSION, "shares": shares})


def test_a_project_of_three_suppliers_is_carried_through_to_the_split(deal):
    # given a joint development of three, signed by each, and a product of the lead that came of it
    second, third = (make_signer(make_party("supplier")) for _ in range(2))
    row = proposed(deal, second, third)
    number, product = row.number, deal.product.number
    says_no("wrong_state", fusing.tie, deal.supplier, number, product)
    for side in (deal.supplier, second, third):
        services.sign(side, number)
    says_no("not_found", fusing.tie, make_actor(make_party("supplier")), number, product)
    says_no("not_found", fusing.tie, second, number, product)
    fusing.tie(deal.supplier, number, product)
    # then it is theirs for good, every party sees it, and nothing else is computed
    says_no("already_tied", fusing.tie, deal.supplier, number, product)
    says_no("shares_agreed", make_split, deal.supplier, product, [deal.supplier.party.number, second.party.number],
            "table", [{"members": [second.party.number], "value": 1}], "示例依据。")  # fmt: skip
    assert fusing.fused(queries.get_agreement(third, number)) == [deal.product]
    page = sign_in(Client(), third).get(f"/desk/agreements/{number}").content.decode()
    assert product in page
    agreed = [(deal.supplier.party.number, 500_000), (second.party.number, 305_000), (third.party.number, 195_000)]
    assert shares_of(deal.product) == agreed
    # when it is sold, delivered and paid
    contract = testing.delivered(deal, testing.signed(deal, plan=PricePlan("one_off", price_fen=123_457)))
    charge = ChargeAgreement.objects.get(number=contract.number)
    assert [tuple(s) for s in charge.shares] == agreed
    finance = make_actor(deal.venue.operator, ["finance"])
    bill = settle(finance, deal.buyer, issue(finance, contract.number))
    # then each was paid its own share of the supplier's part, exact to the 分
    paid = {
        o.payee.number: o.amount_fen for o in PayoutInstruction.objects.filter(purpose__in=["supplier", "contributor"])
    }
    part = sum(paid.values())
    assert bill.state == "settled" and set(paid) == {n for n, _ in agreed}
    assert all(abs(paid[n] - part * share / 1_000_000) < 1 for n, share in agreed)
    platform = sum(
        PayoutInstruction.objects.filter(purpose__in=["commission", "vat"]).values_list("amount_fen", flat=True)
    )
    assert part + platform == bill.total_fen and invariants.violations() == []


def test_only_a_joint_development_has_products(deal):
    broker = make_signer(make_party("supplier"))
    row = services.propose(
        deal.supplier, "brokerage", [broker.party.number], {"until": until(), "task": "寻找需方。", "fee_fen": "5"}
    )
    says_no("not_fusion", fusing.tie, deal.supplier, row.number, deal.product.number)
    assert not FusedProduct.objects.exists() and fusing.can_tie(row, deal.supplier) == []

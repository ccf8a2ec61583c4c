"""Brokers: a demand, an invitation, an inquiry and an answer under a mandate; one side of a deal only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from shugang.assets.thirdparty.testing import Agency, Desk, list_offer
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.market.contracts import services as contracts
from shugang.market.contracts.composing import compose
from shugang.market.demand import broking, inviting, services
from shugang.market.demand.models import Demand, QuoteInvitation
from shugang.market.trade import services as trade
from shugang.market.trade.models import Inquiry
from shugang.parties.mandates import services as mandates
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in
from shugang.settlement.models import ChargeAgreement

from .test_demand import ASK

pytestmark = [pytest.mark.django_db, pytest.mark.both]
NEED = {"purpose": "research", "need": "全部站点，12个月。"}


@pytest.fixture
def broker(deal):
    party = make_party("reviewer")
    actor = make_signer(party)
    list_offer(
        Agency(party, actor, actor), Desk(deal.venue.operator, deal.venue.handler, deal.venue.decider), "brokerage"
    )
    return actor


def mandate(principal, broker, *acts, **changes):
    today = clock.today()
    form = {"broker": broker.party.number, "acts": list(acts), "valid_from": today.isoformat(),
            "valid_until": (today + timedelta(days=30)).isoformat(), **changes}  # fmt: skip
    return mandates.sign(principal, mandates.draft(principal, form).number).number


def refused(code, act, *args):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args)
    assert (no.value.code, Event.objects.count()) == (code, before)


def test_a_broker_posts_invites_and_the_trail_names_the_mandate(deal, broker):
    number = mandate(deal.buyer, broker, "demand", "invite", limit="30000")
    # when the broker posts a demand for the buyer and invites the supplier
    case = services.post_for(broker, number, ASK)
    inviting.invite(broker, case.number, deal.supplier.party.number, "", number)
    # then both are the buyer's, by the broker's person, under the mandate
    demand = Demand.objects.get()
    assert (demand.party, demand.state, demand.mandate.number) == (deal.buyer.party, "published", number)
    for event in Event.objects.filter(
        kind__in=["market.demand.draft", "market.demand.publish", "market.invitation.invite"]
    ):
        assert (event.person_id, event.party_id) == (broker.person_id, deal.buyer.party_id)
        assert ("mandate", number) in {(r.kind, r.key) for r in event.refs.all()}
    assert QuoteInvitation.objects.get().demand == demand


def test_what_lies_beyond_the_mandate_is_refused_and_leaves_nothing(deal, broker):
    number = mandate(deal.buyer, broker, "demand", limit="100")
    refused("beyond_mandate", services.post_for, broker, number, ASK)
    refused(
        "beyond_mandate",
        services.post_for,
        broker,
        number,
        {k: v for k, v in ASK.items() if not k.startswith("budget")},
    )
    refused("beyond_mandate", broking.inquire_for, broker, number, deal.product.number, NEED)
    mandates.revoke(deal.buyer, number, "收回。")
    refused("beyond_mandate", services.post_for, broker, number, {**ASK, "budget_low": "1", "budget_high": "50"})
    assert not Demand.objects.exists() and not Inquiry.objects.exists()


def test_only_an_agency_with_a_listed_brokerage_acts(deal, broker):
    other = make_actor(make_party("reviewer"))
    number = mandate(deal.buyer, other, "demand")
    refused("not_a_broker", services.post_for, other, number, ASK)


def test_a_broker_inquires_for_a_buyer_who_negotiates_on(deal, broker):
    number = mandate(deal.buyer, broker, "inquire", products=deal.product.number)
    broking.inquire_for(broker, number, deal.product.number, NEED)
    inquiry = Inquiry.objects.get()
    assert inquiry.buyer == deal.buyer.party and not Inquiry.objects.visible_to(broker).exists()
    refused("beyond_mandate", broking.inquire_for, broker, number, "CP-0", NEED)


def test_a_broker_answers_for_a_supplier(deal, broker):
    number = mandate(deal.supplier, broker, "answer")
    demand = services.put_forward(deal.buyer, services.draft(deal.buyer, ASK).number)
    case = inviting.invite(deal.buyer, demand.number, deal.supplier.party.number)
    page = sign_in(Client(), broker).get(f"/desk/mandates/{number}/work").content.decode()
    assert case.number in page
    inviting.answer(broker, case.number, deal.product.number, "", None, number)
    assert (
        QuoteInvitation.objects.get().mandate.number == number and Inquiry.objects.get().supplier == deal.supplier.party
    )


@pytest.mark.parametrize(
    "agreed", [(False, False), (True, False), (False, True), (True, True)], ids=["no", "buyer", "supplier", "both"]
)
def test_both_sides_of_a_deal_take_the_consent_of_both(deal, broker, agreed):
    # given a broker of both buyer and supplier, who has posted the buyer's demand
    buyers = mandate(deal.buyer, broker, "demand", "invite", "inquire", both_sides=agreed[0])
    suppliers = mandate(deal.supplier, broker, "answer", both_sides=agreed[1])
    case = services.post_for(broker, buyers, ASK)
    invitation = inviting.invite(deal.buyer, case.number, deal.supplier.party.number)
    acts = [
        (inviting.invite, (broker, case.number, deal.supplier.party.number, "", buyers), "already_invited"),
        (broking.inquire_for, (broker, buyers, deal.product.number, NEED), None),
        (inviting.answer, (broker, invitation.number, deal.product.number, "", None, suppliers), None),
    ]
    for act, args, code in acts:
        if agreed != (True, True):
            refused("both_sides", act, *args)
        elif code:
            refused(code, act, *args)
        else:
            act(*args)
    assert Inquiry.objects.count() == (2 if agreed == (True, True) else 0)


def test_a_revoked_mandate_of_the_other_side_still_counts_in_its_own_deal(deal, broker):
    buyers = mandate(deal.buyer, broker, "demand")
    case = services.post_for(broker, buyers, ASK)
    invitation = inviting.invite(deal.buyer, case.number, deal.supplier.party.number)
    mandates.revoke(deal.buyer, buyers, "收回。")
    suppliers = mandate(deal.supplier, broker, "answer", both_sides=True)
    refused("both_sides", inviting.answer, broker, invitation.number, deal.product.number, "", None, suppliers)


def test_the_brokers_pages_open(deal, broker):
    number = mandate(deal.buyer, broker, "demand", "invite", "inquire")
    client = sign_in(Client(), broker)
    posted = client.post(f"/desk/demands/new?mandate={number}", ASK)
    assert posted.status_code == 302, posted.content.decode()[:2000]
    demand = Demand.objects.get()
    for address in (f"/desk/mandates/{number}", f"/desk/mandates/{number}/work", f"/desk/mandates/{number}/inquire",
                    f"/desk/demands/new?mandate={number}", f"/desk/demands/{demand.number}/invite?mandate={number}"):  # fmt: skip
        assert client.get(address).status_code == 200, address
    sent = client.post(
        f"/desk/demands/{demand.number}/invite?mandate={number}",
        {"supplier": deal.supplier.party.number, "message": ""},
    )
    assert sent.status_code == 302 and QuoteInvitation.objects.count() == 1
    stranger = sign_in(Client(), make_actor(make_party("reviewer")))
    assert stranger.get(f"/desk/mandates/{number}/work").status_code == 404


def test_the_brokers_fee_is_frozen_with_the_contract_and_its_charge(deal, broker):
    # given a mandate that promises 2 % for answers, and a deal that the broker's answer led to
    number = mandate(deal.supplier, broker, "answer", fee_bp="200")
    case = services.put_forward(deal.buyer, services.draft(deal.buyer, ASK).number)
    invitation = inviting.invite(deal.buyer, case.number, deal.supplier.party.number)
    inviting.answer(broker, invitation.number, deal.product.number, mandate=number)
    inquiry = Inquiry.objects.get()
    trade.quote(deal.supplier, inquiry.number, deal.product.terms, deal.product.plan)
    trade.accept(deal.buyer, inquiry.number)
    # then both sides read it in the text that they sign
    contract = Inquiry.objects.get().contract
    said = contract.snapshot["broker"]
    assert (said["number"], said["mandate"], said["fee_bp"]) == (broker.party.number, number, 200)
    words = " ".join(p.zh for clause in compose(contract.snapshot) for p in clause.paragraphs)
    assert broker.party.name in words and "2.00%" in words and number in words
    # and a mandate that is revoked meanwhile changes nothing
    mandates.revoke(deal.supplier, number, "改由本机构办理。")
    contracts.sign(deal.supplier, contract.number)
    contracts.sign(deal.buyer, contract.number)
    charge = ChargeAgreement.objects.get(number=contract.number)
    assert (charge.broker, charge.broker_bp, charge.broker_fen) == (broker.party, 200, 0)
    assert charge.broker_vat_bp == said["vat_bp"] > 0


@pytest.mark.parametrize(
    ("acts", "changes"),
    [
        (("answer",), {"fee_bp": "200", "fee": "100"}),
        (("inquire",), {"fee_bp": "200"}),
        (("answer",), {"fee_bp": "5001"}),
    ],
)
def test_a_fee_is_one_kind_and_a_suppliers(deal, broker, acts, changes):
    refused("invalid_form", lambda: mandate(deal.supplier, broker, *acts, **changes))
    refused("invalid_form", lambda: mandate(deal.buyer, broker, "answer", fee="100"))

"""Nobody buys from himself: not directly, through a controlled party, an agent, a shared person, or a chain of them."""

from __future__ import annotations

import pytest

from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.market import testing
from shugang.market.trade import relations, services
from shugang.market.trade.models import PartyTie
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def venue():
    return make_actor(make_party("operator"), ("reviewer",))


def tie(venue, a, b, kind="control"):
    return relations.record_tie(venue, a.number, b.number, kind, "工商登记的股东信息")


def code(act, *args):
    before = (Event.objects.count(), PartyTie.objects.count(), Case.objects.count())
    with pytest.raises(Refusal) as no:
        act(*args)
    assert (Event.objects.count(), PartyTie.objects.count(), Case.objects.count()) == before
    return no.value.code


def test_strangers_may_deal():
    assert relations.related(make_party("buyer"), make_party("supplier")) is None


@pytest.mark.parametrize(
    "how", ["controls", "is controlled", "sister", "chain", "agent", "agent of the group", "supplier's agent"]
)
def test_a_tie_makes_one_side_of_the_two(venue, how):
    buyer, supplier, third = make_party("buyer"), make_party("supplier"), make_party("buyer")
    if how == "controls":
        tie(venue, buyer, supplier)
    if how == "is controlled":
        tie(venue, supplier, buyer)
    if how == "sister":
        tie(venue, third, supplier)
        tie(venue, third, buyer)
    if how == "chain":
        tie(venue, supplier, third)
        tie(venue, third, buyer)
    if how == "agent":
        tie(venue, supplier, buyer, "agent")
    if how == "agent of the group":
        tie(venue, supplier, third)
        tie(venue, third, buyer, "agent")
    if how == "supplier's agent":
        tie(venue, buyer, supplier, "agent")
    assert relations.related(buyer, supplier) is not None and relations.related(supplier, buyer) is not None


def test_a_broker_of_both_who_belongs_to_neither_is_no_tie_between_them(venue):
    buyer, supplier, broker = make_party("buyer"), make_party("supplier"), make_party("buyer")
    tie(venue, broker, buyer, "agent")
    tie(venue, broker, supplier, "agent")
    assert relations.related(buyer, supplier) is None


def test_a_person_who_trades_for_both_makes_them_one(venue):
    buyer, supplier = make_party("buyer"), make_party("supplier")
    shared = make_actor(buyer, ("analyst",))
    make_actor(supplier, ("handler",), person=shared.person)
    assert relations.related(buyer, supplier) is None
    make_actor(buyer, ("signer",), person=shared.person)
    assert relations.related(buyer, supplier) is not None


def test_one_representative_and_telephone_make_them_one():
    buyer, supplier = make_party("buyer"), make_party("supplier")
    for party, telephone in ((buyer, "0592-1"), (supplier, "0592-2")):
        party.legal_representative, party.telephone = "示例人", telephone
        party.save()
    assert relations.related(buyer, supplier) is None
    supplier.telephone = "0592-1"
    assert relations.related(buyer, supplier) is not None


def test_related_parties_are_refused_at_every_step_and_again_when_a_tie_is_recorded_later(deal, venue):
    case = testing.inquire(deal)
    services.quote(deal.supplier, case.number, deal.product.terms, deal.product.plan)
    made = tie(venue, deal.supplier.party, deal.buyer.party)
    assert code(services.accept, deal.buyer, case.number) == "related_parties"
    assert code(testing.inquire, deal) == "related_parties"
    # when the venue has verified that it is over, then the deal goes on
    assert code(relations.end_tie, deal.supplier, made.pk, "已转让全部股权") == "forbidden"
    relations.end_tie(venue, made.pk, "已转让全部股权")
    assert services.accept(deal.buyer, case.number).state == "accepted"


def test_who_may_record_a_tie(venue):
    a, b, c = make_party("buyer"), make_party("supplier"), make_party("buyer")
    manager = make_actor(a, ("manager",))
    assert code(relations.record_tie, make_actor(a), a.number, b.number, "control", "股东名册") == "forbidden"
    assert code(relations.record_tie, manager, b.number, c.number, "control", "股东名册") == "forbidden"
    assert code(relations.record_tie, manager, a.number, a.number, "control", "股东名册") == "invalid_form"
    assert code(relations.record_tie, manager, a.number, b.number, "owns", "股东名册") == "invalid_form"
    assert code(relations.record_tie, manager, a.number, "P-000000", "control", "股东名册") == "invalid_form"
    relations.record_tie(manager, a.number, b.number, "control", "股东名册")
    assert code(relations.record_tie, venue, a.number, b.number, "control", "股东名册") == "already_recorded"
    # and a third party does not read it
    assert not PartyTie.objects.visible_to(make_signer(c)).exists()

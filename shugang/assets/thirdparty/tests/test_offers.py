"""A service becomes public on a checked qualification, and stops when that lapses."""

from datetime import datetime, timedelta

import pytest

from shugang.assets.thirdparty import guards, queries, services
from shugang.assets.thirdparty.models import Qualification, ServiceOffer
from shugang.assets.thirdparty.process import SERVICE
from shugang.assets.thirdparty.testing import Agency, list_offer, make_agency, make_desk, offer_form, qualification
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at, refused, wrong_cells
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db


def says_no(code, act, *args, **kwargs):
    before = (Event.objects.count(), Case.objects.count(), ServiceOffer.objects.count())
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert no.value.code == code
    assert (Event.objects.count(), Case.objects.count(), ServiceOffer.objects.count()) == before
    return no.value


@pytest.fixture
def march(db, settings):
    """Rule time from Monday, 2 March 2026 on; asked for first, since no event may be older."""
    with clock_at(settings, datetime(2026, 3, 2, 10, tzinfo=clock.zone())) as move:
        yield move


@pytest.fixture
def desk(db):
    return make_desk()


@pytest.fixture
def agency(desk):
    return make_agency(desk=desk)


@pytest.mark.both
def test_the_whole_way_to_the_directory(desk, agency):
    case = services.apply_offer(agency.handler, offer_form(agency.handler))
    assert not queries.public_offers().exists()
    engine.act(case.number, "accept", desk.handler)
    engine.act(case.number, "list", desk.reviewer, {"document_checked": True})
    offer = queries.public_offers(q="示例 GB/T", kind="quality", price="fixed", days=10).get()
    assert (offer.number, offer.plan.price_fen, offer.days) == (case.number, 800_000, 10)
    assert guards.in_force(offer) is not None
    assert not queries.public_offers(days=9).exists() and not queries.public_offers(price="quote").exists()


@pytest.mark.parametrize(
    ("answer", "field"),
    [({"kind": "astrology"}, "kind"), ({"days": "0"}, "days"), ({"price_fen": "-1"}, "price_fen"),
     ({"valid_until": "2020-01-01"}, "valid_until"), ({"valid_from": "2099-01-01", "valid_until": "2099-12-31"}, "valid_from"),
     ({"valid_until": "2026-02-30"}, "valid_until"), ({"declaration": False}, "declaration"), ({"document": None}, "document"),
     ({"document": {"material": 1, "name": "x", "sha256": "0" * 64}}, "document")],
)  # fmt: skip
def test_an_application_that_the_rules_do_not_allow(agency, answer, field):
    assert (
        field
        in says_no("invalid_form", services.apply_offer, agency.handler, offer_form(agency.handler, **answer)).fields
    )


def test_only_a_third_party_offers_and_each_kind_once(desk, agency):
    supplier = make_actor(make_party("supplier"))
    says_no("forbidden", services.apply_offer, supplier, offer_form(supplier))
    list_offer(agency, desk, "quality")
    says_no("already_offered", services.apply_offer, agency.handler, offer_form(agency.handler))


def test_four_eyes_recusal_and_an_unchecked_qualification(desk, agency):
    case = services.apply_offer(agency.handler, offer_form(agency.handler))
    friend = make_actor(desk.party, ("handler", "reviewer"))
    make_actor(agency.party, ("analyst",), person=friend.person)
    assert refused(case, "accept", friend).code == "conflict_of_interest"
    both = make_actor(desk.party, ("handler", "reviewer"))
    engine.act(case.number, "accept", both)
    assert refused(case, "list", both, {"document_checked": True}).code == "conflict_of_interest"
    assert "document_checked" in refused(case, "list", desk.reviewer).fields
    Party.objects.filter(pk=agency.party.pk).update(status="suspended")
    assert refused(case, "list", desk.reviewer, {"document_checked": True}).code == "party_inactive"


@pytest.mark.both
def test_a_lapsed_qualification_suspends_by_itself_and_a_renewal_brings_it_back(march, desk, agency):
    number = list_offer(agency, desk, "quality", **qualification(agency.handler, days=10))
    # given the last day, when the worker passes, then nothing happens
    march(datetime(2026, 3, 12, 23, 50, tzinfo=clock.zone()))
    assert services.suspend_lapsed() == 0
    # on the next day it is suspended once, with an event, and is off the directory
    march(datetime(2026, 3, 13, 0, 10, tzinfo=clock.zone()))
    assert (services.suspend_lapsed(), services.suspend_lapsed()) == (1, 0)
    offer = ServiceOffer.objects.get()
    assert (offer.state, offer.case.state) == ("suspended", "suspended")
    assert Event.objects.filter(kind="assets.service.qualification_lapsed", refs__key=number).exists()
    assert not queries.public_offers().exists()
    # the renewal is checked by two people, and it is back
    engine.act(number, "reapply", agency.handler, qualification(agency.handler, qualification_number="新"))
    engine.act(number, "accept", desk.handler)
    engine.act(number, "list", desk.reviewer, {"document_checked": True})
    assert queries.public_offers().get().number == number


def test_an_early_renewal_keeps_the_offer_public(desk, agency):
    number = list_offer(agency, desk, "quality", **qualification(agency.handler, days=10))
    case = Case.objects.get(number=number)
    sooner = qualification(agency.handler, days=5)
    assert "valid_until" in refused(case, "renew", agency.handler, sooner).fields
    engine.act(number, "renew", agency.handler, qualification(agency.handler, days=400))
    assert queries.public_offers().exists() and guards.in_force(ServiceOffer.objects.get()).checked_at
    engine.act(number, "confirm_renewal", desk.reviewer, {"document_checked": True})
    assert guards.in_force(ServiceOffer.objects.get()).valid_until == clock.today() + timedelta(days=400)
    # a refused renewal leaves the old one and the offer as they were
    engine.act(number, "renew", agency.handler, qualification(agency.handler, days=800))
    engine.act(number, "refuse_renewal", desk.reviewer, {"reason": "印章不清。"})
    assert guards.in_force(ServiceOffer.objects.get()).valid_until == clock.today() + timedelta(days=400)


def test_a_correction_replaces_the_qualification_that_was_not_checked(desk, agency):
    case = services.apply_offer(agency.handler, offer_form(agency.handler))
    engine.act(case.number, "return", desk.handler, {"reason": "编号不清。"})
    engine.act(
        case.number, "resubmit", agency.handler, {"explanation": "已更正。", "qualification_number": "示例CMA-0002"}
    )
    assert Qualification.objects.get().number == "示例CMA-0002" and ServiceOffer.objects.get().days == 10


def test_a_suspended_agency_is_not_in_the_directory(desk, agency):
    list_offer(agency, desk, "quality")
    Party.objects.filter(pk=agency.party.pk).update(status="suspended")
    assert not queries.public_offers().exists()


def test_cells_outside_the_table_are_refused_to_everybody(desk, agency):
    case = services.apply_offer(agency.handler, offer_form(agency.handler))
    for state, step in wrong_cells(SERVICE):
        Case.objects.filter(pk=case.pk).update(state=state)
        for actor in (agency.handler, desk.handler, desk.reviewer):
            assert refused(case, step.name, actor).code == "wrong_state"


def test_the_directory_names_what_its_agency_helper_made(desk):
    found = make_agency("quality", "training", desk=desk)
    assert isinstance(found, Agency) and set(found.offers) == {"quality", "training"}
    assert [o.kind for o in queries.public_agency_offers(found.party)] == ["quality", "training"]

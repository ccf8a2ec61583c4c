"""Invitations to quote: an answer opens an inquiry, an anonymous demander stays unnamed until then."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at, refused, snapshot
from shugang.market.demand import comparing, inviting, queries, services
from shugang.market.demand.models import Demand, QuoteInvitation
from shugang.market.products.models import DataProduct
from shugang.market.trade import services as trade
from shugang.market.trade.models import Inquiry
from shugang.parties.testing import make_actor, make_party, sign_in

from .test_demand import ASK

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def published(deal, **changes):
    case = services.draft(deal.buyer, {**ASK, **changes})
    return services.put_forward(deal.buyer, case.number)


def invited(deal, **changes):
    return inviting.invite(deal.buyer, published(deal, **changes).number, deal.supplier.party.number, "请报价。")


def says_no(code, act, *args):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args)
    assert (no.value.code, Event.objects.count()) == (code, before)


def test_an_answer_opens_an_inquiry_for_the_demands_purpose(deal):
    # given an invitation on the supplier's desk
    case = invited(deal)
    assert [i.number for i in queries.invitations(deal.supplier)] == [case.number]
    # when the supplier answers with its product
    inviting.answer(deal.supplier, case.number, deal.product.number, "可以。")
    # then an inquiry of the buyer's stands, with the demand's purpose and words, tied to the answer
    row = QuoteInvitation.objects.get()
    inquiry = Inquiry.objects.get()
    assert (row.inquiry, row.product, row.case.state) == (inquiry, deal.product, "answered")
    assert (inquiry.buyer, inquiry.purpose, inquiry.case.state) == (deal.buyer.party, "research", "inquiry")
    assert ASK["text"] in inquiry.need and row.demand.number in inquiry.need
    opened = Event.objects.get(kind="market.trade.inquire")
    assert case.number in opened.actor_label and opened.person_id is None
    told = Event.objects.get(kind="market.invitation.answer")
    assert {("demand", row.demand.number), ("inquiry", inquiry.number)} <= {(r.kind, r.key) for r in told.refs.all()}


def test_a_deal_from_an_answer_meets_the_demand(deal):
    case = invited(deal)
    demand = Demand.objects.get()
    assert refused(demand.case, "match", deal.buyer).code == "no_deal"
    inviting.answer(deal.supplier, case.number, deal.product.number)
    number = Inquiry.objects.get().number
    trade.quote(deal.supplier, number, deal.product.terms, deal.product.plan)
    # the answers stand side by side with the last quotation
    answer = comparing.answers(demand, deal.buyer)[0]
    assert (
        answer.quoted
        and answer.product == deal.product
        and dict((k.en, v) for k, v in answer.facts)["Rows"] == deal.product.dataset_version.rows
    )
    assert comparing.answers(demand, deal.supplier) == []
    trade.accept(deal.buyer, number)
    engine.act(demand.number, "match", deal.buyer)
    assert Demand.objects.get().state == "matched"


@pytest.mark.parametrize("why", ["mode", "purpose", "stranger", "unlisted"])
def test_what_cannot_answer_is_refused_and_opens_nothing(deal, why):
    changes = {"mode": {"modes": ["api"]}, "purpose": {"purpose": "risk_control"}}.get(why, {})
    case, product = invited(deal, **changes), deal.product.number
    if why == "stranger":
        DataProduct.objects.update(supplier=make_party("supplier"))
    if why == "unlisted":
        DataProduct.objects.update(state="suspended")
    assert refused(case, "answer", deal.supplier, {"product": product}).code == "invalid_form"
    assert not Inquiry.objects.exists() and queries.answerable(QuoteInvitation.objects.get()) == []


def test_a_supplier_is_invited_once_and_by_the_demander_alone(deal):
    case = invited(deal)
    number, supplier = Demand.objects.get().number, deal.supplier.party.number
    says_no("already_invited", inviting.invite, deal.buyer, number, supplier)
    says_no("not_found", inviting.invite, make_actor(make_party("buyer")), number, supplier)
    says_no("forbidden", inviting.invite, make_actor(deal.buyer.party, ("finance",)), number, supplier)
    says_no("supplier_not_active", inviting.invite, deal.buyer, number, deal.buyer.party.number)
    engine.act(case.number, "decline", deal.supplier, {"reason": "暂无合适产品。"})
    assert inviting.invite(deal.buyer, number, supplier).state == "invited"
    draft = services.draft(deal.buyer, ASK)
    says_no("not_published", inviting.invite, deal.buyer, draft.number, supplier)


def test_open_invitations_are_limited_by_the_profile(deal):
    number = published(deal).number
    for _ in range(20):
        inviting.invite(deal.buyer, number, make_party("supplier").number)
    says_no("too_many_invitations", inviting.invite, deal.buyer, number, deal.supplier.party.number)


def test_unanswered_invitations_end_with_their_demand(deal):
    case = invited(deal)
    engine.act(Demand.objects.get().number, "close", deal.buyer, {"reason": "已自行解决。"})
    case.refresh_from_db()
    assert case.state == "ended" and not QuoteInvitation.objects.get().living
    assert refused(case, "answer", deal.supplier, {"product": deal.product.number}).code == "wrong_state"


def test_an_invitation_lapses_after_five_working_days(deal, settings):
    case = invited(deal)
    with clock_at(settings, clock.now() + timedelta(days=16)):
        engine.tick()
    case.refresh_from_db()
    assert case.state == "lapsed" and Demand.objects.get().state == "published"


def shown_to(actor, case):
    """All that the supplier can read of the invitation: pages, case, API."""
    client = sign_in(Client(), actor)
    demand = QuoteInvitation.objects.get(case=case).demand.number
    found = ""
    for address in (f"/desk/invitations/{case.number}", "/desk/invitations", "/desk/invitations?format=csv", f"/cases/{case.number}",
                    f"/api/v1/invitations/{case.number}", f"/api/v1/cases/{case.number}", f"/demands/{demand}", "/demands", "/desk", "/desk/messages"):  # fmt: skip
        answer = client.get(address)
        assert answer.status_code == 200, address
        found += answer.content.decode()
    return found


def test_an_anonymous_demander_is_named_to_a_supplier_once_it_has_answered(deal):
    # given an anonymous demand and an invitation that the venue passed on
    case = invited(deal, visibility="anonymous")
    buyer = deal.buyer.party
    # then nothing that the supplier reads names the buyer, and the buyer's own page shows the invitation
    before = shown_to(deal.supplier, case)
    assert buyer.name not in before and buyer.number not in before and str(deal.buyer.person) not in before
    assert len(queries.invitations_of(Demand.objects.get(), deal.buyer)) == 1
    # when it answers
    inviting.answer(deal.supplier, case.number, deal.product.number)
    # then it knows for whom
    assert buyer.name in shown_to(deal.supplier, case)


def test_an_anonymous_demander_takes_his_invitation_back_unnamed(deal):
    case = invited(deal, visibility="anonymous")
    stranger = make_actor(make_party("buyer"))
    before = snapshot(case)
    says_no("not_found", inviting.cancel, stranger, case.number)
    assert snapshot(case) == before
    inviting.cancel(deal.buyer, case.number)
    assert Case.objects.get(pk=case.pk).state == "cancelled"
    assert deal.buyer.party.name not in shown_to(deal.supplier, case)
    says_no("wrong_state", inviting.cancel, deal.buyer, case.number)


def test_every_page_opens_and_a_stranger_finds_nothing(deal):
    case = invited(deal)
    number = Demand.objects.get().number
    buyer, stranger = sign_in(Client(), deal.buyer), sign_in(Client(), make_actor(make_party("supplier", "buyer")))
    inviting.answer(deal.supplier, case.number, deal.product.number)
    for address in (
        f"/desk/demands/{number}",
        f"/desk/demands/{number}/edit",
        f"/desk/demands/{number}/invite",
        f"/desk/demands/{number}/answers",
    ):
        assert (buyer.get(address).status_code, stranger.get(address).status_code) == (200, 404), address
    assert stranger.get(f"/desk/invitations/{case.number}").status_code == 404
    assert Client().get(f"/demands/{number}").status_code == 200

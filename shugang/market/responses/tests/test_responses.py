"""A supplier answers a public demand uninvited; its owner sees how it fits and inquires, or declines."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import CaseParty, Event
from shugang.kernel.testing import refused, wrong_cells
from shugang.market.demand import comparing, inviting
from shugang.market.demand import services as demands
from shugang.market.demand.models import Demand
from shugang.market.demand.tests.test_demand import ASK
from shugang.market.matching.running import run_due
from shugang.market.products.models import DataProduct
from shugang.market.responses import queries, services
from shugang.market.responses.models import DemandResponse
from shugang.market.responses.process import RESPONSE
from shugang.market.trade import services as trade
from shugang.market.trade.models import Inquiry
from shugang.parties.testing import make_actor, make_party, sign_in

pytestmark = [pytest.mark.django_db]


def says_no(code, act, *args):
    before = (Event.objects.count(), DemandResponse.objects.count(), Inquiry.objects.count())
    with pytest.raises(Refusal) as no:
        act(*args)
    after = (Event.objects.count(), DemandResponse.objects.count(), Inquiry.objects.count())
    assert (no.value.code, after) == (code, before)
    return no.value


def published(deal, **changes):
    case = demands.draft(deal.buyer, {**ASK, **changes})
    demands.put_forward(deal.buyer, case.number)
    return Demand.objects.get(case=case)


def offered(deal, **changes):
    demand = published(deal, **changes)
    services.offer(deal.supplier, demand.number, deal.product.number, "逐时浓度，可供研究。")
    return DemandResponse.objects.get()


def test_an_uninvited_answer_is_explained_and_becomes_an_inquiry_and_a_deal(deal):
    # given a product offered to a public demand, and the comparison that its answer makes due
    row = offered(deal)
    assert row.number.startswith("YD-") and queries.explained(row) is None
    run_due()
    match = queries.explained(DemandResponse.objects.get())
    assert match is not None and {line["name"] for line in match.lines} >= {"text", "columns", "price"}
    said = queries.as_json(row, deal.buyer)
    assert said["match"]["score"] == match.score and said["demand"]["demander"]["name"] == deal.buyer.party.name
    # when its owner inquires
    services.inquire(deal.buyer, row.number)
    # then an inquiry stands in the demand's words, and the answer beside those of invitations
    row, inquiry = DemandResponse.objects.get(), Inquiry.objects.get()
    assert (row.inquiry, row.case.state, inquiry.purpose) == (inquiry, "inquired", "research")
    assert row.demand.number in inquiry.need and inquiry.buyer == deal.buyer.party
    assert [a.product for a in comparing.answers(row.demand, deal.buyer)] == [deal.product]
    assert refused(row.demand.case, "match", deal.buyer).code == "no_deal"
    trade.quote(deal.supplier, inquiry.number, deal.product.terms, deal.product.plan)
    trade.accept(deal.buyer, inquiry.number)
    engine.act(row.demand.number, "match", deal.buyer)
    assert Demand.objects.get().state == "matched"


def test_an_answer_that_hardly_fits_is_explained_all_the_same(deal):
    row = offered(
        deal, title="医院床位", text="各院床位数", sector="Q", columns="床位：张数", budget_low="", budget_high=""
    )
    run_due()
    match = queries.explained(DemandResponse.objects.get(pk=row.pk))
    assert match is not None and match.score < 3_000


@pytest.mark.parametrize("why", ["mode", "purpose", "unlisted", "foreign"])
def test_a_product_that_cannot_answer_is_refused(deal, why):
    demand = published(deal, **{"mode": {"modes": ["api"]}, "purpose": {"purpose": "risk_control"}}.get(why, {}))
    if why == "unlisted":
        DataProduct.objects.update(state="suspended")
    if why == "foreign":
        DataProduct.objects.update(supplier=make_party("supplier"))
    no = says_no("invalid_form", services.offer, deal.supplier, demand.number, deal.product.number)
    assert "product" in no.fields


def test_whose_demand_and_which_state_may_be_answered(deal):
    demand = published(deal)
    number, product = demand.number, deal.product.number
    says_no("forbidden", services.offer, deal.buyer, number, product)
    says_no("not_found", services.offer, deal.supplier, "XQ-none", product)
    both = make_actor(make_party("supplier", "buyer"))
    Demand.objects.update(party=both.party)
    says_no("own_demand", services.offer, both, number, product)
    Demand.objects.update(party=deal.buyer.party, visibility="invited")
    says_no("not_found", services.offer, deal.supplier, number, product)
    Demand.objects.update(visibility="public")
    inviting.invite(deal.buyer, number, deal.supplier.party.number)
    says_no("already_invited", services.offer, deal.supplier, number, product)
    engine.act(number, "close", deal.buyer, {"reason": "不再需要。"})
    says_no("demand_over", services.offer, deal.supplier, number, product)


def test_one_open_answer_a_product_and_none_again_after_a_refusal(deal):
    row = offered(deal)
    number, product = row.demand.number, deal.product.number
    says_no("already_offered", services.offer, deal.supplier, number, product)
    # withdrawn, it may come again
    services.withdraw(deal.supplier, row.number)
    again = services.offer(deal.supplier, number, product)
    # declined, it may not, until the demand is another
    says_no("not_found", services.decline, make_actor(make_party("buyer")), again.number, "不合适。")
    services.decline(deal.buyer, again.number, "时段不够。")
    assert DemandResponse.objects.get(case=again).reason == "时段不够。"
    says_no("declined_before", services.offer, deal.supplier, number, product)
    demands.revise(deal.buyer, number, {**ASK, "text": "改为逐日浓度。"})
    assert services.offer(deal.supplier, number, product).state == "offered"


def test_an_anonymous_demander_is_named_only_when_he_inquires(deal):
    row = offered(deal, visibility="anonymous")
    name = deal.buyer.party.name
    assert not CaseParty.objects.filter(case=row.case, party_id=deal.buyer.party_id).exists()
    page = sign_in(Client(), deal.supplier).get(f"/desk/demand-responses/{row.number}").content.decode()
    assert name not in page and queries.as_json(row, deal.supplier)["demand"]["demander"] is None
    # he declines without taking part
    services.decline(deal.buyer, row.number, "暂不需要。")
    row.refresh_from_db()
    assert (row.case.state, row.reason) == ("declined", "暂不需要。")
    told = Event.objects.filter(case=row.case).values_list("actor_label", flat=True)
    assert not any(name in label or deal.buyer.party.number in label for label in told)
    # he inquires, and is known
    DemandResponse.objects.update(demand_version=9)
    case = services.offer(deal.supplier, row.demand.number, deal.product.number)
    services.inquire(deal.buyer, case.number)
    made = DemandResponse.objects.get(case=case)
    assert queries.as_json(made, deal.supplier)["demand"]["demander"]["name"] == name


def test_it_ends_with_its_demand(deal):
    row = offered(deal)
    engine.act(row.demand.number, "close", deal.buyer, {"reason": "不再需要。"})
    row.refresh_from_db()
    assert (row.case.state, row.living) == ("ended", False)
    says_no("wrong_state", services.inquire, deal.buyer, row.number)


@pytest.mark.both
def test_the_database_holds_one_living_answer_a_product(deal):
    row = offered(deal)
    with pytest.raises(IntegrityError), transaction.atomic():
        DemandResponse.objects.create(
            case=row.demand.case, demand=row.demand, demand_version=1, product=row.product, supplier=row.supplier,
            offered_at=row.offered_at,
        )  # fmt: skip


def test_no_step_is_taken_from_another_state(deal):
    row = offered(deal)
    for state, step in wrong_cells(RESPONSE):
        type(row.case).objects.filter(pk=row.case_id).update(state=state)
        row.case.refresh_from_db()
        who = deal.supplier if step.name == "withdraw" else deal.buyer
        if step.by[0].capacity in ("supplier", "demander"):
            assert refused(row.case, step.name, who, {"reason": "理由。"}).code == "wrong_state"

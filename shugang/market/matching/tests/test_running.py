"""Matching both ways in the worker: results kept with their reasons, superseded by new inputs, shown to whom they belong."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.kernel.models import Event
from shugang.market import testing
from shugang.market.demand import services
from shugang.market.demand.tests.test_demand import ASK
from shugang.market.listing.services import delist
from shugang.market.matching import queries
from shugang.market.matching.models import Match, MatchTask
from shugang.market.matching.running import run_due
from shugang.parties.testing import make_actor, make_party, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def deal():
    made = testing.make_deal()
    MatchTask.objects.all().delete()
    return made


def published(deal, **changes):
    return services.put_forward(deal.buyer, services.draft(deal.buyer, {**ASK, **changes}).number)


def test_a_new_demand_is_compared_with_the_listings(deal):
    # given nothing that waits; when a demand is published
    assert run_due() == 0
    case = published(deal)
    assert queries.waits(case.number) and not Match.objects.exists()
    # then one pass of the worker leaves its match, the reasons with it, and nothing waits
    assert run_due() == 1 and not MatchTask.objects.exists()
    match = Match.objects.get()
    assert (match.product, match.passes, match.demand_version, match.rules.code) == (deal.product, True, 1, "matching")
    assert {line["name"] for line in match.lines} == {"text", "columns", "freshness", "price", "sector"}
    told = Event.objects.get(kind="matching.done")
    assert told.payload == {"version": 1, "kept": 1, "rules": match.rules.digest}


def test_a_new_listing_is_compared_with_the_open_demands(deal):
    published(deal)
    run_due()
    # when a second product is listed
    second = testing.list_product(
        deal.supplier, testing.make_product(deal.supplier, deal.certificate, name="北京空气质量再加工"), deal.venue
    )
    assert run_due() == 1
    # then both stand, the first as it was
    assert [m.product_id for m in Match.objects.order_by("pk")] == [deal.product.pk, second.pk]


def test_other_inputs_make_another_row_and_the_same_make_none(deal):
    case = published(deal)
    run_due()
    first = Match.objects.get()
    # the same facts again
    services.revise(deal.buyer, case.number, ASK)
    run_due()
    assert Match.objects.get() == first
    # another text
    services.revise(deal.buyer, case.number, {**ASK, "text": "逐时浓度，站点经纬度。"})
    run_due()
    rows = Match.objects.order_by("pk")
    assert [(m.current, m.demand_version) for m in rows] == [(False, 1), (True, 3)] and rows[0].lines == first.lines


def test_why_not_is_told_to_the_demander_alone(deal):
    case = published(deal, modes=["api"])
    run_due()
    demand = Match.objects.get().demand
    (stopped,) = queries.of_demand(demand.pk, deal.buyer, passes=False)
    assert "交付方式" in queries.reasons(stopped)[0].zh and queries.of_demand(demand.pk, deal.buyer) == []
    assert not queries.for_supplier(deal.supplier).exists()
    page = sign_in(Client(), deal.buyer).get(f"/desk/demands/{case.number}/matches").content.decode()
    assert "交付方式“共享表”不在可接受之列" in page


def test_a_supplier_sees_open_demands_that_its_own_product_meets(deal):
    for visibility in ("public", "invited", "anonymous"):
        published(deal, title=f"北京空气质量{visibility}", visibility=visibility)
    run_due()
    assert {m.demand.visibility for m in queries.for_supplier(deal.supplier)} == {"public", "anonymous"}
    assert not queries.for_supplier(make_actor(make_party("supplier"))).exists()
    page = sign_in(Client(), deal.supplier).get("/desk/met-demands").content.decode()
    assert page.count(deal.buyer.party.name) == 1 and "匿名需方" in page


def test_a_product_that_is_taken_down_matches_no_more(deal):
    published(deal)
    run_due()
    delist(deal.supplier, deal.product.number, "不再提供。")
    assert not Match.objects.filter(current=True).exists() and Match.objects.count() == 1

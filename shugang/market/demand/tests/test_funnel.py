"""Views, inquiries and deals are counted for the owner alone, without a person."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.market import testing
from shugang.market.demand import funnel, inviting, services
from shugang.market.demand.models import Demand, ViewCount
from shugang.parties.testing import make_actor, make_party, sign_in

from .test_demand import ASK

pytestmark = pytest.mark.django_db


def test_the_way_from_view_to_deal_is_counted(settings):
    # given a listed product and a published demand
    funnel._seen.clear()
    deal = testing.make_deal()
    demand = services.put_forward(deal.buyer, services.draft(deal.buyer, ASK).number)
    pages = (f"/products/{deal.product.number}", f"/demands/{demand.number}")
    # when two visitors and the owners look, nothing is written before it is due
    for client in (Client(), Client(), sign_in(Client(), deal.supplier), sign_in(Client(), deal.buyer)):
        for page in pages:
            assert client.get(page).status_code == 200
    assert not ViewCount.objects.exists()
    assert funnel.flush() == 6
    # and one invitation leads to an inquiry, another inquiry to a contract
    inviting.answer(
        deal.supplier,
        inviting.invite(deal.buyer, demand.number, deal.supplier.party.number).number,
        deal.product.number,
    )
    testing.signed(deal)
    # then owners read what came of it
    assert funnel.of_product(deal.product) == funnel.Funnel(3, 3, 1, 2, 1)
    assert funnel.of_demand(Demand.objects.get()) == funnel.Funnel(3, 3, 1, 1, 0)
    mine, strange = sign_in(Client(), deal.supplier), sign_in(Client(), make_actor(make_party("supplier")))
    address = f"/api/v1/own-products/{deal.product.number}/funnel"
    assert mine.get(address).json() == {"views": 3, "recent": 3, "invitations": 1, "inquiries": 2, "deals": 1}
    assert strange.get(address).status_code == 404
    assert "前一步的50.0%" in mine.get(f"/desk/products/{deal.product.number}").content.decode()
    # when views are due at once, a page adds its own
    settings.SHUGANG_VIEW_SECONDS = 0
    Client().get(pages[0])
    assert ViewCount.objects.get(kind="product").views == 4

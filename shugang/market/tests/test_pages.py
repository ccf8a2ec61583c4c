"""The pages of the market as people open them."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.market import testing
from shugang.parties.testing import sign_in

pytestmark = pytest.mark.django_db


def test_every_page_of_a_deal_opens(client):
    deal = testing.make_deal()
    case = testing.inquire(deal)
    buyer, supplier = sign_in(Client(), deal.buyer), sign_in(Client(), deal.supplier)
    n = deal.product.number
    for url in ("/products", "/products.json", f"/products/{n}", f"/products/{n}.json", "/products?q=空气", "/products?type=dataset&price=free"):
        assert client.get(url).status_code == 200, url
    for url in (f"/products/{n}/inquire", "/desk/inquiries", f"/desk/inquiries/{case.number}", "/desk/contracts"):
        assert buyer.get(url).status_code == 200, url
    for url in ("/desk/products", f"/desk/products/{n}", "/desk/products/new", f"/desk/products/new?asset={deal.certificate.asset.number}&mode=table",
                f"/desk/inquiries/{case.number}/offer"):
        assert supplier.get(url).status_code == 200, url
    contract = testing.signed(deal)
    for url in (f"/desk/contracts/{contract.number}", f"/desk/contracts/{contract.number}.json", f"/desk/contracts/{contract.number}.pdf",
                f"/desk/contracts/{contract.number}/terminate", "/desk/contracts", f"/desk/inquiries/{contract.inquiry.case.number}"):
        assert buyer.get(url).status_code == 200, url

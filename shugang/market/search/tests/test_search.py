"""Products are found by two characters; numbers lead to their objects, but only to those who may see them."""

from __future__ import annotations

import pytest
from django.test import Client

from shugang.market import testing
from shugang.market.search import finding
from shugang.market.search.finding import Wanted
from shugang.parties.testing import make_party, make_signer, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def numbers(q: str, **facets: str) -> list[str]:
    return [card["number"] for card in finding.find(Wanted(q, facets)).cards]


WORDS = [
    "空气",
    "逐时",
    "hourly",
    "pm25",
    "北京",
    "示例",
    "水利 空气",
    "气",
    "M2",
    "ourl",
    "时数据",
    "2013年3月至",
    "空气 医疗",
    "北京空气质量数据",
]


def test_words_of_name_columns_place_supplier_and_sector_find_it(deal):
    """Two characters are enough, one is too; words cut anywhere; some of several words when none holds them all."""
    assert {q: numbers(q) for q in WORDS} == {q: [deal.product.number] for q in WORDS}
    none = ["医疗", "气逐", "医疗 金融", "'; DROP INDEX", '"', "*", "（）", "\0", "NEAR(", "zzf", "zzfkind"]
    assert {q: numbers(q) for q in none if numbers(q)} == {}


def test_the_order_is_explained(deal):
    [item] = Client().get("/products.json", {"q": "空气 水利 医疗"}).json()["items"]
    assert item["number"] == deal.product.number
    assert item["why"]["matched"] == [["空气", "title"], ["水利", "keywords"]] and item["why"]["partly"]
    assert (
        "只符合部分词：“空气”在名称；“水利”在关键词与标签"
        in Client().get("/products", {"q": "空气 水利 医疗"}).content.decode()
    )


def test_facets_are_links_and_counts(deal):
    client = Client()
    assert (
        deal.product.number
        in client.get("/products", {"type": "dataset", "mode": "table", "price": "metered"}).content.decode()
    )
    assert deal.product.number not in client.get("/products", {"price": "free"}).content.decode()
    page = client.get("/products.json", {"q": "空气", "sector": "N", "nonsense": "1"}).json()
    assert page["total"] == 1 and page["filters"] == {"sector": "N"}
    assert page["facets"]["field"] == {"city": 1} and page["facets"]["region"] == {"11": 1}
    facets = client.get("/products.json", {"price": "free"}).json()["facets"]
    assert facets["price"] == {"free": 0, "metered": 1} and facets["type"] == {}


def test_a_pasted_number_leads_to_its_object(deal):
    contract = testing.signed(deal)
    visitor, buyer, stranger = (
        Client(),
        sign_in(Client(), deal.buyer),
        sign_in(Client(), make_signer(make_party("buyer"))),
    )

    def leads(client, number):
        return client.get("/search", {"q": number}).headers.get("Location", "")

    assert leads(visitor, f" {deal.product.number.lower()} ") == f"/products/{deal.product.number}"
    assert leads(visitor, deal.certificate.number) == f"/verify/{deal.certificate.number}"
    assert leads(visitor, deal.supplier.party.number) == f"/parties/{deal.supplier.party.number}"
    # party data leads its parties only
    assert leads(buyer, contract.number) == f"/desk/contracts/{contract.number}"
    assert leads(buyer, contract.grant.number) == f"/desk/grants/{contract.grant.number}"
    assert leads(buyer, contract.inquiry.case.number) == f"/desk/inquiries/{contract.inquiry.case.number}"
    for client in (visitor, stranger):
        assert leads(client, contract.number) == "" == leads(client, contract.inquiry.case.number)
    assert leads(visitor, "空气") == "/products?q=%E7%A9%BA%E6%B0%94"


def test_a_draft_is_nowhere(deal):
    draft = testing.make_product(deal.supplier, deal.certificate, name="空气质量草稿")
    client = Client()
    assert (
        client.get(f"/products/{draft.number}").status_code
        == 404
        == client.get(f"/products/{draft.number}.json").status_code
    )
    found = client.get("/products.json", {"q": "草稿"}).json()["items"]
    assert draft.number not in [item["number"] for item in found]
    assert sign_in(Client(), deal.supplier).get(f"/desk/products/{draft.number}").status_code == 200

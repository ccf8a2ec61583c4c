"""The list over some dozens of products: exact counts, order, pages, export, and how many queries a page takes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.market.products.models import DataProduct
from shugang.market.search import finding, index, saved, shelf
from shugang.market.search.finding import Wanted
from shugang.market.search.models import CatalogueEntry, SavedSearch
from shugang.parties.testing import make_actor, make_party, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both]
MANY = 45


def copies(product: DataProduct, many: int, since: timedelta = timedelta()) -> list[DataProduct]:
    """More listed products beside the one that was listed, each with its place on the shelf."""
    made = []
    for i in range(many):
        fields = {f.attname: getattr(product, f.attname) for f in DataProduct._meta.concrete_fields if f.name != "id"}
        fields |= {
            "number": f"CP-2026-1{since.days:02d}{i:03d}", "name": f"企业信用第{i}批", "name_en": "", "sector": "J" if i % 3 else "Q",
            "type": "api" if i % 2 else "report", "listed_at": clock.now() + since + timedelta(seconds=i + 1),
        }  # fmt: skip
        made.append(DataProduct.objects.create(**fields))
        index.put(made[-1])
    return made


def test_list_search_product_and_supplier_pages_take_few_queries(deal):
    copies(deal.product, MANY)
    client = Client()
    taken = {}
    for address in (
        "/products", "/products?sector=J&type=api&sort=rows", "/products?q=信用", "/products?q=信用 医疗&sector=Q", "/products?q=nothing-here",
        "/products.json?q=空气", f"/products/{deal.product.number}", f"/products/{deal.product.number}.json", "/search?q=示例", "/search.json?q=示例",
        f"/parties/{deal.supplier.party.number}", "/products?format=csv",
    ):  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        taken[address] = len(queries)
    assert {address: n for address, n in taken.items() if n > 12} == {}


def test_counts_order_pages_and_export_are_exact(deal):
    copies(deal.product, MANY)
    page = Client().get("/products.json", {"sector": "J"}).json()
    assert (page["total"], len(page["items"]), page["next"]) == (30, 20, "20")
    assert page["facets"]["sector"] == {"J": 30, "N": 1, "Q": 15} and page["facets"]["type"] == {
        "api": 15,
        "report": 15,
    }
    assert page["items"][0]["name"] == f"企业信用第{MANY - 1}批"
    rest = Client().get("/products.json", {"sector": "J", "after": "20"}).json()
    assert len({i["number"] for i in page["items"] + rest["items"]}) == 30 and rest["next"] == ""
    lines = Client().get("/products", {"sector": "Q", "format": "csv"}).content.decode().strip().splitlines()
    assert len(lines) == 16 and all("金融" not in line for line in lines[1:])
    found = finding.find(Wanted("信用 第7批", {"sector": "J"}))
    assert found.cards[0]["name"] == "企业信用第7批" and found.partly > 0
    for bad in ("-1", "x", "9999999"):
        with pytest.raises(Refusal, match="cursor"):
            Wanted.read({"after": bad})


def test_what_is_taken_off_is_gone_at_once_and_numbering_changes_nothing(deal):
    number = deal.product.number
    assert [c["number"] for c in finding.find(Wanted()).cards] == [number]
    shelf.number()
    assert CatalogueEntry.objects.get().revision is not None
    assert [c["number"] for c in finding.find(Wanted()).cards] == [number] and shelf.current().revision > 0
    index.remove(deal.product)
    assert finding.find(Wanted()).empty and finding.find(Wanted("空气")).cards == []
    assert index.index_missing() == 1 and index.index_missing() == 0
    assert [c["number"] for c in finding.find(Wanted("空气")).cards] == [number]


def test_a_saved_search_counts_what_is_new_until_it_is_opened(deal):
    actor = make_actor(make_party("buyer"))
    client = sign_in(Client(), actor)
    assert client.post("/desk/searches", {"name": "信用", "query": "q=信用&sector=J&evil=1"}).status_code == 302
    row = SavedSearch.objects.get()
    assert row.query == "q=%E4%BF%A1%E7%94%A8&sector=J"
    copies(deal.product, 7, timedelta(days=1))
    [kept] = saved.searches(actor)
    assert kept.new == 4
    assert "“信用”，行业：金融业" in client.get("/desk/searches").content.decode()
    SavedSearch.objects.filter(pk=row.pk).update(seen_at=clock.now() + timedelta(days=2))
    assert saved.searches(actor)[0].new == 0
    assert client.post(f"/desk/searches/{row.pk}/open").headers["Location"] == f"/products?{row.query}"


def test_saved_searches_are_ones_own_and_refused_by_rule():
    actor, other = make_actor(make_party("buyer")), make_actor(make_party("buyer"))
    row = saved.save(actor, "空气", "q=空气")
    for name, query, code in (
        ("空气", "q=水", "name_taken"),
        (" ", "q=水", "invalid_form"),
        ("全部", "sort=rows", "invalid_form"),
    ):
        with pytest.raises(Refusal) as caught:
            saved.save(actor, name, query)
        assert caught.value.code == code
    for act in (saved.seen, saved.delete):
        with pytest.raises(Refusal) as caught:
            act(other, row.pk)
        assert caught.value.code == "not_found"
    before = row.seen_at
    assert saved.searches(other) == [] and SavedSearch.objects.get().seen_at == before
    for i in range(saved.LIMIT - 1):
        saved.save(actor, f"第{i}个", "q=水")
    with pytest.raises(Refusal) as caught:
        saved.save(actor, "再一个", "q=水")
    assert caught.value.code == "too_many" and SavedSearch.objects.count() == saved.LIMIT
    saved.delete(actor, row.pk)
    assert len(saved.searches(actor)) == saved.LIMIT - 1

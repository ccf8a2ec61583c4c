"""The pages and the API of the market: everybody opens his own, nobody another's."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from shugang.kernel.models import Event
from shugang.market import testing
from shugang.market.contracts.models import Contract
from shugang.market.products.models import DataProduct
from shugang.market.trade.models import Quotation
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in

pytestmark = pytest.mark.django_db


def open_all(client, *addresses):
    for url in addresses:
        assert client.get(url).status_code == 200, url


def test_every_page_of_a_deal_opens_in_both_languages(deal):
    case = testing.inquire(deal)
    n, draft = deal.product.number, testing.make_product(deal.supplier, deal.certificate)
    contract = testing.signed(deal)
    pending = testing.accepted(deal)
    for language in ("zh-hans", "en"):
        visitor, buyer, supplier = Client(), sign_in(Client(), deal.buyer), sign_in(Client(), deal.supplier)
        for client in (visitor, buyer, supplier):
            client.cookies["lang"] = language
        open_all(
            visitor,
            "/products",
            "/products.json",
            f"/products/{n}",
            f"/products/{n}.json",
            "/products?q=空气",
            "/products?q=没有",
            "/products?price=free",
            "/products?format=csv",
            "/search?q=示例",
        )
        open_all(
            buyer,
            f"/products/{n}/inquire",
            "/desk/inquiries",
            f"/desk/inquiries/{case.number}",
            "/desk/contracts?state=active",
            f"/desk/contracts/{contract.number}",
            f"/desk/contracts/{contract.number}.json",
            f"/desk/contracts/{contract.number}.pdf",
            f"/desk/contracts/{contract.number}/terminate",
            f"/desk/contracts/{pending.number}",
            "/desk/contracts?format=csv",
            "/desk/inquiries?format=csv",
            f"/desk/contracts/{pending.number}.pdf",
        )
        open_all(supplier, "/desk/products", "/desk/products?format=csv", f"/desk/products/{n}", f"/desk/products/{draft.number}",
                 f"/products/{draft.number}", "/desk/products/new", f"/desk/products/{draft.number}/edit",
                 f"/desk/products/new?asset={deal.certificate.asset.number}&mode=table", f"/desk/products/{draft.number}/apply",
                 f"/desk/products/{n}/delist", f"/desk/inquiries/{case.number}/offer")  # fmt: skip


def test_a_stranger_gets_the_answer_of_what_does_not_exist(deal):
    case = testing.inquire(deal)
    contract = testing.signed(deal)
    draft = testing.make_product(deal.supplier, deal.certificate)
    stranger = sign_in(Client(), make_signer(make_party("buyer", "supplier")))
    before = Event.objects.count()
    for url in (
        f"/desk/inquiries/{case.number}", f"/desk/inquiries/{case.number}/offer", f"/desk/contracts/{contract.number}",
        f"/desk/contracts/{contract.number}.json", f"/desk/contracts/{contract.number}.pdf", f"/desk/contracts/{contract.number}/suspend",
        f"/desk/products/{draft.number}", f"/products/{draft.number}", f"/desk/products/{draft.number}/edit",
        f"/api/v1/contracts/{contract.number}", f"/api/v1/inquiries/{case.number}",
    ):  # fmt: skip
        assert stranger.get(url).status_code == 404, url
    for url in (
        f"/desk/contracts/{contract.number}/sign",
        f"/desk/contracts/{contract.number}/terminate",
        f"/desk/products/{draft.number}/delist",
    ):
        assert stranger.post(url, {"reason": "x"}).status_code == 404, url
    assert Event.objects.count() == before
    assert contract.number not in stranger.get("/desk/contracts").content.decode()


def test_those_who_deal_with_a_listing_see_the_product_before_the_public(deal):
    draft = testing.make_product(deal.supplier, deal.certificate, name="尚未公开的产品")
    testing.apply_listing(deal.supplier, draft, deal.venue)
    for actor, seen in (
        (deal.venue.signer, 200),
        (deal.venue.decider, 200),
        (make_signer(make_party("reviewer")), 404),
        (deal.buyer, 404),
    ):
        assert sign_in(Client(), actor).get(f"/products/{draft.number}").status_code == seen


def test_a_product_is_made_listed_and_bought_through_the_pages(deal):
    # given a certified asset and the people
    supplier, buyer = sign_in(Client(), deal.supplier), sign_in(Client(), deal.buyer)
    until = deal.certificate.valid_until.date().isoformat()
    form = {
        "asset": deal.certificate.asset.number, "mode": "table", "name": "页面新建的产品", "summary": "用页面建立。", "type": "dataset",
        "sector": "N", "t_purpose": "research", "t_actions": ["read", "download"], "t_from": "2026-09-01", "t_until": until,
        "f_1": "1", "f_2": "1", "r_col_0": "station", "r_op_0": "in", "r_val_0": "A，B", "q_limit_0": "1,000", "q_unit_0": "rows",
        "q_per_0": "month", "q_counts_0": "all", "p_kind": "one_off", "p_price_total": "800", "idempotency_key": "k1",
    }  # fmt: skip
    made = supplier.post("/desk/products/new", form)
    assert made.status_code == 302, made.content.decode()[:2000]
    again = supplier.post("/desk/products/new", form)
    assert again.headers["Location"] == made.headers["Location"] and DataProduct.objects.count() == 2
    product = DataProduct.objects.get(name="页面新建的产品")
    assert (
        product.terms.fields == ("at", "pm25")
        and product.terms.rows[0].value == ("A", "B")
        and product.plan.price_fen == 80_000
    )
    # when it is listed and the buyer inquires
    testing.list_product(deal.supplier, product, deal.venue)
    asked = buyer.post(f"/products/{product.number}/inquire", {"purpose": "research", "need": "全部站点"})
    inquiry = asked.headers["Location"]
    # then the supplier quotes in the editor, which opens with the offered terms
    page = supplier.get(inquiry + "/offer").content.decode()
    assert 'value="800.00"' in page
    offer = {**form, "f_0": "1", "f_1": "1", "message": "按挂牌条件", "idempotency_key": "k2"}
    for key in ("asset", "mode", "name", "summary", "type", "sector"):
        del offer[key]
    wide = {**offer, "q_limit_0": "5000", "idempotency_key": "k3"}
    refused = supplier.post(inquiry + "/offer", wide)
    assert (
        refused.status_code == 422 and "用量上限不能放宽" in refused.content.decode() and not Quotation.objects.exists()
    )
    assert supplier.post(inquiry + "/offer", offer).status_code == 302 and Quotation.objects.count() == 1
    # and both sign on the contract's page
    number = inquiry.rsplit("/", 1)[1]
    assert buyer.post(f"/cases/{number}/accept", {"idempotency_key": "k4"}).status_code == 302
    contract = Contract.objects.get()
    for client in (buyer, supplier):
        assert client.post(f"/desk/contracts/{contract.number}/sign", {"idempotency_key": "k5"}).status_code == 302
    assert Contract.objects.get().state == "active"


def test_a_slip_comes_back_with_what_was_typed(deal):
    supplier = sign_in(Client(), deal.supplier)
    form = {
        "asset": deal.certificate.asset.number,
        "mode": "table",
        "name": "未填完的产品",
        "t_purpose": "research",
        "f_0": "1",
        "p_kind": "per_unit",
    }
    page = supplier.post("/desk/products/new", form)
    assert page.status_code == 422 and "未填完的产品" in page.content.decode()
    assert not DataProduct.objects.filter(name="未填完的产品").exists()


def test_the_api_trades_like_the_pages(deal):
    buyer, supplier = sign_in(Client(), deal.buyer), sign_in(Client(), deal.supplier)

    def send(client, url, body, key=""):
        found = client.post(
            f"/api/v1{url}",
            json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": key} if key else {},
        )
        return found.status_code, found.json()

    product = Client().get(f"/api/v1/products/{deal.product.number}").json()
    assert "path" not in json.dumps(product) and product["terms"] == deal.product.offered_terms
    status, asked = send(
        buyer, f"/products/{deal.product.number}/inquiries", {"purpose": "research", "need": "全部站点"}, "a"
    )
    assert (
        status == 200
        and send(buyer, f"/products/{deal.product.number}/inquiries", {"purpose": "research", "need": "全部站点"}, "a")[
            1
        ]
        == asked
    )
    number = asked["number"]
    wide = {"terms": {**product["terms"], "attribution": ""}, "plan": product["price"]["plan"]}
    assert (send(supplier, f"/inquiries/{number}/quotations", wide)[1]["code"], Quotation.objects.count()) == (
        "exceeds_offer",
        0,
    )
    assert (
        send(
            supplier, f"/inquiries/{number}/quotations", {"terms": product["terms"], "plan": product["price"]["plan"]}
        )[0]
        == 200
    )
    contract = send(buyer, f"/inquiries/{number}/acceptance", {})[1]["contract"]
    assert send(buyer, f"/contracts/{contract}/signature", {})[1]["state"] == "pending_signature"
    assert send(supplier, f"/contracts/{contract}/signature", {})[1]["state"] == "active"
    read = buyer.get(f"/api/v1/contracts/{contract}").json()
    assert [s["holds"] for s in read["signatures"]] == [True, True] and "path" not in json.dumps(read)
    assert send(buyer, f"/contracts/{contract}/changes", {"kind": "paint", "reason": "x"})[1]["code"] == "invalid_form"
    assert send(Client(), f"/contracts/{contract}/changes", {"kind": "terminate", "reason": "x"})[0] == 401


def test_an_order_is_given_on_the_products_page(deal):
    regulator = sign_in(Client(), make_actor(make_party("regulator"), ("supervisor",)))
    n = deal.product.number
    buyer = sign_in(Client(), deal.buyer)
    assert buyer.get(f"/products/{n}/order").status_code == 403
    link = f'href="/products/{n}/order"'
    assert link in regulator.get(f"/products/{n}").content.decode()
    assert link not in buyer.get(f"/products/{n}").content.decode()
    open_all(regulator, f"/products/{n}/order")
    assert regulator.post(f"/products/{n}/order", {"reason": ""}).status_code == 422
    assert regulator.post(f"/products/{n}/order", {"reason": "核查宣传内容。"}).status_code == 302
    assert DataProduct.objects.get().state == "suspended"
    assert link in regulator.get(f"/products/{n}").content.decode()

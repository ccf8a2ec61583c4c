"""The agreement's fee caps: read exactly, laid on the products that are sold under it, and never exceeded by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets import testing as assets
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.testing import refused
from shugang.market import testing as market
from shugang.market.pricing import ceilings
from shugang.market.pricing.allowance import over_cap
from shugang.market.products.models import DataProduct
from shugang.market.products.services import revise_product
from shugang.market.products.twin import public_json
from shugang.market.trade import services as trade
from shugang.parties.testing import make_party, make_signer
from shugang.policy.priceplan import PricePlan
from shugang.publicdata.authorisation import caps
from shugang.publicdata.authorisation.models import OperationProduct
from shugang.publicdata.authorisation.testing import in_force, make_field

INDEX = "街道人口指数"  # ¥100.00 a call at most, by the plan of the test's field


def per_call(yuan: int) -> PricePlan:
    return PricePlan("per_unit", unit_price_e8=yuan * 10**8, billable=("delivered",))


def code(act, *args, **named) -> str:
    with pytest.raises(Refusal) as error:
        act(*args, **named)
    return error.value.code


@pytest.mark.django_db
def test_nothing_is_sold_above_the_cap_of_its_agreement(settings, tmp_path, client):
    settings.VAR_DIR = tmp_path / "var"
    market.load_profiles()
    field = make_field()
    row = in_force(field)
    developer, venue, office = field.first, market.make_venue(), assets.make_registrar()
    draft = market.make_product(developer, assets.make_certificate(developer, None, office), plan=per_call(101))
    fair, dear = per_call(100).to_json(), per_call(101).to_json()
    # Public data is sold as a product of the agreement, or not at all.
    assert code(market.apply_listing, developer, draft, venue, source_class="operation") == "not_agreed"
    named = {"agreed": INDEX, "product": draft.number}
    assert refused(row.case, "name_product", developer, named).code == "over_cap"
    assert refused(row.case, "name_product", field.signer, named).code == "forbidden"
    assert "agreed" in refused(row.case, "name_product", developer, {**named, "agreed": "别的"}).fields
    assert "product" in refused(row.case, "name_product", developer, {**named, "product": "CP-2020-000001"}).fields
    revise_product(developer, draft.number, price_plan=fair)
    engine.act(row.number, "name_product", developer, named)
    assert "product" in refused(row.case, "name_product", developer, named).fields
    # From now on the cap holds wherever a price is put down.
    assert code(revise_product, developer, draft.number, price_plan=dear) == "over_cap"
    assert DataProduct.objects.get(pk=draft.pk).plan == per_call(100)
    product = market.list_product(developer, DataProduct.objects.get(pk=draft.pk), venue, source_class="operation")
    buyer = make_signer(make_party("buyer"))
    case = trade.inquire(buyer, product.number, {"purpose": "research", "need": "全部街道。"})
    with pytest.raises(Refusal) as error:
        trade.quote(developer, case.number, product.terms, per_call(101))
    assert (
        error.value.code == "over_cap" and row.number in error.value.message.zh and "¥100.00" in error.value.message.zh
    )
    trade.quote(developer, case.number, product.terms, per_call(99))
    # Everybody reads it: on the product and on the agreement.
    (limit,) = public_json(product)["price"]["ceilings"]
    assert limit["number"] == row.number and limit["plan"]["unit_price_e8"] == 100 * 10**8
    assert {name: [p.number for p in sold] for name, _, sold in caps.shown(row)}[INDEX] == [product.number]
    page = client.get(f"/products/{product.number}").content.decode()
    assert "上限" in page and f"/operations/{row.number}" in page and "已暂停" not in page
    # It outlives the agreement's suspension: nobody raises a price meanwhile, and the page says where the agreement stands.
    engine.act(row.number, "suspend", field.city.reviewer, {"reason": "核查。"})
    (warning,) = client.get(f"/products/{product.number}.json").json()["warnings"]
    assert row.number in warning["zh"] and "已暂停" in warning["zh"]
    assert len(ceilings.ceilings(product)) == 1 and OperationProduct.objects.count() == 1


def test_a_supplier_without_an_agreement_is_asked_for_none(db):
    supplier = make_signer(make_party("supplier"))
    draft = market.make_product(supplier, assets.make_certificate(supplier, None, assets.make_registrar()))
    assert ceilings.unclaimed(draft) is None and ceilings.ceilings(draft) == []


@pytest.mark.parametrize(
    ("amount", "unit", "plan"),
    [
        ("100.00", "次", PricePlan("per_unit", unit_price_e8=10**10, billable=caps.CHARGED)),
        ("0.00000001", "行", PricePlan("per_unit", unit="rows", unit_price_e8=1, billable=caps.CHARGED)),
        ("5", "1000次", PricePlan("per_unit", unit_price_e8=5 * 10**8, unit_size=1000, billable=caps.CHARGED)),
        ("2", "万条", PricePlan("per_unit", unit="rows", unit_price_e8=2 * 10**8, unit_size=10_000, billable=caps.CHARGED)),
        ("9.90", "月", PricePlan("period", price_fen=990, every="month")),
        ("1200", "year", PricePlan("period", price_fen=120_000, every="year")),
        ("12", "份", PricePlan("one_off", price_fen=1200)),
        ("0", "份", PricePlan("free")),
        ("0.00", "次", PricePlan("free")),
        ("9.905", "月", None),
        ("1", "公里", None),
        ("1", "0次", None),
        ("1", "3月", None),
        ("-1", "次", None),
        ("1,000", "次", None),
    ],
)  # fmt: skip
def test_a_cap_is_read_exactly(amount, unit, plan):
    assert caps.cap_plan(amount, unit) == plan


@given(st.integers(1, 10**15), st.integers(1, 10**15))
def test_a_price_is_above_its_cap_when_it_is_the_larger_number(price, cap):
    most = caps.cap_plan(f"{cap // 10**8}.{cap % 10**8:08}", "次")
    asked = PricePlan("per_unit", unit_price_e8=price, billable=("delivered",))
    assert (over_cap(asked, most) is not None) == (price > cap)


def test_an_agreement_signed_in_fen_and_words_still_says_its_cap():
    assert caps.cap_of({"name": "甲", "cap_fen": 5, "unit": "次"}).unit_price_e8 == 5 * 10**6
    assert caps.cap_of({"name": "乙", "cap_fen": 5, "unit": "公里"}) == PricePlan("free")

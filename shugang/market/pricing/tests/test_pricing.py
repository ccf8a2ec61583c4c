"""Prices by the real verbs: warnings accepted with a reason, models published and applied, caps held, shares frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.market import testing
from shugang.market.pricing import fees, services, splits, warnings
from shugang.market.pricing.models import ContributionSplit, Estimate, FeeReport, PricingModel
from shugang.market.pricing.process import MODELLING
from shugang.market.products.models import DataProduct
from shugang.market.products.services import revise_product
from shugang.market.trade import services as trade
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.priceplan import PricePlan, Tier
from shugang.settlement.charges.models import ChargeAgreement

pytestmark = pytest.mark.django_db
FOUND = ("found",)
CLIFF = PricePlan("volume", tiers=(Tier(1000, 10**8), Tier(None, 8 * 10**7)), billable=("delivered",))
SOUND = PricePlan("per_unit", unit_price_e8=10**8, billable=("delivered",))
ANSWERS = {
    "title": "空气质量数据集定价模型", "sector": "N", "type": "dataset", "scenario": "暴露评估", "basis": "whole",
    "factors": "rows | 记录数 | Rows | 万行 | 1 | 1000 | 产品说明书\nquality | 质量得分 | Quality | 分 | 0 | 100 | 质量评价报告",
    "formula": "500 + rows * 20 * (0.5 + quality / 200)", "spread": "10", "examples": "rows=100, quality=80 => 2300\nrows=1, quality=0 => 510.00",
    "valid_from": "2026-01-01", "valid_until": "2036-12-31", "notes": "样本为示例成交。",
}  # fmt: skip


@dataclass
class World:
    deal: testing.Deal
    draft: DataProduct
    author: PartyActor
    authority: PartyActor

    @property
    def supplier(self) -> PartyActor:
        return self.deal.supplier


@pytest.fixture
def world(db) -> World:
    deal = testing.make_deal(plan=SOUND)
    draft = testing.make_product(deal.supplier, deal.certificate, plan=CLIFF, name="另一件产品")
    author = make_actor(make_party("association", name="示例数据协会"), ("handler",))
    authority = make_actor(make_party("regulator", name="示例发改委"), ("supervisor",))
    return World(deal, draft, author, authority)


@pytest.fixture
def author(db) -> PartyActor:
    """An association's handler, and a venue to review his models."""
    testing.load_profiles()
    testing.make_venue()
    return make_actor(make_party("association"), ("handler",))


def refused(code: str, act, *args, **more) -> Refusal:
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **more)
    assert (no.value.code, Event.objects.count()) == (code, before)
    return no.value


def publish(world: World, **changes) -> PricingModel:
    case = services.draft_model(world.author, {**ANSWERS, **changes})
    engine.act(case.number, "submit", world.author)
    engine.act(case.number, "publish", world.deal.venue.decider, {"opinion": "算例核对无误。"})
    return PricingModel.objects.get(case=case)


# --- warnings ---


def test_a_price_that_can_be_undercut_is_listed_only_after_its_reason(world):
    no = refused("price_warning_open", testing.apply_listing, world.supplier, world.draft, world.deal.venue)
    assert "¥800.80" in no.message.zh
    refused("reason_required", warnings.accept_warning, world.supplier, world.draft.number, " ")
    row = warnings.accept_warning(world.supplier, world.draft.number, "老客户多为大用量，保留这一档。")
    assert row.findings[0]["code"] == "more_is_cheaper" and row.findings[0]["parts_fen"] == 80_080
    refused("already_accepted", warnings.accept_warning, world.supplier, world.draft.number, "老客户多为大用量。")
    assert testing.apply_listing(world.supplier, world.draft, world.deal.venue).state == "submitted"


def test_an_accepted_warning_is_of_that_price_alone(world):
    warnings.accept_warning(world.supplier, world.draft.number, "老客户多为大用量，保留这一档。")
    steeper = PricePlan("volume", tiers=(Tier(1000, 10**8), Tier(None, 7 * 10**7)), billable=("delivered",))
    revise_product(world.supplier, world.draft.number, price_plan=steeper.to_json())
    refused("price_warning_open", testing.apply_listing, world.supplier, world.draft, world.deal.venue)


def test_a_sound_price_has_nothing_to_accept_and_strangers_accept_nothing(world):
    refused("no_warning", warnings.accept_warning, world.supplier, world.deal.product.number, "没有问题。")
    stranger = make_signer(make_party("supplier"))
    refused("not_found", warnings.accept_warning, stranger, world.draft.number, "与我无关的价格。")


def test_a_package_dearer_than_the_single_call_product_is_told(world):
    package = PricePlan("package", price_fen=200_000, package_size=1000, billable=("delivered",))
    revise_product(world.supplier, world.draft.number, price_plan=package.to_json())
    world.draft.refresh_from_db()
    assert [f.code for f in warnings.findings(world.draft)] == ["offer_is_cheaper"]


def test_every_ask_is_kept(world):
    assert [a.plan["kind"] for a in world.draft.asks.order_by("pk")] == ["volume"]
    revise_product(world.supplier, world.draft.number, summary="只改了简介，价格没有变化。")
    revise_product(world.supplier, world.draft.number, price_plan=SOUND.to_json())
    assert [a.plan["kind"] for a in world.draft.asks.order_by("pk")] == ["volume", "per_unit"]


# --- models and estimates ---


def test_a_model_is_published_after_review_and_superseded_by_its_next_version(world):
    first = publish(world)
    assert (first.state, first.version) == ("published", 1)
    second = publish(world, replaces=first.number, spread="20")
    first.refresh_from_db()
    assert (second.version, second.replaces, first.state) == (2, first, "superseded")
    assert Case.objects.get(pk=first.case_id).state == "superseded"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"formula": "500 + rows * __import__('os')"}, "formula"),
        ({"formula": "500 + rows"}, "formula"),
        ({"formula": "500 + rows / (quality - 50)"}, "formula"),
        ({"examples": "rows=100, quality=80 => 2301"}, "examples"),
        ({"examples": "rows=100 => 2300"}, "examples"),
        ({"examples": "rows=5000, quality=80 => 1"}, "examples"),
        ({"examples": "一百行两千三"}, "examples"),
        ({"factors": "rows | 记录数 | Rows | 万行 | 1000 | 1 | 产品说明书"}, "factors"),
        ({"factors": "rows | 记录数"}, "factors"),
        ({"valid_until": "2025-01-01"}, "valid_until"),
        ({"valid_until": "2026-02-30"}, "valid_until"),
        ({"spread": "95"}, "spread"),
        ({"replaces": "DM-2026-999999"}, "replaces"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_hold_is_refused_at_its_field(author, changes, field):
    no = refused("invalid_form", services.draft_model, author, {**ANSWERS, **changes})
    assert list(no.fields) == [field]
    assert not PricingModel.objects.exists()


def test_only_associations_and_agencies_write_models_and_nobody_reviews_his_own(world):
    refused("forbidden", services.draft_model, world.supplier, ANSWERS)
    agency = make_actor(world.deal.venue.reviewer, ("handler",))
    case = services.draft_model(agency, ANSWERS)
    engine.act(case.number, "submit", agency)
    refused("forbidden", engine.act, case.number, "publish", agency, {"opinion": "自己发布。"})
    refused("not_found", engine.act, case.number, "publish", world.supplier, {"opinion": "外人发布。"})


def test_a_seller_gets_a_range_with_its_working_and_earlier_estimates_stay(world):
    model = publish(world)
    number = world.deal.product.number
    row = services.make_estimate(
        world.supplier, number, model.number, {"rows": "90~110", "quality": 80}, "产品说明书与质量报告。"
    )
    # 500 + 90·20·0.9 = 2,120 less 10 %; 500 + 110·20·0.9 = 2,480 plus 10 %
    assert (row.low_e8, row.mid_e8, row.high_e8) == (190_800_000_000, 230_000_000_000, 272_800_000_000)
    assert row.working[-1][0].startswith("(500 + ") and len(row.working) == 5
    services.make_estimate(world.supplier, number, model.number, {"rows": 1, "quality": 0}, "下限情形。", public=True)
    assert Estimate.objects.filter(product__number=number).count() == 2
    assert DataProduct.objects.get(number=number).plan == SOUND


def test_an_estimate_needs_a_model_in_force_of_its_kind_and_sound_inputs(world):
    number, good = world.deal.product.number, {"rows": 100, "quality": 80}
    why = "产品说明书与质量报告。"
    case = services.draft_model(world.author, ANSWERS)
    refused("not_found", services.make_estimate, world.supplier, number, case.number, good, why)
    model = publish(world)
    other = publish(world, type="api")
    refused("wrong_kind_of_product", services.make_estimate, world.supplier, number, other.number, good, why)
    for bad in (
        {"rows": 100},
        {**good, "rows": 0},
        {**good, "rows": "110~90"},
        {**good, "rows": "1e9"},
        {**good, "x": 1},
    ):
        refused("invalid_form", services.make_estimate, world.supplier, number, model.number, bad, why)
    refused("invalid_form", services.make_estimate, world.supplier, number, model.number, good, "")
    stranger = make_signer(make_party("supplier"))
    refused("not_found", services.make_estimate, stranger, number, model.number, good, why)
    engine.act(model.number, "withdraw", world.author, {"reason": "样本过旧。"})
    refused("model_not_in_force", services.make_estimate, world.supplier, number, model.number, good, why)
    assert not Estimate.objects.exists()


# --- fees of public data ---


def decided(world: World, **changes) -> dict[str, str]:
    return {
        "holder": world.supplier.party.number, "field": "生态环境", "document": "示例发改价〔2026〕1号", "period_from": "2026-01-01",
        "period_to": "2036-12-31", "trial": "", "cost": "800000", "profit": "150000", "tax": "50000", **changes,
    }  # fmt: skip


def test_no_price_goes_beyond_its_cap_when_put_down_listed_or_quoted(world):
    allowance = fees.decide_allowance(world.authority, decided(world))
    cap = PricePlan("per_unit", unit_price_e8=5 * 10**7, billable=("delivered",))
    fees.set_cap(world.authority, allowance.number, world.draft.number, cap.to_json())
    dear, fair = SOUND, PricePlan("per_unit", unit_price_e8=4 * 10**7, billable=("delivered",))
    refused("over_cap", revise_product, world.supplier, world.draft.number, price_plan=dear.to_json())
    revise_product(world.supplier, world.draft.number, price_plan=fair.to_json())
    product = testing.list_product(world.supplier, world.draft, world.deal.venue, source_class="operation")
    case = trade.inquire(world.deal.buyer, product.number, {"purpose": "research", "need": "全部站点。"})
    refused("over_cap", trade.quote, world.supplier, case.number, product.terms, dear)
    trade.quote(world.supplier, case.number, product.terms, fair)


def test_authorised_public_data_are_not_listed_without_a_cap_unless_free(world):
    revise_product(world.supplier, world.draft.number, price_plan=SOUND.to_json())
    venue = world.deal.venue
    refused("no_cap", testing.apply_listing, world.supplier, world.draft, venue, source_class="operation")
    revise_product(world.supplier, world.draft.number, price_plan=PricePlan("free").to_json())
    assert testing.apply_listing(world.supplier, world.draft, venue, source_class="operation").state == "submitted"


def test_the_surplus_of_a_reported_period_is_deducted_in_the_next(world):
    first = fees.decide_allowance(
        world.authority, decided(world, period_from="2025-01-01", period_to="2025-12-31", trial="on")
    )
    following = decided(world, period_from="2026-01-01", period_to="2026-12-31")
    refused("invalid_form", fees.decide_allowance, world.authority, following)
    refused("previous_not_reported", fees.decide_allowance, world.authority, {**following, "previous": first.number})
    finance = make_actor(world.supplier.party, ("finance",))
    refused("not_found", fees.report_period, world.author, first.number, {})
    report = fees.report_period(
        finance, first.number, {"revenue": "1200000", "cost": "820000", "remark": "全部为技术服务费。"}
    )
    assert report.surplus_fen == 20_000_000
    refused("already_reported", fees.report_period, finance, first.number, {})
    late = {**following, "previous": first.number, "period_from": "2026-02-01"}
    refused("invalid_form", fees.decide_allowance, world.authority, late)
    second = fees.decide_allowance(world.authority, {**following, "previous": first.number})
    assert (second.deducted_fen, second.terms.allowed_fen) == (20_000_000, 80_000_000)
    refused("not_over", fees.report_period, finance, second.number, {})
    assert FeeReport.objects.count() == 1


def test_only_the_authority_decides_and_a_cap_is_plain(world):
    refused("forbidden", fees.decide_allowance, world.supplier, decided(world))
    for changes in ({"period_to": "2025-01-01"}, {"cost": "-1"}, {"holder": "JG-NONE"}, {"period_from": "2026-02-30"}):
        refused("invalid_form", fees.decide_allowance, world.authority, decided(world, **changes))
    allowance = fees.decide_allowance(world.authority, decided(world))
    bad = PricePlan("per_unit", unit_price_e8=1, billable=("delivered",), minimum_fen=5)
    refused("bad_cap", fees.set_cap, world.authority, allowance.number, world.draft.number, bad)
    refused("bad_terms", fees.set_cap, world.authority, allowance.number, world.draft.number, {"kind": "free"})
    refused("not_found", fees.set_cap, world.authority, allowance.number, "CP-NONE", PricePlan("free"))


# --- contribution ---


def test_shares_are_frozen_in_the_contract_and_reach_settlement(world):
    other = make_party("supplier", name="示例气象公司")
    numbers = [world.supplier.party.number, other.number]
    rows = [
        {"members": numbers[:1], "value": 100},
        {"members": numbers[1:], "value": 200},
        {"members": numbers, "value": 500},
    ]
    split = splits.make_split(world.supplier, world.deal.product.number, numbers, "table", rows, "按替代成本估算。")
    assert (split.method, split.values, split.shares) == ("exact", ["200", "300"], [400_000, 600_000])
    contract = testing.signed(world.deal)
    assert contract.snapshot["shares"] == [[numbers[0], 400_000], [numbers[1], 600_000]]
    assert ChargeAgreement.objects.get(number=contract.number).shares == contract.snapshot["shares"]
    # a later split changes no contract that stands
    splits.make_split(
        world.supplier, world.deal.product.number, numbers, "metered", [{"members": numbers, "value": 1}], "按用量。"
    )
    contract.refresh_from_db()
    assert contract.snapshot["shares"][0][1] == 400_000 and splits.shares_of(contract.product)[0][1] == 500_000


def test_more_than_twelve_providers_are_sampled_with_a_bound(world):
    numbers = [make_party("supplier").number for _ in range(13)]
    rows = [{"members": numbers, "value": 1300}, {"members": numbers[:2], "value": 400}]
    split = splits.make_split(world.supplier, world.draft.number, numbers, "table", rows, "按替代成本估算。", seed=7)
    assert (split.method, split.samples, split.seed) == ("sampled", 4000, 7)
    assert 0 < int(split.error) < 60 and sum(split.shares) == 1_000_000
    again = splits.make_split(world.supplier, world.draft.number, numbers, "table", rows, "按替代成本估算。", seed=7)
    assert again.values == split.values


def test_what_is_no_table_of_contributions_is_refused(world):
    one, two = world.supplier.party.number, make_party("supplier").number
    good = [{"members": [one, two], "value": 10}]
    cases = [
        ([one], good, {}), ([one, one], good, {}), ([one, "JG-NONE"], good, {}), ([one, two], [], {}),
        ([one, two], [{"members": [one, "x"], "value": 1}], {}), ([one, two], [{"members": [one], "value": -1}], {}),
        ([one, two], [{"members": [one], "value": 1.5}], {}), ([one, two], good + good, {}),
        ([one, two], [{"members": [one], "value": 0}], {}), ([one, two], good, {"method": "guess"}),
        ([one, two], good, {"seed": -1}), ([one, two], good, {"remark": ""}),
    ]  # fmt: skip
    for players, rows, more in cases:
        said = {"method": "table", "remark": "按替代成本估算。", **more}
        refused("invalid_form", splits.make_split, world.supplier, world.draft.number, players, rows=rows, **said)
    refused(
        "not_found",
        splits.make_split,
        make_signer(make_party("supplier")),
        world.draft.number,
        [one, two],
        "table",
        good,
        "依据依据",
    )
    assert not ContributionSplit.objects.exists()


def test_the_example_tariff_is_a_sound_graduated_cap(world):
    from shugang.kernel.profiles import current_profile
    from shugang.policy.arbitrage import arbitrage_findings

    tariff = current_profile("pricing", date(2026, 11, 26)).data["example_tariff"]
    tiers = tuple(Tier(up_to, price) for up_to, price in tariff["tiers"])
    plan = PricePlan("tiered", unit=tariff["unit"], tiers=tiers, billable=FOUND)
    assert arbitrage_findings(plan) == []
    assert MODELLING.profile == "pricing"

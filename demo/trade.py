"""Products, listings with a third party's compliance opinion, and deals from inquiry to two signatures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from shugang.delivery.grants.models import Grant
from shugang.kernel import clock, engine, textindex
from shugang.market.contracts.models import Contract
from shugang.market.contracts.services import sign
from shugang.market.listing.checklist import ITEMS
from shugang.market.listing.services import apply_listing
from shugang.market.products.models import DataProduct
from shugang.market.products.services import create_product
from shugang.market.trade.services import accept, counter, inquire, quote
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import Mask, Quota, Rate, RowFilter, Terms

from .delivery import DAILY_CAP
from .registration import SOURCES
from .sheets import SHEETS, SUMMARIES_EN
from .stage import Stage

FREE = PricePlan("free")
PER_FOUND = PricePlan("per_unit", unit="calls", unit_price_e8=1_500_000, billable=("found",))
PER_QUERY = PricePlan("per_unit", unit="calls", unit_price_e8=50_000_000, billable=("found",))


@dataclass(frozen=True)
class Offer:
    """A product as offered, and what the buyer searches for to find it."""

    key: str
    name: str
    name_en: str
    type: str
    sector: str
    mode: str
    search: str
    purpose: str
    need: str
    plan: PricePlan


OFFERS = (
    Offer("air", "厦门空气质量站点小时值", "Hourly air quality of Xiamen", "dataset", "N", "table", "空气",
          "research", "研究出行与空气质量的关系", FREE),
    Offer("clinics", "福建发热门诊联系目录", "Fever clinics of Fujian", "dataset", "Q", "table", "门诊",
          "contact_verification", "核对本公司就医指引中的联系信息", FREE),
    Offer("segments", "手机号段归属地查询接口", "Mobile segment lookup", "api", "I", "api", "号段",
          "risk_control", "注册环节校验号段归属地", PER_FOUND),
    Offer("companies", "厦门上市公司名录查询", "Listed companies of Xiamen", "api", "J", "query", "上市公司",
          "internal_analysis", "供应链企业分析", PER_QUERY),
)  # fmt: skip


def offered_terms(key: str, purpose: str) -> Terms:
    """The widest terms that the supplier offers."""
    now = clock.now()
    base: dict[str, Any] = {
        "purpose": purpose, "valid_from": now, "valid_until": now + timedelta(days=365), "redistribute": False,
        "delete_after_days": 30, "attribution": "数据来源：示例鹭岛数据服务有限公司",
    }  # fmt: skip
    if key == "air":
        return Terms(
            actions=("read", "download"),
            fields=("date", "hour", "station", "level", "aqi", "pm25", "pm10", "no2"),
            **base,
        )
    if key == "clinics":
        cities = ("福州市", "厦门市", "泉州市", "漳州市", "莆田市", "宁德市", "南平市", "三明市", "龙岩市")
        return Terms(
            actions=("read", "download"),
            fields=("id", "city", "name", "address", "telephone"),
            rows=(RowFilter("city", "in", cities),),
            masks=(Mask("telephone", "keep_ends", {"prefix": 3, "suffix": 4}),),
            **base,
        )
    if key == "segments":
        return Terms(
            actions=("read", "query"),
            fields=("prefix7", "province", "city", "carrier"),
            quotas=(Quota("calls", 10_000, "day", "charged"), Quota("calls", 200, "day", "uncharged")),
            rate=Rate(200, 400),
            **base,
        )
    return Terms(actions=("read", "query"), fields=("symbol", "name", "sector", "industry", "city"),
                 rows=(RowFilter("sector", "in", ("Industrials", "Materials", "Consumer Discretionary", "Information Technology")),),
                 quotas=(Quota("calls", 1000, "month", "all"),), rate=Rate(20, 40), **base)  # fmt: skip


def wanted_terms(key: str, offered: Terms) -> Terms:
    """What the parties agree on in the end: never wider than offered."""
    if key == "air":
        return replace(offered, fields=("date", "hour", "station", "level", "aqi", "pm25", "pm10"))
    if key == "clinics":
        return replace(
            offered,
            rows=(RowFilter("city", "in", ("厦门市", "泉州市")),),
            valid_until=offered.valid_from + timedelta(days=60),
        )
    if key == "segments":
        return replace(
            offered, quotas=(Quota("calls", DAILY_CAP, "day", "charged"), Quota("calls", 50, "day", "uncharged"))
        )
    return offered


def _source(offer: Offer) -> dict[str, Any]:
    if offer.mode == "table":
        table = {"air": "air_quality", "clinics": "fever_clinics"}[offer.key]
        return {"share": "egret", "schema": "xiamen", "table": table}
    return {"key_column": "prefix7"} if offer.mode == "api" else {}


def products(stage: Stage) -> None:
    supplier = stage.things["gongfang"]
    for offer in OFFERS:
        with stage.step(f"上架：{offer.name}", "供方 → 运营方 → 第三方签署意见 → 运营方") as said:
            product = create_product(
                supplier, asset_number=stage.things[f"asset:{offer.key}"].number, name=offer.name, name_en=offer.name_en,
                summary=next(s.summary for s in SOURCES if s.key == offer.key), type=offer.type, sector=offer.sector,
                mode=offer.mode, offered_terms=offered_terms(offer.key, offer.purpose), price_plan=offer.plan,
                summary_en=SUMMARIES_EN[offer.key], spec=SHEETS[offer.key], source=_source(offer),
                plane_number=stage.things["plane"].number if offer.mode == "query" else None,
            )  # fmt: skip
            case = apply_listing(
                supplier, product.number, stage.things["operator"], stage.things["reviewer"], listing_form(offer)
            )
            _review(stage, case.number)
            product = DataProduct.objects.get(pk=product.pk)
            if product.state != "listed":
                raise AssertionError(product.state)
            stage.things[f"product:{offer.key}"] = product
            price = "免费" if offer.plan.kind == "free" else "按次，查得才计费" if offer.key == "segments" else "按次"
            said.append(f"{product.number}，{price}")


def deals(stage: Stage) -> None:
    buyer, supplier = stage.things["xufang"], stage.things["gongfang"]
    for offer in OFFERS:
        product = stage.things[f"product:{offer.key}"]
        with stage.step(f"成交：{offer.name}", "需方 ⇄ 供方") as said:
            if product.number not in textindex.search("product", offer.search):
                raise AssertionError(f"{offer.search} does not find {product.number}")
            case = inquire(buyer, product.number, {"purpose": offer.purpose, "need": offer.need})
            offered = product.terms
            quote(supplier, case.number, offered, offer.plan, "按挂牌条件报价。")
            final = wanted_terms(offer.key, offered)
            if final != offered:
                counter(buyer, case.number, final, offer.plan, "用不到全部范围，请按所列字段、地域与用量报价。")
                quote(supplier, case.number, final, offer.plan, "同意。")
            accept(buyer, case.number)
            contract = Contract.objects.get(inquiry__case=case)
            sign(supplier, contract.number)
            sign(buyer, contract.number)
            contract = Contract.objects.get(pk=contract.pk)
            if contract.state != "active":
                raise AssertionError(contract.state)
            stage.things[f"contract:{offer.key}"] = contract
            stage.things[f"grant:{offer.key}"] = Grant.objects.get(contract=contract.number)
            rounds = "，还价一轮" if final != offered else ""
            said.append(
                f"搜“{offer.search}”，{contract.number} 双方签署{rounds}，授权{stage.things[f'grant:{offer.key}'].number}"
            )


def _review(stage: Stage, number: str) -> None:
    """The listing's steps by their people, as the procedure's table names them."""
    engine.act(number, "accept", stage.things["yunying"])
    engine.act(number, "opine", stage.things["pinggu"], opinion())
    engine.act(number, "list", stage.things["fuhe"], {"opinion": "材料齐全，合规意见无保留，同意上架。"})


def opinion() -> dict[str, str]:
    """The third party's answers to the checklist."""
    return {
        **{f"item_{name}": "pass" for name in ITEMS},
        "opinion": "核对了主体、来源说明、原始许可与登记凭证，抽查了字段与样例，未发现不符合项。",
    }


def listing_form(offer: Offer) -> dict[str, Any]:
    """The supplier's application, as its form asks."""
    source = next(s for s in SOURCES if s.key == offer.key)
    personal = bool(source.personal)
    return {
        "source_class": "generated",
        "source_proof": f"示例供方声明自行采集生成；真实来源：{source.origin}。",
        "licence_chain": f"原始许可{source.licence}，允许再提供，须署名。",
        "personal": "masked" if personal else "none",
        "personal_basis": "电话为生成的示例号码，仍按个人信息对待：交付前保留前3后4位，其余脱敏。" if personal else "",
        "no_important_data": True,
        "quality": source.description,
        "restrictions": "仅限约定用途，不得转授，期满30日内删除。",
        "export": "no",
        "sample_rows": 0 if offer.mode == "query" else 3,
        "trial_size": {"table": 100, "api": 10, "query": 3}.get(offer.mode, 0),
        "declaration": True,
    }

"""Doors of the market."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from demo import trade
from shugang.kernel import clock
from shugang.policy.priceplan import PricePlan

from .base import OPEN, OWN, Door, api, both, fill, post, read

WHY = {"reason": "核查来源材料，暂停交易。"}
CHANGE = {"what": "licence", "reason": "许可方自下月起改为须另行书面同意。"}
AIR, CONTRACT = "<product:air>", "<contract:segments>"
SIDES = ("gongfang", "jianguan")
ASKING = {"purpose": trade.OFFERS[0].purpose, "need": "全部站点，12个月，用于研究。"}


def _as_shown(address: str, owner: str, **changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The form of the page as it stands, with `changes`: what its owner's browser would send."""

    def data(things: dict[str, Any]) -> dict[str, Any]:
        from ..forms import filled
        from ..visitors import browser

        where = fill(address, things)
        page = browser(things["world"], owner).get(where).content.decode()
        return {**filled(page, where.partition("?")[0]), **changes}

    return data


def _listing(things: dict[str, Any]) -> dict[str, Any]:
    form = trade.listing_form(trade.OFFERS[0])
    return {**{k: ("on" if v is True else v) for k, v in form.items() if v is not False},
            "operator": things["operator"].number, "reviewer": things["reviewer"].number}  # fmt: skip


def _application(things: dict[str, Any]) -> dict[str, Any]:
    form = trade.listing_form(trade.OFFERS[0])
    return {"form": form, "operator": things["operator"].number, "reviewer": things["reviewer"].number}


def _offer(things: dict[str, Any]) -> dict[str, Any]:
    product = things["product:air"]
    return {
        "terms": trade.wanted_terms("air", product.terms).to_json(),
        "plan": product.plan.to_json(),
        "message": "还价",
    }


def _product(things: dict[str, Any]) -> dict[str, Any]:
    draft = things["product:draft"]
    return {
        "asset_number": things["asset:air"].number, "name": "示例产品新", "summary": "示例", "type": draft.type,
        "sector": draft.sector, "mode": draft.mode, "offered_terms": draft.terms.to_json(),
        "price_plan": draft.plan.to_json(), "source": {"share": "s", "schema": "s", "table": "t"},
    }  # fmt: skip


def _stopped(client: Any) -> None:
    from shugang.market.listing.services import suspend_listing
    from shugang.market.products.models import DataProduct
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person

    fuhe = actor_for(Person.objects.get(username="fuhe"), second_factor=True)
    suspend_listing(fuhe, DataProduct.objects.get(name=trade.OFFERS[0].name).number, WHY["reason"])


def _model(things: dict[str, Any]) -> dict[str, Any]:
    from ..world import model_form

    return model_form(things["world"], title="示例新模型")


def _undercut(client: Any) -> None:
    """The draft's price falls behind a break."""
    from shugang.market.products.models import DataProduct
    from shugang.policy.priceplan import PricePlan, Tier

    plan = PricePlan("volume", tiers=(Tier(1000, 10**8), Tier(None, 8 * 10**7)), billable=("delivered",))
    DataProduct.objects.filter(state="draft").update(price_plan=plan.to_json(), price_kind="volume")


def _players(things: dict[str, Any]) -> dict[str, Any]:
    own, other = (things[name].party.number for name in ("gongfang", "pangren"))
    return {
        "players": f"{own}\n{other}",
        "method": "table",
        "rows": f"{own} + {other} = 100",
        "remark": "示例取值依据。",
    }


def _split(things: dict[str, Any]) -> dict[str, Any]:
    numbers = [things[name].party.number for name in ("gongfang", "pangren")]
    return {"players": numbers, "rows": [{"members": numbers, "value": 100}], "remark": "示例取值依据。"}


def _allowance(things: dict[str, Any]) -> dict[str, str]:
    return {"holder": things["gongfang"].party.number, "field": "另一领域", "document": "示例文件2号", "period_from": "2026-01-01",
            "period_to": "2026-12-31", "cost": "800000", "profit": "150000", "tax": "50000"}  # fmt: skip


BROKERAGE = {"task": "寻找空气质量数据的供方。", "fee_fen": "500", "until": "2036-12-31"}


def _brokerage(things: dict[str, Any]) -> dict[str, Any]:
    from shugang.market.contracts.templates import load

    return {**load("brokerage").defaults, **BROKERAGE, "mine": "client", "others": things["gongfang"].party.number}


GROUNDS = "示例产品说明书。"
PREVIEW = {"plan": PricePlan("one_off", price_fen=100).to_json()}
CAP = {"product": AIR, "plan": PricePlan("free").to_json()}
FEE_REPORT = {"revenue": "1200000", "cost": "820000", "remark": "全部为技术服务费。"}
PRICING: tuple[Door, ...] = (
    read("/pricing-models", reach=OPEN),
    read("/pricing-models/<model>", reach=OPEN),
    read("/pricing-models/<model:draft>", "pinggu", readers=("fuhe",)),
    *both("/desk/pricing-models/new", "pinggu", _model),
    *both("/desk/pricing-models/<model:draft>/edit", "pinggu", _model),
    read(f"/desk/prices/{AIR}", "gongfang", OWN),
    post("/desk/prices/<product:draft>/warning", "gongfang", {"reason": "大客户优惠，保留。"}, prepare=_undercut),
    *both(f"/desk/prices/{AIR}/estimate", "gongfang", {"model": "<model>", "i_rows": "90~110", "grounds": GROUNDS}),
    read(f"/desk/prices/{AIR}/estimate?model=<model>", "gongfang"),
    *both("/desk/prices/<product:draft>/split", "gongfang", _players),
    read("/tariffs", reach=OPEN),
    *both("/desk/fees/new", "jianguan", _allowance),
    *both("/desk/fees/<allowance>/cap", "jianguan", {"product": AIR, "p_kind": "free"}),
    read(f"/desk/fees/<allowance>/cap?product={AIR}", "jianguan"),
    *both("/desk/fees/<allowance:over>/report", "gongfang", FEE_REPORT),
    api("POST", "/price-preview", "", PREVIEW, reach=OPEN, unchanged=True, guarded=False),
    api("GET", "/pricing-model-form", "", reach=OPEN),
    api("GET", "/pricing-models", "", reach=OPEN),
    api("GET", "/pricing-models/<model>", "", reach=OPEN),
    api("POST", "/pricing-models", "pinggu", lambda things: {"form": _model(things)}),
    api("GET", f"/products/{AIR}/prices", "gongfang", reach=OWN),
    api(
        "POST",
        f"/own-products/{AIR}/estimates",
        "gongfang",
        {"model": "<model>", "inputs": {"rows": "100"}, "grounds": GROUNDS},
    ),
    api(
        "POST",
        "/own-products/<product:draft>/price-warning",
        "gongfang",
        {"reason": "大客户优惠，保留。"},
        prepare=_undercut,
    ),
    api("GET", "/own-products/<product:draft>/splits", "gongfang"),
    api("POST", "/own-products/<product:draft>/splits", "gongfang", _split),
    api("GET", "/tariffs", "", reach=OPEN),
    api("POST", "/fee-allowances", "jianguan", lambda things: {"form": _allowance(things)}),
    api("POST", "/fee-allowances/<allowance>/caps", "jianguan", CAP),
    api("POST", "/fee-allowances/<allowance:over>/report", "gongfang", {"form": FEE_REPORT}),
)
PUBLIC: tuple[Door, ...] = (
    read("/products", reach=OPEN),
    read("/products?q=空气", reach=OPEN),
    read("/products.json", reach=OPEN),
    read(f"/products/{AIR}", reach=OPEN),
    read(f"/products/{AIR}.json", reach=OPEN),
    read("/search?q=空气", reach=OPEN, ok=(302,)),
    read("/search?q=示例", reach=OPEN),
    read("/search.json?q=示例", reach=OPEN),
    read("/products?format=csv&sort=fresh", reach=OPEN),
    read("/desk/searches", "xufang", OWN),
    post("/desk/searches", "xufang", {"name": "空气", "query": "q=空气"}, reach=OWN),
    post("/desk/searches/<search>/open", "xufang"),
    post("/desk/searches/<search>/delete", "xufang"),
    api("GET", "/saved-searches", "xufang", reach=OWN),
    api("POST", "/saved-searches", "xufang", {"name": "空气", "query": "q=空气"}, reach=OWN),
    api("POST", "/saved-searches/<search>/seen", "xufang"),
    api("DELETE", "/saved-searches/<search>", "xufang"),
)
SUPPLY: tuple[Door, ...] = (
    read("/desk/products", "gongfang", OWN),
    read("/desk/products?format=csv", "gongfang", OWN),
    read("/desk/products/new", "gongfang", OWN),
    read("/desk/products/new?asset=<asset:air>&mode=table", "gongfang"),
    post("/desk/products/new", "gongfang", _as_shown(
        "/desk/products/new?asset=<asset:air>&mode=table", "gongfang", asset="<asset:air>", mode="table",
        name="示例产品新", type="dataset", sector="N", t_purpose="research", summary="示例", p_kind="free")),
    read("/desk/products/<product:draft>", "gongfang"),
    *both("/desk/products/<product:draft>/edit", "gongfang",
          _as_shown("/desk/products/<product:draft>/edit", "gongfang", name="改名的产品")),
    *both("/desk/products/<product:draft>/apply", "gongfang", _listing),
    *both(f"/desk/products/{AIR}/delist", "gongfang", WHY),
    *both(f"/desk/products/{AIR}/change", "gongfang", CHANGE),
    *both(f"/products/{AIR}/order", "fuhe", WHY, readers=("jianguan",)),
)  # fmt: skip
TRADE: tuple[Door, ...] = (
    post(f"/products/{AIR}/sample", "xufang", reach=OWN),
    read("/desk/samples", "xufang", OWN),
    read("/desk/samples?format=csv", "xufang", OWN),
    api("GET", "/samples", "xufang", reach=OWN),
    api("POST", f"/products/{AIR}/samples", "xufang", reach=OWN),
    *both(f"/products/{AIR}/inquire", "xufang", ASKING, reach=OWN),
    read("/desk/inquiries", "xufang", OWN),
    read("/desk/inquiries?format=csv", "xufang", OWN),
    read("/desk/inquiries/<case:quoted>", "xufang", readers=SIDES),
    *both("/desk/inquiries/<case:quoted>/offer", "xufang", _as_shown("/desk/inquiries/<case:quoted>/offer", "xufang")),
    read("/desk/contracts", "xufang", OWN),
    read("/desk/contracts?format=csv", "xufang", OWN),
    read(f"/desk/contracts/{CONTRACT}", "xufang", readers=SIDES),
    read(f"/desk/contracts/{CONTRACT}.json", "xufang", readers=SIDES),
    read(f"/desk/contracts/{CONTRACT}.pdf", "xufang", readers=SIDES),
    post("/desk/contracts/<contract:pending>/sign", "xufang"),
    read("/desk/contracts/<contract:unsigned>/form", "xufang", readers=("gongfang",)),
    post(
        "/desk/contracts/<contract:unsigned>/form",
        "xufang",
        _as_shown("/desk/contracts/<contract:unsigned>/form", "xufang"),
    ),
    *both(f"/desk/contracts/{CONTRACT}/terminate", "xufang", WHY, readers=("jianguan",)),
    *both(f"/desk/contracts/{CONTRACT}/suspend", "gongfang", WHY, readers=("jianguan",)),
    read(f"/desk/contracts/{CONTRACT}/rights", "xufang", readers=SIDES),
    read(f"/desk/contracts/{CONTRACT}/rights.json", "xufang", readers=SIDES),
    *both(
        f"/desk/contracts/{CONTRACT}/amend",
        "xufang",
        _as_shown(f"/desk/contracts/{CONTRACT}/amend", "xufang", cure_days="20", reason="延长补正期。"),
    ),
    *both(f"/desk/contracts/{CONTRACT}/breach", "xufang", WHY),
    read("/desk/amendments/<amendment>", "xufang", readers=("gongfang",)),
    read("/desk/amendments/<amendment>.json", "xufang", readers=("gongfang",)),
    read("/desk/amendments/<amendment>.pdf", "xufang", readers=("gongfang",)),
    post("/desk/amendments/<amendment>/sign", "xufang"),
    read("/desk/agreements", "xufang", OWN),
    read("/desk/agreements?format=csv", "xufang", OWN),
    *both("/desk/agreements/new/brokerage", "xufang", _brokerage, reach=OWN),
    read("/desk/agreements/<agreement>", "xufang", readers=("gongfang",)),
    read("/desk/agreements/<agreement>.json", "xufang", readers=("gongfang",)),
    read("/desk/agreements/<agreement>.pdf", "xufang", readers=("gongfang",)),
    post("/desk/agreements/<agreement>/sign", "xufang"),
    read("/desk/rights", "xufang", OWN),
    read("/desk/rights?format=csv", "xufang", OWN),
    read("/desk/acceptances", "xufang", OWN),
    read("/desk/acceptances?format=csv", "xufang", OWN),
    read("/desk/acceptances/<acceptance>", "xufang", readers=("gongfang",)),
    read("/desk/vouchers/<voucher>.pdf", "xufang", readers=SIDES),
    read("/desk/vouchers/<voucher>.json", "xufang", readers=SIDES),
)
API: tuple[Door, ...] = (
    api("GET", "/products", "", reach=OPEN),
    api("GET", f"/products/{AIR}", "", reach=OPEN),
    api("GET", "/listing-forms", "", reach=OPEN),
    api("GET", "/own-products", "gongfang", reach=OWN),
    api("GET", "/own-products/<product:draft>", "gongfang"),
    api("POST", "/own-products", "gongfang", _product),
    api("POST", "/own-products/<product:draft>/listing", "gongfang", _application),
    api("POST", f"/own-products/{AIR}/delist", "gongfang", WHY),
    api("POST", f"/own-products/{AIR}/changes", "gongfang", CHANGE),
    api("POST", f"/products/{AIR}/suspension", "fuhe", WHY, readers=("jianguan",)),
    api(
        "DELETE",
        f"/products/{AIR}/suspension?reason=核查完毕，可以恢复。",
        "fuhe",
        prepare=_stopped,
        readers=("jianguan",),
    ),
    api("GET", "/inquiries", "xufang", reach=OWN),
    api("GET", "/inquiries/<case:quoted>", "xufang", readers=SIDES),
    api("POST", f"/products/{AIR}/inquiries", "xufang", ASKING, reach=OWN),
    api("POST", "/inquiries/<case:quoted>/quotations", "xufang", _offer),
    api("POST", "/inquiries/<case:quoted>/acceptance", "xufang"),
    api("GET", "/contracts", "xufang", reach=OWN),
    api("GET", f"/contracts/{CONTRACT}", "xufang", readers=SIDES),
    api("GET", f"/contracts/{CONTRACT}/clauses", "xufang", readers=SIDES),
    api("GET", f"/contracts/{CONTRACT}/rights", "xufang", readers=SIDES),
    api(
        "POST",
        f"/contracts/{CONTRACT}/amendments",
        "xufang",
        {"reason": "延长补正期。", "answers": {"cure_days": "20"}},
    ),
    api("GET", "/amendments/<amendment>", "xufang", readers=("gongfang",)),
    api("POST", "/amendments/<amendment>/signature", "xufang"),
    api("POST", f"/contracts/{CONTRACT}/breach", "xufang", WHY),
    api("GET", "/agreements", "xufang", reach=OWN),
    api("GET", "/agreements/<agreement>", "xufang", readers=("gongfang",)),
    api(
        "POST",
        "/agreements",
        "xufang",
        lambda things: {"template": "brokerage", "others": [things["gongfang"].party.number], "answers": BROKERAGE},
        reach=OWN,
    ),
    api("POST", "/agreements/<agreement>/signature", "xufang"),
    api("GET", "/rights", "xufang", reach=OWN),
    api("GET", "/acceptances", "xufang", reach=OWN),
    api("GET", "/acceptances/<acceptance>", "xufang", readers=("gongfang",)),
    api("GET", "/contract-templates", "", reach=OPEN),
    api("GET", "/contract-templates/provision", "", reach=OPEN),
    api("POST", "/contracts/<contract:unsigned>/answers", "xufang", {"answers": {"inspection_days": "20"}}),
    api("POST", "/contracts/<contract:pending>/signature", "xufang"),
    api("POST", f"/contracts/{CONTRACT}/changes", "xufang", {"kind": "terminate", **WHY}, readers=("jianguan",)),
    api("GET", "/vouchers", "xufang", reach=OWN),
)


def _claim(things: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "delivery", "remedies": ["terminate"], "statement": "示例争议：多次中断。"}


def _evidence(things: dict[str, Any]) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("证据.txt", "示例证据二".encode()), "proves": "示例。"}


ZY = "/desk/disputes/<dispute>"
PROPOSAL = {"refund_fen": "0", "access": "continue", "text": "示例和解。"}
FREEZE = {"kind": "access", "reason": "示例：核查期间暂停。"}
DISPUTES: tuple[Door, ...] = (
    read("/desk/disputes", "xufang", OWN),
    read("/desk/disputes?format=csv", "gongfang", OWN),
    *both(f"/desk/disputes/new?contract={CONTRACT}", "xufang", _claim, readers=("gongfang",)),
    read(ZY, "xufang", readers=("gongfang", "fuhe", "jianguan")),
    *both(f"{ZY}/evidence", "xufang", _evidence, readers=("gongfang", "yunying")),
    *both(f"{ZY}/settle", "xufang", PROPOSAL, readers=("gongfang", "yunying")),
    *both(f"{ZY}/measures", "fuhe", FREEZE),
    *both(f"{ZY}/measures/funds/lift", "fuhe", {"reason": "示例：已核实。"}),
    api("GET", "/disputes", "xufang", reach=OWN),
    api("GET", "/disputes/<dispute>", "xufang", readers=("gongfang", "fuhe", "jianguan")),
    api("POST", "/disputes", "xufang", lambda things: {"contract": things["contract:segments"].number, "form": _claim(things)}),
    api("POST", "/disputes/<dispute>/evidence?name=证据.txt&proves=示例", "gongfang", "示例证据三".encode()),
    post(f"{ZY}/bundles", "xufang", readers=("gongfang", "fuhe", "jianguan")),
    read(f"{ZY}/bundles/<proofs>.zip", "xufang"),
    api("POST", "/disputes/<dispute>/bundles", "gongfang", readers=("fuhe", "jianguan")),
    api("GET", "/disputes/<dispute>/bundles/<proofs>", "xufang"),
    api("POST", "/disputes/<dispute>/settlements", "gongfang", {"form": PROPOSAL}),
    api("POST", "/disputes/<dispute>/measures", "fuhe", {"form": FREEZE}),
    api("POST", "/disputes/<dispute>/measures/funds/lift", "fuhe", {"reason": "示例：已核实。"}),
)  # fmt: skip


def _rule(things: dict[str, Any]) -> dict[str, Any]:
    day = clock.today() + timedelta(days=60)
    return {"code": "sample-two", "title": "示例规则二", "title_en": "Sample rule two", "text": "第一条 示例。", "text_en": "",
            "reason": "示例。", "effective_on": day.isoformat()}  # fmt: skip


SAID = {"text": "示例意见：请放宽。"}
DISCLOSURE: tuple[Door, ...] = (
    read("/disclosure", reach=OPEN),
    read("/disclosure?format=csv", reach=OPEN),
    read("/disclosure.json", reach=OPEN),
    read("/rules", reach=OPEN),
    read("/rules?format=csv", reach=OPEN),
    read("/rules/<rule>", reach=OPEN),
    post("/rules/<rule>", "gongfang", SAID, reach=OWN),
    *both("/desk/rules/new", "fuhe", _rule),
    post("/desk/rules/<rule>/withdraw", "fuhe", WHY),
    post("/desk/rules/<rule>/comments/<rule:party>", "fuhe", {"text": "示例答复。"}),
    api("GET", "/disclosure", "", reach=OPEN),
    api("GET", "/rules", "", reach=OPEN),
    api("GET", "/rules/<rule>", "", reach=OPEN),
    api("POST", "/rules", "fuhe", lambda things: {"form": _rule(things)}),
    api("POST", "/rules/<rule>/comments", "gongfang", SAID, reach=OWN),
    api("GET", f"/products/{AIR}/guidance", "xufang", reach=OWN),
)


def _sheet(things: dict[str, Any]) -> dict[str, Any]:
    from ..world import product_sheet

    return {"file": SimpleUploadedFile("products.csv", product_sheet(things["asset:air"].number, "B-1"))}


SHEETS: tuple[Door, ...] = (
    read("/desk/product-sheets", "gongfang", OWN),
    read("/desk/product-sheets/template.xlsx", "gongfang", OWN),
    post("/desk/product-sheets", "gongfang", _sheet, reach=OWN),
    read("/desk/product-sheets/<sheet>", "gongfang"),
    read("/desk/product-sheets/<sheet>?format=csv", "gongfang"),
    post("/desk/product-sheets/<sheet>/run", "gongfang"),
    post("/desk/product-sheets/<sheet>/discard", "gongfang"),
    post("/api/v1/product-sheets", "gongfang", _sheet, ok=(200,), reach=OWN),
    api("GET", "/product-sheets/<sheet>", "gongfang"),
    api("POST", "/product-sheets/<sheet>/run", "gongfang"),
)
DOORS = (*PRICING, *PUBLIC, *SUPPLY, *SHEETS, *TRADE, *API, *DISPUTES, *DISCLOSURE)

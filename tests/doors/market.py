"""Doors of the market."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from demo import trade

from .base import OPEN, OWN, Door, api, both, fill, post, read

WHY = {"reason": "核查来源材料，暂停交易。"}
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


PUBLIC: tuple[Door, ...] = (
    read("/products", reach=OPEN),
    read("/products?q=空气", reach=OPEN),
    read("/products.json", reach=OPEN),
    read(f"/products/{AIR}", reach=OPEN),
    read(f"/products/{AIR}.json", reach=OPEN),
    read("/search?q=空气", reach=OPEN, ok=(302,)),
    read("/search?q=示例", reach=OPEN),
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
    *both(f"/products/{AIR}/order", "fuhe", WHY, readers=("jianguan",)),
)  # fmt: skip
TRADE: tuple[Door, ...] = (
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
    *both(f"/desk/contracts/{CONTRACT}/terminate", "xufang", WHY),
    *both(f"/desk/contracts/{CONTRACT}/suspend", "gongfang", WHY, readers=("jianguan",)),
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
    api("POST", "/contracts/<contract:pending>/signature", "xufang"),
    api("POST", f"/contracts/{CONTRACT}/changes", "xufang", {"kind": "terminate", **WHY}),
    api("GET", "/vouchers", "xufang", reach=OWN),
)
DOORS = (*PUBLIC, *SUPPLY, *TRADE, *API)

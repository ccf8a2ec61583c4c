"""Doors of auctions, projects with several suppliers, and ties between parties."""

from __future__ import annotations

import json
from typing import Any

from ..deals import AMOUNT
from .base import OPEN, OWN, Door, api, both, post, read

AIR, OPENED, CLOSED = "<product:air>", "<auction:open>", "<auction:closed>"
COMMITMENT = {"commitment": "ab" * 32}


def _announcement(things: dict[str, Any]) -> dict[str, Any]:
    from shugang.market.auction.testing import announcement

    return announcement(things["product:air"])


def _form(things: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in _announcement(things).items() if k != "terms"},
            "purpose": things["product:air"].terms.purpose}  # fmt: skip


def _opening(things: dict[str, Any]) -> dict[str, Any]:
    return {"amount_fen": AMOUNT, "salt": things["auction:salt"]}


def _project(things: dict[str, Any]) -> dict[str, Any]:
    products = [things[name].number for name in ("product:air", "product:partner")]
    purpose = things["product:air"].terms.purpose
    return {"title": "示例项目", "purpose": purpose, "need": "示例需求", "products": products}


def _project_form(things: dict[str, Any]) -> dict[str, Any]:
    said = _project(things)
    return {**said, "products": "\n".join(said["products"])}


def _tie(things: dict[str, Any]) -> dict[str, Any]:
    return {
        "party": things["reviewer"].number,
        "other": things["registrar"].number,
        "kind": "agent",
        "ground": "示例依据",
    }


BUNDLE, SIGNING = "<bundle>", "<bundle:signing>"
DOORS: tuple[Door, ...] = (
    read("/desk/inquiries/<case:quoted>?format=csv", "xufang", readers=("gongfang",)),
    *both("/desk/party-ties", "fuhe", _tie, reach=OWN),
    api("GET", "/party-ties", "fuhe", reach=OWN),
    api("POST", "/party-ties", "fuhe", _tie),
    api("POST", "/party-ties/<tie>/end", "fuhe", {"reason": "已转让全部股权"}),
    read("/desk/bundles", "xufang", OWN, readers=("gongfang",)),
    read("/desk/bundles?format=csv", "xufang", OWN),
    *both("/desk/bundles/new", "xufang", _project_form, reach=OWN),
    read(f"/desk/bundles/{BUNDLE}", "xufang", readers=("gongfang",)),
    read(f"/desk/bundles/{SIGNING}", "xufang", readers=("gongfang",)),
    post(f"/desk/bundles/{SIGNING}/sign", "xufang"),
    api("GET", "/bundles", "xufang", reach=OWN),
    api("GET", f"/bundles/{BUNDLE}", "xufang", readers=("gongfang",)),
    api("POST", "/bundles", "xufang", _project, reach=OWN),
    api("POST", f"/bundles/{SIGNING}/signatures", "xufang", {}),
    read("/auctions", reach=OPEN),
    read("/auctions?state=open", reach=OPEN),
    read("/auctions?format=csv", reach=OPEN),
    read(f"/auctions/{OPENED}", reach=OPEN, readers=("xufang", "gongfang")),
    read(f"/auctions/{CLOSED}", reach=OPEN, readers=("xufang",)),
    read(f"/auctions/{CLOSED}/verify", reach=OPEN),
    post(f"/auctions/{OPENED}/register", "xufang", reach=OWN),
    post(f"/auctions/{OPENED}/bid", "xufang", COMMITMENT, reach=OWN),
    post(f"/auctions/{CLOSED}/open", "xufang", lambda things: {"opening": json.dumps(_opening(things))}, reach=OWN),
    read("/desk/auctions", "xufang", OWN),
    read("/desk/auctions?format=csv", "gongfang", OWN),
    read("/desk/agreements/<agreement:fusion>", "gongfang"),
    post("/desk/agreements/<agreement:fusion>/products", "gongfang", {"product": "<product:draft>"}),
    api("POST", "/agreements/<agreement:fusion>/products", "gongfang", {"product": "<product:draft>"}),
    *both(f"/desk/products/{AIR}/auction", "gongfang", _form),
    api("GET", "/auctions", "", reach=OPEN),
    api("GET", f"/auctions/{OPENED}", "", reach=OPEN),
    api("GET", f"/auctions/{CLOSED}/verification", "", reach=OPEN),
    api("GET", f"/auctions/{OPENED}/own", "xufang", reach=OWN),
    api("POST", f"/own-products/{AIR}/auctions", "gongfang", lambda things: {"form": _announcement(things)}),
    api("POST", f"/auctions/{OPENED}/registration", "xufang", reach=OWN),
    api("POST", f"/auctions/{OPENED}/bid", "xufang", COMMITMENT, reach=OWN),
    api("POST", f"/auctions/{CLOSED}/opening", "xufang", _opening, reach=OWN),
)

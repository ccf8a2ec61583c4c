"""Doors of demands, matching, invitations to quote, and the mandates of brokers."""

from __future__ import annotations

from typing import Any

from .base import OPEN, OWN, Door, api, both, post, read
from .market import AIR, ASKING

OPEN_DEMAND, HIDDEN, INVITED = "<demand:open>", "<demand:anonymous>", "<invitation:open>"
ANSWER = {"product": AIR, "message": "可以提供。"}


def _demand(things: dict[str, Any]) -> dict[str, Any]:
    from ..world import demand_form

    return demand_form(title="另一项需求")


def _drawn(things: dict[str, Any]) -> dict[str, Any]:
    return {"form": _demand(things)}


def _uninvited(client: Any) -> None:
    """The open demand's invitation is taken back, so that another may be sent."""
    from shugang.market.demand.inviting import cancel
    from shugang.market.demand.models import QuoteInvitation
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person

    row = QuoteInvitation.objects.filter(case__state="invited", demand__visibility="public").first()
    cancel(actor_for(Person.objects.get(username="xufang"), second_factor=True), row.number)


def _invite(things: dict[str, Any]) -> dict[str, Any]:
    return {"supplier": things["gongfang"].party.number, "message": "请报价。"}


DEMANDS: tuple[Door, ...] = (
    read("/demands", reach=OPEN),
    read("/demands?q=空气&sector=N", reach=OPEN),
    read("/demands?format=csv", reach=OPEN),
    read(f"/demands/{OPEN_DEMAND}", reach=OPEN),
    read(f"/demands/{HIDDEN}", reach=OPEN),
    read("/demands/<demand:answered>", "gongfang"),
    read("/desk/demands", "xufang", OWN),
    read("/desk/demands?format=csv", "xufang", OWN),
    read(f"/desk/demands/{OPEN_DEMAND}", "xufang", readers=("yunying", "jianguan")),
    *both("/desk/demands/new", "xufang", _demand, reach=OWN),
    *both("/desk/demands/<demand:draft>/edit", "xufang", _demand),
    *both(f"/desk/demands/{OPEN_DEMAND}/invite", "xufang", _invite, prepare=_uninvited),
    read("/desk/demands/<demand:answered>/answers", "xufang", readers=("jianguan",)),
    read("/desk/demands/<demand:answered>/answers?format=csv", "xufang"),
    read(f"/desk/demands/{OPEN_DEMAND}/matches", "xufang", readers=("jianguan",)),
    read(f"/desk/demands/{OPEN_DEMAND}/matches?format=csv", "xufang"),
    read("/desk/met-demands", "gongfang", OWN),
    read("/desk/met-demands?format=csv", "gongfang", OWN),
    api("GET", f"/own-demands/{OPEN_DEMAND}/matches", "xufang"),
    api("GET", "/met-demands", "gongfang", reach=OWN),
    read("/desk/mandates/<mandate>/work", "pinggu"),
    *both("/desk/mandates/<mandate>/inquire", "pinggu", {"product": AIR, **ASKING}),
    api("POST", "/mandates/<mandate>/inquiries", "pinggu", {"product": AIR, **ASKING}),
    *both("/desk/demands/new?mandate=<mandate>", "pinggu", _demand),
    read(f"/desk/invitations/{INVITED}?mandate=<mandate:supply>", "pinggu"),
    api("POST", "/own-demands", "pinggu", lambda things: {**_drawn(things), "mandate": things["mandate"].number}),
    read("/desk/invitations", "gongfang", OWN),
    read("/desk/invitations?format=csv", "gongfang", OWN),
    *both(f"/desk/invitations/{INVITED}", "gongfang", ANSWER),
    *both("/desk/invitations/<invitation:anonymous>/cancel", "xufang", {}),
    api("GET", "/demand-form", "", reach=OPEN),
    api("GET", "/demands", "", reach=OPEN),
    api("GET", f"/demands/{HIDDEN}", "", reach=OPEN),
    api("GET", "/own-demands", "xufang", reach=OWN),
    api("GET", f"/own-demands/{HIDDEN}", "xufang", readers=("yunying",)),
    api("POST", "/own-demands", "xufang", _drawn, reach=OWN),
    api("POST", "/own-demands/<demand:draft>/versions", "xufang", _drawn),
    api("POST", "/own-demands/<demand:draft>/publication", "xufang"),
    api("GET", "/own-demands/<demand:answered>/answers", "xufang"),
    api("GET", "/own-demands/<demand:answered>/funnel", "xufang"),
    api("GET", f"/own-products/{AIR}/funnel", "gongfang"),
    api("POST", f"/own-demands/{OPEN_DEMAND}/invitations", "xufang", _invite, prepare=_uninvited),
    api("GET", "/invitations", "gongfang", reach=OWN),
    api("GET", "/invitations/<invitation:anonymous>", "gongfang", readers=("xufang",)),
    api("POST", f"/invitations/{INVITED}/answer", "gongfang", ANSWER),
    api("DELETE", f"/invitations/{INVITED}", "xufang"),
)


RESPONSE, UNNAMED = "<response:offered>", "<response:offered_unnamed>"
RESPONSES: tuple[Door, ...] = (
    *both("/demands/<demand:free>/answer", "gongfang", ANSWER, reach=OWN),
    api("POST", "/demands/<demand:free>/responses", "gongfang", ANSWER, reach=OWN),
    read("/desk/demand-responses", "gongfang", OWN),
    read("/desk/demand-responses?format=csv", "gongfang", OWN),
    read(f"/desk/demand-responses/{RESPONSE}", "gongfang", readers=("xufang",)),
    read(f"/desk/demand-responses/{UNNAMED}", "xufang", readers=("gongfang",)),
    *both(f"/desk/demand-responses/{RESPONSE}/inquire", "xufang", {}),
    *both(f"/desk/demand-responses/{UNNAMED}/inquire", "xufang", {}),
    *both(f"/desk/demand-responses/{RESPONSE}/decline", "xufang", {"reason": "时段不够。"}),
    *both(f"/desk/demand-responses/{RESPONSE}/withdraw", "gongfang", {}),
    api("GET", "/demand-responses", "xufang", reach=OWN),
    api("GET", f"/demand-responses/{RESPONSE}", "xufang", readers=("gongfang",)),
    api("POST", f"/demand-responses/{RESPONSE}/inquiry", "xufang"),
    api("POST", f"/demand-responses/{UNNAMED}/refusal", "xufang", {"reason": "时段不够。"}),
    api("DELETE", f"/demand-responses/{RESPONSE}", "gongfang"),
)


def _mandate(things: dict[str, Any]) -> dict[str, Any]:
    from ..world import mandate_form

    return mandate_form(things, "demand")


MANDATES: tuple[Door, ...] = (
    read("/desk/mandates", "xufang", OWN),
    read("/desk/mandates?format=csv", "xufang", OWN),
    *both("/desk/mandates/new", "xufang", _mandate, reach=OWN),
    read("/desk/mandates/<mandate>", "xufang", readers=("pinggu", "jianguan")),
    post("/desk/mandates/<mandate:draft>/sign", "xufang"),
    *both("/desk/mandates/<mandate>/revoke", "xufang", {"reason": "改由本机构办理。"}),
    api("GET", "/mandates", "xufang", reach=OWN),
    api("GET", "/mandates/<mandate>", "pinggu", readers=("xufang",)),
    api("POST", "/mandates", "xufang", lambda things: {"form": _mandate(things)}, reach=OWN),
    api("POST", "/mandates/<mandate:draft>/signature", "xufang", {}),
    api("DELETE", "/mandates/<mandate>?reason=收回。", "xufang"),
)
DOORS = (*DEMANDS, *RESPONSES, *MANDATES)

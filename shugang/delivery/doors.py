"""The wing's doors in the desk's menu."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add

from . import gates


def _roles(request: HttpRequest) -> frozenset[str]:
    actor = getattr(request, "actor", None)
    return actor.roles if actor is not None and actor.party_id is not None else frozenset()


def _duties(request: HttpRequest) -> frozenset[str]:
    actor = getattr(request, "actor", None)
    return actor.duties if actor is not None else frozenset()


def _supplier(request: HttpRequest) -> bool:
    return "supplier" in _roles(request)


def _trading(request: HttpRequest) -> bool:
    return bool(_roles(request) & {"supplier", "buyer", "reviewer", "regulator"})


def _connecting(request: HttpRequest) -> bool:
    return bool(_roles(request) & {"supplier", "operator"}) and bool(_duties(request) & gates.PLANE_DUTIES)


def _placing(request: HttpRequest) -> bool:
    return _connecting(request) or ("buyer" in _roles(request) and bool(_duties(request) & gates.USE_DUTIES))


def _keeping(request: HttpRequest) -> bool:
    return bool(_roles(request)) and bool(_duties(request) & gates.PLANE_DUTIES)


def _acknowledging(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return _trading(request) or (actor is not None and gates.sees_all_deliveries(actor))


def register() -> None:
    add(MenuItem("desk.supply", Text("数据集", "Data sets"), "datasets", "database", _supplier, order=10))
    add(MenuItem("desk.supply", Text("数据连接", "Connections"), "connectors", "plug-connected", _connecting, order=60))
    add(
        MenuItem(
            "desk.supply", Text("存储与数据库", "Stores and databases"), "connections", "database", _placing, order=65
        )
    )
    add(MenuItem("desk.buy", Text("授权与密钥", "Grants and keys"), "grants", "key", _trading, order=40))
    add(MenuItem("desk.org", Text("推送（Webhook）", "Webhooks"), "webhooks", "send", _keeping, order=50))
    add(MenuItem("desk.buy", Text("用量", "Usage"), "usage", "chart-bar", _trading, order=50))
    add(
        MenuItem(
            "desk.buy", Text("签收", "Acknowledgements"), "acknowledgements", "signature", _acknowledging, order=55
        )
    )

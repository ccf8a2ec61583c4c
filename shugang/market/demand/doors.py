"""The room's doors in the menus, the mandates' and the matches' with them."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.policy.text import Text
from shugang.ui.menu import HEADER, MenuItem
from shugang.ui.menu import register as add


def _acts_as(role: str, request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and actor.party_id is not None and role in actor.roles


def _buys(request: HttpRequest) -> bool:
    return _acts_as("buyer", request)


def _supplies(request: HttpRequest) -> bool:
    return _acts_as("supplier", request)


def _operates(request: HttpRequest) -> bool:
    return _acts_as("operator", request)


def register_all() -> None:
    add(MenuItem(HEADER, Text("数据需求", "Data demands"), "demands", order=2))
    add(MenuItem("desk.buy", Text("我的需求", "My demands"), "own-demands", "bulb", _buys, None, 5))
    add(MenuItem("desk.supply", Text("相符的需求", "Demands met"), "met-demands", "git-compare", _supplies, None, 34))
    add(
        MenuItem(
            "desk.supply", Text("收到的报价邀请", "Invitations to quote"), "invitations", "mail", _supplies, None, 35
        )
    )
    add(
        MenuItem(
            "desk.supply", Text("主动应答", "Uninvited answers"), "demand-responses", "messages", _supplies, None, 36
        )
    )
    add(MenuItem("desk.operate", Text("数据需求", "Demands"), "own-demands", "bulb", _operates, None, 45))

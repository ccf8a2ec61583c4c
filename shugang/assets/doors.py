"""The wing's doors in the layout."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add


def _supplies(request: HttpRequest) -> bool:
    return "supplier" in request.actor.roles  # type: ignore[attr-defined]


def _registers(request: HttpRequest) -> bool:
    return "registrar" in request.actor.roles  # type: ignore[attr-defined]


def register() -> None:
    add(MenuItem("desk.supply", Text("登记资产", "Registered assets"), "assets", "certificate", _supplies, None, 20))
    add(MenuItem("desk.operate", Text("登记业务", "Registrations"), "assets", "certificate", _registers, None, 20))

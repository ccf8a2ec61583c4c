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


def _operates(request: HttpRequest) -> bool:
    return "operator" in request.actor.roles  # type: ignore[attr-defined]


def _serves(request: HttpRequest) -> bool:
    roles = request.actor.roles  # type: ignore[attr-defined]
    return "reviewer" in roles or "operator" in roles


def _acts_for_party(request: HttpRequest) -> bool:
    return request.actor.party_id is not None  # type: ignore[attr-defined]


def _reads(request: HttpRequest) -> bool:
    """Who may have data assessed without holding it: by grant."""
    roles = request.actor.roles  # type: ignore[attr-defined]
    return bool(roles & {"reviewer", "buyer", "regulator"}) and "supplier" not in roles


def _appraises(request: HttpRequest) -> bool:
    return "reviewer" in request.actor.roles  # type: ignore[attr-defined]


def _keeps_books(request: HttpRequest) -> bool:
    return "finance" in request.actor.duties  # type: ignore[attr-defined]


def register() -> None:
    add(MenuItem("desk.supply", Text("登记资产", "Registered assets"), "assets", "certificate", _supplies, None, 20))
    add(MenuItem("desk.operate", Text("登记业务", "Registrations"), "assets", "certificate", _registers, None, 20))
    add(
        MenuItem(
            "desk.supply", Text("凭证采信", "Recognition"), "recognitions", "file-certificate", _supplies, None, 21
        )
    )
    add(
        MenuItem(
            "desk.operate", Text("凭证采信", "Recognition"), "recognitions", "file-certificate", _registers, None, 21
        )
    )
    add(MenuItem("desk.supply", Text("分类分级", "Grading"), "gradings", "category", _supplies, None, 22))
    add(
        MenuItem(
            "desk.supply", Text("安全审查", "Security reviews"), "security-reviews", "shield-check", _supplies, None, 24
        )
    )
    add(
        MenuItem(
            "desk.operate",
            Text("安全审查", "Security reviews"),
            "security-reviews",
            "shield-check",
            _operates,
            None,
            30,
        )
    )
    add(MenuItem("header", Text("第三方服务", "Services"), "services", order=2))
    add(MenuItem("desk.service", Text("服务公开", "Listed services"), "own-services", "briefcase", _serves, None, 10))
    add(
        MenuItem(
            "desk.service", Text("服务委托", "Service orders"), "orders", "clipboard-list", _acts_for_party, None, 20
        )
    )
    add(MenuItem("desk.service", Text("第三方报告", "Reports"), "reports", "report", _acts_for_party, None, 30))
    add(MenuItem("desk.supply", Text("质量评价", "Data quality"), "quality", "gauge", _supplies, None, 25))
    add(MenuItem("desk.buy", Text("质量评价", "Data quality"), "quality", "gauge", _reads, None, 60))
    add(MenuItem("desk.supply", Text("资产评估", "Appraisals"), "appraisals", "report-money", _supplies, None, 22))
    add(MenuItem("desk.service", Text("资产评估", "Appraisals"), "appraisals", "report-money", _appraises, None, 22))
    add(MenuItem("desk.money", Text("入表成本", "Book cost"), "book-sheets", "calculator", _keeps_books, None, 60))

"""The doors of the layout that belong to no single room."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.kernel import peers, queries
from shugang.policy.text import Text
from shugang.ui.menu import FOOTER, HEADER, MenuItem, register


def signed_in(request: HttpRequest) -> bool:
    actor = getattr(request, "actor", None)
    return actor is not None and actor.person_id is not None


def acts_for_party(request: HttpRequest) -> bool:
    return signed_in(request) and request.actor.party_id is not None  # type: ignore[attr-defined]


def _registers(request: HttpRequest) -> bool:
    return acts_for_party(request) and peers.may_register(request.actor)  # type: ignore[attr-defined]


def _todo(request: HttpRequest) -> int:
    return queries.inbox_count(request.actor)  # type: ignore[attr-defined]


def register_all() -> None:
    for order, (label, name) in enumerate(
        (
            (Text("首页", "Home"), "home"),
            (Text("数据产品", "Data products"), "products"),
            (Text("登记与公示", "Register and notices"), "notices"),
            (Text("核验", "Verify"), "verify"),
            (Text("存证日志", "Evidence log"), "log"),
        )
    ):
        register(MenuItem(HEADER, label, name, order=order))
    register(MenuItem(HEADER, Text("工作台", "My desk"), "desk", visible=signed_in, order=50))
    register(MenuItem("desk.home", Text("待办", "To do"), "desk", "inbox", acts_for_party, _todo, 0))
    register(
        MenuItem(
            "desk.home", Text("等待与已办", "Waiting and closed"), "desk-waiting", "hourglass", acts_for_party, None, 1
        )
    )
    register(MenuItem("desk.operate", Text("日志见证", "Witnesses"), "witnesses", "shield-check", _registers, order=80))
    register(MenuItem(FOOTER, Text("存证日志", "Evidence log"), "log", order=1))
    register(MenuItem(FOOTER, Text("开放接口", "API"), "api-page", order=2))
    register(MenuItem(FOOTER, Text("帮助", "Help"), "help", order=3))

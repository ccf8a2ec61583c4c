"""What the room adds to the platform."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.kernel import words as events
from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add

from ..doors import PUBLIC, develops, holds_public_data
from . import words


def _shown(request: HttpRequest) -> bool:
    return holds_public_data(request) or develops(request)


def register() -> None:
    from shugang.delivery.datasets import standing
    from shugang.kernel.periodic import every_pass

    from . import asked, presenting, reactions  # noqa: F401  reactions register themselves

    standing.register(presenting.told)
    every_pass("publicdata.lineage.queries", asked.follow)

    events.register(words.EVENTS)
    add(MenuItem(PUBLIC, Text("数据血缘", "Lineage"), "lineage", "sitemap", _shown, None, 50))

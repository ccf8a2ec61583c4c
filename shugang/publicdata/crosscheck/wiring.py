"""What the room adds to the platform."""

from __future__ import annotations

from shugang.kernel import words
from shugang.kernel.periodic import every_pass
from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add

from ..doors import PUBLIC, holds_public_data


def register() -> None:
    from ..rectification import effects
    from . import ticketing, working

    effects.register("crosscheck", ticketing.recheck)
    every_pass("publicdata.crosschecks", working.advance)
    words.register(
        {
            "crosscheck.declared": Text("声明多源校核", "Cross-check declared"),
            "crosscheck.ordered": Text("开始多源校核", "Cross-check begun"),
            "crosscheck.finished": Text("多源校核完成", "Cross-check finished"),
            "crosscheck.failed": Text("多源校核未完成", "Cross-check failed"),
            "crosscheck.stopped": Text("多源校核停止", "Cross-check stopped"),
        }
    )
    add(MenuItem(PUBLIC, Text("多源校核", "Cross-checks"), "crosschecks", "git-compare", holds_public_data, None, 30))

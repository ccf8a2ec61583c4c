"""What the room adds to the platform."""

from __future__ import annotations

from shugang.kernel import words
from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add

from ..doors import PUBLIC, holds_public_data


def register() -> None:
    from . import process  # noqa: F401  the procedure registers itself

    words.register(
        {
            "source.ended": Text("数源终止", "Source ended"),
            "source.referred": Text("登记引用", "Reference to a source registered"),
            "source.collection_noted": Text("登记采集", "Collection noted"),
        }
    )
    add(
        MenuItem(
            PUBLIC, Text("一数一源", "One source per datum"), "sources-desk", "database", holds_public_data, None, 20
        )
    )

"""What the room adds to the platform."""


def register() -> None:
    from shugang.policy.text import Text
    from shugang.ui.menu import FOOTER, MenuItem
    from shugang.ui.menu import register as add

    from ..doors import PUBLIC, develops, holds_public_data, is_department
    from . import reactions
    from .opening_process import OPENING  # noqa: F401  the procedures register themselves
    from .process import SHARING  # noqa: F401

    reactions.register()
    sharing = Text("共享申请", "Sharing requests")
    add(MenuItem(PUBLIC, sharing, "sharing-requests", "transfer", holds_public_data, None, 40))
    add(MenuItem(PUBLIC, Text("向社会开放", "Opening to the public"), "openings", "world", holds_public_data, None, 45))
    add(MenuItem(PUBLIC, Text("授权与密钥", "Grants and keys"), "grants", "key", is_department, None, 90))
    add(
        MenuItem(
            "desk.buy",
            Text("申请公共数据", "Ask for public data"),
            "sharing-requests",
            "building-bank",
            develops,
            None,
            60,
        )
    )
    add(MenuItem(FOOTER, Text("开放数据", "Open data"), "open-data", order=3))

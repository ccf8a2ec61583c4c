"""What the room adds to the platform."""


def register() -> None:
    from django.http import HttpRequest

    from shugang.policy.text import Text
    from shugang.ui.menu import MenuItem
    from shugang.ui.menu import register as add

    from ..doors import PUBLIC, develops, holds_public_data, roles

    def regulates(request: HttpRequest) -> bool:
        return "regulator" in roles(request)

    label = Text("使用追溯", "Trace of use")
    add(MenuItem(PUBLIC, label, "public-traces", "route", holds_public_data, None, 70))
    add(
        MenuItem(
            "desk.supervise",
            Text("公共数据使用追溯", "Trace of public data"),
            "public-traces",
            "route",
            regulates,
            None,
            65,
        )
    )
    add(
        MenuItem(
            "desk.buy", Text("公共数据使用追溯", "Trace of public data"), "public-traces", "route", develops, None, 62
        )
    )

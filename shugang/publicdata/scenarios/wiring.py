"""What the room adds to the platform."""


def register() -> None:
    from shugang.kernel import words
    from shugang.market.products import told as products
    from shugang.policy.text import Text
    from shugang.ui.menu import FOOTER, MenuItem
    from shugang.ui.menu import register as add

    from ..doors import PUBLIC, develops, holds_public_data, is_data_office
    from . import fusing, told
    from .process import APPROVAL, CALLING, USING  # noqa: F401  the procedures register themselves

    fusing.register()
    products.register("scenario", told.told_of_product, told.rows)

    words.register({
        "scenario.proposed": Text("应征场景", "A scenario was proposed"),
        "scenario.answered": Text("答复应征", "A proposal was answered"),
    })  # fmt: skip
    add(
        MenuItem(
            PUBLIC,
            Text("场景审定", "Approvals of classes"),
            "scenario-classes",
            "checklist",
            holds_public_data,
            None,
            60,
        )
    )
    add(MenuItem(PUBLIC, Text("场景应用", "Applications"), "scenario-uses", "bulb", holds_public_data, None, 62))
    add(
        MenuItem(
            PUBLIC, Text("场景征集", "Calls for scenarios"), "scenario-calls", "speakerphone", is_data_office, None, 64
        )
    )
    add(
        MenuItem(
            PUBLIC, Text("年度报告", "Annual report"), "public-report", "report-analytics", is_data_office, None, 80
        )
    )
    add(
        MenuItem(
            "desk.buy",
            Text("公共数据场景应用", "Applications of public data"),
            "scenario-uses",
            "bulb",
            develops,
            None,
            61,
        )
    )
    add(MenuItem(FOOTER, Text("应用场景", "Scenarios"), "scenario-catalogue", order=4))

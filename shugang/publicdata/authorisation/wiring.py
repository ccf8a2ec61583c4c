"""What the room adds to the platform."""


def register() -> None:
    from shugang.kernel import words
    from shugang.kernel.periodic import every_pass
    from shugang.market.pricing import ceilings
    from shugang.market.products import told as products
    from shugang.policy.text import Text
    from shugang.ui.menu import MenuItem
    from shugang.ui.menu import register as add

    from ..doors import PUBLIC, develops, holds_public_data
    from . import caps
    from .process import BIDDING, OPERATION  # noqa: F401  the procedures register themselves
    from .services import expire_due
    from .told import told_of_product

    words.register({"operation.objected": Text("对授权运营结果提出异议", "An objection to the result of a call")})
    every_pass("publicdata.operations", expire_due)
    products.register("operation", told_of_product, caps.rows)
    ceilings.register("agreed", caps.ceilings, caps.rows, caps.claim)
    label = Text("授权运营", "Authorised operation")
    add(MenuItem(PUBLIC, label, "operations", "rosette-discount-check", holds_public_data, None, 50))
    add(MenuItem("desk.supply", label, "operations", "rosette-discount-check", develops, None, 80))

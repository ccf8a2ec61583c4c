"""What the room adds to the platform."""

from __future__ import annotations

from collections.abc import Mapping

from shugang.delivery.datasets import standing
from shugang.kernel import words
from shugang.kernel.periodic import every_pass
from shugang.market.products import told as products
from shugang.parties.notices import rules as notices
from shugang.policy.text import Text
from shugang.ui.menu import MenuItem
from shugang.ui.menu import register as add

from ..doors import PUBLIC, holds_public_data


def _sides(number: str) -> Mapping[str, int]:
    from .models import Ticket

    row = Ticket.objects.filter(case__number=number).values_list("department_id", "office_id").first()
    return {"department": row[0], "office": row[1]} if row else {}


def register() -> None:
    from . import effects, presenting, process, rechecking, services  # noqa: F401  the procedure registers itself

    effects.register("objection", services.recheck_objection)
    effects.register("quality", rechecking.recheck_quality)
    every_pass("publicdata.rechecks", rechecking.recheck_submitted)
    standing.register(presenting.told, to_users=True)
    products.register("objections", presenting.told_of_product, presenting.objected_rows)
    words.register(
        {
            "objection.filed": Text("提出异议，加异议标注", "Objection filed, mark set"),
            "rectification.seen_again": Text("再次发现同一问题", "Found again"),
            "rectification.escalated": Text("逾期，升级至首席数据官", "Overdue: brought before the chief data officer"),
        }
    )
    notices.register_sides("ticket", _sides)
    chief = notices.Side("ticket", "department", ("chief_data_officer",))
    office = notices.Side("ticket", "office", ("reviewer",))
    overdue = Text(
        "整改单{number}逾期，请首席数据官督办", "Ticket {number} is overdue; the chief data officer is asked to act"
    )
    notices.register(notices.Rule("rectification.escalated", "tasks", overdue, (chief, office), of="ticket"))
    add(MenuItem(PUBLIC, Text("异议与整改", "Rectification"), "rectifications", "flag", holds_public_data, None, 40))

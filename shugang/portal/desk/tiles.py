"""The four figures at the top of the desk; each leads to its rows."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock, queries
from shugang.kernel.actors import Actor
from shugang.kernel.queries import CaseView
from shugang.market.contracts.models import Contract
from shugang.policy.text import Text
from shugang.settlement.bills.models import Bill


def _todo(views: list[CaseView]) -> dict[str, Any]:
    late = sum(1 for v in views if v.days_left is not None and v.days_left < 0)
    today = sum(1 for v in views if v.days_left == 0)
    return {
        "label": Text("需我办理", "For me"),
        "value": len(views),
        "unit": Text("件", ""),
        "detail": Text(f"逾期{late}，今天到期{today}", f"{late} overdue, {today} due today"),
        "url": "/desk",
    }


def for_actor(actor: Actor, views: list[CaseView]) -> list[dict[str, Any]]:
    waiting = queries.waiting(actor)
    contracts = Contract.objects.visible_to(actor).filter(state="active")
    open_bills = Bill.objects.visible_to(actor).exclude(state__in=["settled", "void"])
    due = sum(b.total_fen for b in open_bills if b.number)
    return [
        _todo(views),
        {
            "label": Text("等待对方", "Waiting on others"),
            "value": len(waiting),
            "unit": Text("件", ""),
            "url": "/desk/waiting",
            "detail": "",
        },
        {
            "label": Text("生效合同", "Contracts in force"),
            "value": contracts.count(),
            "unit": Text("份", ""),
            "url": "/desk/contracts",
            "detail": Text(f"截至{clock.today():%m-%d}", f"as of {clock.today():%m-%d}"),
        },
        {
            "label": Text("未结账单", "Open bills"),
            "value": f"¥{due // 100:,}.{due % 100:02d}",
            "unit": "",
            "detail": Text(f"{len(open_bills)}份", f"{len(open_bills)} bills"),
            "url": "/desk/bills",
        },
    ]

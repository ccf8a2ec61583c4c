"""Who may do what in settlement. Platform finance runs it; the buyer decides on his bill; the system keeps time."""

from __future__ import annotations

from shugang.kernel.actors import Actor
from shugang.kernel.errors import forbidden

BUYER_DUTIES = frozenset({"finance", "handler"})


def is_operator_finance(actor: Actor) -> bool:
    return "operator" in actor.roles and "finance" in actor.duties


def require_operator(actor: Actor) -> None:
    """Platform finance or the system itself. Raises Refusal `forbidden`."""
    if is_operator_finance(actor) or "system" in actor.roles:
        return
    raise forbidden(
        "这一步由平台运营方的财务岗位办理，您的岗位不能办理。",
        "This step belongs to the platform operator's finance duty; yours may not take it.",
    )


def may_decide_for(party_id: int, actor: Actor) -> bool:
    return actor.party_id == party_id and bool(actor.duties & BUYER_DUTIES)


def require_buyer(buyer_id: int, actor: Actor) -> None:
    """The buyer's own finance or handler. Raises Refusal `forbidden`."""
    if not may_decide_for(buyer_id, actor):
        raise forbidden(
            "账单由需方的财务或经办确认、提出异议，您的岗位不能办理。",
            "Only the buyer's finance or handler may confirm or dispute a bill.",
        )

"""The bodies of the public side that every room asks for."""

from __future__ import annotations

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.parties.models import Party
from shugang.policy.text import Text


def the_data_office() -> Party:
    """Who keeps the catalogue and decides what departments cannot agree on. Raises Refusal `no_data_office`."""
    found = Party.objects.filter(is_data_office=True, status=Party.Status.ACTIVE).order_by("id").first()
    if found is None:
        raise Refusal(
            "no_data_office",
            Text("平台还没有设立公共数据主管部门，请联系系统管理员。", "No data office is founded yet; please ask the system administrator."),
            409,
        )  # fmt: skip
    return found


def may_handle(actor: Actor) -> bool:
    """Whether he prepares what his department hands in."""
    return actor.party_id is not None and "department" in actor.roles and "handler" in actor.duties


def require_handler(actor: Actor) -> int:
    """The department's party id. Raises Refusal `forbidden`."""
    if not may_handle(actor) or actor.party_id is None:
        raise forbidden(
            "公共数据目录由政务部门的经办编制。请切换到本部门，或联系本部门管理员分配岗位。",
            "Catalogue entries are prepared by a department's handler. Please act for your department, or ask your manager.",
        )
    return actor.party_id

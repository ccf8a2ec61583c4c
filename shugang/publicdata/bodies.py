"""The bodies of the public side that every room asks for."""

from __future__ import annotations

from shugang.kernel.actors import Actor
from shugang.kernel.errors import forbidden, not_found
from shugang.parties.models import Party
from shugang.policy.text import Text


def the_data_office() -> Party:
    """Who keeps the catalogue and decides what departments cannot agree on. Raises Refusal `not_found` before it is founded."""
    party = Party.objects.filter(is_data_office=True, status=Party.Status.ACTIVE).order_by("id").first()
    if party is None:
        raise not_found(
            Text(
                "公共数据主管部门，请先由系统管理员设立",
                "public data office; the system administrator sets it up first",
            )
        )
    return party


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

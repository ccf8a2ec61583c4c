"""Who may do what in delivery: duties at suppliers, buyers and the operator."""

from __future__ import annotations

from shugang.kernel.actors import Actor
from shugang.kernel.errors import forbidden
from shugang.policy.text import Text

# A department holds its public data as a supplier holds his; it leaves by sharing, opening or authorised operation alone.
HOLDERS = frozenset({"supplier", "department"})
SUPPLY_DUTIES = frozenset({"handler", "engineer"})
USE_DUTIES = frozenset({"handler", "engineer", "analyst"})
PLANE_DUTIES = frozenset({"engineer", "manager"})


def is_supplying(actor: Actor) -> bool:
    return actor.party_id is not None and bool(actor.roles & HOLDERS) and bool(actor.duties & SUPPLY_DUTIES)


def require_supply(actor: Actor) -> int:
    """The supplier's party id. Raises Refusal `forbidden`."""
    if not is_supplying(actor) or actor.party_id is None:
        raise forbidden(
            "数据集由供方的经办或工程师办理。请切换到供方机构，或联系本机构管理员分配岗位。",
            "Data sets are kept by a supplier's handler or engineer. Please act for a supplier, or ask your manager.",
        )
    return actor.party_id


def require_use(actor: Actor) -> tuple[int, int]:
    """(party id, person id) of somebody who may hold keys. Raises Refusal `forbidden`."""
    if actor.party_id is None or actor.person_id is None or not actor.duties & USE_DUTIES:
        raise forbidden(
            "密钥由本机构的经办、工程师或分析员领取。请联系本机构管理员分配岗位。",
            "Keys are collected by your handler, engineer or analyst. Please ask your manager for the duty.",
        )
    return actor.party_id, actor.person_id


def may_enrol(actor: Actor, party_id: int | None) -> bool:
    """A supplier enrols his own plane; the operator and the system enrol the platform's (`party_id` None)."""
    if "system" in actor.roles:
        return True
    if not actor.duties & PLANE_DUTIES:
        return False
    if party_id is None:
        return "operator" in actor.roles
    return "supplier" in actor.roles and actor.party_id == party_id


def require_enrol(actor: Actor, party_id: int | None) -> None:
    """Raises Refusal `forbidden`."""
    if not may_enrol(actor, party_id):
        raise forbidden(
            "数据服务节点由供方自己的工程师或管理员接入，平台节点由运营方接入。",
            "A data plane is enrolled by the supplier's own engineer or manager, the platform's by the operator.",
        )


def sees_all_deliveries(actor: Actor) -> bool:
    """Platform finance, who reconciles; as with bills, never the data itself."""
    return "operator" in actor.roles and "finance" in actor.duties


DATASET = Text("这个数据集", "data set")
GRANT = Text("这份授权", "grant")
CREDENTIAL = Text("这个密钥", "key")
PLANE = Text("这个数据服务节点", "data plane")

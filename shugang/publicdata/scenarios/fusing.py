"""Public and private data in one approved project: the grants of both stand and fall together.

The approval of the use is a joint one: it names the contracts of the private side by their digests, and becomes a basis
(`fusion`) of every grant of the project, public or private. Whatever then stops one of them (its class, its operation, its
contract, a certificate, an order) stops all of them in the same transaction; they are released when the last cause is gone.
"""

from __future__ import annotations

from typing import Any

from shugang.delivery.grants.services import add_basis, resume_grant, suspend_grant
from shugang.delivery.models import Grant, GrantBasis
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.market.contracts.models import Contract
from shugang.market.contracts.standing import LABELS
from shugang.policy.text import Text

from ..granting import FUSION
from .models import ScenarioUse


def contracts_of(use: ScenarioUse) -> list[Contract]:
    """The private side, in the order of its locks."""
    rows = Contract.objects.filter(inquiry__bundled__bundle=use.bundle).select_related("grant", "supplier", "product")
    return list(rows.order_by("pk"))


def require_private_side(use: ScenarioUse) -> None:
    """Every contract of the project is in force with its grant, and no other use is fused with it. Raises Refusal
    `bundle_not_in_force`, `bundle_fused`."""
    if use.bundle is None:
        return
    other = (
        ScenarioUse.objects.filter(bundle=use.bundle, case__state__in=("in_use", "suspended"))
        .exclude(pk=use.pk)
        .select_related("case")
        .first()
    )
    if other is not None:
        raise Refusal(
            "bundle_fused",
            Text(f"项目{use.bundle.number}已与{other.number}融合，一个项目只能融合一次。", f"The project {use.bundle.number} is fused with {other.number} already."),
            409,
        )  # fmt: skip
    rows = contracts_of(use)
    off = next((c for c in rows if c.state != "active" or c.grant is None or c.grant.state != "active"), None)
    if rows and off is None:
        return
    state = LABELS[off.state][0] if off else Text("还没有合同", "no contract yet")
    named = off.number if off else use.bundle.number
    raise Refusal(
        "bundle_not_in_force",
        Text(f"融合审定须在私有一侧的合同全部生效之后：{named}现为“{state.zh}”。请待项目{use.bundle.number}签约生效后再批准。",
             f"The joint approval waits until every contract of the private side is in force; {named} is “{state.en}”. Please approve once the project {use.bundle.number} is signed."),
        409,
    )  # fmt: skip


def joint_facts(use: ScenarioUse) -> dict[str, Any]:
    """What the joint approval approves, besides the use itself."""
    if use.bundle is None:
        return {}
    return {"project": use.bundle.number, "contracts": [[c.number, c.sha256] for c in contracts_of(use)]}


def tie(actor: Actor, use: ScenarioUse, digest: str) -> list[str]:
    """Put the private grants on the joint approval too. Returns their numbers."""
    if use.bundle is None:
        return []
    found = [c.grant.number for c in contracts_of(use) if c.grant is not None]
    for number in found:
        add_basis(actor, number, {"kind": FUSION, "reference": use.number, "digest": digest, "valid_until": None})
    return found


def members(number: str) -> list[Grant]:
    return list(Grant.objects.filter(bases__kind=FUSION, bases__reference=number).order_by("id"))


def balance(number: str) -> None:
    """One has fallen: the others are held. None has: what was held for another's sake is released."""
    rows = members(number)
    holds = {g.pk: list(g.holds.filter(lifted_at=None).order_by("id")) for g in rows}
    own = {pk: [h for h in found if h.kind != FUSION] for pk, found in holds.items()}
    fallen = next((g for g in rows if g.state == Grant.State.ENDED or own[g.pk]), None)
    for grant in rows:
        held = any(h.kind == FUSION and h.reference == number for h in holds[grant.pk])
        if grant.state == Grant.State.ENDED or (grant == fallen and not held):
            continue
        if fallen is not None and not own[grant.pk] and not held:
            suspend_grant(SYSTEM, grant.number, _why(fallen, own[fallen.pk]), FUSION, number)
        elif held and (fallen is None or own[grant.pk]):
            resume_grant(SYSTEM, grant.number, FUSION, number)


def _why(fallen: Grant, holds: list[Any]) -> str:
    if fallen.state == Grant.State.ENDED:
        return f"融合项目中的授权{fallen.number}已终止，同项目的授权一并停用。"
    return f"融合项目中的授权{fallen.number}已暂停（{holds[0].reason}），同项目的授权一并停用。"[:400]


def moved(event: Event) -> None:
    if (event.payload.get("hold") or [""])[0] == FUSION:
        return
    grant = event.refs.get(kind="grant").key
    for number in GrantBasis.objects.filter(grant__number=grant, kind=FUSION).values_list("reference", flat=True):
        balance(number)


def register() -> None:
    for kind in ("grant.suspended", "grant.resumed", "grant.hold_lifted", "grant.ended"):
        on(kind)(moved)

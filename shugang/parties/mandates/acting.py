"""Acting under a mandate: the broker's person for the principal's party, inside one verb."""

from __future__ import annotations

from dataclasses import dataclass, field

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found

from .acts import ACTS
from .models import Mandate
from .services import MANDATE


@dataclass(frozen=True)
class MandatedActor:
    """Implements kernel.actors.Actor. `refs` are added to each of its events (kernel.events)."""

    person_id: int | None
    party_id: int | None
    roles: frozenset[str]
    second_factor: bool
    label: str
    mandate: Mandate
    duties: frozenset[str] = frozenset({"handler"})
    posts: frozenset[str] = frozenset()
    refs: tuple[tuple[str, str], ...] = field(default=())


def _refuse(zh: str, en: str) -> Refusal:
    return forbidden(zh, en, "beyond_mandate")


def under(
    actor: Actor, number: str, act: str, *, product: str = "", amount_fen: int | None = None, bounded: bool = False
) -> MandatedActor:
    """The actor for the principal, the mandate's row locked.

    `amount_fen` is what the act may cost; `bounded` says that an act without an amount is refused where the mandate has a limit.
    Raises Refusal `not_found`, `forbidden`, `beyond_mandate`.
    """
    row = (
        Mandate.objects.select_for_update(of=("self",))
        .select_related("principal", "broker")
        .filter(number=number, broker_id=actor.party_id or 0)
        .first()
    )
    if row is None or row.signed_at is None:
        raise not_found(MANDATE)
    if "handler" not in actor.duties or "reviewer" not in actor.roles:
        raise forbidden(
            "受托事项由在营的数据经纪机构的经办办理。", "Mandated acts belong to the handler of an active broker."
        )
    _check(row, act, product, amount_fen, bounded)
    label = f"{actor.label}（受{row.principal.name}委托，{row.number}）"
    return MandatedActor(
        actor.person_id,
        row.principal_id,
        row.principal.roles,
        actor.second_factor,
        label[:200],
        row,
        refs=(("mandate", row.number),),
    )


def _check(row: Mandate, act: str, product: str, amount_fen: int | None, bounded: bool) -> None:
    if not row.in_force:
        word = row.state[1]
        raise _refuse(
            f"委托书{row.number}{word.zh}，不能据以办理。",
            f"Mandate {row.number}: {word.en.lower()}; nobody acts under it.",
        )
    if not row.principal.roles:
        raise _refuse("委托方当前不在营。", "The principal is not active now.")
    if act not in row.acts:
        raise _refuse(f"委托书没有授权“{ACTS[act].zh}”。", f"The mandate does not cover “{ACTS[act].en}”.")
    if product and row.products and product not in row.products:
        raise _refuse(f"委托书没有授权产品{product}。", f"The mandate does not cover product {product}.")
    within(row, amount_fen, bounded)


def within(row: Mandate, amount_fen: int | None, bounded: bool = False) -> None:
    """Raises Refusal `beyond_mandate` where the amount is beyond the limit, or missing where it has to be stated."""
    if row.limit_fen is not None and amount_fen is None and bounded:
        raise _refuse("委托书限定了金额，请写明预算上限。", "The mandate has a limit: please state the budget's end.")
    if row.limit_fen is not None and amount_fen is not None and amount_fen > row.limit_fen:
        said = f"¥{row.limit_fen // 100:,}"
        raise _refuse(f"超出委托书每次{said}的上限。", f"That is beyond the mandate's limit of {said} an act.")


def acts_for(broker_id: int | None, party_id: int) -> list[Mandate]:
    """Mandates in force by which a broker may act for a party."""
    rows = Mandate.objects.filter(
        broker_id=broker_id or 0, principal_id=party_id, signed_at__isnull=False, revoked_at__isnull=True
    )
    return [row for row in rows if row.in_force]

"""What an acceptance hears: its contract coming into force and ending, and the first successful delivery."""

from __future__ import annotations

from shugang.kernel import engine
from shugang.kernel.actors import PlainActor
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..contracts.models import Contract
from .models import Acceptance
from .process import ACCEPTANCE
from .services import open_acceptance, rule_of


def _of(event: Event) -> Acceptance | None:
    ref = event.refs.filter(kind="contract").first()
    return Acceptance.objects.select_related("case").filter(contract__number=ref.key).first() if ref else None


def _fire(row: Acceptance | None, step: str) -> None:
    """Take a system's step if the case stands where it can be taken."""
    if row is None:
        return
    transition = ACCEPTANCE.transition(step)
    state = engine.lock(row.case.number).state
    if transition is not None and state in transition.sources:
        engine.fire(row.case.number, step)


@on("market.contract.sign")
def in_force(event: Event) -> None:
    """The last signature opens the acceptance, in its transaction and by whoever gave it."""
    ref = event.refs.filter(kind="contract").first()
    contract = Contract.objects.select_related("product", "case").filter(number=ref.key if ref else "").first()
    if contract is None or rule_of(contract) == "none":
        return
    signer = PlainActor(
        event.person_id, event.party_id, frozenset(), frozenset({"signer"}), frozenset(), True, event.actor_label
    )
    open_acceptance(signer, contract)


@on("grant.first_used")
def first_use(event: Event) -> None:
    """The meter has seen a delivery. Where the contract says so, it is the acceptance as well."""
    row = _of(event)
    _fire(row, "deliver")
    if row is not None and row.rule == "use":
        _fire(row, "deem")


@on("contract.terminated")
def contract_over(event: Event) -> None:
    _fire(_of(event), "close")

"""What a bundled inquiry or contract may not do alone, and what its end means for the project.

A handler runs in the transaction of the step; a refusal here takes the step back.
"""

from __future__ import annotations

from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.reactions import on
from shugang.policy.text import Text

from .models import BundleMember
from .together import together


def _member(event: Event) -> BundleMember | None:
    """The part of a project that this event of an inquiry or of its contract belongs to."""
    case = event.case
    assert case is not None
    rows = BundleMember.objects.select_related("bundle__case")
    return rows.filter(inquiry__case=case).first() or rows.filter(inquiry__contract__case=case).first()


def _only_together(event: Event) -> None:
    member = _member(event)
    if member is not None and not together():
        number = member.bundle.number
        raise Refusal(
            "only_together",
            Text(f"它属于融合开发项目{number}，由需方在项目页一并办理。",
                 f"It belongs to the project {number}; the buyer does this for all of it on the project's page."),
            409,
        )  # fmt: skip


@on("market.trade.accept")
def accepted(event: Event) -> None:
    _only_together(event)


@on("market.trade.accept_counter")
def accepted_counter(event: Event) -> None:
    _only_together(event)


@on("market.contract.sign")
def signed(event: Event) -> None:
    _only_together(event)


@on("market.contract.sign.vote")
def voted(event: Event) -> None:
    """The suppliers sign one by one; the buyer's signature comes last and under all."""
    if event.payload.get("capacity") == "buyer":
        _only_together(event)


def _over(event: Event) -> None:
    """One part has fallen away: so does the rest, in this transaction."""
    member = _member(event)
    if member is None or together():
        return
    case = Case.objects.get(pk=member.bundle.case_id)
    if case.closed_at is None:
        member.bundle.reason = f"{event.kind} {event.case.number if event.case else ''}"[:400]
        member.bundle.save(update_fields=["reason"])
        engine.fire(case.number, "lapse")


for _kind in ("decline", "withdraw", "expire", "lapse"):
    on(f"market.trade.{_kind}")(_over)
for _kind in ("refuse", "lapse"):
    on(f"market.contract.{_kind}")(_over)

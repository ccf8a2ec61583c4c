"""Guards and effects of rectification's steps, and what re-checks a ticket of each origin."""

from __future__ import annotations

from collections.abc import Callable

from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from .models import Objection, Ticket

# Begins the check of a version; whoever does it ends with `services.settle_recheck`.
Recheck = Callable[[Ticket, int], None]
_rechecks: dict[str, Recheck] = {}


def register(origin: str, recheck: Recheck) -> None:
    _rechecks[origin] = recheck


def recheck_of(origin: str) -> Recheck | None:
    return _rechecks.get(origin)


def ticket_of(ctx: Context) -> Ticket:
    return Ticket.objects.select_for_update(of=("self",)).select_related("dataset").get(case=ctx.case)


def newest(ticket: Ticket) -> int:
    found = (
        DatasetVersion.objects.filter(dataset=ticket.dataset)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    return int(found or 0)


def on_a_new_version(ctx: Context) -> None:
    """Raises Refusal `new_version_needed`: what was found in a version is not put right in that version."""
    ticket = ticket_of(ctx)
    if newest(ticket) <= max(ticket.found_in, ticket.rechecked or 0):
        raise Refusal("new_version_needed", Text(
            f"复核要在新的数据版本上进行。请先为数据集{ticket.dataset.number}上传第{ticket.found_in + 1}版或更新的版本，再提交。",
            f"The re-check needs a new version. Please upload version {ticket.found_in + 1} or later of data set {ticket.dataset.number} first."), 409)  # fmt: skip


def submitted(ctx: Context) -> None:
    ticket = ticket_of(ctx)
    ticket.rechecked, ticket.recheck = newest(ticket), None
    ticket.save(update_fields=["rechecked", "recheck"])
    ctx.outputs["version"] = ticket.rechecked


def rechecked(ctx: Context) -> None:
    """Raises Refusal `not_rechecked`; the state alone is not believed."""
    ticket = ticket_of(ctx)
    if not (ticket.recheck or {}).get("passed"):
        raise Refusal(
            "not_rechecked",
            Text("自动复核没有通过，不能办结。", "Its re-check has not passed, so it cannot be closed."),
            409,
        )


def ended(ctx: Context) -> None:
    ticket, now = ticket_of(ctx), clock.now()
    ticket.open, ticket.closed_at = False, now
    ticket.save(update_fields=["open", "closed_at"])
    Objection.objects.filter(ticket=ticket, ended_at__isnull=True).update(ended_at=now)
    ctx.refs += [("dataset", ticket.dataset.number)]
    ctx.outputs |= {"rule": ticket.rule, "occurrences": ticket.occurrences}

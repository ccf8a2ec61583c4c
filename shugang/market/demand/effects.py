"""What the steps of a demand bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from shugang.kernel import clock, engine
from shugang.kernel.models import CaseClock
from shugang.kernel.procedure import Context

from . import forms
from .guards import demand_of
from .models import Demand, DemandVersion


def _refs(ctx: Context) -> None:
    ctx.refs.append(("demand", ctx.case.number))


def opened(ctx: Context) -> None:
    """The demand of the new case, its first version with it."""
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    said = forms.content(ctx.data)
    demand = Demand.objects.create(
        case=ctx.case, party_id=held["demander"], title=said["title"], sector=said["sector"], purpose=said["purpose"],
        visibility=said["visibility"], content=said, created_at=clock.now(),
        mandate=getattr(ctx.actor, "mandate", None),
    )  # fmt: skip
    _version(ctx, demand)


def _version(ctx: Context, demand: Demand) -> None:
    row = DemandVersion.objects.create(
        demand=demand, version=demand.version, content=demand.content, digest=forms.digest(demand.content),
        person_id=ctx.actor.person_id, made_at=clock.now(),
    )  # fmt: skip
    ctx.outputs |= {"version": row.version, "digest": row.digest}
    _refs(ctx)


def revised(ctx: Context) -> None:
    """The next version; the case's answers follow it, so that its forms begin with them."""
    demand, said = demand_of(ctx), forms.content(ctx.data)
    demand.version += 1
    demand.content, demand.title, demand.sector = said, said["title"], said["sector"]
    demand.purpose, demand.visibility = said["purpose"], said["visibility"]
    demand.save()
    ctx.case.data, ctx.case.title = ctx.data, said["title"]
    ctx.case.save(update_fields=["data", "title"])
    _version(ctx, demand)


def amended(ctx: Context) -> None:
    revised(ctx)
    _bound_life(ctx)


def published(ctx: Context) -> None:
    demand = demand_of(ctx)
    demand.published_at = clock.now()
    demand.save(update_fields=["published_at"])
    ctx.outputs |= {"version": demand.version, "visibility": demand.visibility}
    _bound_life(ctx)
    _refs(ctx)


def _bound_life(ctx: Context) -> None:
    """The demand ends with the day by which the data is needed, where that comes before its full life."""
    needed = ctx.case.data.get("needed_by")
    if not needed:
        return
    end = datetime.combine(date.fromisoformat(needed) + timedelta(days=1), time.min, clock.zone())
    CaseClock.objects.filter(case=ctx.case, name="life", due_at__gt=end).update(due_at=end)


def told(ctx: Context) -> None:
    _refs(ctx)


def ended(ctx: Context) -> None:
    """Invitations that nobody has answered, and answers that came uninvited and wait, end with their demand."""
    demand = demand_of(ctx)
    waiting = [rows.filter(living=True, answered_at__isnull=True) for rows in (demand.invitations, demand.responses)]
    for name, rows in zip(("invitations_ended", "responses_ended"), waiting, strict=True):
        numbers = list(rows.order_by("case_id").values_list("case__number", flat=True))
        for number in numbers:
            engine.fire(number, "end")
        ctx.outputs[name] = len(numbers)
    _refs(ctx)

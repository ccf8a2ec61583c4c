"""What the steps of a registration bring about; each runs in the transaction of its step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from shugang.kernel import clock, workdays
from shugang.kernel.models import Case
from shugang.kernel.procedure import Context

from . import answers, issuing
from .guards import registration_of
from .models import DataAsset, Objection, Registration


def _refs(ctx: Context, registration: Registration) -> None:
    asset = registration.subject
    ctx.refs += [
        ("asset", asset.number),
        ("dataset", asset.dataset_version.dataset.number),
        ("party", asset.party.number),
    ]


def opened(ctx: Context) -> None:
    """The asset was prepared by `services` in the same transaction, which also records what the case registers."""
    number = next((key for kind, key in ctx.refs if kind == "asset"), None)
    if not DataAsset.objects.filter(number=number, party_id=ctx.actor.party_id or 0).exists():
        raise ValueError("a registration is opened by its services only")
    answers.attach_materials(ctx.case, ctx.data, ctx.actor)


def fill(asset: DataAsset, form: Mapping[str, Any]) -> None:
    """The asset and its rights as the form states them."""
    asset.name, asset.summary = form["data_name"], form["summary"]
    asset.industry, asset.division = form["industry"], form["division"]
    asset.source_kind = form["source_kind"]
    asset.save()
    issuing.set_rights(asset, dict(form), None, None)


def corrected(ctx: Context) -> None:
    """The case shows the corrected answers; the earlier ones stay in its events."""
    registration = registration_of(ctx)
    registration.form = ctx.data
    registration.save(update_fields=["form"])
    if registration.asset is not None:
        fill(registration.asset, ctx.data)
    ctx.case.data = ctx.data
    ctx.case.title = ctx.data["data_name"]
    ctx.case.save(update_fields=["data", "title"])
    answers.attach_materials(ctx.case, ctx.data, ctx.actor)
    _refs(ctx, registration)


def accepted(ctx: Context) -> None:
    _accept(ctx, clock.today())


def accepted_by_silence(ctx: Context) -> None:
    """Accepted on the first working day after the acceptance period, whenever the worker got to it."""
    due = ctx.case.clocks.get(name="acceptance").due_at.astimezone(clock.zone()).date()
    day, _ = workdays.calendar().add_working_days(due, 1)
    start = datetime.combine(day, time(0), tzinfo=clock.zone())
    row = ctx.case.clocks.get(name="examination")
    row.started_at = start
    row.due_at, row.provisional = workdays.due(start, row.days, row.unit)
    row.save(update_fields=["started_at", "due_at", "provisional"])
    _accept(ctx, day)


def _accept(ctx: Context, day: date) -> None:
    registration = registration_of(ctx)
    registration.accepted_on = day
    registration.save(update_fields=["accepted_on"])
    ctx.outputs["accepted_on"] = day.isoformat()
    _refs(ctx, registration)


def correction_requested(ctx: Context) -> None:
    registration = registration_of(ctx)
    registration.corrections += 1
    registration.save(update_fields=["corrections"])
    _refs(ctx, registration)


def extended(ctx: Context) -> None:
    """Up to so many working days more, once (审查 may be extended once by at most ten working days)."""
    registration = registration_of(ctx)
    registration.extended = True
    registration.save(update_fields=["extended"])
    assert ctx.case.profile is not None
    more = int(ctx.case.profile.data["clocks"]["extension"])
    row = ctx.case.clocks.get(name="examination")
    row.days += more
    row.due_at, row.provisional = workdays.due(row.due_at, more, row.unit)
    row.save(update_fields=["days", "due_at", "provisional"])
    ctx.outputs["due_at"] = row.due_at.date().isoformat()
    _refs(ctx, registration)


def notice_posted(ctx: Context) -> None:
    registration = registration_of(ctx)
    registration.opinion = ctx.data["opinion"]
    registration.remarks = ctx.data.get("remarks", "")
    registration.withheld = ctx.data["withhold"] and bool(registration.form.get("nonpublication_reason"))
    registration.notice_from = clock.now()
    registration.save(update_fields=["opinion", "remarks", "withheld", "notice_from"])
    _refs(ctx, registration)


def settle_objections(case: Case, state: str, resolution: str) -> None:
    Objection.objects.filter(case=case, state=Objection.State.OPEN).update(
        state=state, resolution=resolution, resolved_at=clock.now()
    )


def dismissed(ctx: Context) -> None:
    settle_objections(ctx.case, Objection.State.DISMISSED, ctx.data["reason"])
    _refs(ctx, registration_of(ctx))


def upheld(ctx: Context) -> None:
    settle_objections(ctx.case, Objection.State.UPHELD, ctx.data["reason"])
    refused(ctx)


def refused(ctx: Context) -> None:
    _end(ctx, DataAsset.State.REFUSED)


def withdrawn(ctx: Context) -> None:
    _end(ctx, DataAsset.State.WITHDRAWN)


def _end(ctx: Context, state: str) -> None:
    registration = registration_of(ctx)
    registration.open = False
    registration.save(update_fields=["open"])
    if registration.asset is not None:
        registration.asset.state = state
        registration.asset.save(update_fields=["state"])
    _refs(ctx, registration)


def deposited(ctx: Context) -> None:
    """存证: the certificate takes effect here, not when its paper is printed."""
    registration = registration_of(ctx)
    registration.open = False
    registration.save(update_fields=["open"])
    certificate = issuing.issue(registration)
    _refs(ctx, registration)
    ctx.refs.append(("certificate", certificate.number))
    ctx.outputs["certificate"] = certificate.number


def certified(ctx: Context) -> None:
    registration = registration_of(ctx)
    certificate = registration.subject.certificates.filter(registration=registration).latest("pk")
    _refs(ctx, registration)
    ctx.refs.append(("certificate", certificate.number))
    ctx.outputs["pdf_sha256"] = certificate.pdf_sha256

"""What the steps of sharing bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import datetime, timedelta

from shugang.delivery.grants.services import end_by_basis, resume_by_basis, suspend_by_basis
from shugang.kernel import clock
from shugang.kernel.procedure import Context

from .. import granting
from ..catalogue.models import PublicResource
from .guards import condition_of, request_of, way_of
from .models import SharingRequest


def opened(ctx: Context) -> None:
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    said = ctx.data
    resource = PublicResource.objects.get(number=said["resource"])
    kind = "sharing" if held["applicant"] in _departments(held["applicant"]) else "opening"
    row = SharingRequest.objects.create(
        case=ctx.case, kind=kind, resource=resource, applicant_id=held["applicant"], provider_id=held["provider"],
        items=granting.split_names(said.get("items", "")), purpose=said["purpose"], task=said["task"], mode=said["mode"],
        key=said.get("key", ""), asked_at=clock.now(),
    )  # fmt: skip
    ctx.refs += row.event_refs()


def _departments(party: int) -> set[int]:
    from shugang.parties.models import Party

    return set(Party.objects.filter(pk=party, is_department=True).values_list("pk", flat=True))


def told(ctx: Context) -> None:
    ctx.refs += request_of(ctx).event_refs()


def revised(ctx: Context) -> None:
    """The case's answers follow the corrected ones: clocks and grant read them."""
    row, said = request_of(ctx), ctx.data
    row.items, row.purpose, row.task = granting.split_names(said.get("items", "")), said["purpose"], said["task"]
    row.mode, row.key = said["mode"], said.get("key", "")
    row.save()
    ctx.case.data = said
    ctx.case.save(update_fields=["data"])
    ctx.refs += row.event_refs()


def agreed(ctx: Context) -> None:
    row = request_of(ctx)
    row.condition, row.min_group = ctx.data.get("condition", ""), ctx.data.get("min_group")
    row.save(update_fields=["condition", "min_group"])
    ctx.refs += row.event_refs()


def refusing(ctx: Context) -> None:
    row = request_of(ctx)
    row.refusal = {"rule": ctx.data["rule"], "reason": ctx.data["reason"]}
    row.save(update_fields=["refusal"])
    ctx.refs += row.event_refs()


def refused(ctx: Context) -> None:
    """The signature stands with the refusal; `ctx.data` was completed by the guard."""
    row = request_of(ctx)
    row.refusal = {**(row.refusal or {}), "sha256": ctx.data["sha256"], "signature": ctx.data["signature"]}
    row.save(update_fields=["refusal"])
    ctx.refs += row.event_refs()


def ends_at(row: SharingRequest) -> datetime:
    return clock.now() + timedelta(days=int(row.case.data["days"]))


def granted(ctx: Context) -> None:
    """A real grant on the plane, for the stated purpose alone, resting on this decision."""
    row = request_of(ctx)
    way, until = way_of(row), ends_at(row)
    decision = {
        "request": row.number, "resource": row.resource.number, "items": row.items, "purpose": row.purpose, "task": row.task,
        "applicant": row.applicant.number, "condition": row.condition, "type": condition_of(row),
    }  # fmt: skip
    rules = ctx.case.profile.data if ctx.case.profile else {}
    row.grant = granting.issue(
        ctx.actor, resource=row.resource, grantee=row.applicant, mode=row.mode, names=row.items, way=way, purpose=row.purpose,
        until=until, key=row.key, min_group=row.min_group, reviewed=bool(rules[f"{way}_needs_security_review"]),
        notes="；".join(filter(None, (f"{row.number} {row.task}", row.condition)))[:400],
        bases=[{"kind": way, "reference": row.number, "digest": granting.digest_of(decision), "valid_until": until}],
    )  # fmt: skip
    row.save(update_fields=["grant"])
    ctx.outputs["grant"] = row.grant.number
    ctx.refs += row.event_refs()


def suspended(ctx: Context) -> None:
    row = request_of(ctx)
    ctx.outputs["grants"] = suspend_by_basis(ctx.actor, way_of(row), row.number, str(ctx.data["reason"]))
    ctx.refs += row.event_refs()


def resumed(ctx: Context) -> None:
    row = request_of(ctx)
    ctx.outputs["grants"] = resume_by_basis(ctx.actor, way_of(row), row.number)
    ctx.refs += row.event_refs()


def _end(ctx: Context, reason: str) -> SharingRequest:
    row = request_of(ctx)
    ctx.outputs["grants"] = end_by_basis(ctx.actor, way_of(row), row.number, reason)
    ctx.refs += row.event_refs()
    return row


def stopped(ctx: Context) -> None:
    _end(ctx, str(ctx.data["reason"]))


def expired(ctx: Context) -> None:
    _end(ctx, "expired")


def finished(ctx: Context) -> None:
    row = _end(ctx, "finished")
    row.result = ctx.data["result"]
    row.save(update_fields=["result"])

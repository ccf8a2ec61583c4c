"""What opening brings about: a grant of the public as a whole, and its end."""

from __future__ import annotations

from datetime import timedelta

from shugang.delivery.grants.services import end_by_basis, end_grant, resume_by_basis, suspend_by_basis
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.policy.text import Text

from .. import granting
from ..catalogue.models import PublicResource
from .guards import _for_party
from .models import Opening
from .public import the_public

PURPOSE = "open_use"


def opening_of(ctx: Context) -> Opening:
    return Opening.objects.select_related("case", "resource__department", "resource__dataset", "grant").get(
        case=ctx.case
    )


def proposed(ctx: Context) -> None:
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    row = Opening.objects.create(
        case=ctx.case, resource=PublicResource.objects.get(number=ctx.data["resource"]), department_id=held["department"],
        items=granting.split_names(ctx.data.get("items", "")), licence=ctx.data["licence"], attribution=ctx.data["attribution"],
    )  # fmt: skip
    ctx.refs += row.event_refs()


def decision(row: Opening) -> dict[str, object]:
    return {"opening": row.number, "resource": row.resource.number, "items": row.items, "licence": row.licence,
            "attribution": row.attribution}  # fmt: skip


def sign(ctx: Context) -> None:
    row = opening_of(ctx)
    digest = granting.digest_of(decision(row))
    made = sign_digest(_for_party(ctx.actor), digest, f"opening:{row.number}", ctx.data.pop("own_signature", ""))
    ctx.data |= {"sha256": digest, "signature": made}


def told(ctx: Context) -> None:
    ctx.refs += opening_of(ctx).event_refs()


def opened(ctx: Context) -> None:
    row = opening_of(ctx)
    _issue(ctx, row)
    row.opened_at = clock.now()
    row.save(update_fields=["grant", "opened_at"])
    ctx.refs += row.event_refs()


def _issue(ctx: Context, row: Opening) -> None:
    rules = ctx.case.profile.data if ctx.case.profile else {}
    granting.require_published(row.resource)
    started = row.opened_at or clock.now()
    until = started + timedelta(days=int(rules["clocks"]["open_term"]))
    row.grant = granting.issue(
        ctx.actor, resource=row.resource, grantee=the_public(), mode="file", names=row.items, way="opening", purpose=PURPOSE,
        until=until, reviewed=bool(rules["opening_needs_security_review"]), attribution=row.attribution, notes=row.licence,
        bases=[{"kind": "opening", "reference": row.number, "digest": granting.digest_of(decision(row)), "valid_until": until}],
    )  # fmt: skip
    ctx.outputs["grant"] = row.grant.number


def refreshed(ctx: Context) -> None:
    """The grant's terms never change: a newer version of the data is a new grant, and the old one ends."""
    row = opening_of(ctx)
    former = row.grant
    version = granting.require_head(row.resource)
    assert former is not None
    if former.source["version"] == version.version and former.source["dataset"] == version.dataset.number:
        raise Refusal("newest_already", Text("开放的已经是最新版本。", "The newest version is open already."), 409)
    _issue(ctx, row)
    row.save(update_fields=["grant"])
    end_grant(ctx.actor, former.number, "newer version")
    ctx.refs += row.event_refs()


def suspended(ctx: Context) -> None:
    row = opening_of(ctx)
    ctx.outputs["grants"] = suspend_by_basis(ctx.actor, "opening", row.number, str(ctx.data["reason"]))
    ctx.refs += row.event_refs()


def resumed(ctx: Context) -> None:
    row = opening_of(ctx)
    ctx.outputs["grants"] = resume_by_basis(ctx.actor, "opening", row.number)
    ctx.refs += row.event_refs()


def ended(ctx: Context) -> None:
    row = opening_of(ctx)
    row.living = False
    row.save(update_fields=["living"])
    ctx.outputs["grants"] = end_by_basis(ctx.actor, "opening", row.number, str(ctx.data.get("reason", "expired")))
    ctx.refs += row.event_refs()

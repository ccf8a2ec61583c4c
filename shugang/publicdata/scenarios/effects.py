"""What the steps of scenarios bring about; each runs in the transaction of its step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shugang.delivery.grants.services import end_by_basis, resume_by_basis, suspend_by_basis
from shugang.kernel import clock
from shugang.kernel.procedure import Context
from shugang.market.bundles.models import DealBundle
from shugang.market.products.models import DataProduct

from .. import granting
from ..authorisation.effects import last_moment
from ..granting import SCENARIO, SCENARIO_CLASS
from . import fusing
from .forms import read_fields
from .guards import approval_of, decision, operation_for, use_of
from .models import ClassApproval, ScenarioCall, ScenarioUse


def call_published(ctx: Context) -> None:
    held = dict(ctx.case.parties.values_list("capacity", "party_id"))
    ScenarioCall.objects.create(
        case=ctx.case, office_id=held["office"], scenario_class=ctx.data["scenario_class"], needs=ctx.data["needs"], published_at=clock.now()
    )  # fmt: skip


def class_proposed(ctx: Context) -> None:
    held, said = dict(ctx.case.parties.values_list("capacity", "party_id")), ctx.data
    rows, fields = read_fields(said["resources"])
    row = ClassApproval.objects.create(
        case=ctx.case, office_id=held["office"], scenario_class=said["scenario_class"], uses=said["uses"], fields=fields,
        subjects=said["subjects"], purpose=said["purpose"], mode=said["mode"], key=said.get("key", ""), most_days=said["most_days"],
        min_group=said.get("min_group"), operation=operation_for(said.get("operation", ""), set(fields)),
    )  # fmt: skip
    row.resources.set(rows)
    ctx.refs += row.event_refs()


def told(ctx: Context) -> None:
    ctx.refs += approval_of(ctx).event_refs()


def approved(ctx: Context) -> None:
    row = approval_of(ctx)
    row.digest, row.approved_at = granting.digest_of(decision(row)), clock.now()
    row.save(update_fields=["digest", "approved_at"])
    ctx.outputs["digest"] = row.digest
    ctx.refs += row.event_refs()


def class_suspended(ctx: Context) -> None:
    row = approval_of(ctx)
    ctx.outputs["grants"] = suspend_by_basis(ctx.actor, SCENARIO_CLASS, row.number, str(ctx.data["reason"]))
    ctx.refs += row.event_refs()


def class_resumed(ctx: Context) -> None:
    row = approval_of(ctx)
    ctx.outputs["grants"] = resume_by_basis(ctx.actor, SCENARIO_CLASS, row.number)
    ctx.refs += row.event_refs()


def class_revoked(ctx: Context) -> None:
    """A revoked class holds its grants for good: suspended with their reason, so that their holders read why; a use that
    finds another class is granted anew."""
    row = approval_of(ctx)
    reason = str(ctx.data.get("reason", "审定到期"))
    ctx.outputs["grants"] = suspend_by_basis(ctx.actor, SCENARIO_CLASS, row.number, f"场景审定已撤销：{reason}"[:400])
    ctx.refs += row.event_refs()


def use_asked(ctx: Context) -> None:
    held, said = dict(ctx.case.parties.values_list("capacity", "party_id")), ctx.data
    approval = ClassApproval.objects.select_related("case").get(case__number=said["approval"])
    fields = read_fields(said["resources"])[1] if said.get("resources") else approval.fields
    bundle = DealBundle.objects.filter(case__number=said.get("bundle", ""), buyer_id=held["applicant"]).first()
    row = ScenarioUse.objects.create(
        case=ctx.case, approval=approval, applicant_id=held["applicant"], scenario_class=said["scenario_class"], text=said["text"],
        fields=fields, days=said["days"], bundle=bundle, asked_at=clock.now(),
    )  # fmt: skip
    ctx.refs += row.event_refs()


def use_told(ctx: Context) -> None:
    ctx.refs += use_of(ctx).event_refs()


def use_granted(ctx: Context) -> None:
    """A grant of its own for each resource, resting on the use, the class, and the operation where there is one."""
    use = use_of(ctx)
    approval = use.approval
    until = clock.now() + timedelta(days=use.days)
    facts = {
        "use": use.number,
        "class": approval.number,
        "applicant": use.applicant.number,
        "fields": use.fields,
        "days": use.days,
    }
    bases: list[dict[str, Any]] = [
        {"kind": SCENARIO, "reference": use.number, "digest": granting.digest_of(facts), "valid_until": until},
        {"kind": SCENARIO_CLASS, "reference": approval.number, "digest": approval.digest, "valid_until": None},
    ]
    if approval.operation is not None:
        bases.append({"kind": granting.OPERATION, "reference": approval.operation.number, "digest": approval.operation.sha256,
                      "valid_until": last_moment(approval.operation)})  # fmt: skip
    joint = fusing.joint_facts(use)
    digest = granting.digest_of({**facts, **joint})
    if joint:
        bases.append({"kind": granting.FUSION, "reference": use.number, "digest": digest, "valid_until": until})
    rules = ctx.case.profile.data if ctx.case.profile else {}
    made = []
    for resource in (
        approval.resources.filter(number__in=use.fields).select_related("department", "dataset").order_by("id")
    ):
        grant = granting.issue(
            ctx.actor, resource=resource, grantee=use.applicant, mode=approval.mode, names=use.fields[resource.number], way="sharing",
            purpose=approval.purpose, until=until, bases=bases, key=approval.key, min_group=approval.min_group,
            reviewed=bool(rules["needs_security_review"]), environment="isolated" if approval.operation else None, notes=use.number,
        )  # fmt: skip
        made.append(grant.number)
    ctx.outputs["grants"] = made
    if joint:
        made = [*made, *fusing.tie(ctx.actor, use, digest)]
        ctx.outputs |= {"joint": joint, "joint_digest": digest}
        ctx.refs += [("bundle", joint["project"]), *(("contract", number) for number, _ in joint["contracts"])]
    ctx.refs += [*use.event_refs(), *(("grant", g) for g in made)]


def use_listed(ctx: Context) -> None:
    use = use_of(ctx)
    use.product = DataProduct.objects.get(number=ctx.data["product"])
    use.save(update_fields=["product"])
    ctx.refs += [*use.event_refs(), ("product", use.product.number)]


def use_suspended(ctx: Context) -> None:
    use = use_of(ctx)
    ctx.outputs["grants"] = suspend_by_basis(ctx.actor, SCENARIO, use.number, str(ctx.data["reason"]))
    ctx.refs += use.event_refs()


def use_resumed(ctx: Context) -> None:
    use = use_of(ctx)
    ctx.outputs["grants"] = resume_by_basis(ctx.actor, SCENARIO, use.number)
    ctx.refs += use.event_refs()


def use_ended(ctx: Context) -> None:
    use = use_of(ctx)
    ctx.outputs["grants"] = end_by_basis(ctx.actor, SCENARIO, use.number, str(ctx.data.get("reason", "expired")))
    ctx.refs += use.event_refs()


def use_finished(ctx: Context) -> None:
    use_ended(ctx)
    use = use_of(ctx)
    use.result = ctx.data["result"]
    use.save(update_fields=["result"])

"""What a step of sharing asks beyond duty and state."""

from __future__ import annotations

from typing import Any

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import RuleProfile
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import sign_digest
from shugang.parties.models import Party
from shugang.policy.text import Text

from .. import granting
from ..catalogue.models import PublicResource
from ..granting import wrong
from .models import SharingRequest

DUTIES_OF_OFFICE = ("public_duty", "public_service", "supervision")


def request_of(ctx: Context) -> SharingRequest:
    return SharingRequest.objects.select_related("case", "resource", "applicant", "provider", "grant").get(
        case=ctx.case
    )


def way_of(request: SharingRequest) -> str:
    return str(request.kind)


def condition_of(request: SharingRequest) -> str:
    """What the catalogue says of the resource, or the strictest of the items that are asked for."""
    way = way_of(request)
    asked = granting.items_of(request.resource, request.items, way)
    said = {getattr(item, way) or getattr(request.resource, way) for item in asked}
    return "conditional" if "conditional" in said else "unconditional"


def check_request(resource: PublicResource, kind: str, data: dict[str, Any], rules: RuleProfile | None) -> list[str]:
    """The item names of a sound request. Raises Refusal."""
    granting.require_published(resource)
    if getattr(resource, kind) == "refused":
        zh, en = ("共享", "shared") if kind == "sharing" else ("开放", "opened")
        raise Refusal(
            "refused_type",
            Text(f"目录规定“{resource.name}”不予{zh}，不能申请。对目录的规定有不同意见的，请向提供部门或公共数据主管部门提出。",
                 f"By the catalogue “{resource.name}” is not {en}. Please take it up with the department or the data office."),
            409,
        )  # fmt: skip
    names = granting.split_names(str(data.get("items", "")))
    granting.items_of(resource, names, kind)
    if kind == "sharing" and data["purpose"] not in DUTIES_OF_OFFICE:
        raise wrong("purpose", "部门之间共享只能用于依法履职、公共服务或监督检查。",
                    "Between departments data is shared for public duty, public service or supervision only.")  # fmt: skip
    most = int(rules.data["most_days"]) if rules else 1095
    if int(data["days"]) > most:
        raise wrong("days", f"使用期限最长{most}天，期满可再申请。", f"At most {most} days; ask again after that.")
    if data["mode"] == "api":
        if not data.get("key"):
            raise wrong("key", "接口查询须写明按哪个信息项查询。", "An interface needs the item that it is asked by.")
        granting.items_of(resource, [data["key"]], kind)
    return names


def consistent(ctx: Context) -> None:
    request = request_of(ctx)
    if ctx.data["resource"] != request.resource.number:
        raise wrong("resource", "补正时不能换目录，请另行申请。", "Another resource needs another request.")
    check_request(request.resource, way_of(request), ctx.data, ctx.case.profile)


def _state(ctx: Context, condition: str, supplied: bool) -> None:
    request = request_of(ctx)
    granting.require_published(request.resource)
    found, there = condition_of(request), granting.head(request.resource) is not None
    if found != condition:
        zh, en = (("无条件共享", "unconditional"), ("有条件共享", "conditional"))[found == "conditional"]
        raise Refusal(
            "other_way", Text(f"所申请的信息项属于{zh}，请按相应方式办理。", f"What is asked for is {en}; please take that way."), 409
        )  # fmt: skip
    if there != supplied:
        raise Refusal(
            "other_way",
            Text("这项目录已经挂接数据，请直接办理。", "The data is there; please take the direct step.")
            if there
            else Text("这项目录还没有挂接托管的数据，请选“尚未挂接数据”的办理方式。", "No hosted data is there yet; please take that way."),
            409,
        )  # fmt: skip


def unconditional_and_supplied(ctx: Context) -> None:
    _state(ctx, "unconditional", True)


def unconditional_not_supplied(ctx: Context) -> None:
    _state(ctx, "unconditional", False)


def conditional_and_supplied(ctx: Context) -> None:
    _state(ctx, "conditional", True)


def conditional_not_supplied(ctx: Context) -> None:
    _state(ctx, "conditional", False)


def supplied(ctx: Context) -> None:
    request = request_of(ctx)
    granting.require_published(request.resource)
    granting.require_head(request.resource)


def aggregates_by_query(ctx: Context) -> None:
    if ctx.data.get("min_group") and request_of(ctx).mode != "sql":
        raise wrong("min_group", "只给统计结果只适用于自助查询。", "Aggregates only goes with own queries.")


def sign(ctx: Context) -> None:
    """The chief data officer signs the digest of the refusal. Raises Refusal."""
    request = request_of(ctx)
    said = dict(request.refusal or {})
    digest = granting.digest_of({"request": request.number, "rule": said["rule"], "reason": said["reason"]})
    made = sign_digest(
        _for_party(ctx.actor), digest, f"sharing-refusal:{request.number}", ctx.data.pop("own_signature", "")
    )
    ctx.data |= {"sha256": digest, "signature": made}


def _for_party(actor: Actor) -> Actor:
    """The chief data officer signs for the department what his office is to sign, with or without the signer's duty."""
    from shugang.kernel.actors import PlainActor

    return PlainActor(
        actor.person_id, actor.party_id, actor.roles, actor.duties | {"signer"}, actor.posts, actor.second_factor, actor.label
    )  # fmt: skip


def may_ask(party: Party) -> str:
    """The kind of request that a party makes. Raises Refusal `forbidden`."""
    if "department" in party.roles:
        return "sharing"
    if party.roles & {"buyer", "supplier"}:
        return "opening"
    raise Refusal(
        "forbidden",
        Text("政务部门申请共享，入驻的供需双方申请有条件开放的数据。", "Departments ask for sharing, admitted parties for what is opened on conditions."),
        403,
    )  # fmt: skip

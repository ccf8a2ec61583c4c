"""The verbs of one source: claim, end, refer, ask to collect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..bodies import may_handle, the_data_office
from ..catalogue.models import InformationItem
from . import rules
from .models import REGION, CollectionRequest, SourceClaim, SourceOfTruth, SourceReference
from .process import CLAIM, DESIGNATION

SOURCE = Text("这个数源", "source")
_ELEMENT, _REGION = re.compile(r"[A-Za-z0-9._-]{2,20}"), re.compile(r"[0-9]{6,12}")


def require_department(actor: Actor) -> int:
    """The acting department's id. Raises Refusal `forbidden`."""
    if not may_handle(actor) or actor.party_id is None:
        raise forbidden("这一步由部门的经办人办理。", "This is for a department's handler.")
    return actor.party_id


def _wrong(field: str, zh: str, en: str) -> Refusal:
    return Refusal("invalid_form", Text(zh, en), 422, {field: Text(zh, en)})


def checked(element: str, region: str) -> tuple[str, str]:
    """Raises Refusal `invalid_form`."""
    element, region = element.strip(), region.strip() or REGION
    if not _ELEMENT.fullmatch(element):
        raise _wrong(
            "element",
            "数据元代码为2至20位字母、数字、点、下划线或短横。",
            "An element's code has 2 to 20 letters, digits, dots, _ or -.",
        )
    if not _REGION.fullmatch(region):
        raise _wrong("region", "行政区划代码为6至12位数字。", "A region's code has 6 to 12 digits.")
    return element, region


@verb
def claim_source(actor: Actor, form: Mapping[str, Any]) -> Case:
    """Claim to be the source of an element. Raises Refusal `forbidden`, `invalid_form`, `one_source`, `period_overlaps`,
    `competing_claim`."""
    party = require_department(actor)
    data = clean(CLAIM, form)
    data["element"], data["region"] = checked(data["element"], data["region"])
    since = date.fromisoformat(data["valid_from"])
    rules.free(data["element"], data["region"], since)
    rules.unclaimed(data["element"], data["region"])
    office = the_data_office()
    case = engine.open_case(
        DESIGNATION.code, actor, [("claimant", party), ("data_office", office.pk)], f"{data['name']} {data['region']}", data,
        refs=[("element", data["element"])],
    )  # fmt: skip
    SourceClaim.objects.create(
        case=case,
        department_id=party,
        office=office,
        element=data["element"],
        name=data["name"],
        region=data["region"],
        valid_from=since,
    )
    return case


@verb
def end_source(actor: Actor, element: str, region: str, on: date, reason: str) -> SourceOfTruth:
    """The data office ends a source's lead on a day; what it answered for before stays on record.

    Raises Refusal `forbidden`, `not_found`, `invalid_form`.
    """
    if "data_office" not in actor.roles or "reviewer" not in actor.duties:
        raise forbidden("终止源头由数据主管部门的审核人办理。", "Ending a source is for the data office's reviewer.")
    row = (
        SourceOfTruth.objects.select_for_update(of=("self",))
        .filter(element=element, region=region, valid_until__isnull=True)
        .first()
    )
    if row is None:
        raise not_found(SOURCE)
    reason = reason.strip()
    if not 1 <= len(reason) <= 400:
        raise _wrong("reason", "请写明终止理由，400字以内。", "Please give the reason in at most 400 characters.")
    if on < row.valid_from:
        raise _wrong(
            "on", f"终止日期不能早于起始日期{row.valid_from}。", f"The end cannot lie before {row.valid_from}."
        )
    row.valid_until, row.ended_because = on, reason
    row.save()
    emit("source.ended", actor, [("element", element), ("party", row.department.number), ("case", row.case.number)],
         {"element": element, "region": region, "until": on.isoformat(), "reason": reason})  # fmt: skip
    return row


@verb
def register_reference(actor: Actor, element: str, region: str, purpose: str) -> SourceReference:
    """Say that one's datum comes from the source. Raises Refusal `forbidden`, `not_found`, `is_the_source`, `already_refers`."""
    party = require_department(actor)
    source = rules.standing(*checked(element, region))
    if source is None:
        raise not_found(SOURCE)
    if source.department_id == party:
        raise Refusal("is_the_source", Text("贵部门就是源头，不必引用。", "Your department is the source itself."), 409)
    if SourceReference.objects.filter(source=source, department_id=party).exists():
        raise Refusal("already_refers", Text("已登记过引用。", "The reference is registered already."), 409)
    purpose = purpose.strip()
    if not 1 <= len(purpose) <= 400:
        raise _wrong(
            "purpose",
            "请写明用途，400字以内；取得的数据不得超出用途使用。",
            "Please say what for, in at most 400 characters; the data may be used for nothing else.",
        )
    made = SourceReference.objects.create(
        source=source, department_id=party, purpose=purpose, registered_at=clock.now()
    )
    emit(
        "source.referred", actor, [("element", source.element), ("party", made.department.number)], {"purpose": purpose}
    )
    return made


@verb
def request_collection(actor: Actor, element: str, region: str, reason: str) -> CollectionRequest:
    """Ask to collect a datum oneself. What can be had by sharing is not collected again.

    Raises Refusal `forbidden`, `invalid_form`, `is_the_source`, `shared_already` with the source named.
    """
    party = require_department(actor)
    element, region = checked(element, region)
    reason = reason.strip()
    if not 1 <= len(reason) <= 400:
        raise _wrong("reason", "请写明采集理由，400字以内。", "Please give the reason in at most 400 characters.")
    source = rules.standing(element, region)
    if source is not None and source.department_id == party:
        raise Refusal(
            "is_the_source",
            Text("贵部门就是源头，采集是本职，不必申请。", "Your department is the source; collecting is its duty."),
            409,
        )
    if source is not None and shared(source):
        raise Refusal("shared_already", Text(
            f"可共享的数据不重复采集：“{source.name}”由{source.department.name}负责并可共享，请向其申请共享（目录数据元{element}）。",
            f"What can be shared is not collected again: {source.department.name} answers for “{source.name}” and shares it. Please ask them for it "
            f"(catalogue element {element})."), 409)  # fmt: skip
    ground = CollectionRequest.Ground.NOT_SHARED if source else CollectionRequest.Ground.NO_SOURCE
    made = CollectionRequest.objects.create(
        number=yearly_number("CJ", clock.today().year),
        department_id=party,
        element=element,
        region=region,
        reason=reason,
        ground=ground,
        at=clock.now(),
    )
    emit(
        "source.collection_noted",
        actor,
        [("element", element), ("party", made.department.number)],
        {"ground": ground, "reason": reason},
    )
    return made


def shared(source: SourceOfTruth) -> bool:
    """Whether the source shares it: a published item of its element that is not refused, or none that says otherwise."""
    items = InformationItem.objects.filter(
        element=source.element, resource__department=source.department, resource__state="published"
    )
    said = [i.sharing or i.resource.sharing for i in items.select_related("resource")]
    return not said or any(s != "refused" for s in said)

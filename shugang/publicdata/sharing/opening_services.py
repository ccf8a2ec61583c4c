"""Proposing to open a resource; the steps are taken through the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.forms import clean
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from .. import granting
from ..bodies import the_data_office
from ..catalogue.models import PublicResource
from .forms import OPEN
from .models import Opening
from .opening_process import OPENING
from .services import listed


@verb
def propose(actor: Actor, form: Mapping[str, Any]) -> Opening:
    """By the department whose resource it is. Raises Refusal `forbidden`, `invalid_form`, `resource_not_published`,
    `not_open`, `open_already`."""
    if "department" not in actor.roles:
        raise forbidden("只有政务部门可以提出开放自己的数据。", "Only a department may open its data.")
    data = clean(OPEN, listed(form))
    resource = (
        PublicResource.objects.select_for_update()
        .filter(number=data["resource"], department_id=actor.party_id or 0)
        .first()
    )
    if resource is None:
        raise granting.wrong("resource", "本部门没有这项目录，请核对编号。", "Your department has no such resource.")
    granting.require_published(resource)
    if resource.opening != "unconditional":
        raise Refusal(
            "not_open",
            Text("目录没有规定这项数据无条件开放。有条件开放的由使用人申请；需要改变的先变更目录。",
                 "By the catalogue this is not open to all. On conditions users apply for it; otherwise change the catalogue first."),
            409,
        )  # fmt: skip
    granting.items_of(resource, granting.split_names(data.get("items", "")), "opening")
    if (other := Opening.objects.filter(resource=resource, living=True).select_related("case").first()) is not None:
        raise Refusal(
            "open_already",
            Text(f"这项数据已在开放或办理中（{other.number}）。", f"It is open or being opened already ({other.number})."), 409,
        )  # fmt: skip
    case = engine.open_case(
        OPENING.code,
        actor,
        [("department", resource.department_id), ("office", the_data_office().pk)],
        resource.name,
        data,
    )
    return Opening.objects.get(case=case)

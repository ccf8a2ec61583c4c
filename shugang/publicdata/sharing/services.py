"""Verbs of sharing; the steps themselves are taken through the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.forms import clean
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..bodies import the_data_office
from ..catalogue.models import PublicResource
from . import guards
from .forms import REQUEST
from .models import SharingRequest
from .process import SHARING


def listed(form: Mapping[str, Any], name: str = "items") -> dict[str, Any]:
    """The answers with a list of names as people write it."""
    value = form.get(name)
    return {**form, name: "、".join(map(str, value))} if isinstance(value, list | tuple) else dict(form)


@verb
def ask(actor: Actor, form: Mapping[str, Any]) -> SharingRequest:
    """Ask for a resource: a department for sharing, an admitted party for what is opened on conditions.

    Raises Refusal `forbidden`, `invalid_form`, `resource_not_published`, `refused_type`, `own_resource`, `already_asked`.
    """
    if actor.party_id is None:
        raise forbidden("请先切换到一家机构再申请。", "Please act for a party to ask for data.")
    party = Party.objects.get(pk=actor.party_id)
    kind = guards.may_ask(party)
    data = clean(REQUEST, listed(form))
    resource = PublicResource.objects.select_related("department", "dataset").filter(number=data["resource"]).first()
    if resource is None or resource.state == PublicResource.State.DRAFT:
        raise guards.wrong(
            "resource", "没有这项目录，请核对编号。", "There is no such resource. Please check the number."
        )
    if resource.department_id == party.pk:
        raise Refusal(
            "own_resource",
            Text("这是本部门自己的数据，不需要申请。", "This is your own data; no request is needed."),
            409,
        )
    if kind == "opening" and resource.opening == "unconditional":
        raise Refusal(
            "open_already",
            Text("这项数据无条件开放，在“开放数据”页面直接下载即可。", "This data is open to all; please download it on the page of open data."),
            409,
        )  # fmt: skip
    guards.check_request(resource, kind, data, current_profile("sharing", clock.today()))
    living = SharingRequest.objects.filter(
        resource=resource, applicant=party, mode=data["mode"], purpose=data["purpose"], case__closed_at__isnull=True
    )
    if (other := living.first()) is not None:
        raise Refusal(
            "already_asked",
            Text(f"同一用途和方式的申请{other.number}还在办理或使用中。", f"Request {other.number} for the same purpose and way is still open."),
            409,
        )  # fmt: skip
    case = engine.open_case(
        SHARING.code, actor,
        [("applicant", party.pk), ("office", the_data_office().pk), ("provider", resource.department_id)],
        resource.name, data,
    )  # fmt: skip
    return SharingRequest.objects.get(case=case)

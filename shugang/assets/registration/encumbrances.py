"""Placing and lifting encumbrances: each is a case of its own, opened by the registrar on somebody's document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock, engine, workdays
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.models import Case
from shugang.kernel.procedure import TIMER, Context, Procedure, Role, State, Transition, register
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from . import amending, burdens
from .guards import independent
from .models import Certificate, Encumbrance
from .rights import RIGHT_SHORT

REVIEWER = (Role("registrar", "reviewer"),)
ENCUMBER = Form(
    1,
    (
        Field("kind", "choice", Text("负担种类", "Kind"), choices=tuple(burdens.KINDS.items())),
        Field("right", "choice", Text("负担的权利", "Right"), Text("不选为全部权利。", "None chosen: all rights."), required=False,
              choices=tuple(RIGHT_SHORT.items())),
        Field("authority", "text", Text("作出机关或权利人", "Placed by"),
              Text("例：某某市中级人民法院；质押的写质权人。", "Example: an intermediate court; of a pledge, the pledgee."), max_length=120),
        Field("document", "text", Text("文号", "Document number"),
              Text("例：（2026）闽02执保12号。", "Example: (2026) Min 02 Zhibao No. 12."), max_length=120),
        Field("until", "date", Text("到期日", "Until"), Text("没有期限的不填。", "Leave empty if it has no end."), required=False),
        Field("note", "textarea", Text("说明", "Note"), required=False),
    ),
)  # fmt: skip
LIFT = Form(
    1,
    (
        Field("document", "text", Text("解除文件的文号", "Document that lifts it"),
              Text("例：（2026）闽02执保12号之一。", "Example: (2026) Min 02 Zhibao No. 12-1."), max_length=120),
    ),
)  # fmt: skip


@verb
def encumber(actor: Actor, certificate_number: str, form: Mapping[str, Any]) -> Case:
    """Record an encumbrance on a certificate's asset. A seizure ends transfers and licences of the right under way.

    Raises Refusal `not_found`, `forbidden`, `wrong_state`, `no_such_right`, `already_encumbered`, `invalid_form`.
    """
    rows = (
        Certificate.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("asset__dataset_version__dataset", "asset__party")
    )
    certificate = rows.filter(number=certificate_number, registrar_id=actor.party_id or 0).first()
    if certificate is None:
        raise not_found(amending.CERTIFICATE)
    if certificate.state not in ("valid", "suspended"):
        raise Refusal(
            "wrong_state", Text("凭证已失效，不能再登记负担。", "The certificate is no longer in force."), 409
        )
    data = clean(ENCUMBER, form)
    _check(certificate, data)
    asset = certificate.asset
    case = engine.open_case(
        ENCUMBRANCE.code, actor, [("registrar", certificate.registrar_id), ("holder", certificate.party_id)],
        f"{burdens.KINDS[data['kind']].zh}：{asset.name}"[:200], data,
        refs=[("certificate", certificate.number), ("asset", asset.number), ("dataset", asset.dataset_version.dataset.number),
              ("party", asset.party.number)],
    )  # fmt: skip
    Encumbrance.objects.create(
        case=case, asset=asset, right=data.get("right", ""), kind=data["kind"], authority=data["authority"],
        document=data["document"], note=data.get("note", ""), placed_at=clock.now(), until=_until(data),
    )  # fmt: skip
    if data["kind"] == "seizure":
        amending.seized(certificate, data.get("right", ""))
    return case


def _until(data: Mapping[str, Any]) -> Any:
    return workdays.end_of(date.fromisoformat(data["until"])) if data.get("until") else None


def _check(certificate: Certificate, data: Mapping[str, Any]) -> None:
    if data.get("right") and data["right"] not in certificate.content["rights"]:
        wrong = Text("凭证上没有这项权利。", "The certificate does not carry this right.")
        raise Refusal("no_such_right", wrong, 422, {"right": wrong})
    if data.get("until") and data["until"] <= clock.today().isoformat():
        wrong = Text("到期日须晚于今天。", "The end must be after today.")
        raise Refusal("invalid_form", wrong, 422, {"until": wrong})
    same = Encumbrance.objects.filter(asset=certificate.asset, kind=data["kind"], right=data.get("right", ""),
                                      document=data["document"], lifted_at__isnull=True)  # fmt: skip
    if same.exists():
        raise Refusal(
            "already_encumbered", Text("这份文件的负担已经登记。", "This document's encumbrance stands already."), 409
        )


def _row(ctx: Context) -> Encumbrance:
    row = Encumbrance.objects.select_related("asset__dataset_version__dataset", "asset__party").get(case=ctx.case)
    living = row.asset.certificates.filter(state__in=["valid", "suspended"]).first()
    ctx.refs += [("asset", row.asset.number), ("party", row.asset.party.number)]
    ctx.refs += [("certificate", living.number)] if living else []
    return row


def lifted(ctx: Context) -> None:
    row = _row(ctx)
    row.lifted_at, row.lifted_by = clock.now(), ctx.data["document"]
    row.save(update_fields=["lifted_at", "lifted_by"])


def ended(ctx: Context) -> None:
    row = _row(ctx)
    row.lifted_at = row.until
    row.save(update_fields=["lifted_at"])


def end_due() -> int:
    """Close the encumbrances whose time is over; they have burdened nothing since then. Returns how many."""
    due = Encumbrance.objects.filter(lifted_at__isnull=True, until__lt=clock.now())
    numbers = list(due.order_by("pk").values_list("case__number", flat=True))
    for number in numbers:
        engine.fire(number, "end")
    return len(numbers)


ENCUMBRANCE = register(
    Procedure(
        code="assets.encumbrance",
        label=Text("权利负担", "Encumbrance"),
        number_prefix="FD",
        opening=Transition("place", Text("登记负担", "Place"), (), "standing", REVIEWER, ENCUMBER),
        states=(
            State("standing", Text("存续", "Standing"), "warn"),
            State("lifted", Text("已解除", "Lifted"), "off", True),
            State("ended", Text("已到期", "Ended"), "off", True),
        ),
        transitions=(
            Transition("lift", Text("解除负担", "Lift"), ("standing",), "lifted", REVIEWER, LIFT, guard=independent, effect=lifted,
                       optional=True),
            Transition("end", Text("期限届满", "Ended"), ("standing",), "ended", (TIMER,), effect=ended),
        ),
        capacities=(("registrar", Text("登记机构", "Registrar")), ("holder", Text("权利人", "Holder"))),
    )
)  # fmt: skip

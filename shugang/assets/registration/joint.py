"""Transfer and licence are applied for together (共同申请): the holder states what he gives, the other side agrees or not.

With the agreement the registration proper begins, in the other side's name, at the registrar of the certificate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.models import Case, Material
from shugang.kernel.procedure import TIMER, ClockSpec, Context, Procedure, Role, State, Transition, register
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import amending, answers, kinds, services
from .form import RIGHT_CHOICES
from .models import Certificate
from .process import WHY
from .rights import RIGHT_SHORT
from .ruleset import JOINT

OFFEROR = (Role("offeror", "handler"),)
COUNTERPARTY = (Role("counterparty", "handler"),)
TERMS = (
    Field(
        "rights", "multi", Text("转让或许可的权利", "Rights transferred or licensed"),
        Text("只能是凭证上有的权利。转让后，转让方不再享有这些权利。",
             "Only what the certificate carries. After a transfer the transferor keeps nothing of it."),
        choices=tuple((r, RIGHT_SHORT[r]) for r, _ in RIGHT_CHOICES),
    ),
    Field(
        "until", "date", Text("到期日", "Ends on"),
        Text("许可必须填写；转让没有期限的不填。", "Required for a licence; leave it empty for a transfer without an end."), required=False,
    ),
    Field(
        "limits", "textarea", Text("条件和限制", "Conditions and limits"),
        Text("例：仅限境内、不得再许可。会写入受让方或被许可方的凭证。", "Example: inside China only, no sub-licence. Stands on the new certificate."),
        required=False,
    ),
    Field(
        "statement", "textarea", Text("协议说明", "About the agreement"),
        Text("写明协议名称、签订日期和主要内容。", "Name, date and substance of the agreement."),
    ),
    Field("agreement", "file", Text("双方协议", "Agreement"), Text("双方盖章的扫描件。", "A scan with both seals.")),
)  # fmt: skip
OFFER = Form(
    1,
    (
        Field("kind", "choice", Text("登记类型", "Type"), choices=tuple((k, kinds.LABELS[k]) for k in JOINT)),
        Field("certificate", "text", Text("凭证编号", "Certificate"), max_length=20),
        *TERMS,
    ),
)
AGREE = Form(
    1,
    (
        Field(
            "declaration", "bool",
            Text("声明：协议真实，同意按所列权利、期限和限制共同申请登记", "I declare: the agreement is true, and we apply together on these terms"),
        ),
    ),
)  # fmt: skip


def data_of(case: Case) -> dict[str, Any]:
    return dict(case.data)


def _certificate(number: str) -> Certificate:
    """The certificate under its lock, as it stands when the other side answers."""
    rows = Certificate.objects.select_for_update(of=("self",)).select_related(
        "asset__dataset_version__dataset", "asset__party", "registrar", "registration__case__profile"
    )
    return rows.get(number=number)


def check_offer(certificate: Certificate, data: Mapping[str, Any]) -> None:
    """Raises Refusal `wrong_state`, `unknown_type`, `already_open`, `encumbered`, `invalid_form`."""
    if certificate.state != Certificate.State.VALID or certificate.valid_until < clock.now():
        raise Refusal(
            "wrong_state", Text("凭证现在不是有效状态，不能转让或许可。", "The certificate is not in force."), 409
        )
    rules = amending.require_type(certificate, data["kind"])
    amending.nothing_open(certificate, data["kind"])
    wrong: dict[str, Text] = {}
    wished, held = set(data["rights"]), set(certificate.content["rights"])
    if error := kinds.beyond(wished, held, rules.right_labels):
        wrong["rights"] = error
    if data["kind"] == "licence":
        if not data.get("until"):
            wrong["until"] = Text("许可须写明到期日。", "A licence needs its end.")
        if certificate.asset.sources.exists() and certificate.content["limits"].get("resale") == "no":
            wrong["rights"] = Text("来源不允许再许可，不能再许可他人。", "The source allows no sub-licence.")
    if data.get("until"):
        last = certificate.valid_until.astimezone(clock.zone()).date().isoformat()
        if data["until"] > last:
            wrong["until"] = Text(
                f"期限不能超过凭证有效期（{last}）。", f"The end may not be later than the certificate's ({last})."
            )
        elif data["until"] <= clock.today().isoformat():
            wrong["until"] = Text("到期日须晚于今天。", "The end must be after today.")
    if wrong:
        raise Refusal(
            "invalid_form",
            Text(
                f"有{len(wrong)}处不符合登记规则，请修改后再提交。",
                f"{len(wrong)} answer(s) do not fit the rules. Please mend them.",
            ),
            422,
            wrong,
        )
    amending.disposable(certificate, wished, data["kind"])


@verb
def offer(actor: Actor, certificate_number: str, kind: str, counterparty: str, form: Mapping[str, Any]) -> Case:
    """Offer a transfer or a licence on an own certificate to another party (its number), for both to apply together.

    Raises Refusal `not_found`, `forbidden`, `invalid_form`, and what `check_offer` says.
    """
    certificate = amending.own_certificate(actor, certificate_number)
    data = clean(OFFER, {**form, "kind": kind, "certificate": certificate.number})
    check_offer(certificate, data)
    other = Party.objects.filter(number=counterparty).first()
    if other is None or "supplier" not in other.roles or other.pk == actor.party_id:
        wrong = Text(
            "没有这个在册的供方，请核对机构编号（P-开头）。受让方、被许可方须先入驻为供方。",
            "There is no such admitted supplier. Please check the number; who receives rights has to be admitted first.",
        )
        raise Refusal("invalid_form", wrong, 422, {"counterparty": wrong})
    if (
        not Material.objects.visible_to(actor)
        .filter(pk=data["agreement"]["material"], party_id=actor.party_id or 0)
        .exists()
    ):
        missing = Text("没有找到这份材料，请重新上传。", "This material was not found. Please upload it again.")
        raise Refusal("invalid_form", missing, 422, {"agreement": missing})
    case = engine.open_case(
        JOINT_APPLICATION.code, actor, [("offeror", certificate.party_id), ("counterparty", other.pk)],
        f"{kinds.LABELS[kind].zh}：{certificate.asset.name}"[:200], data,
        refs=[("certificate", certificate.number), ("asset", certificate.asset.number)],
        profile=amending.rules_of(certificate)[0].code,
    )  # fmt: skip
    Material.objects.visible_to(actor).filter(pk=data["agreement"]["material"]).update(case=case)
    return case


def _received(certificate: Certificate, data: Mapping[str, Any]) -> dict[str, Any]:
    """The form of the registration in the other side's name: the certificate's, on the terms agreed."""
    kept = {k: v for k, v in certificate.registration.form.items()
            if k not in {*answers.FILES, *kinds.TERM, "co_holders", "encumbrances"}}  # fmt: skip
    form = {
        **kept, "rights": data["rights"], "source_proof": data["agreement"], "declaration": True,
        "validity_years": certificate.registration.form["validity_years"],
        "source_statement": data["statement"], "right_limits": data.get("limits", ""), "right_until": data.get("until", ""),
    }  # fmt: skip
    if data["kind"] == "licence":
        form["source_kind"] = "agreement"
    return {k: v for k, v in form.items() if v not in ("", None, [])}


def agreed(ctx: Context) -> None:
    """Both have applied: the registration begins, and the agreement lies with it."""
    data = data_of(ctx.case)
    certificate = _certificate(data["certificate"])
    party = Party.objects.get(pk=ctx.actor.party_id or 0)
    form = clean(services.FIRST_REGISTRATION, _received(certificate, data))
    profile, rules = amending.rules_of(certificate)
    answers.check(rules.data, form, ctx.actor, data["kind"], certificate)
    asset = services.found_asset(party, certificate.asset.dataset_version, form)
    case = services.open_registration(ctx.actor, asset, certificate.registrar, form, profile.code, data["kind"], certificate,
                                      data["statement"])  # fmt: skip
    Material.objects.filter(pk=data["agreement"]["material"], case=ctx.case).update(case=case)
    ctx.refs += [("asset", asset.number), ("certificate", certificate.number)]
    ctx.outputs["registration"] = case.number


def may_agree(ctx: Context) -> None:
    if not ctx.data["declaration"]:
        wrong = Text("请勾选声明后再提交。", "Please tick the declaration.")
        raise Refusal("invalid_form", wrong, 422, {"declaration": wrong})
    if "supplier" not in ctx.actor.roles:
        raise not_found(engine.CASE)
    check_offer(_certificate(ctx.case.data["certificate"]), data_of(ctx.case))


JOINT_APPLICATION = register(
    Procedure(
        code="assets.joint",
        label=Text("共同申请转让或许可", "Joint application for transfer or licence"),
        number_prefix="GT",
        opening=Transition("offer", Text("提出共同申请", "Propose"), (), "offered", OFFEROR, OFFER, starts=("answer",)),
        states=(
            State("offered", Text("待对方确认", "Awaiting the other side")),
            State("agreed", Text("双方已共同申请", "Applied for together"), "ok", True),
            State("declined", Text("对方未同意", "Declined"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("expired", Text("逾期未确认", "Not answered in time"), "off", True),
        ),
        transitions=(
            Transition("agree", Text("同意并共同申请", "Agree and apply together"), ("offered",), "agreed", COUNTERPARTY, AGREE,
                       stops=("answer",), guard=may_agree, effect=agreed),
            Transition("decline", Text("不同意", "Decline"), ("offered",), "declined", COUNTERPARTY, WHY, stops=("answer",), danger=True),
            Transition("withdraw", Text("撤回", "Withdraw"), ("offered",), "withdrawn", OFFEROR, WHY, stops=("answer",), danger=True, optional=True),
            Transition("expire", Text("逾期未确认", "Not answered in time"), ("offered",), "expired", (TIMER,)),
        ),
        clocks=(ClockSpec("answer", Text("确认期限", "Answer"), "answer", on_expiry="expire"),),
        profile="registration-local",
        capacities=(("offeror", Text("转让方或许可方", "Transferor or licensor")), ("counterparty", Text("受让方或被许可方", "Transferee or licensee"))),
    )
)  # fmt: skip

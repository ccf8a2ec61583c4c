"""The life of a certificate after its issue, as a second procedure: suspended, resumed, cancelled, revoked, lapsed,
replaced by a later registration, transferred; held or lost with a source that its rights come from.

Every step also emits `certificate.<what>`, to which the market reacts: no listing and no use without a basis.
"""

from __future__ import annotations

from collections.abc import Callable

from shugang.kernel.actors import PlainActor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, Context, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import burdens, derivation
from .guards import independent
from .models import Certificate, DataAsset
from .process import REASON, REVIEWER, WHY

SUSPEND_RULES = (
    ("court", Text("法院或行政机关要求", "By order of a court or authority")),
    ("dispute", Text("核发后出现权属争议", "A dispute arose after the issue")),
    ("inspection", Text("登记机构核查中", "Under inspection by the registrar")),
)
REVOKE_RULES = (
    ("false", Text("隐瞒事实或提供虚假材料取得", "Obtained by concealment or false proof")),
    ("judgment", Text("生效裁判认定无权利", "A final judgment denies the right")),
    ("law", Text("法律法规规定的其他情形", "Other cases by law")),
)
_STATES = {
    "certificate.issued": Certificate.State.VALID,
    "certificate.suspended": Certificate.State.SUSPENDED,
    "certificate.resumed": Certificate.State.VALID,
    "certificate.lapsed": Certificate.State.LAPSED,
    "certificate.cancelled": Certificate.State.CANCELLED,
    "certificate.revoked": Certificate.State.REVOKED,
    "certificate.replaced": Certificate.State.REPLACED,
    "certificate.transferred": Certificate.State.TRANSFERRED,
}
STATE_BY_EVENT: dict[str, str] = {kind: str(state) for kind, state in _STATES.items()}
_ASSET = {
    "valid": DataAsset.State.REGISTERED,
    "suspended": DataAsset.State.SUSPENDED,
    "lapsed": DataAsset.State.LAPSED,
    "cancelled": DataAsset.State.CANCELLED,
    "revoked": DataAsset.State.REVOKED,
    "transferred": DataAsset.State.TRANSFERRED,
}


def refs_of(certificate: Certificate) -> list[tuple[str, str]]:
    asset = certificate.asset
    return [
        ("certificate", certificate.number),
        ("asset", asset.number),
        ("dataset", asset.dataset_version.dataset.number),
        ("party", asset.party.number),
        ("case", certificate.case.number),
    ]


def _becomes(kind: str) -> Callable[[Context], None]:
    """An effect that moves certificate and asset and tells the wings above."""

    def effect(ctx: Context) -> None:
        certificate = Certificate.objects.select_related("asset__dataset_version__dataset", "asset__party").get(
            case=ctx.case
        )
        certificate.state = STATE_BY_EVENT[kind]
        certificate.save(update_fields=["state"])
        if certificate.state in _ASSET:  # where one takes the place of another, the asset stays registered
            certificate.asset.state = _ASSET[certificate.state]
            certificate.asset.save(update_fields=["state"])
        refs = refs_of(certificate)
        ctx.refs += refs
        emit(kind, ctx.actor, refs, {"state": certificate.state, **ctx.data}, ctx.case)

    return effect


def may_resume(ctx: Context) -> None:
    """What a source holds is resumed with the source, not by hand."""
    independent(ctx)
    certificate = Certificate.objects.select_related("asset").get(case=ctx.case)
    if not derivation.all_in_force(certificate.asset):
        raise Refusal(
            "source_not_in_force",
            Text("来源凭证没有恢复有效，不能恢复。来源恢复后自动恢复。",
                 "A source's certificate is not in force. This one is resumed with it, by itself."),
            409,
        )  # fmt: skip


def may_cancel(ctx: Context) -> None:
    """注销: not while a right is seized, pledged or under control."""
    certificate = Certificate.objects.select_related("asset").get(case=ctx.case)
    burdens.require_free(certificate.asset, set(certificate.content["rights"]), Text("注销", "cancelling"))


def standing_for(registrar_id: int) -> PlainActor:
    """The system acting in the registrar's name when a notice ends: no person decides then, the rule does."""
    return PlainActor(party_id=registrar_id, duties=frozenset({"timer"}), label="system")


def _form(rules: tuple[tuple[str, Text], ...]) -> Form:
    return Form(1, (Field("rule", "choice", Text("依据", "Basis"), choices=rules), REASON))


STANDING = ("valid", "suspended")
CERTIFICATE = register(
    Procedure(
        code="assets.certificate",
        label=Text("登记凭证存续", "Standing of a certificate"),
        number_prefix="ZS",
        opening=Transition("issue", Text("存证生效", "Take effect"), (), "valid", (Role("registrar", "timer"),)),
        states=(
            State("valid", Text("有效", "Valid"), "ok"),
            State("suspended", Text("暂停", "Suspended"), "warn"),
            State("lapsed", Text("到期失效", "Lapsed"), "off", True),
            State("cancelled", Text("已注销", "Cancelled"), "off", True),
            State("revoked", Text("已撤销", "Revoked"), "bad", True),
            State("replaced", Text("已由新凭证取代", "Replaced"), "off", True),
            State("transferred", Text("已转让", "Transferred"), "off", True),
        ),
        transitions=(
            Transition("suspend", Text("暂停凭证", "Suspend"), ("valid",), "suspended", REVIEWER, _form(SUSPEND_RULES),
                       guard=independent, effect=_becomes("certificate.suspended"), danger=True,
                       confirm=Text("有关产品随即停止服务，其授权同时暂停。", "Products on it stop at once; their grants are suspended."), optional=True),
            Transition("resume", Text("恢复凭证", "Resume"), ("suspended",), "valid", REVIEWER, WHY,
                       guard=may_resume, effect=_becomes("certificate.resumed"), optional=True),
            Transition("cancel", Text("注销凭证", "Cancel"), STANDING, "cancelled", (Role("holder", "handler"),), WHY,
                       guard=may_cancel, effect=_becomes("certificate.cancelled"), danger=True,
                       confirm=Text("注销后不能恢复，有关产品停止服务。", "This cannot be undone; products on it stop."), optional=True),
            Transition("revoke", Text("撤销凭证", "Revoke"), STANDING, "revoked", REVIEWER, _form(REVOKE_RULES),
                       guard=independent, effect=_becomes("certificate.revoked"), danger=True,
                       confirm=Text("撤销后不能恢复，有关产品停止服务。", "This cannot be undone; products on it stop."), optional=True),
            Transition("lapse", Text("有效期届满", "Validity ended"), STANDING, "lapsed", (TIMER,),
                       effect=_becomes("certificate.lapsed")),
            Transition("hold_by_source", Text("来源凭证暂停，随之暂停", "Suspended with its source"), ("valid",), "suspended", (TIMER,),
                       effect=_becomes("certificate.suspended")),
            Transition("free_by_source", Text("来源凭证恢复，随之恢复", "Resumed with its source"), ("suspended",), "valid", (TIMER,),
                       effect=_becomes("certificate.resumed")),
            Transition("lose_source", Text("来源凭证失效，随之失效", "Lapsed with its source"), STANDING, "lapsed", (TIMER,),
                       effect=_becomes("certificate.lapsed")),
            Transition("replace", Text("由新凭证取代", "Replaced by a new certificate"), STANDING, "replaced", (TIMER,),
                       effect=_becomes("certificate.replaced")),
            Transition("transfer_away", Text("权利全部转让", "All rights transferred"), STANDING, "transferred", (TIMER,),
                       effect=_becomes("certificate.transferred")),
        ),
        capacities=(("holder", Text("权利人", "Holder")), ("registrar", Text("登记机构", "Registrar"))),
    )
)  # fmt: skip

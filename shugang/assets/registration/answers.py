"""What a form cannot say field by field: the answers of a registration checked against each other and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Material
from shugang.policy.text import Text

from . import derivation, industries, kinds, rights
from .form import FIRST_REGISTRATION
from .models import Certificate
from .ruleset import JOINT, Rules

FILES = tuple(f.name for f in FIRST_REGISTRATION.fields if f.kind == "file")


def facts(answers: Mapping[str, Any]) -> rights.Facts:
    """What the applicant declared, with the paper that the rule asks for beside the declaration."""
    return rights.Facts(
        not_substitute=bool(answers.get("not_substitute")),
        consent=bool(answers.get("consent")) and bool(answers.get("consent_proof")),
        changed=bool(answers.get("derivation")),
    )


def verdicts(rules: Mapping[str, Any], answers: Mapping[str, Any]) -> list[rights.Verdict]:
    return rights.check(rules["rights"], answers["source_kind"], answers["rights"], facts(answers))


def check(
    rules: Mapping[str, Any],
    answers: Mapping[str, Any],
    actor: Actor,
    kind: str = "initial",
    previous: Certificate | None = None,
) -> None:
    """Raise Refusal `invalid_form` naming every answer that the rules do not allow (一次告知).

    `rules` is the data of the rule profile; `answers` have passed the form's own check; `previous` is the certificate
    that a registration of another `kind` than the first stands on.
    """
    wrong: dict[str, Text] = {}
    if error := industries.division_error(answers["industry"], answers["division"]):
        wrong["division"] = error
    if kind in JOINT:
        assert previous is not None
        error = kinds.beyond(set(answers["rights"]), set(previous.content["rights"]), Rules(rules).right_labels)
        if error:
            wrong["rights"] = error
    else:
        if refused := [v for v in verdicts(rules, answers) if not v.allowed]:
            wrong["source_kind" if answers["source_kind"] == "entrusted" else "rights"] = refused[0].why
        _check_proofs(answers, wrong)
        wrong |= derivation.wrong_answers(answers, actor, Rules(rules).right_labels)
        wrong |= _public_data(Rules(rules), answers)
    if previous is not None:
        wrong |= kinds.wrong_answers(kind, previous.registration.form, answers)
    _check_validity(rules, answers, wrong)
    if not answers.get("declaration"):
        wrong["declaration"] = Text("请勾选真实性声明后再提交。", "Please tick the declaration before submitting.")
    for name in FILES:
        if name in answers and not Material.objects.visible_to(actor).filter(pk=answers[name]["material"]).exists():
            wrong[name] = Text("没有找到这份材料，请重新上传。", "This material was not found. Please upload it again.")
    if wrong:
        raise Refusal(
            "invalid_form",
            Text(
                f"有{len(wrong)}处不符合登记规则，请逐项修改后再提交。",
                f"{len(wrong)} answer(s) do not fit the rules of registration. Please mend them and submit again.",
            ),
            422,
            wrong,
        )


def _check_proofs(answers: Mapping[str, Any], wrong: dict[str, Text]) -> None:
    if answers["source_kind"] in {"agreement", "derived"} and not answers.get("source_proof"):
        wrong["source_proof"] = Text(
            "协议取得和衍生创造的数据须上传来源证明，例如数据采购协议。",
            "Data obtained by agreement or derived needs a proof of its source, such as the agreement.",
        )


def _public_data(rules: Rules, answers: Mapping[str, Any]) -> dict[str, Text]:
    """公共数据: what the profile asks of data that public bodies made in duty, and of what is operated by authorisation."""
    what = answers.get("public_object") or "no"
    if what == "no":
        if rules.public_data != "required":
            return {}
        return {"public_object": Text(
            "公共数据资源登记只受理公共数据。请选择登记对象，或改用其他登记规则。",
            "This registration is for public data only. Please say which object it is, or choose other rules.",
        )}  # fmt: skip
    if what == "resource" and rules.public_data == "refused":
        return {"public_object": Text(
            "党政机关履职产生的数据不办理数据产权登记，请办理公共数据资源登记；授权运营形成的产品在其后可以登记。",
            "Data made by public bodies in duty cannot be registered here: please use the registration of public data. "
            "Products of authorised operation may follow.",
        )}  # fmt: skip
    wrong: dict[str, Text] = {}
    if not answers.get("authorisation_proof"):
        wrong["authorisation_proof"] = Text(
            "公共数据须上传授权运营依据。", "Please attach the authorisation to operate."
        )
    if not answers.get("authorised_until"):
        wrong["authorised_until"] = Text("请填写授权到期日。", "Please state the day on which the authorisation ends.")
    return wrong


def _check_validity(rules: Mapping[str, Any], answers: Mapping[str, Any], wrong: dict[str, Text]) -> None:
    most = int(rules["validity"]["max_years"])
    if answers["validity_years"] > most:
        wrong["validity_years"] = Text(f"有效期最长{most}年。", f"The validity is at most {most} years.")
    for name in ("right_until", "authorised_until", *(f"{r.lower()}_until" for r in rights.RIGHTS)):
        until = answers.get(name)
        if until and date.fromisoformat(until) <= clock.today():
            wrong[name] = Text(
                "到期日须晚于今天；已到期的权利不能登记。",
                "The right must end after today; a right that has ended cannot be registered.",
            )
        elif until and name[:-6].upper() in set(rights.RIGHTS) - set(answers["rights"]):
            wrong[name] = Text(
                "没有申请这项权利，请不要填写它的到期日。", "This right is not applied for: please leave its end empty."
            )


def attach_materials(case: Case, answers: Mapping[str, Any], actor: Actor) -> None:
    """Bind the uploaded files to the case, so that the registrar can open them."""
    keys = [answers[name]["material"] for name in FILES if name in answers]
    Material.objects.visible_to(actor).filter(pk__in=keys, party_id=actor.party_id or 0).update(case=case)

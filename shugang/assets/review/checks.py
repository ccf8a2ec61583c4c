"""The rules of the security review: core data refused, important data with a risk assessment, personal data with a basis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock, materials
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..grading import queries as grades
from ..grading.matrix import CORE, IMPORTANT
from ..grading.models import Grading
from ..thirdparty.models import SignedReport
from ..thirdparty.queries import standing_reports
from .form import ANONYMISED, NONE
from .models import AnonymityCheck, BasisWithdrawal


def grading_for(version: DatasetVersion) -> Grading:
    """The grading in force. Raises Refusal `not_graded`, `core_data`."""
    grading = grades.standing(version)
    if grading is None or grading.level is None:
        raise Refusal(
            "not_graded",
            Text(f"{version}还没有生效的分级。请先完成数据分级，再申请安全审查。",
                 f"{version} has no grading in force. Please have it graded first."),
            409,
        )  # fmt: skip
    if grading.level >= CORE:
        raise Refusal(
            "core_data",
            Text("核心数据不得上市流通，安全审查不予受理（数据安全法第二十一条）。",
                 "Core data may not circulate; no security review is open to them (Data Security Law, article 21)."),
            422,
        )  # fmt: skip
    return grading


def personal_columns(grading: Grading) -> list[str]:
    """Columns with personal information: as graded, or as the supplier marked them."""
    rows = grading.columns.select_related("column").order_by("column__position")
    return [r.column.name for r in rows if r.pi_class or r.column.personal]


def shown_anonymous(version: DatasetVersion) -> AnonymityCheck | None:
    """The newest check of anonymity of this very version, if it reached the threshold."""
    last = AnonymityCheck.objects.filter(version=version).order_by("-pk").first()
    return last if last is not None and last.smallest >= last.threshold else None


def standing_risk(version: DatasetVersion) -> SignedReport | None:
    """The holder's newest risk assessment of this very version that a third party signed, that stands and is not adverse."""
    rows = standing_reports(version.dataset_id, "risk", version_id=version.pk)
    mine = rows.filter(client_id=version.dataset.party_id, result__in=("favourable", "qualified"))
    found: SignedReport | None = mine.first()
    return found


def check(grading: Grading, form: Mapping[str, Any], actor: Actor | None) -> None:
    """Raises Refusal `invalid_form` with every wrong answer at once. `actor` has to own new files; None at the decision."""
    wrong: dict[str, Text] = {}
    if not form["declaration"]:
        wrong["declaration"] = Text("请声明内容真实。", "Please state that it is true.")
    wrong |= _important(grading, form) | _personal(grading, form)
    if actor is not None:
        wrong |= materials.not_own(form, ("basis_file", "risk_file"), actor)
    if wrong:
        raise Refusal(
            "invalid_form",
            Text(f"有{len(wrong)}处需要补正，请逐项修改后再提交。", f"{len(wrong)} answer(s) need correction."),
            422,
            wrong,
        )


def _important(grading: Grading, form: Mapping[str, Any]) -> dict[str, Text]:
    until = form.get("risk_until")
    if until and date.fromisoformat(until) < clock.today():
        return {"risk_until": Text("风险评估已经过期，请重新评估。", "The risk assessment has ended; please renew it.")}
    if (grading.level or 0) < IMPORTANT or standing_risk(grading.version):
        return {}
    wrong = {}
    if not form.get("risk_file"):
        wrong["risk_file"] = Text(
            "重要数据须附风险评估报告（数据安全法第三十条）。",
            "Important data need a risk assessment (Data Security Law, article 30).",
        )
    if not until:
        wrong["risk_until"] = Text("请填写风险评估的有效期。", "Please state until when the risk assessment is valid.")
    return wrong


def _personal(grading: Grading, form: Mapping[str, Any]) -> dict[str, Text]:
    names, basis = personal_columns(grading), form["personal_basis"]
    if not names:
        return {}
    shown = "、".join(names[:5])
    if basis == NONE:
        return {"personal_basis": Text(f"字段{shown}是个人信息，请选择处理依据，或先匿名化。",
                                       f"Columns {', '.join(names[:5])} hold personal information; please choose a basis or anonymise first.")}  # fmt: skip
    if basis == ANONYMISED:
        if shown_anonymous(grading.version) is None:
            return {"personal_basis": Text("没有达到要求的匿名性检查。请对这一版做检查，分组过小的先泛化或删去。",
                                           "No check of anonymity reached the threshold for this version. Please run one, after widening small groups.")}  # fmt: skip
        return {}
    wrong = {}
    if not form.get("basis_text"):
        wrong["basis_text"] = Text("请写明处理依据。", "Please state the basis.")
    if basis == "consent" and not form.get("basis_file"):
        wrong["basis_file"] = Text("请上传单独同意书样本。", "Please upload a sample of the consent form.")
    return wrong or stale(grading.version.dataset_id, form)


def evidence(form: Mapping[str, Any]) -> str:
    """The SHA-256 of the file that proves the basis, "" without one."""
    return str((form.get("basis_file") or {}).get("sha256", ""))


def stale(dataset_id: int, form: Mapping[str, Any]) -> dict[str, Text]:
    """What is wrong with naming evidence that was withdrawn. After the whole consent is withdrawn, it takes another form of
    consent; after a batch, other evidence or another account of it."""
    for row in BasisWithdrawal.objects.filter(dataset_id=dataset_id, basis=form["personal_basis"]):
        same_file, same_text = row.evidence == evidence(form), row.text == form.get("basis_text", "")
        if same_file and (same_text or (not row.batch and row.basis == "consent")):
            name = "basis_file" if row.basis == "consent" and not row.batch else "basis_text"
            return {name: Text(
                "这份依据已经撤回。请附新的依据，或删去有关的数据后写明现在的依据。",
                "This basis was withdrawn. Please give new evidence, or delete the data and state what they rest on now.",
            )}  # fmt: skip
    return {}

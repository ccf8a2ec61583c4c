"""The verb of recognition: submit a certificate from elsewhere. Its steps are those of the procedure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.forms import clean
from shugang.kernel.materials import open_material
from shugang.kernel.models import Case, Material, WitnessedLog
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text
from shugang.ui.signing import UnreadablePdf, verify_pdf

from ..registration import industries
from ..registration import services as registrations
from ..registration.rights import RIGHTS, SOURCE_LABELS
from . import foreign
from .form import SUBMIT, TYPED
from .models import Recognition
from .process import RECOGNITION


@verb
def submit(
    actor: Actor, dataset_number: str, registrar: str, form: Mapping[str, Any], version: int | None = None
) -> Case:
    """Submit a foreign certificate for the recognition of rights on an own dataset's version (default: the latest).

    With a receipt that proves everything it is recognised in the same transaction; otherwise a person of `registrar` checks.
    Raises Refusal `not_found`, `forbidden`, `registrar_conflict`, `invalid_form`, `proof_fails`, `already_recognised`,
    `already_registered`.
    """
    data_version = registrations.own_version(actor, dataset_number, version)
    if "supplier" not in actor.roles:
        raise forbidden("只有在册的供方可以申请采信。", "Only an admitted supplier may apply.")
    office = registrations.registrar_for(actor, registrar)
    data = clean(SUBMIT, form)
    party = data_version.dataset.party
    proved = _proof(data)
    facts = _facts(proved.said, party, data_version) if proved and proved.said else _typed(data)
    _check(facts, data)
    checks = [*_found(proved), *_pdf(data, actor)]
    registrations.not_twice(party, data_version)
    _not_recognised(facts, data_version)
    case = engine.open_case(
        RECOGNITION.code, actor, [("applicant", party.pk), ("registrar", office.pk)], facts["data_name"],
        {**data, "proof": data.get("proof", "")[:2000]} if "proof" in data else data,
        refs=[("dataset", dataset_number), ("party", party.number)],
    )  # fmt: skip
    if "paper" in data:
        Material.objects.visible_to(actor).filter(pk=data["paper"]["material"], party_id=actor.party_id or 0).update(
            case=case
        )
    full = proved is not None and proved.said is not None
    Recognition.objects.create(
        case=case, party=party, registrar=office, dataset_version=data_version, method=data["method"], number=facts["number"],
        issuer=facts["issuer"], origin=proved.origin if proved else "", log_index=proved.index if proved else None,
        proved=full, facts=facts, checks=checks,
    )  # fmt: skip
    return engine.fire(case.number, "prove") if full else case


def public_known_logs() -> dict[str, str]:
    """Origin → key of the other logs that the operator registered; keys of logs are public."""
    return dict(WitnessedLog.objects.filter(active=True).values_list("origin", "vkey"))


def _wrong(**fields: Text) -> Refusal:
    return Refusal(
        "invalid_form",
        Text(f"有{len(fields)}处需要补正，请修改后再提交。", f"{len(fields)} answer(s) need correction."),
        422,
        fields,
    )


def _proof(data: Mapping[str, Any]) -> foreign.Proved | None:
    if data["method"] not in ("receipt", "code"):
        return None
    if not data.get("proof"):
        raise _wrong(proof=Text("请粘贴回执或二维码的内容。", "Please paste the receipt or the text of the code."))
    try:
        return foreign.prove(data["proof"], public_known_logs())
    except foreign.ProofFails as no:
        raise Refusal("proof_fails", no.text, 422, {"proof": no.text}) from no


def _facts(said: Mapping[str, Any], party: Party, version: DatasetVersion) -> dict[str, Any]:
    """What the proved certificate says, in the words of our form. Raises Refusal `proof_fails` where it is not this party's
    or not about this data."""
    if said["holder"].get("uscc") != party.uscc:
        raise _fails(Text("凭证的权利人不是贵机构。", "The certificate's holder is not your organisation."))
    digest, ours = said["dataset"].get("sha256"), version.sha256
    if not digest or digest != ours:
        raise _fails(Text("凭证所载的数据摘要与这一版本不同。请选择凭证所登记的版本，或改用人工核验。",
                          "The digest on the certificate is not that of this version. Please choose the version that was "
                          "registered, or the check by a person."))  # fmt: skip
    asset, code = said["asset"], str(said["asset"].get("industry", ""))
    limits = said["limits"]
    return {
        "number": said["number"], "issuer": str(said["registrar"].get("name", ""))[:120], "data_name": str(asset.get("name", ""))[:40],
        "summary": str(asset.get("summary", ""))[:400], "industry": code[:1], "division": int(code[1:]) if code[1:].isdigit() else 0,
        "source_kind": asset.get("source_kind", ""), "rights": said["rights"], "valid_until": _local_day(said["valid_until"]),
        "limits": str(said.get("right_limits", ""))[:400], "resale": limits.get("resale", "consent"), "export": limits.get("export", "consent"),
    }  # fmt: skip


def _local_day(text: str) -> str:
    from ..registration.documents import moment

    try:
        return moment(text).astimezone(clock.zone()).date().isoformat()
    except ValueError:
        raise _fails(Text("凭证的有效期读不出来。", "The certificate's end cannot be read.")) from None


def _fails(text: Text) -> Refusal:
    return Refusal("proof_fails", text, 422, {"proof": text})


def _typed(data: Mapping[str, Any]) -> dict[str, Any]:
    missing = {
        n: Text("照凭证填写这一项。", "Please fill this in as the certificate says.") for n in TYPED if not data.get(n)
    }
    if missing:
        raise _wrong(**missing)
    return {n: data[n] for n in (*TYPED, "limits") if n in data}


def _check(facts: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """What no proof can make good: an unknown right or industry, an end that is past, no declaration."""
    wrong: dict[str, Text] = {}
    if not data["declaration"]:
        wrong["declaration"] = Text("请勾选声明后再提交。", "Please tick the declaration.")
    if facts["industry"] not in industries.SECTIONS:
        wrong["industry"] = Text("没有这个行业门类。", "There is no such industry section.")
    elif error := industries.division_error(facts["industry"], facts["division"]):
        wrong["division"] = error
    if not facts["rights"] or not set(facts["rights"]) <= set(RIGHTS):
        wrong["rights"] = Text("凭证上的权利不属于三项权利。", "The rights are not among the three.")
    if facts["source_kind"] not in SOURCE_LABELS:
        wrong["source_kind"] = Text("没有这种数据来源。", "There is no such source.")
    if date.fromisoformat(facts["valid_until"]) < clock.today():
        wrong["valid_until"] = Text("凭证已到期，不能采信。", "The certificate has ended and cannot be recognised.")
    if wrong:
        raise _wrong(**wrong)


def _found(proved: foreign.Proved | None) -> list[str]:
    if proved is None:
        return []
    what = "记录与内容" if proved.said else "记录（不含内容）"
    return [f"日志{proved.origin}第{proved.index}号的签名、证明核验一致：{what}"]


def trusted_certificates() -> list[bytes]:
    """Certificates of other platforms' PDF signatures, as the operator put them there."""
    return [p.read_bytes() for p in sorted((Path(settings.VAR_DIR) / "trusted-pdf").glob("*.pem"))]


def _pdf(data: Mapping[str, Any], actor: Actor) -> list[str]:
    """What the PDF's signature says. Raises Refusal where a PDF is promised and is none, or its signature is broken."""
    if data["method"] != "pdf":
        return []
    if "paper" not in data:
        raise _wrong(paper=Text("请上传签名的PDF凭证。", "Please attach the signed PDF."))
    _, path = open_material(data["paper"]["material"], actor)
    try:
        reports = verify_pdf(path.read_bytes(), trusted_certificates())
    except UnreadablePdf:
        raise _wrong(paper=Text("这不是PDF文件，或文件已损坏。", "This is not a PDF, or it is damaged.")) from None
    if not reports:
        raise _wrong(
            paper=Text(
                "PDF里没有电子签名。请改选“其他凭证，人工核验”。",
                "The PDF is not signed. Please choose the check by a person.",
            )
        )
    broken = [r for r in reports if not (r.intact and r.valid and r.whole)]
    if broken:
        text = Text(
            "PDF在签名后被改动，核验不符，请勿采信。", "The PDF was altered after it was signed: it does not verify."
        )
        raise Refusal("proof_fails", text, 422, {"paper": text})
    return [
        f"PDF签名完整，签名者：{r.signer}，{'已登记为可信' if r.trusted else '未登记为可信，请核对签名者'}"
        for r in reports
    ]


def _not_recognised(facts: Mapping[str, Any], version: DatasetVersion) -> None:
    same = Recognition.objects.filter(issuer=facts["issuer"], number=facts["number"], dataset_version=version)
    if same.filter(open=True).exists() or same.filter(certificate__isnull=False).exists():
        raise Refusal(
            "already_recognised",
            Text("这张凭证已经采信或正在核验。", "This certificate is recognised already, or being checked."),
            409,
        )

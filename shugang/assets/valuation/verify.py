"""A report's answer to /verify: that it was issued, on what, by whom, until when, and whether it still counts. No value."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock
from shugang.kernel.events import iso
from shugang.kernel.models import Event
from shugang.policy.text import Text

from ..registration.documents import moment
from ..registration.verify import MISMATCH, Difference, Verification, proof_of, register
from .effects import STATE_BY_EVENT
from .models import Appraisal
from .process import APPRAISAL
from .working import PURPOSE_LABELS, VALUE_TYPE_LABELS

TITLE = Text("数据资产评估报告", "Appraisal report on a data asset")
EVENT_LABELS: dict[str, Text] = {
    "appraisal.issued": Text("出具", "Issued"),
    "appraisal.superseded": Text("被新报告替代", "Replaced by a new report"),
    "appraisal.revoked": Text("撤回", "Withdrawn"),
    "appraisal.lapsed": Text("超过有效期", "Past its validity"),
}


def trail(number: str) -> list[Event]:
    """The events of this report's life, oldest first."""
    found = Event.objects.filter(kind__in=STATE_BY_EVENT, refs__kind="appraisal", refs__key=number)
    return list(found.order_by("id").prefetch_related("refs"))


def _differences(appraisal: Appraisal, said: dict[str, Any], state: str) -> list[Difference]:
    assert appraisal.valid_until is not None
    rows = [
        (Text("报告内容", "Content"), said, appraisal.content),
        (Text("编号", "Number"), said["number"], appraisal.number),
        (Text("评估基准日", "Base date"), said["base_date"], appraisal.base_date.isoformat()),
        (Text("有效期至", "Valid until"), said["valid_until"], iso(appraisal.valid_until)),
        (Text("状态", "Standing"), state, appraisal.case.state),
    ]
    return [Difference(name, str(a)[:80], str(b)[:80]) for name, a, b in rows if a != b]


def facts(said: dict[str, Any], pdf_sha256: str) -> list[tuple[Text, Any]]:
    return [
        (Text("评估机构", "Appraiser"), f"{said['appraiser']['name']}（{said['appraiser']['uscc']}）"),
        (Text("权利人", "Holder"), said["holder"]["name"]),
        (Text("评估对象", "Object"), f"{said['asset']['name']}（{said['asset']['number']}）"),
        (Text("登记凭证", "Certificate"), said["certificate"]),
        (Text("数据集与版本", "Dataset and version"), f"{said['dataset']['number']} v{said['dataset']['version']}"),
        (Text("评估目的", "Purpose"), PURPOSE_LABELS[said["purpose"]]),
        (Text("价值类型", "Type of value"), VALUE_TYPE_LABELS[said["value_type"]]),
        (Text("评估基准日", "Base date"), said["base_date"]),
        (
            Text("签名的评估专业人员", "Appraisers who signed"),
            Text(f"{said['signers']}人", f"{said['signers']} people"),
        ),
        (Text("档案保存至", "Archive kept until"), said["archive_until"]),
        (Text("评估值承诺值", "Commitment to the value"), said["value_commitment"]),
        (Text("报告文件摘要（SHA-256）", "Digest of the file (SHA-256)"), pdf_sha256 or None),
    ]


def check(number: str) -> Verification | None:
    """Public: one report by its number, or None."""
    appraisal = Appraisal.objects.select_related("case", "event").filter(number=number, event__isnull=False).first()
    if appraisal is None or appraisal.event is None:
        return None
    said = appraisal.event.payload.get("appraisal")
    if not isinstance(said, dict):
        return Verification(
            kind="appraisal", number=number, title=TITLE, state=Text("无法核对", "Cannot be checked"), tone="bad",
            in_force=False, facts=[], event=appraisal.event, proof=MISMATCH, content={"state": "unknown", "appraisal": None},
        )  # fmt: skip
    events = trail(number)
    recorded = STATE_BY_EVENT[events[-1].kind] if events else "issued"
    wrong = _differences(appraisal, said, recorded)
    state = "lapsed" if recorded == "issued" and clock.now() > moment(said["valid_until"]) else recorded
    proof = proof_of(appraisal.event, wrong, events)
    good = state == "issued" and proof != MISMATCH
    label = APPRAISAL.state(state)
    return Verification(
        kind="appraisal",
        number=number,
        title=TITLE,
        state=label.label,
        tone=label.tone,
        in_force=good,
        facts=facts(said, appraisal.pdf_sha256),
        event=appraisal.event,
        proof=proof,
        content={"state": state, "in_force": good, "appraisal": said, "pdf_sha256": appraisal.pdf_sha256 or None},
        valid_from=moment(said["issued_at"]),
        valid_until=moment(said["valid_until"]),
        differences=wrong,
        history=[(EVENT_LABELS[e.kind], e) for e in events],
    )


register("appraisal", check)

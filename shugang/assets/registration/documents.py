"""The paper of a certificate: a signed PDF with a QR code that carries the offline proof."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.evidence import scan
from shugang.kernel import clock, sequencer
from shugang.policy.text import Text
from shugang.ui import formats
from shugang.ui.documents import DocumentError, render_pdf

from . import industries, sealing
from .form import PERMISSIONS
from .kinds import LABELS
from .models import Certificate
from .rights import RIGHT_NAMES, RIGHTS, SOURCE_LABELS
from .ruleset import Rules

__all__ = ["DocumentError", "read", "write"]
_PERMISSIONS = dict(PERMISSIONS)
LIMIT_LABELS = {
    "limit_buyers": Text("使用方", "Users"),
    "limit_environment": Text("使用环境", "Environment"),
    "limit_region": Text("使用地域", "Place"),
    "resale": Text("转售或再许可", "Resale"),
    "export": Text("向境外提供", "Abroad"),
}


def right_label(certificate: Certificate, right: str) -> Text:
    """The label of the profile under which it was issued: the vocabularies of city and country differ."""
    profile = certificate.registration.case.profile
    assert profile is not None
    words = profile.data["right_labels"][right]
    return Text(words["zh"], words["en"])


def title(certificate: Certificate) -> Text:
    profile = certificate.registration.case.profile
    assert profile is not None
    return Rules(profile.data).document


def moment(text: str) -> datetime:
    """A time as commitments spell it, aware, UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def industry_label(code: str) -> Text:
    label, _, _ = industries.SECTIONS[code[0]]
    return Text(f"{code[0]} {label.zh}，大类{code[1:]}", f"{code[0]} {label.en}, division {code[1:]}")


def limits_line(limits: dict[str, str]) -> Text:
    """One line of what the holder allows; choices in words."""
    zh, en = [], []
    for key, label in LIMIT_LABELS.items():
        if value := limits.get(key):
            words = _PERMISSIONS.get(value, Text(value, value)) if key in {"resale", "export"} else Text(value, value)
            zh.append(f"{label.zh}：{words.zh}")
            en.append(f"{label.en}: {words.en}")
    return Text("；".join(zh) or "无", "; ".join(en) or "none")


def verify_url(number: str) -> str:
    return f"{settings.SHUGANG_PUBLIC_URL}/verify/{number}"


def facts(certificate: Certificate, said: dict[str, Any]) -> list[tuple[Text, Any]]:
    """The rows of the certificate, on paper and on the page, from what was recorded (`said`)."""
    asset, dataset = said["asset"], said["dataset"]
    return [
        (Text("权利人", "Holder"), said["holder"]["name"]),
        (Text("统一社会信用代码", "Credit code"), said["holder"]["uscc"]),
        (Text("数据名称", "Name of the data"), asset["name"]),
        (Text("资产编号", "Asset number"), asset["number"]),
        (Text("数据概述", "Summary"), asset["summary"]),
        (Text("所属行业", "Industry"), industry_label(asset["industry"])),
        (Text("数据来源", "Source"), SOURCE_LABELS[asset["source_kind"]]),
        (Text("数据集与版本", "Dataset and version"), f"{dataset['number']} v{dataset['version']}"),
        (Text("实际出处", "Real origin"), dataset["origin"] or None),
        (Text("使用许可", "Licence"), dataset["licence"] or None),
        (Text("限制范围", "Limits"), limits_line(said["limits"])),
        *_where_it_stands(said),
    ]


def _where_it_stands(said: dict[str, Any]) -> list[tuple[Text, Any]]:
    """What only some certificates have: sources, a predecessor, a certificate from elsewhere."""
    rows = [
        (Text("来源凭证", "Certificates of the sources"), "、".join(said.get("sources", []))),
        (Text("取代的凭证", "Replaces"), said.get("previous")),
        (Text("采信的凭证", "Recognises"), _recognised(said)),
    ]
    return [(label, value) for label, value in rows if value]


def _recognised(said: dict[str, Any]) -> str | None:
    from_elsewhere = said.get("recognised")
    return f"{from_elsewhere['issuer']}，{from_elsewhere['number']}" if from_elsewhere else None


def right_ends(said: dict[str, Any]) -> Text | None:
    """The rights that end before the certificate does."""
    ends = said.get("right_ends", {})
    if not ends:
        return None
    return Text("；".join(f"{RIGHT_NAMES[r].zh}至{day}" for r, day in ends.items()),
                "; ".join(f"{RIGHT_NAMES[r].en} until {day}" for r, day in ends.items()))  # fmt: skip


def _data(certificate: Certificate, receipt: dict[str, Any]) -> dict[str, Any]:
    said, event = certificate.content, certificate.event
    profile = certificate.registration.case.profile
    assert event is not None and profile is not None
    kind = said.get("kind", "initial")
    label = Rules(profile.data).types.get(kind, LABELS[kind])
    stamp = formats.moment(certificate.issued_at, False, clock.zone())
    held = [right_label(certificate, r) for r in RIGHTS if r in said["rights"]]
    rights: list[tuple[Text, Any]] = [
        (Text("权利种类", "Rights"), Text("；".join(t.zh for t in held), "; ".join(t.en for t in held)))
    ]
    if ends := right_ends(said):
        rights.append((Text("单项权利期限", "Ends of single rights"), ends))
    if said["right_limits"]:
        rights.append((Text("权利限制", "Limits of the rights"), said["right_limits"]))
    local = certificate.issued_at.astimezone(clock.zone()).date()
    last = certificate.valid_until.astimezone(clock.zone()).date()
    rights.append((Text("有效期", "Validity"), f"{local.isoformat()}至{last.isoformat()}"))
    notes = [
        "本凭证自存证之时生效；凭证与存证记录不一致的，以存证记录为准。",
        "三项权利相互独立、互不排斥，其他主体可以在同一数据上享有同种权利。",
        f"数据版本摘要（SHA-256）：{said['dataset']['sha256']}"
        if said["dataset"]["sha256"]
        else f"数据留在供方系统，结构摘要（SHA-256）：{said['dataset']['schema_digest']}",
    ]
    if said["remarks"]:
        notes.insert(0, f"备注：{said['remarks']}")
    return {
        "lang": "zh",
        "number": certificate.number,
        "title": Rules(profile.data).document.zh,
        "issuer": said["registrar"]["name"],
        "statement": f"依据《{profile.title_zh}》采信下列凭证，不重复审查和公示。"
        if kind == "recognition"
        else f"经审查和公示，依据《{profile.title_zh}》办理{label.zh}，登记下列数据资产及权利。",
        "facts": facts(certificate, said),
        "rights": rights,
        "notes": notes,
        "issued_on": local,
        "digest": event.sha256,
        "log_entry": f"{settings.SHUGANG_LOG_ORIGIN} 第{event.log_index}号，存证于{stamp}",
        "verify_url": verify_url(certificate.number),
        "short_address": verify_url(certificate.number),
        "qr": scan.pack(verify_url(certificate.number), receipt),
    }


def _folder() -> Path:
    path = Path(settings.VAR_DIR) / "certificates"
    path.mkdir(parents=True, exist_ok=True)
    return path


def write(certificate: Certificate) -> tuple[str, str]:
    """Render, sign and store the PDF; returns its file name and SHA-256. Raises DocumentError.

    The name carries the digest, so that two processes never write one file.
    """
    assert certificate.event is not None
    receipt = sequencer.receipt_for(certificate.event, show_content=False)
    if receipt is None:
        raise DocumentError(f"certificate {certificate.number} is not anchored yet")
    pdf = render_pdf("certificate", _data(certificate, receipt), created=certificate.issued_at)
    signed = sealing.sign(pdf, "数据资产登记凭证")
    digest = hashlib.sha256(signed).hexdigest()
    name = f"{certificate.number}-{digest[:16]}.pdf"
    temporary = _folder() / f".{name}.{os.getpid()}"
    temporary.write_bytes(signed)
    temporary.replace(_folder() / name)
    return name, digest


def read(certificate: Certificate) -> bytes | None:
    """The stored PDF, or None when there is none yet or the file is no longer the one that was issued."""
    if not certificate.pdf_path:
        return None
    path = _folder() / certificate.pdf_path
    if not path.exists():
        return None
    data = path.read_bytes()
    return data if hashlib.sha256(data).hexdigest() == certificate.pdf_sha256 else None

"""The paper of an agreement, from the same clauses that its grant is read from."""

from __future__ import annotations

from django.conf import settings

from shugang.assets.registration import sealing
from shugang.policy.text import Text
from shugang.ui.documents import render_pdf

from ..contracts.composing import title_of
from ..contracts.documents import clauses, signed_by
from . import queries
from .models import Agreement


def pdf(row: Agreement, english: bool = False) -> bytes:
    """Sealed by the platform once in force; before that a draft."""
    url = f"{settings.SHUGANG_PUBLIC_URL}/desk/agreements/{row.number}"
    title, model = title_of(row.content), row.content["template"]["model"]
    signed = [
        signed_by(
            s["side"], s["party"]["name"], s["row"].signature if s["row"] else None, s["row"].signed_at if s["row"] else None
        )
        for s in queries.signatures(row)
    ]  # fmt: skip
    data = {
        "lang": "en" if english else "zh", "number": row.number, "title": title, "facts": [],
        "issuer": settings.SHUGANG_OPERATOR_ORG or Text(settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN),
        "parties": [
            {"role": Text(**p["side"]), "name": p["name"], "facts": [
                (Text("统一社会信用代码", "Credit code"), p["uscc"]), (Text("机构编号", "Party number"), p["number"])]}
            for p in row.content["parties"]
        ],
        "clauses": clauses(row.content),
        "signatures": signed,
        "notes": [
            Text(f"文本（JSON）SHA-256：{row.sha256}", f"SHA-256 of the text (JSON): {row.sha256}"),
            Text(f"SM3：{row.sm3}", f"SM3: {row.sm3}"),
            Text("以JSON文本为准，本文件为其可读形式。【】内是平台据以执行的原值。",
                 "The JSON text prevails; this is its readable form. What stands in 【】 is the value that the platform enforces."),
            Text(f"{model['zh']}。", f"{model['en']}."),
        ],
        "issued_on": row.effective_at or row.drafted_at, "digest": row.sha256, "verify_url": url, "short_address": url,
    }  # fmt: skip
    made = render_pdf("contract", data, created=row.effective_at or row.drafted_at)
    return sealing.sign(made, title.zh) if row.effective_at else made

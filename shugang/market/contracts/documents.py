"""The paper of a contract: the frozen text with both signatures. The JSON is the original; the paper repeats it."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from shugang.assets.registration import sealing
from shugang.policy.describing import VERSION_LABELS
from shugang.policy.terms import GUARANTEE_LABELS, MODES, describe
from shugang.policy.text import Text
from shugang.ui.documents import render_pdf

from . import queries
from .models import Contract

SIDES = {"supplier": Text("供方（甲方）", "Supplier"), "buyer": Text("需方（乙方）", "Buyer")}


def _parties(contract: Contract) -> list[dict[str, Any]]:
    return [
        {
            "role": SIDES[side],
            "name": contract.snapshot[side]["name"],
            "facts": [
                (Text("统一社会信用代码", "Credit code"), contract.snapshot[side]["uscc"]),
                (Text("机构编号", "Party number"), contract.snapshot[side]["number"]),
            ],
        }
        for side in ("supplier", "buyer")
    ]


def _facts(contract: Contract) -> list[tuple[Text, Any]]:
    said = contract.snapshot
    mode = MODES[said["product"]["mode"]]
    return [
        (Text("产品", "Product"), f"{said['product']['name']}（{said['product']['number']}）"),
        (Text("交付方式", "Delivery"), mode),
        (Text("数据集与版本", "Dataset and version"), f"{said['dataset']['number']} v{said['dataset']['version']}"),
        (Text("所含版本", "Versions included"), VERSION_LABELS[said["dataset"].get("versions", "this")]),
        (Text("版本摘要", "Digest of the version"), said["dataset"]["sha256"] or None),
        (
            Text("真实出处与许可", "Origin and licence"),
            " · ".join(x for x in (said["dataset"]["origin"], said["dataset"]["licence"]) if x) or None,
        ),
        (Text("登记凭证", "Certificate"), said["certificate"]["number"]),
        (Text("需求", "Need"), said["inquiry"]["need"]),
        *queries.price_rows(contract),
    ]


def _signatures(contract: Contract) -> list[dict[str, Any]]:
    found = []
    for item in queries.signatures(contract):
        row = item["row"]
        found.append({
            "role": SIDES[item["side"]],
            "name": item["party"].name,
            "signer": row.signature["signer"] if row else Text("尚未签署", "Not signed yet"),
            "signed_at": row.signed_at if row else None,
            "algorithm": "Ed25519" if row else None,
            "digest": row.signature["signature"] if row else None,
        })  # fmt: skip
    return found


def pdf(contract: Contract, english: bool = False) -> bytes:
    """Signed by the platform when the contract is in force; before that a draft without its seal."""
    url = f"{settings.SHUGANG_PUBLIC_URL}/desk/contracts/{contract.number}"
    data = {
        "lang": "en" if english else "zh",
        "number": contract.number,
        "title": Text("数据提供合同", "Contract to provide data"),
        "issuer": settings.SHUGANG_OPERATOR_ORG or Text(settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN),
        "facts": _facts(contract),
        "parties": _parties(contract),
        "terms": [
            {
                "label": line.label,
                "value": line.value,
                "guarantee": GUARANTEE_LABELS[line.guarantee],
                "explanation": line.explanation,
            }
            for line in describe(contract.terms, contract.product.mode)
        ],
        "clauses": [{"title": Text(**c["title"]), "text": Text(**c["text"])} for c in contract.snapshot["clauses"]],
        "signatures": _signatures(contract),
        "notes": [
            Text(f"合同文本（JSON）SHA-256：{contract.sha256}", f"SHA-256 of the text (JSON): {contract.sha256}"),
            Text(f"SM3：{contract.sm3}", f"SM3: {contract.sm3}"),
            Text("以JSON文本为准，本文件为其可读形式。", "The JSON text prevails; this is its readable form."),
        ],
        "issued_on": contract.effective_at or contract.drafted_at,
        "digest": contract.sha256,
        "verify_url": url,
        "short_address": url,
    }
    made = render_pdf("contract", data, created=contract.effective_at or contract.drafted_at)
    return sealing.sign(made, "数据提供合同") if contract.effective_at else made

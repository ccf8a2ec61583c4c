"""The paper of a contract: the frozen text with both signatures. The JSON is the original; the paper repeats it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from shugang.assets.registration import sealing
from shugang.policy.text import Text
from shugang.ui.documents import render_pdf

from . import queries
from .composing import compose, title_of
from .models import Amendment, Contract

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


_NUMERALS = "一二三四五六七八九"


def numeral(n: int) -> str:
    """1 → 一, 12 → 十二; below 20."""
    return _NUMERALS[n - 1] if n < 10 else "十" + (_NUMERALS[n - 11] if n > 10 else "")


def clauses(snapshot: Mapping[str, Any], first: int = 2) -> list[dict[str, Any]]:
    """The clauses for the paper, numbered from `first` on (the parties come first)."""
    return [
        {
            "title": Text(f"{numeral(n)}、{clause.title.zh}", f"{n}. {clause.title.en}"),
            "paragraphs": list(clause.paragraphs),
            "statements": [
                {
                    "label": s.label,
                    "value": s.value,
                    "guarantee": s.guarantee_label,
                    "explanation": s.explanation,
                    "machine": s.machine,
                }
                for s in clause.statements
            ],
        }
        for n, clause in enumerate(compose(snapshot), first)
    ]


def _signatures(contract: Contract) -> list[dict[str, Any]]:
    found = []
    for item in queries.signatures(contract):
        row = item["row"]
        made, at = (row.signature, row.signed_at) if row else (None, None)
        found.append(signed_by(SIDES[item["side"]], item["party"].name, made, at))
    return found


def _model(contract: Contract) -> list[Text]:
    model = contract.snapshot.get("template", {}).get("model")
    return [Text(f"{model['zh']}。", f"{model['en']}.")] if model else []


def signed_by(role: Text, name: str, made: Any, at: Any) -> dict[str, Any]:
    return {
        "role": role,
        "name": name,
        "signer": made["signer"] if made else Text("尚未签署", "Not signed yet"),
        "signed_at": at if made else None,
        "algorithm": "Ed25519" if made else None,
        "digest": made["signature"] if made else None,
    }


def amendment_pdf(row: Amendment, english: bool = False) -> bytes:
    """What changes, then the whole text as it stands with the change; sealed by the platform once in force."""
    contract, content = row.contract, row.content
    url = f"{settings.SHUGANG_PUBLIC_URL}/desk/amendments/{row.number}"
    lines = [
        Text(f"{what.zh}：由“{a.zh if a else '无'}”改为“{b.zh if b else '无'}”。",
             f"{what.en}: from “{a.en if a else 'none'}” to “{b.en if b else 'none'}”.")
        for what, a, b in queries.amendment_diff(row)
    ]  # fmt: skip
    if content["price_from"]:
        day = content["price_from"]
        lines.append(
            Text(f"新的计费自{day}起，此前按原价。", f"The new charge counts from {day}; before that the former price.")
        )
    title = Text("补充协议", "Amendment")
    signed = queries.amendment_signatures(row)
    data = {
        "lang": "en" if english else "zh", "number": row.number, "title": title,
        "issuer": settings.SHUGANG_OPERATOR_ORG or Text(settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN),
        "facts": [
            (Text("原合同", "Contract"), contract.number), (Text("原合同摘要", "Digest of the contract"), contract.sha256),
            (Text("第几份", "Number of the amendment"), str(row.sequence)), (Text("理由", "Reason"), content["reason"]),
        ],
        "parties": _parties(contract),
        "clauses": [
            {"title": Text("二、变更内容", "2. What changes"), "paragraphs": lines, "statements": []},
            *clauses({**contract.snapshot, **content["after"]}, 3),
        ],
        "signatures": [signed_by(SIDES[side], name, made, row.effective_at) for side, name, made, _ in signed],
        "notes": [
            Text(f"补充协议文本（JSON）SHA-256：{row.sha256}", f"SHA-256 of the text (JSON): {row.sha256}"),
            Text("其后各条是变更后的合同全文，【】内是平台据以执行的原值。",
                 "The clauses that follow are the whole text as changed; what stands in 【】 is enforced."),
        ],
        "issued_on": row.effective_at or row.drafted_at, "digest": row.sha256, "verify_url": url, "short_address": url,
    }  # fmt: skip
    made = render_pdf("contract", data, created=row.effective_at or row.drafted_at)
    return sealing.sign(made, title.zh) if row.effective_at else made


def pdf(contract: Contract, english: bool = False) -> bytes:
    """Signed by the platform when the contract is in force; before that a draft without its seal."""
    url = f"{settings.SHUGANG_PUBLIC_URL}/desk/contracts/{contract.number}"
    data = {
        "lang": "en" if english else "zh",
        "number": contract.number,
        "title": title_of(contract.snapshot),
        "issuer": settings.SHUGANG_OPERATOR_ORG or Text(settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_SITE_NAME_EN),
        "facts": [],
        "parties": _parties(contract),
        "clauses": clauses(contract.snapshot),
        "signatures": _signatures(contract),
        "notes": [
            Text(f"合同文本（JSON）SHA-256：{contract.sha256}", f"SHA-256 of the text (JSON): {contract.sha256}"),
            Text(f"SM3：{contract.sm3}", f"SM3: {contract.sm3}"),
            Text(
                "以JSON文本为准，本文件为其可读形式。【】内是平台据以执行的原值。",
                "The JSON text prevails; this is its readable form. What stands in 【】 is the value that the platform enforces.",
            ),
            *_model(contract),
        ],
        "issued_on": contract.effective_at or contract.drafted_at,
        "digest": contract.sha256,
        "verify_url": url,
        "short_address": url,
    }
    made = render_pdf("contract", data, created=contract.effective_at or contract.drafted_at)
    return sealing.sign(made, title_of(contract.snapshot).zh) if contract.effective_at else made

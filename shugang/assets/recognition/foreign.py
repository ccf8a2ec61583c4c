"""Proofs of certificates from other platforms of this software. No Django: keys are handed in by the caller.

A receipt (c2sp.org/tlog-proof with its event) proves that a log recorded a certificate; a scanned code the same without
the content. A log is known by the key that the operator registered for it, never by the key that a receipt carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shugang.evidence import scan
from shugang.evidence.errors import FormatError, VerificationError
from shugang.evidence.note import parse_any_vkey
from shugang.evidence.receipt import load_receipt, parse_proof, verify_receipt
from shugang.policy.text import Text

KIND = "certificate.issued"


class ProofFails(ValueError):
    """The proof does not hold; `text` says why, in words for who handed it in."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True)
class Proved:
    """`said`: the certificate as its event committed to it; None where the proof carries no content."""

    origin: str
    index: int
    said: dict[str, Any] | None


def prove(text: str, known: Mapping[str, str]) -> Proved:
    """`text`: a JSON receipt, or what a scanned code holds. `known`: origin of a log → its key (vkey).

    Raises ProofFails: not a proof, of a log that is not known, broken, or of something else than a certificate.
    """
    try:
        body = scan.unpack(text, "") if scan.MARK in text else load_receipt(text)
        origin = _origin(body)
    except FormatError:
        raise ProofFails(
            Text("这不是回执或凭证二维码的内容。请从签发平台的核验页下载回执（JSON），或扫码后完整粘贴。",
                 "This is neither a receipt nor the text of a certificate's code. Please download the receipt (JSON) from the "
                 "issuer's verification page, or paste the whole text of the scanned code.")
        ) from None  # fmt: skip
    key = known.get(origin)
    if key is None:
        raise ProofFails(
            Text(f"签发方的日志“{origin[:80]}”没有登记。请联系运营机构登记对方公钥，或改用人工核验。",
                 f"The issuer's log “{origin[:80]}” is not registered here. Please ask the operator to register its key, or choose "
                 "the check by a person.")
        )  # fmt: skip
    try:
        found = verify_receipt({**body, "vkey": key}, key)
    except (FormatError, VerificationError):
        raise ProofFails(
            Text("回执核验不符：签名、证明或内容对不上，请勿采信。请向签发方重新取得。",
                 "The proof does not hold: signature, inclusion or content does not fit. Please get it from the issuer anew.")
        ) from None  # fmt: skip
    if found.entry.kind != KIND:
        raise ProofFails(Text("这条记录不是登记凭证的核发记录。", "This record is not the issue of a certificate."))
    return Proved(origin, found.index, _certificate(found.payload))


def _origin(body: Mapping[str, Any]) -> str:
    """The log that the checkpoint in the proof names in its first line."""
    if body["vkey"]:
        return parse_any_vkey(body["vkey"]).name
    return parse_proof(body["proof"]).checkpoint.split("\n", 1)[0]


FIELDS: dict[str, type] = {"number": str, "asset": dict, "dataset": dict, "holder": dict, "registrar": dict, "rights": list,
                           "valid_until": str, "limits": dict}  # fmt: skip


def _certificate(payload: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if payload is None:
        return None
    said = payload.get("payload", {}).get("certificate") if isinstance(payload.get("payload"), dict) else None
    if not isinstance(said, dict) or not all(isinstance(said.get(k), t) for k, t in FIELDS.items()):
        raise ProofFails(Text("记录里没有完整的凭证内容。", "The record holds no complete certificate."))
    return said

"""The file exchange with the custodian: signed JSON, instructions out, reports in.

`<VAR_DIR>/bank/out/<instruction>-<attempt>.json` and `<VAR_DIR>/bank/in/*.json` hold `{body, signature}`:
Ed25519 over `shugang-bank-v1\\n` and the body's RFC 8785 bytes. The platform's `document` key signs what goes
out; the custodian's public key is pinned in `<VAR_DIR>/bank/custodian.pub` (base64 of 32 bytes).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.kernel.platform import private_key
from shugang.policy.text import Text

from .models import PayoutInstruction

_DOMAIN = b"shugang-bank-v1\n"


class ReportLine(NamedTuple):
    """A movement: direction in|out, amount in 分, `reference` a bill's or an instruction's number."""

    bank_ref: str
    direction: str
    amount_fen: int
    reference: str
    counterparty: str
    at: datetime


class Rejection(NamedTuple):
    """The custodian did not execute attempt `attempt` of an instruction."""

    instruction: str
    attempt: int
    reason: str


class Report(NamedTuple):
    name: str
    sha256: str
    seq: int
    at: datetime
    closing_fen: int
    lines: list[ReportLine]
    rejections: list[Rejection]


def folder(name: str) -> Path:
    path = Path(settings.VAR_DIR) / "bank" / name
    path.mkdir(parents=True, exist_ok=True)
    return path


def _write(path: Path, raw: bytes) -> None:
    """Whole or not at all: a reader never sees half a file, also when the worker and a person write it at once."""
    part = path.with_suffix(f".{secrets.token_hex(8)}.part")
    with part.open("wb") as out:
        out.write(raw)
        out.flush()
        os.fsync(out.fileno())
    part.rename(path)


def signed(body: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    signature = key.sign(_DOMAIN + rfc8785.dumps(body))
    return rfc8785.dumps({"body": body, "signature": base64.b64encode(signature).decode()})


def opened(raw: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The signed body. Raises ValueError for anything not signed by `key` as it stands."""
    try:
        data = json.loads(raw)
        body: dict[str, Any] = data["body"]
        key.verify(base64.b64decode(data["signature"], validate=True), _DOMAIN + rfc8785.dumps(body))
    except (InvalidSignature, KeyError, TypeError, rfc8785.CanonicalizationError) as error:
        raise ValueError("not a report signed by the custodian") from error
    return body


def custodian_key() -> Ed25519PublicKey:
    """Raises Refusal `custodian_unknown` when no key is pinned."""
    try:
        raw = (folder("") / "custodian.pub").read_text(encoding="ascii")
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(raw, validate=True))
    except (OSError, ValueError):
        raise Refusal(
            "custodian_unknown",
            Text(
                "尚未登记存管银行的验签公钥，无法读取回单。请系统管理员按运维手册放入公钥文件。",
                "The custodian's public key is not installed, so its reports cannot be read. Ask the administrator.",
            ),
            409,
        ) from None


def send_instructions() -> list[str]:
    """Write the file of every open instruction that has none yet; repeating it writes nothing new."""
    sent = []
    for row in PayoutInstruction.objects.filter(state="instructed").select_related("bill").order_by("pk"):
        path = folder("out") / f"{row.number}-{row.attempt}.json"
        if not path.exists():
            _write(path, signed(_order(row), private_key("document")))
            sent.append(path.name)
    return sent


def _order(row: PayoutInstruction) -> dict[str, Any]:
    return {
        "kind": "payout",
        "instruction": row.number,
        "attempt": row.attempt,
        "amount_fen": row.amount_fen,
        "payee": row.payee_name,
        "purpose": row.purpose,
        "bill": row.bill.number if row.bill else "",
        "at": iso(row.created_at),
    }


def reports() -> Iterator[Report]:
    """Reports in the inbox, in the order of their names. Raises Refusal `bad_report` at one that does not verify."""
    key = custodian_key()
    for path in sorted(folder("in").glob("*.json")):
        raw = path.read_bytes()
        try:
            yield _parse(path.name, raw, opened(raw, key))
        except (ValueError, KeyError, TypeError):
            raise Refusal(
                "bad_report",
                Text(
                    f"存管回单{path.name}的签名或内容核验未通过，未入账。请向存管银行核实来源。",
                    f"The custodian's report {path.name} does not verify; nothing was posted. Ask the bank.",
                ),
                409,
            ) from None


def _parse(name: str, raw: bytes, body: dict[str, Any]) -> Report:
    lines = [
        ReportLine(
            r["bank_ref"],
            r["direction"],
            int(r["amount_fen"]),
            r["reference"],
            r["counterparty"],
            datetime.fromisoformat(r["at"]),
        )
        for r in body["lines"]
    ]
    if any(line.amount_fen <= 0 or line.direction not in {"in", "out"} for line in lines):
        raise ValueError("a movement has a positive amount and goes in or out")
    rejections = [Rejection(r["instruction"], int(r["attempt"]), r["reason"]) for r in body["rejections"]]
    digest = hashlib.sha256(raw).hexdigest()
    return Report(
        name, digest, int(body["seq"]), datetime.fromisoformat(body["at"]), int(body["closing_fen"]), lines, rejections
    )

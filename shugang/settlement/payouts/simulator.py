"""The custodian of the demonstration and the tests: reads orders, executes them, writes signed reports.

It shares nothing with the platform but the folder; its own books stand in `<VAR_DIR>/bank/custodian.json`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.kernel import clock
from shugang.kernel.events import iso
from shugang.kernel.platform import private_key

from . import bank


class Payment(NamedTuple):
    """A customer's transfer to the custody account, ordered at his own bank."""

    reference: str
    amount_fen: int
    payer: str


def _key() -> Ed25519PrivateKey:
    path = bank.folder("") / "custodian.key"
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        path.touch(mode=0o600)
        path.write_bytes(key.private_bytes_raw())
        public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
        (bank.folder("") / "custodian.pub").write_text(public, encoding="ascii")
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _books() -> dict[str, Any]:
    path = bank.folder("") / "custodian.json"
    if path.exists():
        books: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return books
    return {"seq": 0, "balance_fen": 0, "seen": []}


def simulate_bank(payments: Iterable[Payment] = (), reject: Mapping[str, str] | None = None) -> str:
    """Book `payments`, execute the orders in the outbox, write one report; returns its file name.

    `reject` maps instruction numbers to the reason why the bank does not execute them this time.
    """
    key, books = _key(), _books()
    books["seq"] += 1
    movements: list[dict[str, Any]] = []
    for paid in payments:
        _book(books, movements, "in", paid.amount_fen, paid.reference, paid.payer)
    rejections = _execute(books, movements, reject or {})
    body = {
        "kind": "report",
        "seq": books["seq"],
        "at": iso(clock.now()),
        "closing_fen": books["balance_fen"],
        "lines": movements,
        "rejections": rejections,
    }
    name = f"{books['seq']:06d}.json"
    (bank.folder("") / "custodian.json").write_text(json.dumps(books), encoding="utf-8")
    (bank.folder("in") / name).write_bytes(bank.signed(body, key))
    return name


def _execute(books: dict[str, Any], movements: list[dict[str, Any]], reject: Mapping[str, str]) -> list[dict[str, Any]]:
    rejections = []
    platform = private_key("document").public_key()
    for path in sorted(bank.folder("out").glob("*.json")):
        if path.name in books["seen"]:
            continue
        books["seen"].append(path.name)
        order = bank.opened(path.read_bytes(), platform)
        number, amount = order["instruction"], order["amount_fen"]
        reason = reject.get(number) or ("余额不足" if amount > books["balance_fen"] else "")
        if reason:
            rejections.append({"instruction": number, "attempt": order["attempt"], "reason": reason})
        else:
            _book(books, movements, "out", amount, number, order["payee"])
    return rejections


def _book(
    books: dict[str, Any], movements: list[dict[str, Any]], direction: str, amount: int, reference: str, other: str
) -> None:
    books["balance_fen"] += amount if direction == "in" else -amount
    movements.append(
        {
            "bank_ref": f"BK{books['seq']:06d}-{len(movements) + 1:03d}",
            "direction": direction,
            "amount_fen": amount,
            "reference": reference,
            "counterparty": other,
            "at": iso(clock.now()),
        }
    )

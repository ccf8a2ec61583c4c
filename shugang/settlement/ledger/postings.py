"""What is to be posted and what was: plain values, so that a batch of hundreds makes no ORM object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from shugang.kernel.errors import Refusal
from shugang.kernel.idempotency import fingerprint
from shugang.policy.text import Text

Refs = Iterable[tuple[str, str]]


class Posting(NamedTuple):
    """Signed 分 by account code, once per `key`. `reverses` and `resolves` are ids of transfers."""

    key: str
    kind: str
    lines: Mapping[str, int]
    effective_at: datetime
    refs: Refs = ()
    reverses: int | None = None
    resolves: int | None = None


class Posted(NamedTuple):
    """A posting's transfer; `new` unless it was posted before."""

    id: int
    key: str
    new: bool


class Hashed(NamedTuple):
    """A posting that balances, with its sorted references as JSON and the hash of its content."""

    posting: Posting
    refs: str
    payload_hash: str


def hashed(posting: Posting) -> Hashed:
    """Raises ValueError when the lines do not balance."""
    lines = posting.lines
    if len(lines) < 2 or 0 in lines.values():
        raise ValueError("a posting has at least two lines and none of 0")
    if total := sum(lines.values()):
        raise ValueError(f"a posting sums to 0, not {total}")
    refs = sorted(set(posting.refs)) if posting.refs else []
    links = (posting.reverses, posting.resolves)
    content = fingerprint(posting.kind, sorted(lines.items()), refs, links)
    return Hashed(posting, json.dumps(refs) if refs else "[]", content)


def _refused(code: str, key: str, zh: str, en: str) -> Refusal:
    return Refusal(code, Text(f"{zh}（记账编号：{key}）", f"{en} (posting {key})"), 409, {"posting": Text(key, key)})


def conflict(key: str) -> Refusal:
    return _refused(
        "idempotency_conflict",
        key,
        "这个记账编号已用于另一笔款项，未重复入账。请核对来源。",
        "This posting key was used for another amount; nothing was posted. Please check its source.",
    )


def already_resolved(key: str) -> Refusal:
    return _refused(
        "already_resolved",
        key,
        "这笔款项已处理过，不能再次处理。请查看账本中的后续分录。",
        "This amount was dealt with before. Please see the entries that follow it in the ledger.",
    )


def insufficient(key: str, account: str) -> Refusal:
    return _refused(
        "insufficient_balance",
        key,
        f"账户{account}余额不足，未入账。请先核对该账户的分录。",
        f"Account {account} does not hold enough; nothing was posted. Please check its entries.",
    )

"""Reading a plane's journal record: every key known and typed, times in the journal's one spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

HEX = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
_TEXTS = {
    "grant": 64, "credential": 64, "request_id": 200, "mode": 10, "action": 20, "outcome": 64, "charge_reason": 80,
    "state": 10, "at": 24, "received_at": 24, "answer_sha256": 64, "prev": 64, "hash": 64,
}  # fmt: skip
_WHOLES = ("seq", "grant_seq", "rows", "bytes", "version")
KEYS = frozenset(_TEXTS) | frozenset(_WHOLES) | {"charged", "detail"}
STATES = frozenset({"answered", "aborted", "refused", "void"})
MAX_WHOLE = 2**53 - 1


def broken(why: str) -> Refusal:
    """A journal that cannot be taken as it is; nothing of it is stored."""
    return Refusal(
        "journal_broken",
        Text(f"用量日志无法核对（{why}），未予入账。", f"The journal does not check ({why}); nothing was recorded."),
        422,
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def read(record: Any) -> Mapping[str, Any]:
    """The record, if it is one. Raises Refusal `journal_broken`."""
    if not isinstance(record, dict) or set(record) != KEYS:
        raise broken("record keys")
    for name, length in _TEXTS.items():
        value = record[name]
        if not isinstance(value, str) or len(value) > length or "\x00" in value:
            raise broken(name)
    for name in _WHOLES:
        value = record[name]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_WHOLE:
            raise broken(name)
    if record["version"] >= 2**31 or not isinstance(record["charged"], bool) or not isinstance(record["detail"], dict):
        raise broken("record types")
    if record["state"] not in STATES or not HEX.fullmatch(record["prev"]) or not HEX.fullmatch(record["hash"]):
        raise broken("record values")
    for name in ("at", "received_at"):
        _check_time(record[name])
    return record


def _check_time(text: str) -> None:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        moment(text)
    except ValueError:
        raise broken("record times") from None

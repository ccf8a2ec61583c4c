"""The statement that a buyer signs: its keys, its digest, the head over record hashes. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from ..metering.records import HEX, MAX_WHOLE

VERSION = 1
# `records` counts every number of the range; `delivered`, `rows` and `bytes` what was answered; `charged` what was charged.
COUNTS = ("records", "delivered", "charged", "rows", "bytes")
WHOLES = ("first_seq", "last_seq", *COUNTS)
TEXTS = {"contract": 40, "grant": 20, "plane": 12, "from": 24, "to": 24, "remark": 400}
KEYS = frozenset({"v", "head"}) | frozenset(WHOLES) | frozenset(TEXTS)
START = "0" * 64
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)?")
LABELS = {
    "records": Text("记录数", "Records"),
    "delivered": Text("已交付次数", "Delivered"),
    "charged": Text("计费次数", "Charged"),
    "rows": Text("行数", "Rows"),
    "bytes": Text("字节", "Bytes"),
    "head": Text("链头", "Head"),
}


def head(hashes: Iterable[str]) -> str:
    found = START
    for each in hashes:
        found = hashlib.sha256((found + each).encode()).hexdigest()
    return found


def digest(statement: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the RFC 8785 form: what is signed."""
    return hashlib.sha256(rfc8785.dumps(dict(statement))).hexdigest()


def malformed(name: str) -> Refusal:
    why = Text(f"签收内容有误：{name}。请取平台的草稿对照。", f"Not a statement: {name}. Compare it with the draft.")
    return Refusal("invalid_statement", why, 422, {name: why})


def read(given: Any) -> dict[str, Any]:
    """The statement, if it is one. Raises Refusal `invalid_statement`."""
    if not isinstance(given, dict) or set(given) != KEYS:
        raise malformed("keys")
    if given["v"] != VERSION or isinstance(given["v"], bool):
        raise malformed("v")
    for name in WHOLES:
        value = given[name]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_WHOLE:
            raise malformed(name)
    for name, length in TEXTS.items():
        value = given[name]
        if not isinstance(value, str) or len(value) > length or any(char < " " for char in value):
            raise malformed(name)
    for name in ("from", "to"):
        if not _TIME.fullmatch(given[name]):
            raise malformed(name)
    if not isinstance(given["head"], str) or not HEX.fullmatch(given["head"]):
        raise malformed("head")
    if not 1 <= given["first_seq"] <= given["last_seq"]:
        raise malformed("last_seq")
    return given

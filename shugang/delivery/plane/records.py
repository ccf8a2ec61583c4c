"""The journal record: its canonical text (RFC 8785) and its hash chain.

A record's `hash` is the lower-case hex SHA-256 of `prev` (64 hex characters, ASCII) followed by the canonical
JSON of the record without `hash` (it does contain `prev`). The first record's `prev` is sixty-four zeros. `seq` counts
a plane's records, `grant_seq` those of one grant on it, both without gaps: whoever sees one grant alone sees by it
that a record is missing.

The hot path fills a template per (grant, credential, outcome) instead of serialising a dictionary:
`Entry.text` must equal `rfc8785.dumps`, and a property test holds it to that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring as quote
from typing import Any, NamedTuple

import rfc8785

from shugang.evidence.canonical import dumps

GENESIS = "0" * 64
ANSWERED, ABORTED, REFUSED, VOID = "answered", "aborted", "refused", "void"


class Template:
    """All that is constant over the uses of one grant by one credential with one outcome.

    `parts` is the text in RFC 8785's key order, cut where the values of one use go; its closing brace is left out."""

    __slots__ = ("charged", "grant", "parts", "state")

    def __init__(
        self,
        grant: str,
        credential: str,
        mode: str,
        action: str,
        outcome: str,
        version: int,
        charged: bool,
        reason: str,
        state: str = ANSWERED,
    ) -> None:
        self.grant, self.charged, self.state = grant, charged, state
        self.parts = (
            f'{{"action":{quote(action)},"answer_sha256":"',
            '","at":"',
            '","bytes":',
            f',"charge_reason":{quote(reason)},"charged":{"true" if charged else "false"},'
            f'"credential":{quote(credential)},"detail":',
            f',"grant":{quote(grant)},"grant_seq":',
            f',"mode":{quote(mode)},"outcome":{quote(outcome)},"prev":"',
            '","received_at":"',
            '","request_id":',
            ',"rows":',
            ',"seq":',
            f',"state":{quote(state)},"version":{int(version)}',
        )


@lru_cache(maxsize=4096)
def template(*parts: Any) -> Template:
    return Template(*parts)


class Entry(NamedTuple):
    """One finished use. `detail` is canonical JSON text; `day` the rule day it counts in; `counts` whether it
    draws on quotas (an answer with data does, a listing or a refusal does not; `schema.AMOUNTS`: all but the call)."""

    template: Template
    request_id: str
    at: str
    received_at: str
    rows: int
    bytes: int
    answer_sha256: str
    detail: str
    day: int
    counts: bool | int

    def text(self, seq: int, prev: str, grant_seq: int) -> str:
        a, b, c, d, e, f, g, h, i, j, k = self.template.parts
        return (
            f"{a}{self.answer_sha256}{b}{self.at}{c}{self.bytes}{d}{self.detail}{e}{grant_seq}{f}{prev}"
            f"{g}{self.received_at}{h}{quote(self.request_id)}{i}{self.rows}{j}{seq}{k}}}"
        )


def chain(prev: str, text: str) -> str:
    return hashlib.sha256((prev + text).encode()).hexdigest()


def with_hash(text: str, digest: str) -> str:
    """The shipped form: the canonical text with `hash` appended (key order does not matter on the wire)."""
    return f'{text[:-1]},"hash":"{digest}"}}'


def record_hash(record: Mapping[str, Any]) -> str:
    """The hash that a received record must carry, computed from its parsed form."""
    body = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(str(body["prev"]).encode() + dumps(body)).hexdigest()


class BrokenChain(ValueError):
    """A record was changed, dropped or reordered; the message names the sequence number."""


def verify_chain(records: Iterable[Mapping[str, Any]], seq: int = 0, prev: str = GENESIS) -> tuple[int, str]:
    """Check records that follow `(seq, prev)`; the new head, or BrokenChain."""
    for record in records:
        if record["seq"] != seq + 1 or record["prev"] != prev:
            raise BrokenChain(f"record {record['seq']} does not follow record {seq}")
        if record["hash"] != record_hash(record):
            raise BrokenChain(f"record {record['seq']} does not match its hash")
        seq, prev = record["seq"], record["hash"]
    return seq, prev


def canonical(value: Any) -> str:
    return rfc8785.dumps(value).decode()

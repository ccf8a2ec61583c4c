"""Reading a plane's journal records: every key known and typed, times in the journal's one spelling."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json.encoder import encode_basestring as quote
from typing import Any

from shugang.evidence.canonical import dumps
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


@dataclass(frozen=True)
class Batch:
    """Records by key, in their order, and what each text of a time in them says."""

    columns: Mapping[str, Sequence[Any]]
    moments: Mapping[str, datetime]

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self.columns[name]

    def after(self, count: int) -> Batch:
        """Without the first `count` records."""
        return Batch({name: column[count:] for name, column in self.columns.items()}, self.moments)

    def rows(self, *names: str) -> Iterator[tuple[Any, ...]]:
        return zip(*[self.columns[name] for name in names], strict=True)


def read(records: Sequence[Any]) -> Batch:
    """The records, if each is one. Raises Refusal `journal_broken`.

    Tested a column at a time: what is asked of a column of thousands costs the interpreter as much as of one record.
    """
    if not all([type(record) is dict and record.keys() == KEYS for record in records]):
        raise broken("record keys")
    columns = {name: [record[name] for record in records] for name in KEYS}
    for name, length in _TEXTS.items():
        column = columns[name]
        if not _all(str, column) or max(map(len, column), default=0) > length or "\x00" in "".join(column):
            raise broken(name)
    for name in _WHOLES:
        column = columns[name]
        if not _all(int, column) or not 0 <= min(column, default=0) <= max(column, default=0) <= MAX_WHOLE:
            raise broken(name)
    if (
        max(columns["version"], default=0) >= 2**31
        or not _all(bool, columns["charged"])
        or not _all(dict, columns["detail"])
    ):
        raise broken("record types")
    if not STATES.issuperset(columns["state"]) or not all(map(HEX.fullmatch, columns["prev"] + columns["hash"])):
        raise broken("record values")
    return Batch(columns, {text: _time(text) for text in {*columns["at"], *columns["received_at"]}})


def _all(kind: type, column: Sequence[Any]) -> bool:
    """Exactly of this type: True is no whole number here."""
    return {kind}.issuperset(map(type, column))


def _time(text: str) -> datetime:
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        return moment(text)
    except ValueError:
        raise broken("record times") from None


def canonical(batch: Batch) -> Iterator[tuple[str, str]]:
    """Each record's RFC 8785 text without `hash`, in two parts: the key belongs between them.

    Raises what `evidence.canonical.dumps` does for a `detail` that JSON cannot carry; a property test holds both equal.
    """
    for (
        action, answer, at, size, reason, charged, credential, detail, grant, number, mode, outcome, prev, received,
        request, rows, seq, state, version,
    ) in batch.rows(*sorted(KEYS - {"hash"})):  # fmt: skip
        yield (
            f'{{"action":{quote(action)},"answer_sha256":{quote(answer)},"at":"{at}","bytes":{size},'
            f'"charge_reason":{quote(reason)},"charged":{"true" if charged else "false"},"credential":{quote(credential)},'
            f'"detail":{dumps(detail).decode() if detail else "{}"},"grant":{quote(grant)},"grant_seq":{number},',
            f'"mode":{quote(mode)},"outcome":{quote(outcome)},"prev":"{prev}","received_at":"{received}",'
            f'"request_id":{quote(request)},"rows":{rows},"seq":{seq},"state":"{state}","version":{version}}}',
        )

"""Folding journals: each use recorded once, charged once, committed to the log.

The plane is not believed about money: control charges only under a grant of that plane, within its window, for an
outcome that the grant's price rule charges, and once per billing key. Its own statement is kept beside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from json.encoder import encode_basestring as quote
from typing import Any, NamedTuple

from django.db import transaction

from shugang.evidence.hashing import Commitment, commitment_to, new_salt
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit, iso
from shugang.policy.priceplan import priced_as
from shugang.policy.text import Text

from ..grants.models import Grant
from ..grants.services import refs
from ..planes.models import Plane
from . import storing
from .models import UsageRecord
from .records import Batch, broken, canonical, read

MAX_BATCH = 5000
DUPLICATE, UNKNOWN, OUTSIDE, NOT_PRICED = (
    "duplicate_billing_key",
    "unknown_grant",
    "outside_window",
    "outcome_not_charged",
)
DELIVERED = frozenset({"answered", "aborted"})


class Fork(NamedTuple):
    """Where a plane told two stories: the sequence number and both hashes."""

    seq: int
    recorded: str
    received: str


def fold_journal(plane: Plane, from_seq: int, records: Sequence[Any]) -> int:
    """Record a batch of a plane's journal; returns the highest sequence number recorded.

    Idempotent: what was recorded before is compared and skipped. Raises Refusal 422 `journal_broken`, 409
    `journal_gap` (fields: expected), 409 `journal_forked`, after which the plane is suspended.
    """
    if len(records) > MAX_BATCH:
        raise broken(f"more than {MAX_BATCH} records")
    batch = read(records)
    texts = _check_chain(from_seq, batch)
    with transaction.atomic():
        locked = Plane.objects.select_for_update().get(pk=plane.pk)
        _check_gap(locked, from_seq)
        old = min(locked.journal_seq + 1 - from_seq, len(records))
        fork = _find_fork(locked, batch, old)
        if fork is None:
            return _append(locked, batch.after(old), texts[old:])
        _suspend(locked, fork)
    raise Refusal(
        "journal_forked",
        Text(
            f"第{fork.seq}条用量记录与已入账的不一致，该节点已停用，请联系平台核查。",
            f"Record {fork.seq} differs from the one recorded before. The plane is suspended; please contact us.",
        ),
        409,
    )


def _check_chain(from_seq: int, batch: Batch) -> list[tuple[str, str]]:
    """The records' canonical texts (`canonical`), once their numbers, links and hashes hold."""
    texts, parts, previous = [], canonical(batch), None
    for expected, (seq, prev, digest) in enumerate(batch.rows("seq", "prev", "hash"), from_seq):
        if seq != expected:
            raise broken(f"record {expected - from_seq} is not number {expected}")
        if previous is not None and prev != previous:
            raise broken(f"chain at {seq}")
        try:
            head, tail = next(parts)
            found = hashlib.sha256(f"{prev}{head}{tail}".encode()).hexdigest()
        except (ValueError, RecursionError):
            raise broken(f"record {seq}") from None
        if digest != found:
            raise broken(f"hash at {seq}")
        texts.append((head, tail))
        previous = digest
    return texts


def _check_gap(plane: Plane, from_seq: int) -> None:
    expected = plane.journal_seq + 1
    if from_seq > expected or from_seq < 1:
        raise Refusal(
            "journal_gap",
            Text(
                f"用量日志不连续，请从第{expected}条起重新上报。", f"The journal has a gap; send it from {expected} on."
            ),
            409,
            {"expected": Text(str(expected), str(expected))},
        )


def _find_fork(plane: Plane, batch: Batch, old: int) -> Fork | None:
    """Where the first `old` records differ from those recorded, or the next one does not follow them."""
    told = list(batch.rows("seq", "hash", "prev"))
    if old:
        known = UsageRecord.objects.filter(plane=plane, seq__gte=told[0][0], seq__lte=told[old - 1][0])
        stored = dict(known.values_list("seq", "hash"))
        for seq, digest, _ in told[:old]:
            if stored.get(seq) != digest:
                return Fork(seq, stored.get(seq, ""), digest)
    for seq, _, prev in told[old : old + 1]:
        if prev != plane.journal_head:
            return Fork(seq, plane.journal_head, prev)
    return None


def _suspend(plane: Plane, fork: Fork) -> None:
    """Two signed stories are proof; the plane gets no more bundles until somebody has looked into it."""
    if plane.state != Plane.State.SUSPENDED:
        plane.state = Plane.State.SUSPENDED
        plane.save(update_fields=["state"])
    emit("plane.journal_forked", SYSTEM, [("plane", plane.number)], fork._asdict())


def _append(plane: Plane, batch: Batch, texts: Sequence[tuple[str, str]]) -> int:
    if not texts:
        return plane.journal_seq
    held = Grant.objects.filter(plane=plane, number__in=set(batch["grant"]))
    grants = {g.number: g for g in held.only("number", "outcomes", "valid_from", "valid_until", "first_used_at")}
    _check_numbers(plane, batch)
    findings = _findings(grants, batch)  # which asks the database, so before the rows flow to it
    storing.insert(_rows(plane, grants, batch, texts, findings))
    plane.journal_seq, plane.journal_head = batch["seq"][-1], batch["hash"][-1]
    plane.save(update_fields=["journal_seq", "journal_head"])
    _first_uses(plane, grants, batch)
    return plane.journal_seq


def _check_numbers(plane: Plane, batch: Batch) -> None:
    """Numbers within each grant have no gap, so that a buyer who sees his grant alone sees a missing record."""
    last = storing.last_numbers(plane.pk, set(batch["grant"]))
    for grant, number in batch.rows("grant", "grant_seq"):
        expected = last[grant] + 1
        if number != expected:
            raise broken(f"number {number} within {grant}, expected {expected}")
        last[grant] = expected


def _findings(grants: Mapping[str, Grant], batch: Batch) -> list[tuple[bool, str]]:
    """Of each record, whether control charges the use, and why."""
    claimed = batch.rows("grant", "request_id", "charged")
    spent = storing.spent_keys([(grants[g].id, request) for g, request, charged in claimed if charged and g in grants])
    found = []
    for grant, request, charged, reason, state, outcome, at in batch.rows(
        "grant", "request_id", "charged", "charge_reason", "state", "outcome", "at"
    ):
        if not charged:
            found.append((False, reason))
        elif why := _uncharged(grants.get(grant), state, outcome, batch.moments[at]):
            found.append((False, why))
        elif (key := (grants[grant].id, request)) in spent:
            found.append((False, DUPLICATE))
        else:
            spent.add(key)
            found.append((True, reason))
    return found


def _uncharged(grant: Grant | None, state: str, outcome: str, at: datetime) -> str:
    """Why a use that the plane charged is not charged, whatever its billing key; "" if it is."""
    if grant is None:
        return UNKNOWN
    if state not in DELIVERED or grant.outcomes.get(priced_as(outcome)) is not True:
        return NOT_PRICED
    return "" if grant.valid_from <= at < grant.valid_until else OUTSIDE


def _rows(
    plane: Plane, grants: Mapping[str, Grant], batch: Batch, texts: Sequence[tuple[str, str]],
    findings: Sequence[tuple[bool, str]],
) -> Iterator[tuple[Any, ...]]:  # fmt: skip
    """The records with control's findings and commitments, in `storing.COLUMNS`.

    Each is hashed as it is taken, while PostgreSQL stores those before.
    """
    count, now = len(texts), clock.real_now()
    salts = [new_salt() for _ in texts]
    digests = _commitments(plane, iso(now), batch, texts, findings, salts)
    times = storing.stored_times(batch.moments)
    ids = {number: grant.id for number, grant in grants.items()}
    stated = zip(batch.rows("charged", "charge_reason"), findings, strict=True)
    columns: dict[str, Sequence[Any]] = {
        **batch.columns,
        "plane_id": [plane.pk] * count,
        "grant_id": [ids.get(number) for number in batch["grant"]],
        "grant_number": batch["grant"],
        "charged": [charged for charged, _ in findings],
        "charge_reason": [reason for _, reason in findings],
        "stated": [None if t == f else storing.json({"charged": t[0], "charge_reason": t[1]}) for t, f in stated],
        "at": [times[text] for text in batch["at"]],
        "received_at": [times[text] for text in batch["received_at"]],
        "folded_at": [storing.stored_time(now)] * count,
        "salt": salts,
        "detail": [storing.json(detail) for detail in batch["detail"]],
    }
    plain = zip(*[columns[name] for name in storing.COLUMNS[:-2]], strict=True)
    for values, digest in zip(plain, digests, strict=True):
        yield *values, digest.sha256.hex(), digest.sm3.hex()


def _commitments(
    plane: Plane, folded_at: str, batch: Batch, texts: Sequence[tuple[str, str]], findings: Sequence[tuple[bool, str]],
    salts: Sequence[bytes],
) -> Iterator[Commitment]:  # fmt: skip
    """To each record's `UsageRecord.commitment_payload`, whose canonical text is the record's with a few words around."""
    number = quote(plane.number)
    for (head, tail), digest, (charged, reason), salt in zip(texts, batch["hash"], findings, salts, strict=True):
        text = (
            f'{{"charge_reason":{quote(reason)},"charged":{"true" if charged else "false"},"folded_at":"{folded_at}",'
            f'"plane":{number},"record":{head}"hash":"{digest}",{tail}}}'
        )
        yield commitment_to(text.encode(), salt)


def _first_uses(plane: Plane, grants: Mapping[str, Grant], batch: Batch) -> None:
    """Tell once per grant that data has flowed: the first delivery of a contract."""
    unused = {grant.pk for grant in grants.values() if grant.first_used_at is None}
    waiting = Grant.objects.filter(pk__in=unused).select_related("plane").in_bulk(field_name="number") if unused else {}
    for number, state, at, seq in batch.rows("grant", "state", "at", "seq") if waiting else ():
        if state in DELIVERED and (grant := waiting.pop(number, None)):
            grant.first_used_at = batch.moments[at]
            grant.save(update_fields=["first_used_at"])
            emit("grant.first_used", SYSTEM, refs(grant), {"seq": seq, "plane": plane.number})

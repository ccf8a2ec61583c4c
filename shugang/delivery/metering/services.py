"""Folding journals: each use recorded once, charged once, committed to the log.

The plane is not believed about money: control charges only under a grant of that plane, within its window, for an
outcome that the grant's price rule charges, and once per billing key. Its own statement is kept beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from shugang.evidence.errors import FormatError
from shugang.evidence.hashing import commitment, new_salt
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit, iso
from shugang.policy.priceplan import priced_as
from shugang.policy.text import Text

from ..grants.models import Grant
from ..grants.services import refs
from ..plane.records import record_hash
from ..planes.models import Plane
from . import storing
from .models import UsageRecord
from .records import broken, moment, read

MAX_BATCH = 5000
DUPLICATE, UNKNOWN, OUTSIDE, NOT_PRICED = (
    "duplicate_billing_key",
    "unknown_grant",
    "outside_window",
    "outcome_not_charged",
)


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
    checked = [read(r) for r in records]
    _check_chain(from_seq, checked)
    with transaction.atomic():
        locked = Plane.objects.select_for_update().get(pk=plane.pk)
        _check_gap(locked, from_seq)
        fork = _find_fork(locked, checked)
        if fork is None:
            return _append(locked, [r for r in checked if r["seq"] > locked.journal_seq])
        _suspend(locked, fork)
    raise Refusal(
        "journal_forked",
        Text(
            f"第{fork.seq}条用量记录与已入账的不一致，该节点已停用，请联系平台核查。",
            f"Record {fork.seq} differs from the one recorded before. The plane is suspended; please contact us.",
        ),
        409,
    )


def _check_chain(from_seq: int, records: Sequence[Mapping[str, Any]]) -> None:
    previous = None
    for offset, record in enumerate(records):
        if record["seq"] != from_seq + offset:
            raise broken(f"record {offset} is not number {from_seq + offset}")
        if previous is not None and record["prev"] != previous:
            raise broken(f"chain at {record['seq']}")
        try:
            found = record_hash(record)
        except (ValueError, RecursionError):
            raise broken(f"record {record['seq']}") from None
        if record["hash"] != found:
            raise broken(f"hash at {record['seq']}")
        previous = record["hash"]


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


def _find_fork(plane: Plane, records: Sequence[Mapping[str, Any]]) -> Fork | None:
    old = [r for r in records if r["seq"] <= plane.journal_seq]
    if old:
        stored = dict(
            UsageRecord.objects.filter(plane=plane, seq__gte=old[0]["seq"], seq__lte=old[-1]["seq"]).values_list(
                "seq", "hash"
            )
        )
        for record in old:
            if stored.get(record["seq"]) != record["hash"]:
                return Fork(record["seq"], stored.get(record["seq"], ""), record["hash"])
    new = records[len(old) : len(old) + 1]
    if new and new[0]["prev"] != plane.journal_head:
        return Fork(new[0]["seq"], plane.journal_head, new[0]["prev"])
    return None


def _suspend(plane: Plane, fork: Fork) -> None:
    """Two signed stories are proof; the plane gets no more bundles until somebody has looked into it."""
    if plane.state != Plane.State.SUSPENDED:
        plane.state = Plane.State.SUSPENDED
        plane.save(update_fields=["state"])
    emit("plane.journal_forked", SYSTEM, [("plane", plane.number)], fork._asdict())


def _append(plane: Plane, records: Sequence[Mapping[str, Any]]) -> int:
    if not records:
        return plane.journal_seq
    numbers = {r["grant"] for r in records}
    grants = {g.number: g for g in Grant.objects.filter(plane=plane, number__in=numbers).select_related("plane")}
    _check_numbers(plane, records, numbers)
    spent = storing.spent_keys(
        [(grants[r["grant"]].pk, r["request_id"]) for r in records if r["charged"] and r["grant"] in grants]
    )
    now = clock.real_now()
    storing.insert([_row(plane, grants.get(r["grant"]), r, spent, now) for r in records])
    plane.journal_seq, plane.journal_head = records[-1]["seq"], records[-1]["hash"]
    plane.save(update_fields=["journal_seq", "journal_head"])
    _first_uses(plane, grants, records)
    return plane.journal_seq


def _check_numbers(plane: Plane, records: Sequence[Mapping[str, Any]], grants: set[str]) -> None:
    """Numbers within each grant have no gap, so that a buyer who sees his grant alone sees a missing record."""
    last = storing.last_numbers(plane.pk, grants)
    for record in records:
        expected = last[record["grant"]] + 1
        if record["grant_seq"] != expected:
            raise broken(f"number {record['grant_seq']} within {record['grant']}, expected {expected}")
        last[record["grant"]] = expected


def _finding(grant: Grant | None, record: Mapping[str, Any], spent: set[tuple[int, str]]) -> tuple[bool, str]:
    """Whether control charges the use, and why. Enters a charged billing key into `spent`."""
    if not record["charged"]:
        return False, record["charge_reason"]
    if grant is None:
        return False, UNKNOWN
    if record["state"] not in ("answered", "aborted") or grant.outcomes.get(priced_as(record["outcome"])) is not True:
        return False, NOT_PRICED
    if not grant.valid_from <= moment(record["at"]) < grant.valid_until:
        return False, OUTSIDE
    key = (grant.pk, record["request_id"])
    if key in spent:
        return False, DUPLICATE
    spent.add(key)
    return True, record["charge_reason"]


def _row(
    plane: Plane, grant: Grant | None, record: Mapping[str, Any], spent: set[tuple[int, str]], now: datetime
) -> tuple[Any, ...]:
    """The record with control's finding and its commitment (`UsageRecord.commitment_payload`), in `storing.COLUMNS`."""
    charged, reason = _finding(grant, record, spent)
    stated, salt = None, new_salt()
    if (charged, reason) != (record["charged"], record["charge_reason"]):
        stated = storing.json({"charged": record["charged"], "charge_reason": record["charge_reason"]})
    payload = {
        "plane": plane.number, "record": record, "charged": charged, "charge_reason": reason, "folded_at": iso(now),
    }  # fmt: skip
    try:
        digests = commitment(payload, salt)
    except FormatError:
        raise broken(f"record {record['seq']}") from None
    at, received = storing.stored_time(moment(record["at"])), storing.stored_time(moment(record["received_at"]))
    return (
        plane.pk, grant.pk if grant else None, record["grant"], charged, reason, stated, at, received,
        storing.stored_time(now), salt, digests.sha256.hex(), digests.sm3.hex(), storing.json(record["detail"]),
        *[record[name] for name in storing.COLUMNS[13:]],
    )  # fmt: skip


def _first_uses(plane: Plane, grants: Mapping[str, Grant], records: Sequence[Mapping[str, Any]]) -> None:
    """Tell once per grant that data has flowed: the first delivery of a contract."""
    for record in records:
        grant = grants.get(record["grant"])
        if grant is None or grant.first_used_at is not None or record["state"] not in ("answered", "aborted"):
            continue
        grant.first_used_at = moment(record["at"])
        grant.save(update_fields=["first_used_at"])
        emit("grant.first_used", SYSTEM, refs(grant), {"seq": record["seq"], "plane": plane.number})

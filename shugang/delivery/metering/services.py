"""Folding journals: each use recorded once, charged once, committed to the log.

The plane is not believed about money: control charges only under a grant of that plane, within its window, for an
outcome that the grant's price rule charges, and once per billing key. Its own statement is kept beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction

from shugang.evidence.errors import FormatError
from shugang.evidence.hashing import commitment, new_salt
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.policy.priceplan import priced_as
from shugang.policy.text import Text

from ..grants.models import Grant
from ..grants.services import refs
from ..plane.records import record_hash
from ..planes.models import Plane
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
    grants = {
        g.number: g
        for g in Grant.objects.filter(plane=plane, number__in={r["grant"] for r in records}).select_related("plane")
    }
    _check_numbers(plane, records)
    spent = _spent_keys(grants, records)
    rows = [_row(plane, grants.get(r["grant"]), r, spent) for r in records]
    _insert(rows)
    plane.journal_seq, plane.journal_head = records[-1]["seq"], records[-1]["hash"]
    plane.save(update_fields=["journal_seq", "journal_head"])
    _first_uses(rows)
    return plane.journal_seq


def _check_numbers(plane: Plane, records: Sequence[Mapping[str, Any]]) -> None:
    """Numbers within each grant have no gap, so that a buyer who sees his grant alone sees a missing record."""
    last = {grant: _last_number(plane, grant) for grant in {r["grant"] for r in records}}
    for record in records:
        expected = last.get(record["grant"], 0) + 1
        if record["grant_seq"] != expected:
            raise broken(f"number {record['grant_seq']} within {record['grant']}, expected {expected}")
        last[record["grant"]] = expected


def _last_number(plane: Plane, grant: str) -> int:
    """One step down the index; a maximum over several grants at once would read all their numbers."""
    rows = UsageRecord.objects.filter(plane=plane, grant_number=grant, grant_seq__gt=0).order_by("-grant_seq")
    return rows.values_list("grant_seq", flat=True).first() or 0


def _insert(rows: Sequence[UsageRecord]) -> None:
    """`bulk_create` spends two thirds of its time on writing the statement anew for every few rows."""
    fields = [field for field in UsageRecord._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO delivery_usagerecord ({columns}) VALUES ({places})"  # noqa: S608  the model's own columns
    values = [[field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _spent_keys(grants: Mapping[str, Grant], records: Sequence[Mapping[str, Any]]) -> set[tuple[int, str]]:
    """Billing keys of this batch that were charged before."""
    wanted = [r["request_id"] for r in records if r["charged"]]
    found: set[tuple[int, str]] = set()
    ids = [g.pk for g in grants.values()]
    for start in range(0, len(wanted), 500):
        rows = UsageRecord.objects.filter(
            charged=True, grant_id__in=ids, request_id__in=wanted[start : start + 500]
        ).values_list("grant_id", "request_id")
        found.update((grant, request) for grant, request in rows if grant is not None)
    return found


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


def _row(plane: Plane, grant: Grant | None, record: Mapping[str, Any], spent: set[tuple[int, str]]) -> UsageRecord:
    charged, reason = _finding(grant, record, spent)
    salt = new_salt()
    stated = {"charged": record["charged"], "charge_reason": record["charge_reason"]}
    row = UsageRecord(
        plane=plane,
        grant=grant,
        grant_number=record["grant"],
        charged=charged,
        charge_reason=reason,
        stated=None if stated == {"charged": charged, "charge_reason": reason} else stated,
        at=moment(record["at"]),
        received_at=moment(record["received_at"]),
        folded_at=clock.real_now(),
        salt=salt,
        **{name: record[name] for name in _COPIED},
    )
    try:
        digests = commitment(row.commitment_payload(), salt)
    except FormatError:
        raise broken(f"record {record['seq']}") from None
    row.sha256, row.sm3 = digests.sha256.hex(), digests.sm3.hex()
    return row


_COPIED = (
    "seq", "grant_seq", "credential", "request_id", "mode", "action", "outcome", "rows", "bytes", "version", "answer_sha256",
    "state", "detail", "prev", "hash",
)  # fmt: skip


def _first_uses(rows: Sequence[UsageRecord]) -> None:
    """Tell once per grant that data has flowed: the first delivery of a contract."""
    for row in rows:
        grant = row.grant
        if grant is None or grant.first_used_at is not None or row.state not in ("answered", "aborted"):
            continue
        grant.first_used_at = row.at
        grant.save(update_fields=["first_used_at"])
        emit("grant.first_used", SYSTEM, refs(grant), {"seq": row.seq, "plane": row.plane_number})

"""The five verbs of the ledger: post, reverse, hold, settle, release. Each runs in its caller's transaction.

All of them are postings of one batch, so `post_many` takes any mix of them; a verb alone is a batch of one. They emit no
event of their own: a posting is always part of a business step that does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction

from shugang.kernel import clock

from .models import Transfer
from .postings import Hashed, Posted, Posting, Refs, already_resolved, conflict, hashed, insufficient
from .sql import Dialect, EntryRow, Locked, TransferRow, opened

MAX_BATCH = 1000


def post_many(postings: Sequence[Posting]) -> list[Posted]:
    """Post a batch in its order, all or nothing, once per key; a posting made before returns its first transfer.

    A few statements whatever the number: accounts locked in id order, transfers inserted where their key, hold and
    original are unused, entries with running balances, balances. Raises, naming the posting in `fields`, Refusal
    `idempotency_conflict` (same key, other content), `already_resolved`, `insufficient_balance` (an account would fall
    below its floor at that posting); ValueError when lines do not balance, LookupError for an account that is not open.
    """
    if len(postings) > MAX_BATCH:
        raise ValueError(f"a batch has at most {MAX_BATCH} postings")
    wanted: dict[str, Hashed] = {}
    for posting in postings:
        one = hashed(posting)
        if wanted.setdefault(posting.key, one).payload_hash != one.payload_hash:
            raise conflict(posting.key)
    if not wanted:
        return []
    with transaction.atomic(), opened() as (sql, cursor):
        ids, new = _post(sql, cursor, wanted)
    found = []
    for posting in postings:
        found.append(Posted(ids[posting.key], posting.key, posting.key in new))
        new.discard(posting.key)
    return found


def _post(sql: Dialect, cursor: Any, wanted: Mapping[str, Hashed]) -> tuple[dict[str, int], set[str]]:
    """(ids by key, the keys that are new)."""
    codes = {code for one in wanted.values() for code in one.posting.lines}
    # In id order, so that two batches never wait for each other.
    accounts = sql.lock(cursor, codes)
    if len(accounts) < len(codes):
        raise LookupError(f"no account {sorted(codes - {code for _, code, *_ in accounts})}")
    now = clock.real_now()
    new = sql.insert(cursor, [_row(one, now) for one in wanted.values()])
    # Whoever held the locks before us may have posted some of them.
    if len(new) < len(wanted):
        before = _posted_before([one for key, one in wanted.items() if key not in new], sql, cursor)
    else:
        before = {}
    if new:
        sql.enter(cursor, *_entries(accounts, [(new[key], one.posting) for key, one in wanted.items() if key in new]))
    return {**new, **before}, set(new)


def _row(one: Hashed, now: datetime) -> TransferRow:
    posting = one.posting
    refs = json.dumps(one.refs) if one.refs else "[]"
    key, kind, _, at, _, reverses, resolves = posting
    return key, one.payload_hash, kind, refs, at, now, reverses, resolves


def _posted_before(kept_out: Sequence[Hashed], sql: Dialect, cursor: Any) -> dict[str, int]:
    """Ids of postings that the database kept out: their key, hold or original was used before."""
    known = sql.known(cursor, [one.posting.key for one in kept_out])
    for one in kept_out:
        if one.posting.key not in known:
            raise already_resolved(one.posting.key)
        if known[one.posting.key][1] != one.payload_hash:
            raise conflict(one.posting.key)
    return {key: pk for key, (pk, _) in known.items()}


def _entries(
    accounts: Sequence[Locked], transfers: Sequence[tuple[int, Posting]]
) -> tuple[list[EntryRow], list[tuple[int, int, int]]]:
    """Entries, each with its account's balance after it and next version in the order of the batch; and how each account
    (balance, version, id) stands at the end."""
    stands = {code: (balance, version, pk) for pk, code, balance, version, _ in accounts}
    floors = {code: floor for _, code, _, _, floor in accounts if floor is not None}
    entries: list[EntryRow] = []
    moved = set()
    for transfer_id, posting in transfers:
        for code, amount in posting.lines.items():
            balance, version, account_id = stands[code]
            balance += amount
            if code in floors and balance < floors[code]:
                raise insufficient(posting.key, code)
            stands[code] = (balance, version + 1, account_id)
            entries.append((account_id, version + 1, transfer_id, amount, balance))
            moved.add(code)
    # By account: an index that is entered in its own order is walked once.
    return sorted(entries), sorted((stands[code] for code in moved), key=itemgetter(2))


def _one(posting: Posting) -> Transfer:
    """A batch of one. The rest of the transfer is read only when somebody asks for it."""
    done = post_many([posting])[0]
    return Transfer.from_db(DEFAULT_DB_ALIAS, ["id", "key", "kind"], [done.id, done.key, posting.kind])


def post(
    key: str,
    kind: str,
    lines: Mapping[str, int],
    effective_at: datetime,
    refs: Refs = (),
    *,
    reverses: Transfer | None = None,
    resolves: Transfer | None = None,
) -> Transfer:
    """Post signed 分 by account code, once per `key`; raises as `post_many`."""
    links = (reverses.pk if reverses else None, resolves.pk if resolves else None)
    return _one(Posting(key, kind, lines, effective_at, refs, *links))


def booked(transfer: Transfer) -> dict[str, int]:
    """What was booked, by account code: a correction unwinds this, not what today's rule would give."""
    return dict(transfer.entries.values_list("account__code", "amount"))


def reversing(key: str, transfer: Transfer, effective_at: datetime, refs: Refs = ()) -> Posting:
    lines = {code: -amount for code, amount in booked(transfer).items()}
    return Posting(key, "reversal", lines, effective_at, refs, reverses=transfer.pk)


def reverse(key: str, transfer: Transfer, effective_at: datetime, refs: Refs = ()) -> Transfer:
    """Undo a transfer once. Raises Refusal `already_resolved` at a second attempt under another key."""
    return _one(reversing(key, transfer, effective_at, refs))


def holding(key: str, source: str, escrow: str, amount: int, effective_at: datetime, refs: Refs = ()) -> Posting:
    return Posting(key, "hold", {source: -amount, escrow: amount}, effective_at, refs)


def hold(key: str, source: str, escrow: str, amount: int, effective_at: datetime, refs: Refs = ()) -> Transfer:
    """Set `amount` aside in a contract's escrow account until it is settled or released."""
    return _one(holding(key, source, escrow, amount, effective_at, refs))


def settling(key: str, held: Transfer, shares: Mapping[str, int], effective_at: datetime, refs: Refs = ()) -> Posting:
    source, escrow, amount = _held(held)
    if any(share <= 0 for share in shares.values()) or sum(shares.values()) > amount:
        raise ValueError("the shares of a hold are positive and not more than it")
    lines = {escrow: -amount, **shares}
    if rest := amount - sum(shares.values()):
        lines[source] = lines.get(source, 0) + rest
    return Posting(key, "settle", lines, effective_at, refs, resolves=held.pk)


def settle(key: str, held: Transfer, shares: Mapping[str, int], effective_at: datetime, refs: Refs = ()) -> Transfer:
    """Pay a hold out to `shares`; what they leave returns to its source. Raises ValueError when they exceed it."""
    return _one(settling(key, held, shares, effective_at, refs))


def releasing(key: str, held: Transfer, to: str, effective_at: datetime, refs: Refs = ()) -> Posting:
    _, escrow, amount = _held(held)
    return Posting(key, "release", {escrow: -amount, to: amount}, effective_at, refs, resolves=held.pk)


def release(key: str, held: Transfer, to: str, effective_at: datetime, refs: Refs = ()) -> Transfer:
    """End a hold without settlement: all of it goes to `to` (its source, or the payer's refund account)."""
    return _one(releasing(key, held, to, effective_at, refs))


def _held(held: Transfer) -> tuple[str, str, int]:
    """(source, escrow, amount) of a hold."""
    if held.kind != "hold":
        raise ValueError(f"transfer {held.key} is no hold")
    lines = booked(held)
    source = next(code for code, amount in lines.items() if amount < 0)
    escrow = next(code for code, amount in lines.items() if amount > 0)
    return source, escrow, lines[escrow]

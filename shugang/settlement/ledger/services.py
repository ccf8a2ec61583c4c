"""The five verbs of the ledger: post, reverse, hold, settle, release. Each runs in its caller's transaction.

All of them are postings of one batch, so `post_many` takes any mix of them; a verb alone is a batch of one. They emit no
event of their own: a posting is always part of a business step that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS

from shugang.kernel import clock

from .models import Transfer
from .postings import Hashed, Posted, Posting, Refs, conflict, hashed
from .sql import opened

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
    with opened() as (dialect, cursor):
        ids, new = dialect.post(cursor, list(wanted.values()), clock.real_now())
    found = list(map(Posted, ids, wanted, new))
    if len(found) == len(postings):
        return found
    first = dict(zip(wanted, found, strict=True))
    second = {posting.key: first[posting.key]._replace(new=False) for posting in postings}
    return [first.pop(posting.key, second[posting.key]) for posting in postings]


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

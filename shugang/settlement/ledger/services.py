"""The five verbs of the ledger: post, reverse, hold, settle, release. Each runs in its caller's transaction.

They emit no event of their own: a posting is always part of a business step that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.idempotency import fingerprint
from shugang.policy.text import Text

from .models import Account, Entry, Transfer

Refs = Iterable[tuple[str, str]]


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
    """Post signed 分 by account code, once per `key`.

    The same key with the same content returns the first transfer. Raises Refusal `idempotency_conflict`
    (same key, other content), `insufficient_balance` (an account would fall below its floor); ValueError
    when the lines do not balance, LookupError for an account that is not open.
    """
    _check_lines(lines)
    pairs = sorted(set(refs))
    links = (reverses.pk if reverses else None, resolves.pk if resolves else None)
    payload_hash = fingerprint(kind, sorted(lines.items()), pairs, links)
    with transaction.atomic():
        if found := _posted(key, payload_hash):
            return found
        accounts = _lock(lines)
        # Whoever held the locks before us may have posted this very key.
        if found := _posted(key, payload_hash):
            return found
        _check_floors(accounts, lines)
        transfer = Transfer(
            key=key,
            payload_hash=payload_hash,
            kind=kind,
            refs=[list(p) for p in pairs],
            effective_at=effective_at,
            created_at=clock.real_now(),
            reverses=reverses,
            resolves=resolves,
        )
        try:
            with transaction.atomic():
                transfer.save()
        except IntegrityError:
            return _lost_race(key, payload_hash)
        _enter(transfer, accounts, lines)
        return transfer


def _check_lines(lines: Mapping[str, int]) -> None:
    if len(lines) < 2 or any(amount == 0 for amount in lines.values()):
        raise ValueError("a posting has at least two lines and none of 0")
    if sum(lines.values()) != 0:
        raise ValueError(f"a posting sums to 0, not {sum(lines.values())}")


def _posted(key: str, payload_hash: str) -> Transfer | None:
    found = Transfer.objects.filter(key=key).first()
    if found is not None and found.payload_hash != payload_hash:
        raise Refusal(
            "idempotency_conflict",
            Text(
                "这个记账编号已用于另一笔款项，未重复入账。请核对来源。",
                "This posting key was used for another amount; nothing was posted. Please check its source.",
            ),
            409,
        )
    return found


def _lost_race(key: str, payload_hash: str) -> Transfer:
    """Another posting took the key, or ended the same hold or reversed the same transfer, before this one."""
    if found := _posted(key, payload_hash):
        return found
    raise already_resolved()


def already_resolved() -> Refusal:
    return Refusal(
        "already_resolved",
        Text(
            "这笔款项已处理过，不能再次处理。请查看账本中的后续分录。",
            "This amount was dealt with before. Please see the entries that follow it in the ledger.",
        ),
        409,
    )


def _lock(lines: Mapping[str, int]) -> list[Account]:
    """The accounts under their row locks, in id order, so that two postings never wait for each other."""
    accounts = list(Account.objects.select_for_update().filter(code__in=list(lines)).order_by("id"))
    if missing := set(lines) - {a.code for a in accounts}:
        raise LookupError(f"no account {sorted(missing)}")
    return accounts


def _check_floors(accounts: Sequence[Account], lines: Mapping[str, int]) -> None:
    for account in accounts:
        if account.floor is not None and account.balance + lines[account.code] < account.floor:
            raise Refusal(
                "insufficient_balance",
                Text(
                    f"账户{account.code}余额不足，未入账。请先核对该账户的分录。",
                    f"Account {account.code} does not hold enough; nothing was posted. Please check its entries.",
                ),
                409,
            )


def _enter(transfer: Transfer, accounts: Sequence[Account], lines: Mapping[str, int]) -> None:
    entries = []
    for account in accounts:
        account.balance += lines[account.code]
        account.version += 1
        account.save(update_fields=["balance", "version"])
        entries.append(
            Entry(
                transfer=transfer,
                account=account,
                amount=lines[account.code],
                balance_after=account.balance,
                version=account.version,
            )
        )
    Entry.objects.bulk_create(entries)


def booked(transfer: Transfer) -> dict[str, int]:
    """What was booked, by account code: a correction unwinds this, not what today's rule would give."""
    return {e.account.code: e.amount for e in transfer.entries.select_related("account")}


def reverse(key: str, transfer: Transfer, effective_at: datetime, refs: Refs = ()) -> Transfer:
    """Undo a transfer once. Raises Refusal `already_resolved` at a second attempt under another key."""
    lines = {code: -amount for code, amount in booked(transfer).items()}
    return post(key, "reversal", lines, effective_at, refs, reverses=transfer)


def hold(key: str, source: str, escrow: str, amount: int, effective_at: datetime, refs: Refs = ()) -> Transfer:
    """Set `amount` aside in a contract's escrow account until it is settled or released."""
    return post(key, "hold", {source: -amount, escrow: amount}, effective_at, refs)


def settle(key: str, held: Transfer, shares: Mapping[str, int], effective_at: datetime, refs: Refs = ()) -> Transfer:
    """Pay a hold out to `shares`; what they leave returns to its source. Raises ValueError when they exceed it."""
    source, escrow, amount = _held(held)
    if any(share <= 0 for share in shares.values()) or sum(shares.values()) > amount:
        raise ValueError("the shares of a hold are positive and not more than it")
    lines = {escrow: -amount, **shares}
    if rest := amount - sum(shares.values()):
        lines[source] = lines.get(source, 0) + rest
    return post(key, "settle", lines, effective_at, refs, resolves=held)


def release(key: str, held: Transfer, to: str, effective_at: datetime, refs: Refs = ()) -> Transfer:
    """End a hold without settlement: all of it goes to `to` (its source, or the payer's refund account)."""
    _, escrow, amount = _held(held)
    return post(key, "release", {escrow: -amount, to: amount}, effective_at, refs, resolves=held)


def _held(held: Transfer) -> tuple[str, str, int]:
    """(source, escrow, amount) of a hold."""
    if held.kind != "hold":
        raise ValueError(f"transfer {held.key} is no hold")
    lines = booked(held)
    source = next(code for code, amount in lines.items() if amount < 0)
    escrow = next(code for code, amount in lines.items() if amount > 0)
    return source, escrow, lines[escrow]

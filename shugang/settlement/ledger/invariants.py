"""The written promises of the ledger, checked in the database itself: one pass over its tables for each, nothing cached.

Each finds what breaks it, by the number of an account or the key of a transfer. Reconciliation runs the same.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from shugang.policy.text import Text

from .accounts import CUSTODY


class Invariant(NamedTuple):
    """`sql` finds (subject, found, expected) of what breaks it, as whole numbers."""

    name: str
    label: Text
    sql: str


class Violation(NamedTuple):
    """What `subject` holds and what it should; 分, except for versions and counts."""

    invariant: str
    subject: str
    found: int
    expected: int


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "transfer_sums_to_zero",
        Text("每笔转账的分录合计为零，且不少于两条", "The entries of each transfer sum to 0, and are two at least"),
        """SELECT t.key, COALESCE(SUM(e.amount), 1), 0 FROM settlement_transfer t
        LEFT JOIN settlement_entry e ON e.transfer_id = t.id
        GROUP BY t.id, t.key HAVING COUNT(e.id) < 2 OR SUM(e.amount) <> 0""",
    ),
    Invariant(
        "balance_is_sum",
        Text("账户余额等于分录合计", "Each balance is the sum of its entries"),
        """SELECT a.code, a.balance, COALESCE(SUM(e.amount), 0) FROM settlement_account a
        LEFT JOIN settlement_entry e ON e.account_id = a.id
        GROUP BY a.id, a.code, a.balance HAVING a.balance <> COALESCE(SUM(e.amount), 0)""",
    ),
    Invariant(
        "versions_dense",
        Text("分录序号从1起连续", "Versions run from 1 without a gap"),
        """SELECT a.code, a.version, COUNT(e.id) FROM settlement_account a
        LEFT JOIN settlement_entry e ON e.account_id = a.id
        GROUP BY a.id, a.code, a.version HAVING COUNT(e.id) <> a.version OR COALESCE(MIN(e.version), 1) <> 1
        OR COALESCE(MAX(e.version), 0) <> COUNT(e.id)""",
    ),
    Invariant(
        "balance_above_floor",
        Text("余额从未低于下限", "No balance ever lay below its floor"),
        """SELECT a.code, MIN(b.balance), a.floor FROM settlement_account a JOIN (
            SELECT id AS account_id, balance FROM settlement_account
            UNION ALL SELECT account_id, balance_after FROM settlement_entry
        ) b ON b.account_id = a.id WHERE b.balance < a.floor GROUP BY a.id, a.code, a.floor""",
    ),
    Invariant(
        "replay_gives_balances",
        Text("重放分录得到每一步余额", "A replay of the entries gives every balance on the way"),
        """SELECT a.code, MIN(r.balance_after), MIN(r.replayed) FROM (
            SELECT account_id, balance_after, SUM(amount) OVER (PARTITION BY account_id ORDER BY version) AS replayed
            FROM settlement_entry
        ) r JOIN settlement_account a ON a.id = r.account_id
        WHERE r.balance_after <> r.replayed GROUP BY a.id, a.code""",
    ),
    Invariant(
        "hold_resolved_once",
        Text("每笔暂存只处理一次，且只处理暂存", "Each hold is resolved once at most, and nothing but holds is"),
        """SELECT h.key, COUNT(*), 1 FROM settlement_transfer t JOIN settlement_transfer h ON h.id = t.resolves_id
        GROUP BY h.id, h.key, h.kind HAVING COUNT(*) > 1 OR h.kind <> 'hold'""",
    ),
    Invariant(
        "reversed_once",
        Text("每笔转账只冲正一次，金额相反", "Each transfer is reversed once at most, by its exact opposite"),
        """SELECT o.key, SUM(x.amount), 0 FROM settlement_transfer t JOIN settlement_transfer o ON o.id = t.reverses_id
        JOIN settlement_entry x ON x.transfer_id = t.id
        LEFT JOIN settlement_entry y ON y.transfer_id = o.id AND y.account_id = x.account_id AND y.amount = -x.amount
        GROUP BY o.id, o.key HAVING COUNT(DISTINCT t.id) > 1 OR COUNT(*) <> COUNT(y.id)""",
    ),
    Invariant(
        "claims_stand_on_receivables",
        Text("待追回退款等于各方尚欠之和，应追回款不为正", "Claims equal what parties owe, and no debt is above 0"),
        """SELECT 'receivable', owed, -claimed FROM (
            SELECT COALESCE(SUM(CASE WHEN kind = 'claim' THEN balance ELSE 0 END), 0) AS claimed,
            COALESCE(SUM(CASE WHEN kind = 'receivable' THEN balance ELSE 0 END), 0) AS owed FROM settlement_account
        ) whole WHERE owed + claimed <> 0
        UNION ALL SELECT code, balance, 0 FROM settlement_account WHERE kind = 'receivable' AND balance > 0""",
    ),
    Invariant(
        "custody_mirrors_liabilities",
        Text("存管账户等于全部应付之和", "The custodian's mirror equals everything that is owed"),
        f"""SELECT '{CUSTODY}', -mirror, owed FROM (
            SELECT COALESCE(SUM(CASE WHEN code = '{CUSTODY}' THEN balance ELSE 0 END), 0) AS mirror,
            COALESCE(SUM(CASE WHEN code = '{CUSTODY}' THEN 0 ELSE balance END), 0) AS owed FROM settlement_account
        ) whole WHERE mirror + owed <> 0""",  # noqa: S608  a constant of ours
    ),
)


def broken(invariant: Invariant, limit: int = 100) -> list[Violation]:
    """The first that break it."""
    with connection.cursor() as cursor:
        cursor.execute(f"{invariant.sql} LIMIT %s", [limit])
        return [Violation(invariant.name, subject, int(a), int(b)) for subject, a, b in cursor.fetchall()]


def violations() -> list[Violation]:
    return [found for invariant in INVARIANTS for found in broken(invariant)]

"""Each written promise has a check that finds it broken, and none that is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection

from shugang.settlement.ledger import accounts, invariants, services
from shugang.settlement.ledger.models import Account, Entry

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ONE = "order:HT-1:escrow"


@pytest.fixture
def books(db):
    """Two receipts, one of them settled and that reversed."""
    accounts.custody(), accounts.commission(), accounts.escrow("HT-1")
    held = services.hold("in:1", accounts.CUSTODY, ONE, 100, AT)
    services.hold("in:2", accounts.CUSTODY, ONE, 50, AT)
    services.reverse("undo", services.settle("out", held, {accounts.COMMISSION: 100}, AT), AT)


def tamper(sql: str) -> None:
    """Behind the program's back: triggers and constraints off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("ALTER TABLE settlement_account DROP CONSTRAINT IF EXISTS balance_not_below_floor")
        else:
            cursor.execute("DROP TRIGGER IF EXISTS settlement_entry_no_update")
            cursor.execute("DROP TRIGGER IF EXISTS settlement_transfer_no_update")
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(sql)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = origin")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def of(key: str) -> str:
    return f"(SELECT id FROM settlement_transfer WHERE key = '{key}')"


def entry(key: str, code: str) -> str:
    return f"transfer_id = {of(key)} AND account_id = (SELECT id FROM settlement_account WHERE code = '{code}')"


TAMPERINGS = {
    "an entry was raised": (
        f"UPDATE settlement_entry SET amount = amount + 3 WHERE {entry('in:2', ONE)}",
        {("transfer_sums_to_zero", "in:2", 3, 0), ("balance_is_sum", ONE, 150, 153), ("replay_gives_balances", ONE, 50, 53)},
    ),
    "an entry is gone": (
        f"DELETE FROM settlement_entry WHERE {entry('in:2', ONE)}",
        {
            ("transfer_sums_to_zero", "in:2", -50, 0), ("balance_is_sum", ONE, 150, 100), ("versions_dense", ONE, 4, 3),
            ("replay_gives_balances", ONE, 50, 0),
        },
    ),
    "a balance was raised": (
        "UPDATE settlement_account SET balance = 7 WHERE code = 'platform:commission'",
        {("balance_is_sum", "platform:commission", 7, 0), ("custody_mirrors_liabilities", accounts.CUSTODY, 150, 157)},
    ),
    "a version was skipped": (
        "UPDATE settlement_account SET version = version + 1 WHERE code = 'platform:commission'",
        {("versions_dense", "platform:commission", 3, 2)},
    ),
    "a balance lay below its floor": (
        "UPDATE settlement_account SET floor = 60 WHERE code = 'order:HT-1:escrow'",
        {("balance_above_floor", ONE, 50, 60)},
    ),
    "what is no hold was resolved": (
        "UPDATE settlement_transfer SET kind = 'move' WHERE key = 'in:1'",
        {("hold_resolved_once", "in:1", 1, 1)},
    ),
    "a reversal is of another amount": (
        f"UPDATE settlement_transfer SET reverses_id = {of('in:2')} WHERE key = 'undo'",
        {("reversed_once", "in:2", 0, 0)},
    ),
}  # fmt: skip


def test_books_that_verbs_made_break_no_promise(books):
    assert invariants.violations() == []
    assert Entry.objects.count() == 8 and Account.objects.get(code=ONE).version == 4


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_breaks_a_promise_is_named(books, name):
    sql, expected = TAMPERINGS[name]
    tamper(sql)
    assert {tuple(v) for v in invariants.violations()} == expected

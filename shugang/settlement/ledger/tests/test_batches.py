"""A batch is posted whole or not at all, in its order, and is the same as its postings one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shugang.kernel.errors import Refusal
from shugang.settlement.ledger import accounts, invariants, services, sql
from shugang.settlement.ledger.models import Account, Entry, Transfer
from shugang.settlement.ledger.postings import Posting

pytestmark = [pytest.mark.django_db, pytest.mark.both]
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
BANK, ONE, TWO = accounts.CUSTODY, "order:HT-1:escrow", "order:HT-2:escrow"


@pytest.fixture
def books(db):
    accounts.custody()
    accounts.commission()
    accounts.escrow("HT-1")
    accounts.escrow("HT-2")


def move(key: str, source: str, target: str, amount: int) -> Posting:
    return Posting(key, "move", {source: -amount, target: amount}, AT)


def stand() -> tuple[object, ...]:
    rows = Entry.objects.order_by("account", "version")
    return (
        list(Account.objects.order_by("code").values_list("code", "balance", "version")),
        list(rows.values_list("transfer__key", "account__code", "amount", "balance_after", "version")),
    )


def refused(*postings: Posting) -> Refusal:
    """The refusal of a batch, which has changed nothing."""
    before = stand(), Transfer.objects.count()
    with pytest.raises(Refusal) as refusal:
        services.post_many(postings)
    assert (stand(), Transfer.objects.count()) == before
    return refusal.value


def test_a_batch_runs_in_its_order(books):
    """Given an empty account, money that comes in first may leave again in the same batch."""
    found = services.post_many([
        move("a", BANK, ONE, 100), move("b", ONE, TWO, 60), move("c", ONE, TWO, 40), move("d", TWO, ONE, 1),
    ])  # fmt: skip
    assert [(p.key, p.new) for p in found] == [("a", True), ("b", True), ("c", True), ("d", True)]
    assert stand()[0] == [(BANK, -100, 1), (ONE, 1, 4), (TWO, 99, 3), (accounts.COMMISSION, 0, 0)]
    one = Entry.objects.filter(account__code=ONE).order_by("version")
    assert list(one.values_list("amount", "balance_after", "version")) == [
        (100, 100, 1),
        (-60, 40, 2),
        (-40, 0, 3),
        (1, 1, 4),
    ]
    assert invariants.violations() == []


def test_the_first_that_would_overdraw_is_named_though_the_batch_would_end_above_the_floor(books):
    refusal = refused(move("a", BANK, ONE, 100), move("b", ONE, TWO, 101), move("c", BANK, ONE, 1000))
    assert (refusal.code, refusal.fields["posting"].en) == ("insufficient_balance", "b")


def test_keys_replay_within_a_batch_and_across(books):
    first = services.post_many([move("a", BANK, ONE, 100), move("a", BANK, ONE, 100)])
    assert [p.new for p in first] == [True, False]
    again = services.post_many([move("b", BANK, ONE, 5), move("a", BANK, ONE, 100)])
    assert [(p.id == first[0].id, p.new) for p in again] == [(False, True), (True, False)]
    assert stand()[0] == [(BANK, -105, 2), (ONE, 105, 2), (TWO, 0, 0), (accounts.COMMISSION, 0, 0)]
    for batch in (
        [move("c", BANK, ONE, 1), move("c", BANK, ONE, 2)],
        [move("d", BANK, ONE, 1), move("a", BANK, ONE, 7)],
    ):
        refusal = refused(*batch)
        assert (refusal.code, refusal.fields["posting"].en) == ("idempotency_conflict", batch[1].key)


def test_a_hold_or_a_transfer_is_ended_once_within_a_batch_too(books):
    held = services.hold("h", BANK, ONE, 100, AT)
    shares = {accounts.COMMISSION: 10}
    twice = [services.settling("s", held, shares, AT), services.releasing("r", held, TWO, AT)]
    services.hold("more", BANK, ONE, 1000, AT)  # enough in the account: only the hold itself can refuse
    assert (refused(*twice).code, refused(*twice).fields["posting"].en) == ("already_resolved", "r")
    services.post_many(twice[:1])
    assert refused(services.reversing("u", held, AT), services.reversing("v", held, AT)).fields["posting"].en == "v"


@pytest.mark.parametrize("wrong", [{ONE: 5}, {ONE: 5, TWO: -4}, {ONE: 0, TWO: 0}, {}])
def test_one_posting_that_does_not_balance_stops_the_batch(books, wrong):
    with pytest.raises(ValueError, match="posting"):
        services.post_many([move("a", BANK, ONE, 1), Posting("b", "move", wrong, AT)])
    with pytest.raises(LookupError, match="nowhere"):
        services.post_many([move("a", BANK, ONE, 1), move("b", BANK, "nowhere", 1)])
    assert Transfer.objects.count() == 0


def test_a_hundred_postings_take_no_more_statements_than_one(books, monkeypatch):
    counts: list[int] = []

    class Counting:
        def __init__(self, cursor: Any) -> None:
            self.cursor = cursor

        def __getattr__(self, name: str) -> Any:
            counts[-1] += name in ("execute", "executemany")
            return getattr(self.cursor, name)

    @contextmanager
    def opened() -> Iterator[Any]:
        with sql.opened() as (dialect, cursor):
            yield dialect, Counting(cursor)

    monkeypatch.setattr(services, "opened", opened)
    for size in (1, 100):
        counts.append(0)
        services.post_many([move(f"{size}:{n}", BANK, ONE, 1) for n in range(size)])
    assert counts == ([4, 4] if connection.vendor == "sqlite" else [1, 1])
    assert Account.objects.get(code=ONE).balance == 101


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([BANK, ONE, TWO]), st.sampled_from([BANK, ONE, TWO]), st.integers(1, 50)).filter(
            lambda m: m[0] != m[1]
        ),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_a_batch_is_its_postings_one_by_one(db, moves):
    ends = []
    for together in (True, False):
        with transaction.atomic():
            accounts.custody()
            accounts.escrow("HT-1")
            accounts.escrow("HT-2")
            postings = [move(str(n), *m) for n, m in enumerate(moves)]
            try:
                for batch in [postings] if together else [[p] for p in postings]:
                    services.post_many(batch)
                ends.append((stand(), ""))
            except Refusal as refusal:
                ends.append(((), refusal.fields["posting"].en))
            assert invariants.violations() == []
            transaction.set_rollback(True)
    assert ends[0] == ends[1]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40), unique=True, min_size=1, max_size=6))  # fmt: skip
@example(['"', "\\", '","', '\\"', "NULL", "", "{}", "\n", "款'1"])
def test_any_text_is_a_key_and_a_kind_and_a_reference(db, keys):
    with transaction.atomic():
        accounts.custody()
        accounts.escrow("HT-1")
        batch = [Posting(key, key[:20], {BANK: -1, ONE: 1}, AT, [("bill", key)]) for key in keys]
        found = services.post_many(batch)
        stored = Transfer.objects.in_bulk([posted.id for posted in found])
        kept = [(stored[p.id].key, stored[p.id].kind, stored[p.id].refs) for p in found]
        assert kept == [(key, key[:20], [["bill", key]]) for key in keys]
        assert [p.new for p in services.post_many(batch)] == [False] * len(keys)
        transaction.set_rollback(True)

"""The ledger's promises: zero sums, dense versions, floors, one effect a key, nothing ever edited."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import DatabaseError, connection, connections, transaction

from shugang.kernel.errors import Refusal
from shugang.settlement.ledger import accounts, invariants, services
from shugang.settlement.ledger.models import Account, AppendOnly, Entry, Transfer
from shugang.settlement.ledger.postings import Posting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def books():
    """The mirror of the bank, two escrow accounts and suspense."""
    for account in (accounts.custody, accounts.suspense, accounts.commission, accounts.vat):
        account()
    accounts.escrow("HT-2026-000001")
    accounts.escrow("HT-2026-000002")


ONE, TWO = "order:HT-2026-000001:escrow", "order:HT-2026-000002:escrow"


def balances() -> dict[str, int]:
    return {a.code: a.balance for a in Account.objects.all() if a.balance}


def footprint() -> tuple[object, ...]:
    return (sorted(balances().items()), Transfer.objects.count(), Entry.objects.count())


def pay_in(amount: int, key: str = "in:1", escrow: str = ONE) -> Transfer:
    return services.hold(key, accounts.CUSTODY, escrow, amount, AT)


def test_a_posting_moves_money_and_sums_to_zero(books):
    """Given open accounts, when a receipt is posted, then both sides change and the whole stays 0."""
    transfer = pay_in(10_001)
    assert balances() == {accounts.CUSTODY: -10_001, ONE: 10_001}
    assert sum(e.amount for e in transfer.entries.all()) == 0
    assert sorted(transfer.entries.values_list("balance_after", "version")) == [(-10_001, 1), (10_001, 1)]


def test_the_same_key_posts_once_and_another_content_under_it_is_refused(books):
    first = pay_in(500)
    before = footprint()
    assert pay_in(500).pk == first.pk
    with pytest.raises(Refusal) as refusal:
        pay_in(501)
    assert (refusal.value.code, refusal.value.status) == ("idempotency_conflict", 409)
    assert footprint() == before


@pytest.mark.parametrize("lines", [{ONE: 5}, {ONE: 5, TWO: -4}, {ONE: 0, TWO: 0}, {}])
def test_a_posting_that_does_not_balance_is_never_made(books, lines):
    before = footprint()
    with pytest.raises(ValueError, match="posting"):
        services.post("k", "test", lines, AT)
    assert footprint() == before


def test_an_account_never_falls_below_its_floor(books):
    """Given 100 in escrow, when 101 is to leave, then it is refused by name and nothing changes."""
    pay_in(100)
    before = footprint()
    with pytest.raises(Refusal) as refusal:
        services.post("k", "test", {ONE: -101, TWO: 101}, AT)
    assert refusal.value.code == "insufficient_balance"
    assert footprint() == before


def test_the_database_itself_holds_the_floor(books):
    with pytest.raises(DatabaseError), transaction.atomic():
        Account.objects.filter(code=ONE).update(balance=-1)


def test_an_unknown_account_is_not_opened_by_a_posting(books):
    before = footprint()
    with pytest.raises(LookupError):
        services.post("k", "test", {"order:nowhere:escrow": 1, accounts.CUSTODY: -1}, AT)
    assert footprint() == before


def test_a_hold_is_settled_once_and_the_rest_returns_to_its_source(books):
    held = pay_in(1000)
    services.settle("s", held, {accounts.COMMISSION: 50, accounts.VAT: 3}, AT)
    assert balances() == {accounts.CUSTODY: -53, accounts.COMMISSION: 50, accounts.VAT: 3}
    before = footprint()
    for again in (lambda: services.settle("s2", held, {TWO: 1}, AT), lambda: services.release("r", held, TWO, AT)):
        with pytest.raises(Refusal) as refusal:
            pay_in(5000, "in:2")  # enough in the account, so that only the hold itself can refuse
            again()
        assert refusal.value.code == "already_resolved"
    assert Transfer.objects.count() == before[1] + 1
    assert services.settle("s", held, {accounts.COMMISSION: 50, accounts.VAT: 3}, AT).key == "s"


def test_more_than_was_held_is_never_settled(books):
    held = pay_in(1000)
    before = footprint()
    for shares in ({TWO: 1001}, {TWO: 0}, {TWO: -5, accounts.VAT: 5}):
        with pytest.raises(ValueError, match="shares"):
            services.settle("s", held, shares, AT)
    with pytest.raises(ValueError, match="no hold"):
        services.settle("s", services.post("p", "test", {ONE: -1, TWO: 1}, AT), {TWO: 1}, AT)
    assert footprint()[0] != before[0]  # the plain posting alone
    assert Transfer.objects.count() == 2


def test_a_reversal_unwinds_what_was_booked_and_only_once(books):
    held = pay_in(1000)
    moved = services.settle("s", held, {accounts.COMMISSION: 999, accounts.VAT: 1}, AT)
    back = services.reverse("undo", moved, AT)
    assert back.reverses_id == moved.pk
    assert balances() == {accounts.CUSTODY: -1000, ONE: 1000}
    with pytest.raises(Refusal):
        services.reverse("undo again", moved, AT)
    assert balances() == {accounts.CUSTODY: -1000, ONE: 1000}


def test_posted_rows_are_never_edited_or_deleted(books):
    """The models refuse; the database refuses what goes round the models."""
    transfer = pay_in(7)
    entry = transfer.entries.first()
    before = footprint()
    entry.amount = 8
    for attempt in (entry.save, entry.delete, transfer.save, transfer.delete, Entry.objects.all().delete):
        with pytest.raises(AppendOnly):
            attempt()
    with pytest.raises(AppendOnly):
        Entry.objects.filter(pk=entry.pk).update(amount=8)
    for table in ("settlement_entry", "settlement_transfer"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET id = id")
    assert footprint() == before


def race(work, count: int) -> list[object]:
    """Run `work(n)` in `count` threads at once; what each returned or raised."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("threads share one SQLite file only when the test database is a file")
    results: list[object] = [None] * count
    gate = Barrier(count)

    def run(n: int) -> None:
        try:
            gate.wait()
            results[n] = work(n)
        except Exception as error:  # the test looks at it
            results[n] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_ten_threads_with_one_key_have_one_effect(books):
    found = race(lambda _n: pay_in(300).pk, 10)
    assert len(set(found)) == 1, found
    assert isinstance(found[0], int)
    assert balances() == {accounts.CUSTODY: -300, ONE: 300}


def test_threads_that_cross_never_lose_an_amount_or_wait_for_ever(books):
    """Opposite directions between two accounts: locks in id order, so no deadlock; versions stay dense."""
    pay_in(1000)
    pay_in(1000, "in:2", TWO)

    def work(n: int) -> int:
        a, b = (ONE, TWO) if n % 2 else (TWO, ONE)
        return services.post(f"cross:{n}", "test", {a: -10, b: 10}, AT).pk

    found = race(work, 10)
    assert all(isinstance(pk, int) for pk in found), found
    assert balances() == {accounts.CUSTODY: -2000, ONE: 1000, TWO: 1000}
    for code in (ONE, TWO):
        versions = list(Entry.objects.filter(account__code=code).order_by("version").values_list("version", flat=True))
        assert versions == list(range(1, 12))


def test_threads_that_overdraw_together_are_stopped_under_the_lock(books):
    pay_in(50)
    found = race(lambda n: services.post(f"out:{n}", "test", {ONE: -20, TWO: 20}, AT).pk, 6)
    refused = [e for e in found if isinstance(e, Refusal)]
    assert len(refused) == 4, found
    assert {e.code for e in refused} == {"insufficient_balance"}
    assert balances() == {accounts.CUSTODY: -50, ONE: 10, TWO: 40}


def test_eight_threads_of_random_batches_with_shared_keys_break_no_promise(books):
    """Each key is sent by two threads; half of the batches overdraw somewhere and are refused whole."""
    pay_in(500)
    pay_in(500, "in:2", TWO)

    def work(n: int) -> int:
        chosen, made = random.Random(n // 2), 0
        for number in range(12):
            batch = []
            for i in range(5):
                source, target = chosen.sample([ONE, TWO, accounts.COMMISSION, accounts.VAT], 2)
                amount = chosen.randint(1, 90)
                batch.append(Posting(f"b{n // 2}:{number}:{i}", "move", {source: -amount, target: amount}, AT))
            try:
                made += sum(p.new for p in services.post_many(batch))
            except Refusal as refusal:
                assert refusal.code == "insufficient_balance", refusal
        return made

    made = race(work, 8)
    assert all(isinstance(count, int) for count in made), made
    assert Transfer.objects.count() == 2 + sum(made) and invariants.violations() == []

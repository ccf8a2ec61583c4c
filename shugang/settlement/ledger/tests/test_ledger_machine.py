"""Any history of ledger verbs keeps the books: checked against a model kept in plain Python."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shugang.kernel.errors import Refusal
from shugang.settlement.ledger import accounts, services
from shugang.settlement.ledger.models import Account, Entry, Transfer

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
AMOUNTS = st.integers(1, 10_000)


class Books(RuleBasedStateMachine):
    """Receipts, settlements, releases, reversals and plain moves; the model is a dictionary of balances."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()
        self.codes = [
            accounts.custody().code,
            accounts.commission().code,
            accounts.vat().code,
            accounts.escrow("HT-1").code,
            accounts.escrow("HT-2").code,
        ]
        self.model = dict.fromkeys(self.codes, 0)
        self.holds: list[Transfer] = []
        self.steps = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def _apply(self, lines: dict[str, int]) -> None:
        for code, amount in lines.items():
            self.model[code] += amount

    def _key(self) -> str:
        self.steps += 1
        return f"step:{self.steps}"

    @rule(amount=AMOUNTS, order=st.sampled_from(["HT-1", "HT-2"]))
    def receive(self, amount: int, order: str) -> None:
        code = f"order:{order}:escrow"
        self.holds.append(services.hold(self._key(), accounts.CUSTODY, code, amount, AT))
        self._apply({accounts.CUSTODY: -amount, code: amount})

    @rule(amount=AMOUNTS, data=st.data())
    def move(self, amount: int, data: st.DataObject) -> None:
        source, target = data.draw(st.permutations(self.codes))[:2]
        lines = {source: -amount, target: amount}
        allowed = source == accounts.CUSTODY or self.model[source] >= amount
        try:
            services.post(self._key(), "move", lines, AT)
        except Refusal as refusal:
            assert refusal.code == "insufficient_balance"
            assert not allowed
        else:
            assert allowed
            self._apply(lines)

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), part=st.integers(1, 100))
    def settle(self, data: st.DataObject, part: int) -> None:
        held = data.draw(st.sampled_from(self.holds))
        booked = services.booked(held)
        escrow = next(c for c, a in booked.items() if a > 0)
        share = max(1, booked[escrow] * part // 100)
        lines = {escrow: -booked[escrow], accounts.COMMISSION: share}
        if rest := booked[escrow] - share:
            lines[accounts.CUSTODY] = rest
        try:
            services.settle(self._key(), held, {accounts.COMMISSION: share}, AT)
        except Refusal as refusal:
            assert refusal.code in {"already_resolved", "insufficient_balance"}
        else:
            self._apply(lines)

    @precondition(lambda self: self.steps)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A repeated key changes nothing, whatever it was."""
        plain = list(Transfer.objects.filter(reverses=None, resolves=None).order_by("pk"))
        if plain:
            transfer = data.draw(st.sampled_from(plain))
            again = services.post(transfer.key, transfer.kind, services.booked(transfer), AT, transfer.refs)
            assert again.pk == transfer.pk

    @precondition(lambda self: self.steps)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        transfer = data.draw(st.sampled_from(list(Transfer.objects.order_by("pk")) or [None]))
        if transfer is None:
            return
        lines = {code: -amount for code, amount in services.booked(transfer).items()}
        try:
            services.reverse(self._key(), transfer, AT)
        except Refusal as refusal:
            assert refusal.code in {"already_resolved", "insufficient_balance"}
        else:
            self._apply(lines)

    @invariant()
    def books_are_right(self) -> None:
        stored = {a.code: a for a in Account.objects.all()}
        assert {code: a.balance for code, a in stored.items()} == self.model
        assert sum(self.model.values()) == 0
        for account in stored.values():
            entries = list(Entry.objects.filter(account=account).order_by("version"))
            assert [e.version for e in entries] == list(range(1, account.version + 1))
            assert sum(e.amount for e in entries) == account.balance
            assert not entries or entries[-1].balance_after == account.balance
            assert account.floor is None or account.balance >= account.floor
        for transfer in Transfer.objects.all():
            assert sum(services.booked(transfer).values()) == 0


@pytest.mark.both
@pytest.mark.django_db
def test_any_history_keeps_the_books():
    run_state_machine_as_test(Books, settings=settings(max_examples=20, stateful_step_count=20, deadline=None))

"""The shelf counts what the database holds: changes are laid over it, orders and bits agree with a plain recount."""

from __future__ import annotations

import random

from shugang.market.search.shelf import ORDERS, Shelf, of, within


def entry(product: int, names: str, on: bool = True, **keys: int) -> tuple:
    return (product, 1000 + product, on, names, *(keys.get(name, product) for name in ORDERS))


def test_random_changes_end_at_a_plain_recount():
    chance, shelf, known = random.Random(5), Shelf(), {}
    for _ in range(60):
        rows = [
            entry(
                p,
                f"type:{chance.choice('abc')} mode:{chance.choice('xy')}",
                chance.random() < 0.7,
                rows=chance.randrange(9),
            )
            for p in chance.sample(range(1, 80), 5)
        ]
        known |= {row[0]: row for row in rows}
        shelf = shelf.with_changes(rows)
    listed = {p: row for p, row in known.items() if row[2]}
    assert shelf.full.bit_count() == len(listed)
    for names in (["type:a"], ["mode:x"], ["type:b", "mode:y"], ["type:nothing"]):
        fit = {p for p, row in listed.items() if set(names) <= set(row[3].split())}
        mask = shelf.under(names)
        assert mask.bit_count() == len(fit)
        assert {shelf.products[i] for i in within(mask, shelf.order("rows"))} == fit
    by_rows = [known[shelf.products[i]][6] for i in within(shelf.full, shelf.order("rows"))]
    assert by_rows == sorted(by_rows, reverse=True)


def test_a_shelf_that_was_handed_out_does_not_change():
    first = Shelf().with_changes([entry(1, "type:a"), entry(2, "type:a")])
    assert first.bits("type:a") == of([0, 1]) == 3
    second = first.with_changes([entry(2, "type:b", on=True), entry(3, "type:a", on=False)])
    assert (first.bits("type:a"), second.bits("type:a"), second.bits("type:b")) == (3, 1, 2)
    assert second.documents[1003] == 2 and len(first.products) == 2

"""A market of three parties and a clock that stands in December 2026."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from shugang.kernel.actors import PlainActor
from shugang.kernel.testing import clock_at
from shugang.parties.models import Party
from shugang.settlement.testing import record_use

NOW = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)


@dataclass
class Market:
    """The parties and the people who act for them."""

    buyer: Party
    supplier: Party
    operator: Party
    buyer_finance: PlainActor
    buyer_analyst: PlainActor
    supplier_finance: PlainActor
    finance: PlainActor
    stranger: PlainActor
    supervisor: PlainActor


def party(number: str, name: str, **roles: bool) -> Party:
    return Party.objects.create(
        number=number, name=name, name_en=f"Example {number}", uscc=f"91990000{number[-6:]:0>10}", status="active",
        created_at=NOW, **roles,
    )


def person(who: Party, role: str, *duties: str) -> PlainActor:
    return PlainActor(who.pk, who.pk, frozenset({role}), frozenset(duties), frozenset(), True, f"{who.name} {duties[0]}")


@pytest.fixture
def at(settings):
    with clock_at(settings, NOW) as move:
        yield move


@pytest.fixture
def market(db, at):
    buyer = party("P-000001", "示例需方公司", is_buyer=True)
    supplier = party("P-000002", "示例供方公司", is_supplier=True)
    operator = party("P-000003", "示例数据交易公司", is_operator=True)
    other = party("P-000004", "示例旁人公司", is_buyer=True)
    bureau = party("P-000005", "示例数据局")
    return Market(
        buyer, supplier, operator, person(buyer, "buyer", "finance"), person(buyer, "buyer", "analyst"),
        person(supplier, "supplier", "finance"), person(operator, "operator", "finance"),
        person(other, "buyer", "finance", "handler"), person(bureau, "regulator", "supervisor"),
    )


@pytest.fixture
def use(market):
    """`use(agreement, outcome, count, at)`: metered use under an agreement's grant."""
    return record_use

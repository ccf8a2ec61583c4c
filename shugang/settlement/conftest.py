"""A market of three parties and a clock that stands in December 2026."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from shugang.kernel.testing import clock_at
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party
from shugang.settlement.testing import record_use

NOW = datetime(2026, 12, 2, 2, 0, tzinfo=UTC)


@dataclass
class Market:
    """The parties and the people who act for them."""

    buyer: Party
    supplier: Party
    operator: Party
    buyer_finance: PartyActor
    buyer_analyst: PartyActor
    supplier_finance: PartyActor
    finance: PartyActor
    stranger: PartyActor
    supervisor: PartyActor


@pytest.fixture
def at(settings: Any) -> Iterator[Callable[[datetime], None]]:
    with clock_at(settings, NOW) as move:
        yield move


@pytest.fixture
def market(db: None, at: Callable[[datetime], None]) -> Market:
    buyer, supplier = make_party("buyer", name="示例需方公司"), make_party("supplier", name="示例供方公司")
    operator = make_party("operator", name="示例数据交易公司")
    return Market(
        buyer,
        supplier,
        operator,
        make_actor(buyer, ["finance"]),
        make_actor(buyer, ["analyst"]),
        make_actor(supplier, ["finance"]),
        make_actor(operator, ["finance"]),
        make_actor(make_party("buyer", name="示例旁人公司"), ["finance", "handler"]),
        make_actor(make_party("regulator", name="示例数据局"), ["supervisor"]),
    )


@pytest.fixture
def use(market: Market) -> Callable[..., None]:
    """`use(agreement, outcome, count, at)`: metered use under an agreement's grant."""
    return record_use

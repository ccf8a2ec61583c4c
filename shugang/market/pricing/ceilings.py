"""Upper limits that a price may not exceed: caps decided under an allowance, and those that wings above lay on a product.

A wing that lays limits registers a teller, and a claim: why a product of authorised public data has to be named under one of
its agreements first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from shugang.kernel.errors import Refusal
from shugang.policy.priceplan import PricePlan
from shugang.policy.text import Text

from ..products import presence
from ..products.models import DataProduct
from ..products.pricing import headline


class Ceiling(NamedTuple):
    """A limit: whose it is, the number of what it was decided by, where that is read, and the plan that no price exceeds."""

    name: Text
    number: str
    url: str
    plan: PricePlan


Teller = Callable[[DataProduct], list[Ceiling]]
Claim = Callable[[DataProduct], Refusal | None]
_tellers: dict[str, Teller] = {}
_claims: list[Claim] = []


def register(name: str, teller: Teller, rows: presence.Rows, claim: Claim | None = None) -> None:
    """In `AppConfig.ready`; limits are told in the order of registration. `rows`: what they stand in, for `presence`."""
    _tellers[name] = teller
    presence.ask(name, rows)
    if claim is not None:
        _claims.append(claim)


def ceilings(product: DataProduct) -> list[Ceiling]:
    """Every limit that holds for a product today; a price stays below all of them."""
    if not product.pk:
        return []
    return [limit for name, teller in _tellers.items() if presence.may_have(product, name) for limit in teller(product)]


def unclaimed(product: DataProduct) -> Refusal | None:
    """Why a product of authorised public data may not be listed as it stands: its agreement does not name it."""
    return next((refusal for claim in _claims if (refusal := claim(product)) is not None), None)


def rows(product: DataProduct) -> list[tuple[Text, Text, str, str]]:
    """(whose limit, how high, number, address), for pages."""
    return [(c.name, headline(c.plan), c.number, c.url) for c in ceilings(product)]


def as_json(product: DataProduct) -> list[dict[str, Any]]:
    return [
        {"name": c.name.zh, "name_en": c.name.en, "number": c.number, "url": c.url, "plan": c.plan.to_json(), "headline": headline(c.plan).zh}
        for c in ceilings(product)
    ]  # fmt: skip

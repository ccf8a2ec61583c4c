"""What wings above tell of a product: on what it rests besides its certificate, and what stands against its data.

A wing registers a teller in `AppConfig.ready`; what it tells is public, on the product's page and in its twin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shugang.delivery.datasets.standing import Fact
from shugang.policy.text import Text

from . import presence
from .models import DataProduct


@dataclass(frozen=True)
class Told:
    """A fact for the trust strip; `warning`: what a consumer has to read before anything else."""

    fact: Fact
    warning: Text | None = None


Teller = Callable[[DataProduct], list[Told]]
_tellers: dict[str, Teller] = {}


def register(name: str, teller: Teller, rows: presence.Rows) -> None:
    """`rows`: of what it tells, for `presence`."""
    _tellers[name] = teller
    presence.ask(name, rows)


def told(product: DataProduct) -> list[Told]:
    return [found for name, teller in _tellers.items() if presence.may_have(product, name) for found in teller(product)]

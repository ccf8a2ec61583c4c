"""What a receipt's reference may name beside a bill: rooms register who takes it, by the number's prefix."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from shugang.kernel.actors import Actor
from shugang.policy.text import Text

from ..ledger.models import Account
from .models import BankLine


class Receiver(NamedTuple):
    """`take(actor, line, number, source)` books the line from `source` (the bank's mirror, or suspense) or returns why it does not fit;
    `awaiting` lists the numbers that a receipt of an amount could belong to."""

    prefix: str
    take: Callable[[Actor, BankLine, str, Account], Text | None]
    awaiting: Callable[[int], list[str]]


_receivers: dict[str, Receiver] = {}


def register(receiver: Receiver) -> None:
    _receivers[receiver.prefix] = receiver


def receiver_for(reference: str) -> Receiver | None:
    return next((r for prefix, r in sorted(_receivers.items()) if reference.startswith(prefix)), None)


def awaiting(amount_fen: int) -> list[str]:
    return [number for _, r in sorted(_receivers.items()) for number in r.awaiting(amount_fen)]

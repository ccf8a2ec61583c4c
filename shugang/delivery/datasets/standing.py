"""What stands behind one version of data, told by the wings above on the pages of its data set and its asset.

A wing registers a teller; it answers for one reader and shows him no more than he may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shugang.policy.text import Text

from .models import DatasetVersion


@dataclass(frozen=True)
class Fact:
    """One fact with its proof: `proof` is pending, logged, witnessed, or "" where nothing stands; `place` the number of its
    entry in the log; `todo` what the reader can do about it, and where."""

    label: Text
    value: Text | str
    detail: Text
    proof: str = ""
    url: str = ""
    place: int | None = None
    todo: tuple[Text, str] | None = None


Teller = Callable[[Any, DatasetVersion], list[Fact]]
_tellers: list[Teller] = []


def register(teller: Teller) -> None:
    """In `AppConfig.ready`; facts are told in the order of registration."""
    _tellers.append(teller)


def told(actor: Any, version: DatasetVersion) -> list[Fact]:
    """What stands behind a version that the actor has already been shown."""
    return [fact for teller in _tellers for fact in teller(actor, version)]

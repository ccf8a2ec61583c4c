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
_to_users: list[Teller] = []


def register(teller: Teller, to_users: bool = False) -> None:
    """In `AppConfig.ready`; facts are told in the order of registration. `to_users`: also to whoever uses the data under a
    grant, whether or not the rest is his to see."""
    _tellers.append(teller)
    if to_users:
        _to_users.append(teller)


def told_to_users(actor: Any, number: str, version: int) -> list[Fact]:
    """What concerns whoever uses this version; [] for data that stay with their holder."""
    row = DatasetVersion.objects.select_related("dataset").filter(dataset__number=number, version=version).first()
    return [fact for teller in _to_users for fact in teller(actor, row)] if row is not None else []


def told(actor: Any, version: DatasetVersion) -> list[Fact]:
    """What stands behind a version that the actor has already been shown."""
    return [fact for teller in _tellers for fact in teller(actor, version)]

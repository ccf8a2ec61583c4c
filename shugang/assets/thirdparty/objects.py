"""What an order may be about. Each wing registers how it finds its own objects; this floor knows data sets, assets and
registration cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shugang.delivery.models import Dataset, DatasetVersion
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..registration.models import DataAsset


@dataclass(frozen=True)
class Subject:
    """One object as frozen in an order: its number and name, the data behind it, and who holds that data."""

    kind: str
    number: str
    name: str
    version: DatasetVersion | None = None
    holder: Party | None = None


Finder = Callable[[Actor, str], Subject | None]
_finders: dict[str, tuple[Text, Finder]] = {}


def register_object(kind: str, label: Text, finder: Finder) -> None:
    """`finder` returns None for what does not exist or is not the actor's to name."""
    _finders[kind] = (label, finder)


def labels() -> dict[str, Text]:
    return {kind: label for kind, (label, _) in _finders.items()}


def find(actor: Actor, kind: str, number: str) -> Subject:
    """Raises Refusal `not_found`."""
    label, finder = _finders.get(kind, (Text("这个对象", "object"), None))
    found = finder(actor, number) if finder else None
    if found is None:
        raise not_found(label)
    return found


def _dataset(actor: Actor, number: str) -> Subject | None:
    row = Dataset.objects.visible_to(actor).select_related("party").filter(number=number).first()
    return Subject("dataset", row.number, row.name, row.latest, row.party) if row else None


def _asset(actor: Actor, number: str) -> Subject | None:
    row = DataAsset.objects.visible_to(actor).select_related("party", "dataset_version").filter(number=number).first()
    return Subject("asset", row.number, row.name, row.dataset_version, row.party) if row else None


def _registration(actor: Actor, number: str) -> Subject | None:
    rows = DataAsset.objects.visible_to(actor).select_related("party", "dataset_version")
    row = rows.filter(registration__case__number=number).first()
    return Subject("case", number, row.name, row.dataset_version, row.party) if row else None


register_object("dataset", Text("数据集", "data set"), _dataset)
register_object("asset", Text("数据资产", "data asset"), _asset)
register_object("case", Text("登记事项", "registration case"), _registration)

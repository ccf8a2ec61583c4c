"""One entry of the public catalogue as the serialisers need it: nothing that the public page does not show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from shugang.publicdata.catalogue import kinds
from shugang.publicdata.catalogue.models import PublicResource
from shugang.publicdata.rectification.queries import public_marks
from shugang.publicdata.sharing.models import Opening
from shugang.publicdata.sharing.public import FORMATS
from shugang.publicdata.sharing.queries import public_openings

MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/x-ndjson",
}


@dataclass(frozen=True)
class Entry:
    """`opening`: what anybody may download now, if anything is open. `mark`: open objections to its data, if there are any."""

    resource: PublicResource
    opening: Opening | None
    mark: dict[str, Any] | None = None

    @property
    def number(self) -> str:
        return self.resource.number

    @property
    def page(self) -> str:
        return absolute(f"/public-data/{self.number}")

    @property
    def changed(self) -> datetime:
        return self.resource.data_at or self.resource.published_at or self.resource.created_at

    @property
    def tags(self) -> list[str]:
        """Kind and base library: what our catalogue has besides the theme."""
        r = self.resource
        return [kinds.KINDS[r.kind].zh, *([kinds.BASE_LIBRARIES[r.base_library].zh] if r.base_library else [])]

    @property
    def files(self) -> list[tuple[str, str]]:
        """(format, address of the page that hands it out) of what is open."""
        if self.opening is None:
            return []
        return [(kind, absolute(f"/open-data/{self.opening.number}?format={kind}")) for kind in FORMATS]


def absolute(path: str) -> str:
    return f"{settings.SHUGANG_PUBLIC_URL}{path}"


def entries(resources: Iterable[PublicResource]) -> list[Entry]:
    """With what is open of each and the marks on their data, in one question each."""
    rows = list(resources)
    found = {o.resource_id: o for o in public_openings().filter(resource__in=[r.pk for r in rows])}
    marks = public_marks(r.dataset_id for r in rows if r.dataset_id)
    return [Entry(row, found.get(row.pk), marks.get(row.dataset_id or 0)) for row in rows]

"""What the room adds to the platform."""

from django.http import HttpRequest

from shugang.kernel import words
from shugang.kernel.periodic import every_pass
from shugang.policy.text import Text
from shugang.ui.menu import HEADER, MenuItem
from shugang.ui.menu import register as add

from ..doors import PUBLIC, holds_public_data
from . import index, queries

FILINGS = Text("编目申报", "Filings")

LABELS: dict[str, Text] = {
    "catalogue.entered": Text("目录条目进入申报", "Entries put into the filing"),
    "catalogue.data_updated": Text("数据已更新", "Data brought up to date"),
}


def register() -> None:
    from .process import FILING  # noqa: F401  the procedure registers itself

    words.register(LABELS)
    every_pass("publicdata.catalogue", index.follow)
    add(MenuItem(HEADER, Text("公共数据", "Public data"), "public-data", order=3))
    add(
        MenuItem(
            PUBLIC, Text("公共数据目录", "Catalogue"), "own-resources", "database-export", holds_public_data, None, 10
        )
    )
    add(MenuItem(PUBLIC, FILINGS, "filings", "list-check", holds_public_data, _waiting, 12))


def _waiting(request: HttpRequest) -> int:
    """Filings that wait for this person's signature or examination."""
    return queries.waiting(request.actor)  # type: ignore[attr-defined]

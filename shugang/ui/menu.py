"""The menu registry: each wing registers its own doors in `AppConfig.ready`, the layout only draws them.

A door whose address does not exist is not drawn: what is not built is not promised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import NoReverseMatch

from shugang.policy.text import Text

from . import addresses

HEADER, FOOTER = "header", "footer"


def everyone(_request: HttpRequest) -> bool:
    return True


@dataclass(frozen=True)
class MenuItem:
    """`count` is asked once per page and only for a visible item; None or 0 shows no number."""

    section: str
    label: Text
    url_name: str
    icon: str = ""
    visible: Callable[[HttpRequest], bool] = everyone
    count: Callable[[HttpRequest], int | None] | None = None
    order: int = 100


@dataclass(frozen=True)
class Section:
    """A group of the desk's left list. Its `id` starts with `desk.`; a section without a label has no heading."""

    id: str
    label: Text | None
    order: int


@dataclass(frozen=True)
class Door:
    """One drawn menu item."""

    label: Text
    url: str
    icon: str
    current: bool
    count: int | None


_items: dict[tuple[str, str], MenuItem] = {}
_sections: dict[str, Section] = {}


def register(item: MenuItem) -> None:
    """Add a door; the same section and address again replaces it, so that a reload does no harm."""
    _items[(item.section, item.url_name)] = item


def register_section(section: Section) -> None:
    _sections[section.id] = section


for _section in (
    Section("desk.home", None, 0),
    Section("desk.buy", Text("买数据", "Buying"), 10),
    Section("desk.supply", Text("供数据", "Supplying"), 20),
    Section("desk.public", Text("公共数据", "Public data"), 30),
    Section("desk.money", Text("钱与账", "Money"), 40),
    Section("desk.service", Text("第三方服务", "Services"), 50),
    Section("desk.operate", Text("运营", "Operation"), 60),
    Section("desk.supervise", Text("监管", "Supervision"), 70),
    Section("desk.org", Text("机构", "Organisation"), 80),
    Section("desk.system", Text("系统管理", "Administration"), 90),
):
    register_section(_section)


def _is_current(request: HttpRequest, item: MenuItem, url: str) -> bool:
    match = getattr(request, "resolver_match", None)
    if (match is not None and match.view_name == item.url_name) or request.path == url:
        return True
    return url not in {"/", "/desk", "/desk/"} and request.path.startswith(url.rstrip("/") + "/")


def _door(request: HttpRequest, item: MenuItem) -> Door | None:
    try:
        url = addresses.of(item.url_name)
    except NoReverseMatch:
        return None
    if not item.visible(request):
        return None
    count = item.count(request) if item.count else None
    return Door(item.label, url, item.icon, _is_current(request, item, url), count or None)


def doors(request: HttpRequest, section: str) -> list[Door]:
    """What this reader sees of one section, in order."""
    chosen = sorted((i for i in _items.values() if i.section == section), key=lambda i: (i.order, i.url_name))
    return [door for item in chosen if (door := _door(request, item))]


def desk(request: HttpRequest) -> Iterator[tuple[Section, list[Door]]]:
    """The desk's list in its groups; an empty group is left out."""
    for section in sorted(_sections.values(), key=lambda s: s.order):
        if section.id.startswith("desk.") and (found := doors(request, section.id)):
            yield section, found

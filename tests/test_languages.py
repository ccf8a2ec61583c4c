"""Every page in both languages, as each person who may see it: words, structure, security headers."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.urls import Resolver404, resolve

from .doors import DOORS
from .doors.base import OPEN, OWN, Door, fill
from .reading import CHINESE, Page, is_page, read_page, stored_words, without
from .visitors import STRANGER, browser, undone

pytestmark = pytest.mark.django_db
# ASCII punctuation between Chinese characters; 24:00, v1.2 and a number's comma have digits beside them.
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?()][\u4e00-\u9fff]")
LEFTOVERS = re.compile(r"\bNone\b|\bnull\b|\bundefined\b|\bNaN\b|Text\(|\{\{|\}\}|\{%|<bound|object at 0x|！")
DOWNLOAD = re.compile(
    r"\.(json|jsonld|ttl|xml|txt|csv|pdf|pem|py|xlsx|zip)\b|format=(csv|xlsx)|/api/v1/|/api/(3/)?action/|/log/(\d+/)?(tile|vkey|checkpoint|policy|stamps)|/metrics|/healthz|/receipt$"
    r"|/materials/"
)
# Links of one route that are followed for one person.
OF_A_KIND = 1
PAGES = [d for d in DOORS if not d.writes and d.ok == (200,) and not DOWNLOAD.search(d.address)]
pages = pytest.mark.parametrize("door", PAGES, ids=str)


@pytest.fixture(scope="module")
def words(world: Any, world_folder: Path) -> list[str]:
    """Stored words, and the cells of the data sets, of which their owners see a sample."""
    cells: set[str] = set()
    for path in (world_folder / "data").glob("*.csv"):
        with path.open(encoding="utf-8") as handle:
            cells |= {cell for row in csv.reader(handle) for cell in row if CHINESE.search(cell)}
    return sorted({*stored_words(), *cells}, key=len, reverse=True)


@pytest.fixture(autouse=True)
def _settings(request: pytest.FixtureRequest, settings: Any) -> None:
    door = request.node.callspec.params.get("door") if hasattr(request.node, "callspec") else None
    for name, value in (door.settings if door else {}).items():
        setattr(settings, name, value)


def who(door: Door) -> list[str]:
    """Everybody to whom the page is shown in some way of his own."""
    names = [door.owner, *door.readers]
    if door.reach == OPEN:
        names.append("xufang")
    if door.reach == OWN and door.owner != STRANGER:
        names += [STRANGER, "yunying"]
    return list(dict.fromkeys(names))


# (address, settings, person, English) → what was shown. The world stands still, so a page is asked for once.
SHOWN: dict[tuple[str, str, str, bool], tuple[Any, Page, list[str]]] = {}


def fetch(world: Any, door: Door, name: str, english: bool) -> tuple[Any, Page, list[str]]:
    """The answer, what it shows, and the stored words that a preparation added."""
    key = (door.address, str(door.settings), name, english)
    if door.prepare is None and key in SHOWN:
        return SHOWN[key]
    with undone():
        client, words = browser(world, name, english), []
        if door.prepare is not None:
            door.prepare(client)
            words = stored_words()
        answer = client.get(fill(door.address, world.things))
    html = is_page(answer.headers.get("Content-Type", ""))
    page = read_page(answer.content.decode()) if html else Page()
    told = SimpleNamespace(status_code=answer.status_code, headers=dict(answer.headers))
    shown = SHOWN[key] = told, page, [*words, *typed(door)]
    return shown


def typed(door: Door) -> list[str]:
    """What the reader himself typed, and is shown again."""
    return [v for _, v in parse_qsl(door.address.partition("?")[2])]


@pages
def test_in_english_no_chinese_outside_data(world, words, door):
    for name in who(door):
        answer, page, more = fetch(world, door, name, english=True)
        if answer.status_code >= 300:
            continue
        assert page.lang == "en", name
        left = [line for line in without(page.text, words + more).splitlines() if CHINESE.search(line)]
        assert left == [], name


@pages
def test_in_chinese_the_punctuation_is_chinese_and_nothing_is_left_over(world, words, door):
    for name in who(door):
        answer, page, more = fetch(world, door, name, english=False)
        if answer.status_code >= 300:
            continue
        assert page.lang == "zh-CN", name
        said = without(page.text, words + more)
        assert HALF_WIDTH.findall(said) == [], name
        assert LEFTOVERS.findall(said) == [], name


@pages
def test_a_page_is_well_formed_and_runs_no_script_of_its_own(world, door):
    answer, page, _ = fetch(world, door, door.owner, english=False)
    assert page.title.strip(), "no title"
    assert page.headings == 1
    assert page.inline_scripts == []
    assert [a for a in page.attributes if a[1] == "style" or a[1].startswith("on")] == []
    assert page.unlabelled == [], "images without alt"
    assert len(page.ids) == len(set(page.ids)), sorted({i for i in page.ids if page.ids.count(i) > 1})
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    outside = [link for link in page.links if re.match(r"https?://", link) and "127.0.0.1" not in link]
    assert all(link.startswith("https://") for link in outside), outside


def test_every_page_has_a_title_of_its_own(world):
    titles: dict[str, set[str]] = {}
    for door in PAGES:
        answer, page, _ = fetch(world, door, door.owner, english=False)
        if answer.status_code == 200:
            route = resolve(fill(door.address, world.things).partition("?")[0]).route
            titles.setdefault(" ".join(page.title.split()), set()).add(route)
    assert {title: routes for title, routes in titles.items() if len(routes) > 1} == {}


def kind_of(address: str) -> str:
    """The route; an address that has none is a kind of its own, and dead."""
    try:
        return resolve(address.partition("?")[0]).route
    except Resolver404:
        return address


def test_every_link_of_a_page_leads_somewhere(world):
    """No link of a page is refused to the person to whom it is shown, or missing; of the many links to things of one
    kind (events, receipts), a few of each kind."""
    dead, followed, kinds = set(), set(), Counter[tuple[str, str]]()
    for door in PAGES:
        if door.prepare is not None:
            continue
        for name in (door.owner, *door.readers):
            _, page, _ = fetch(world, door, name, english=False)
            client = browser(world, name)
            for link in sorted(set(page.links)):
                address = link.partition("#")[0]
                inside = address.startswith("/") and not address.startswith(("/static/", "/sign-in"))
                if not inside or (name, address) in followed:
                    continue
                followed.add((name, address))
                kind = (name, kind_of(address))
                kinds[kind] += 1
                if kinds[kind] > OF_A_KIND:
                    continue
                with undone():
                    answer = client.get(address)
                asked_to_sign_in = (
                    not name and b"/sign-in?next=" in answer.content if answer.status_code == 403 else False
                )
                if answer.status_code >= 400 and not asked_to_sign_in:
                    dead.add((str(door), name, link, answer.status_code))
    assert not dead, "\n".join(
        f"{name or 'anybody'} on {where}: {link} {status}" for where, name, link, status in sorted(dead)
    )

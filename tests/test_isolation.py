"""Every address and every operation of the API: its owner succeeds, others with the same address have no effect.

The doors are declared in `tests.doors`; what stands in no declaration fails here.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import Resolver404, get_resolver, resolve

from .doors import DOORS
from .doors.base import CLOSED, OPEN, OWN, Door, ask, fill
from .visitors import ADMINISTRATORS, STRANGER, browser, differs, footprint, undone, writes

pytestmark = pytest.mark.django_db

REFUSED = {401, 403, 404}
# Doors of programs that sign their requests; tests.test_bad_input holds them, and portal's test_witnessing the witness's.
SIGNED = {
    "plane/v1/enrol",
    "plane/v1/bundle",
    "plane/v1/journal",
    "plane/v1/connections",
    "plane/v1/books",
    "witness/add-checkpoint",
}
# Two names of one address (allauth asks for its own), or a listing of the API's root that answers nothing.
SILENT = {"api/v1/"}
# The framework answers any method with the description of the API, which reads nothing that is stored.
ANY_METHOD = {"api/v1/openapi.json"}
# Numbers that only the two sides, the venue and the supervisor may read.
PRIVATE = re.compile(r"\b(?:HT|SQ|ZD|XJ|BG|MY|YS|YD|BC|XY|ZY|HJ|GX|CJ|TB)-\d{4}-\d{6}\b")

doors = pytest.mark.parametrize("door", DOORS, ids=str)


@pytest.fixture(autouse=True)
def _settings(request: pytest.FixtureRequest, settings: Any) -> None:
    door = request.node.callspec.params.get("door") if hasattr(request.node, "callspec") else None
    for name, value in (door.settings if door else {}).items():
        setattr(settings, name, value)


def visit(world: Any, door: Door, name: str, **options: Any) -> tuple[HttpResponse, bool]:
    """The answer, and whether it changed anything that is stored."""
    client = browser(world, name, **options)
    if door.prepare is not None:
        door.prepare(client)
    written, before = writes(), footprint() if door.prepare else world.footprint
    answer = ask(client, door, world.things)
    changed = writes() != written and differs(before)
    return answer, changed


def text_of(answer: HttpResponse) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode("utf-8", "ignore")


def said(answer: HttpResponse) -> str:
    """What the page gives as the reason, for the message of a failing test."""
    text = text_of(answer)
    found = re.search(r'class="sg-errs?".*?</(?:div|section|p)>', text, re.S)
    return re.sub(r"<[^>]+>|\s+", " ", found[0] if found else text[-600:])


def turned_away(answer: HttpResponse) -> bool:
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")
    return answer.status_code in REFUSED or to_sign_in


@doors
def test_the_owner_succeeds(world, door):
    for name in (door.owner, *door.readers):
        with undone():
            answer, changed = visit(world, door, name)
            assert answer.status_code in door.ok, (name, answer.status_code, said(answer))
            assert changed == (door.traced or (door.writes and not door.unchanged)), name


@doors
def test_a_stranger_has_no_effect(world, door):
    if door.reach == OPEN or door.owner == STRANGER:
        return
    with undone():
        answer, changed = visit(world, door, STRANGER)
    if door.reach == CLOSED:
        assert answer.status_code in REFUSED, (answer.status_code, answer.headers.get("Location"))
        assert not changed
    if not door.writes:
        told = set(PRIVATE.findall(text_of(answer)))
        assert told <= set(PRIVATE.findall(fill(door.address, world.things)))


@doors
def test_a_visitor_who_has_not_signed_in_has_no_effect(world, door):
    if door.reach == OPEN:
        return
    with undone():
        answer, changed = visit(world, door, "")
    assert turned_away(answer), (answer.status_code, answer.headers.get("Location"))
    assert not changed


@doors
def test_administrators_cannot_trade_nor_read(world, door):
    """A post is refused what belongs to parties and to the other two posts; lists of one's own are empty for it."""
    if door.reach == OPEN or door.administrators:
        return
    names = sorted(set(ADMINISTRATORS) - {door.owner})
    if not door.writes and door.owner not in ADMINISTRATORS:  # a read asks one of the three, another for another door
        names = [names[zlib.crc32(str(door).encode()) % len(names)]]
    for name in names:
        with undone():
            answer, changed = visit(world, door, name)
        moved_on = answer.status_code == 302 and answer.headers["Location"].startswith("/desk/admin")
        empty = door.reach == OWN and not door.writes and not PRIVATE.search(text_of(answer))
        assert answer.status_code >= 400 or moved_on or empty, (
            name,
            answer.status_code,
            answer.headers.get("Location"),
        )
        assert not changed


@pytest.mark.parametrize("door", [d for d in DOORS if d.writes and d.guarded], ids=str)
def test_a_session_without_the_token_of_its_page_has_no_effect(world, door):
    """Cross-site requests: the owner's cookies alone do nothing."""
    with undone():
        answer, changed = visit(world, door, door.owner, enforce_csrf_checks=True)
    assert answer.status_code == 403, answer.status_code
    assert not changed


def routes(patterns: Any = None, prefix: str = "") -> list[str]:
    found: list[str] = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        found += routes(pattern.url_patterns, route) if hasattr(pattern, "url_patterns") else [route]
    return found


def operations() -> set[tuple[str, str]]:
    from shugang.api import api

    schema = api.get_openapi_schema()
    return {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}


def route_of(door: Door, world: Any) -> str:
    try:
        return resolve(fill(door.address, world.things).partition("?")[0]).route
    except Resolver404:
        raise AssertionError(f"{door} is declared but leads nowhere") from None


def test_no_address_is_undeclared(world):
    declared = {route_of(door, world) for door in DOORS}
    assert set(routes()) - declared - SIGNED - SILENT == set()


def test_no_operation_of_the_api_is_undeclared(world):
    declared = set()
    for door in DOORS:
        if door.address.startswith("/api/v1/"):
            declared.add((door.method, "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route_of(door, world))))
    assert operations() - declared == set()


def test_what_is_not_declared_to_be_sent_cannot_be_sent(world):
    """An address without a declared POST answers 405 to one; an address without a declared GET answers 405 to that."""
    methods: dict[str, set[str]] = {}
    sample: dict[str, Door] = {}
    for door in DOORS:
        methods.setdefault(route_of(door, world), set()).add(door.method)
        sample.setdefault(route_of(door, world), door)
    wrong = []
    for route, known in sorted(methods.items()):
        door = sample[route]
        for method in {"GET", "POST"} - known if route not in ANY_METHOD else ():
            with undone():
                client = browser(world, door.owner)
                address = fill(door.address, world.things)
                answer = client.get(address) if method == "GET" else client.post(address)
                if answer.status_code not in {405, 404}:
                    wrong.append((method, route, answer.status_code))
    assert wrong == []

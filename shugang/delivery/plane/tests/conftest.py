from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from shugang.delivery.plane.tests.databases import WORKERS, lent, postgres_port
from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess

# A fleet needs a server to share: the PostgreSQL pass has one.
collect_ignore = [] if postgres_port() else ["test_fleet.py", "test_fleet_sql.py"]


@pytest.fixture
def control() -> Iterator[FakeControl]:
    made = FakeControl()
    yield made
    made.close()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    return tmp_path / "vault"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of a plane runs over one worker on SQLite, and in the PostgreSQL pass over four that share a journal
    there. A test of what one worker alone can do takes `make_one`."""
    if "make_plane" in metafunc.fixturenames:
        four = pytest.param("four-on-postgresql", marks=pytest.mark.both)
        param = four if postgres_port() else "one-on-sqlite"
        metafunc.parametrize("make_plane", [param], indirect=True)


@pytest.fixture
def shared_journal() -> Iterator[str]:
    with lent(postgres_port()) as url:
        yield url


@pytest.fixture
def make_plane(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Starts planes that end with the test."""
    if request.param == "one-on-sqlite":
        yield request.getfixturevalue("make_one")
    else:
        yield request.getfixturevalue("make_fleet")


@pytest.fixture
def make_one(control: FakeControl, tmp_path: Path, vault: Path) -> Iterator[Any]:
    """One process with its own journal."""
    yield from _makes(control, tmp_path, vault, dict)


@pytest.fixture
def make_fleet(control: FakeControl, tmp_path: Path, vault: Path) -> Iterator[Any]:
    """Four workers that share a journal in PostgreSQL."""
    with ExitStack() as opened:

        def shared() -> dict[str, Any]:
            return {"journal_url": opened.enter_context(lent(postgres_port())), "workers": WORKERS}

        yield from _makes(control, tmp_path, vault, shared)


def _makes(control: FakeControl, tmp_path: Path, vault: Path, kind: Callable[[], dict[str, Any]]) -> Iterator[Any]:
    made: list[PlaneProcess] = []

    def make(*grants: Any, healthy: bool = True, **settings: Any) -> PlaneProcess:
        revision = control.set(*grants)
        plane = PlaneProcess(control, tmp_path / f"plane-{len(made)}", vault, **kind(), **settings)
        made.append(plane)
        plane.start(healthy)
        if healthy:
            plane.at(revision)
        return plane

    yield make
    for plane in made:
        if plane.process is not None and plane.process.poll() is None:
            plane.kill()

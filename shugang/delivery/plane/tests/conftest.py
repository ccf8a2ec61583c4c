from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess


@pytest.fixture
def control() -> Iterator[FakeControl]:
    made = FakeControl()
    yield made
    made.close()


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    return tmp_path / "vault"


@pytest.fixture
def make_plane(control: FakeControl, tmp_path: Path, vault: Path) -> Iterator[Any]:
    """Starts planes that end with the test."""
    made: list[PlaneProcess] = []

    def make(*grants: Any, healthy: bool = True, **settings: Any) -> PlaneProcess:
        revision = control.set(*grants)
        plane = PlaneProcess(control, tmp_path / f"plane-{len(made)}", vault, **settings)
        made.append(plane)
        plane.start(healthy)
        if healthy:
            plane.at(revision)
        return plane

    yield make
    for plane in made:
        if plane.process is not None and plane.process.poll() is None:
            plane.process.kill()
            plane.process.wait(10)

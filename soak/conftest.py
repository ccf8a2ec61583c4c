"""The long versions: `make soak`, apart from `make test`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.with_postgres import Postgres
from shugang.delivery.plane.tests.conftest import control, vault
from shugang.delivery.plane.tests.conftest import make_one as make_plane

__all__ = ["control", "make_plane", "vault"]


@pytest.fixture
def own_server() -> Iterator[Postgres]:
    """A PostgreSQL that may be crashed."""
    server = Postgres().start()
    yield server
    server.remove()

"""The world itself stands as the other tests suppose."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_world(world):
    assert world.things["bill:settled"].state == "settled"

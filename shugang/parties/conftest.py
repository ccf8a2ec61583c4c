"""Each test of this wing starts with empty rate limits and with the rule profiles loaded."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def rules(db: None) -> None:
    from shugang.commands.setup import profile_files
    from shugang.kernel.profiles import load_profiles

    load_profiles(profile_files())

"""A deal for the tests of this wing: made once a module, in a transaction that the module's tests never leave."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def standing_deal(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Path]]:
    from django.db import transaction
    from django.test import override_settings

    from shugang.kernel import platform
    from shugang.market.testing import make_deal

    folder = tmp_path_factory.mktemp("deal")
    with django_db_blocker.unblock(), transaction.atomic():
        platform.private_key.cache_clear()
        platform.signing_key.cache_clear()
        with override_settings(VAR_DIR=folder, SHUGANG_MASTER_KEY=os.environ["SHUGANG_MASTER_KEY"],
                               SHUGANG_VIEW_SECONDS=float("inf")):  # fmt: skip
            made = make_deal()
        yield made, folder
        transaction.set_rollback(True)


@pytest.fixture
def deal(standing_deal: tuple[Any, Path], db: None, var_dir: Path) -> Any:
    """A listed product with its two sides, as `make_deal()` leaves them; each test gets objects and files of its own."""
    made, folder = standing_deal
    shutil.copytree(folder, var_dir, dirs_exist_ok=True)
    return copy.deepcopy(made)

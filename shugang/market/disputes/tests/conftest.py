"""One quarrel stands for the whole folder: built once in a transaction, each test in a savepoint of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def built(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from django.db import transaction
    from django.test import override_settings

    from shugang.market.disputes.testing import make_quarrel

    settings = override_settings(
        VAR_DIR=tmp_path_factory.mktemp("quarrel"), SHUGANG_MASTER_KEY=os.environ["SHUGANG_MASTER_KEY"]
    )
    with django_db_blocker.unblock(), transaction.atomic():
        with settings:
            made = make_quarrel()
        yield made
        transaction.set_rollback(True)


@pytest.fixture
def quarrel(built: Any, db: None) -> Any:
    """The rows as they stand: a test may have changed the objects of the one before."""
    for row in (built.contract, built.contract.grant, built.bill):
        row.refresh_from_db()
    return built

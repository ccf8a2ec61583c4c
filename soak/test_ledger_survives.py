"""SOAK_OPERATIONS (100,000) random operations of all five verbs on the ledger by eight processes that are killed (-9) in the
middle of them, SOAK_KILLS (80) times, and start again with the keys that they had: no invariant breaks, nothing
acknowledged is lost, no key twice; looked at after each kill and at the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.with_postgres import Postgres
from soak.ledger_load import ALL_AT_ONCE, WORKERS

ROOT = Path(__file__).parents[1]
OPERATIONS = int(os.environ.get("SOAK_OPERATIONS", "100000")) // WORKERS * WORKERS
KILLS = int(os.environ.get("SOAK_KILLS", "80"))


def run(environment: dict[str, str], *what: object) -> str:
    command = [sys.executable, "-m", "soak.ledger_load", *map(str, what)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=3500)  # noqa: S603
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def play(folder: Path, url: str) -> dict[str, Any]:
    environment = dict(
        os.environ, SHUGANG_DATABASE_URL=url, SHUGANG_VAR_DIR=str(folder), DJANGO_SETTINGS_MODULE="shugang.settings"
    )
    run(environment, "prepare")
    found: dict[str, Any] = json.loads(run(environment, "play", OPERATIONS, KILLS).splitlines()[-1])
    return found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_clients_killed_and_retrying_break_no_promise_of_the_ledger(tmp_path, database):
    server = Postgres("max_connections=100").start() if database == "postgresql" else None
    try:
        found = play(tmp_path, server.url if server else f"sqlite://{tmp_path}/ledger.sqlite3")
    finally:
        if server:
            server.remove()
    print(f"{database}: {found}")
    # Then the invariants hold, no key was applied twice, and what was acknowledged is there
    assert found["violations"] == [] and found["twice"] == 0 and found["lost"] == []
    # and every operation was answered, through all the kills
    assert found["operations"] == OPERATIONS and sum(found["told"].values()) == OPERATIONS
    assert found["kills"] == KILLS and found["checks"] == KILLS + 1
    assert found["starts"] > WORKERS and found["killed"] >= KILLS + KILLS // ALL_AT_ONCE
    assert {"hold", "move", "settle", "release", "reversal"} <= set(found["kinds"])

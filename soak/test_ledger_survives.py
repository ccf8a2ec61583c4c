"""SOAK_OPERATIONS (100,000) random operations of all five verbs on the ledger by eight processes that are killed (-9) in the
middle of them and start again with the keys that they had: no invariant breaks, nothing acknowledged is lost, no key twice.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scripts.with_postgres import Postgres
from soak.ledger_load import REPEATS

ROOT = Path(__file__).parents[1]
OPERATIONS = int(os.environ.get("SOAK_OPERATIONS", "100000"))
WORKERS = 8


class Client:
    """One worker: started again until its operations are through; what it was told stays."""

    def __init__(self, number: int, environment: dict[str, str], share: int) -> None:
        self.number, self.environment, self.share = number, environment, share
        self.told: dict[int, str] = {}
        self.kills, self.process = 0, None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while len(self.told) < self.share:
            first = max(0, len(self.told) - REPEATS)  # a client that does not know what was answered asks again
            command = [sys.executable, "-m", "soak.ledger_load", "work", str(self.number), str(first), str(self.share)]
            self.process = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
            assert self.process.stdout is not None
            for line in self.process.stdout:
                if line.endswith("\n") and line != "ready\n":
                    number, how = line.split()
                    self.told.setdefault(int(number), how)
            self.process.wait(20)

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kills += 1
            self.process.send_signal(signal.SIGKILL)


def run(what: str, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "soak.ledger_load", what]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=900)  # noqa: S603
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def play(folder: Path, url: str) -> tuple[list[Client], dict[str, Any]]:
    environment = dict(
        os.environ, SHUGANG_DATABASE_URL=url, SHUGANG_VAR_DIR=str(folder), DJANGO_SETTINGS_MODULE="shugang.settings"
    )
    run("prepare", environment)
    clients = [Client(number, environment, OPERATIONS // WORKERS) for number in range(WORKERS)]
    chosen = random.Random(11)  # noqa: S311
    for client in clients:
        client.thread.start()
    while any(client.thread.is_alive() for client in clients):
        time.sleep(chosen.uniform(2.0, 6.0))
        chosen.choice(clients).kill()
    return clients, json.loads(run("check", environment).splitlines()[-1])


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_eight_clients_killed_and_retrying_break_no_promise_of_the_ledger(tmp_path, database):
    server = Postgres("max_connections=100").start() if database == "postgresql" else None
    try:
        clients, found = play(tmp_path, server.url if server else f"sqlite://{tmp_path}/ledger.sqlite3")
    finally:
        if server:
            server.remove()
    told = Counter(how for client in clients for how in client.told.values())
    print(
        f"{database}: {sum(c.kills for c in clients)} kills; {dict(told)}; {found['kinds']}; {found['entries']} entries"
    )
    # Then the invariants hold, and no key was applied twice
    assert found["violations"] == [] and found["twice"] == 0
    # and what was acknowledged is there
    keys = set(found["keys"])
    done = {f"w{client.number}:{number}" for client in clients for number, how in client.told.items() if how == "done"}
    assert sum(len(client.told) for client in clients) == OPERATIONS // WORKERS * WORKERS
    assert done <= keys and len(keys) == found["transfers"]
    assert {"hold", "move", "settle", "release", "reversal"} <= set(found["kinds"])

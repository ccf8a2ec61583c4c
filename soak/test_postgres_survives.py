"""PostgreSQL killed (`pg_ctl stop -m immediate`) and its clients killed, in the middle of what they do.

This tests the transactions of control, not the disk: like `kill -9`, an immediate stop loses nothing that the operating
system already has. The disk's turn is `test_plane_survives`.
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
from pathlib import Path
from typing import Any

import pytest

from scripts.with_postgres import Postgres

ROOT = Path(__file__).parents[1]
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "60"))
CLIENTS = 2


class Clients:
    """Workers, restarted when they are killed; all that they said is kept."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.said = folder, {"verb": [], "fold": []}
        self.environment = dict(
            os.environ, SHUGANG_DATABASE_URL=url, SHUGANG_VAR_DIR=str(folder), DJANGO_SETTINGS_MODULE="shugang.settings"
        )
        self.living: list[subprocess.Popen[str]] = []
        self.readers: list[threading.Thread] = []

    def run(self, what: str) -> str:
        command = [sys.executable, "-m", "soak.postgres_load", what, str(self.folder)]
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300)  # noqa: S603
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self) -> None:
        command = [sys.executable, "-m", "soak.postgres_load", "work", str(self.folder)]
        process = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        self.living.append(process)
        self.readers.append(threading.Thread(target=self._read, args=(process,)))
        self.readers[-1].start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                kind, number = line.split()
                self.said[kind].append(int(number))

    def kill(self, which: int) -> None:
        process = self.living.pop(which)
        process.send_signal(signal.SIGKILL)
        process.wait(20)

    def stop(self) -> dict[str, Any]:
        while self.living:
            self.kill(0)
        for reader in self.readers:
            reader.join(20)
        return json.loads(self.run("check"))


@pytest.mark.timeout(3600)
def test_servers_and_clients_killed_mid_transaction_lose_and_double_nothing(tmp_path):
    # Given two clients that do verbs, fold one journal and number the log, on one server
    chosen = random.Random(5)  # noqa: S311
    server = Postgres().start()
    clients = Clients(tmp_path, server.url)
    try:
        clients.run("prepare")
        for _ in range(CLIENTS):
            clients.start()
        # When the server or a client is killed again and again
        for number in range(ROUNDS):
            time.sleep(chosen.uniform(0.1, 1.0))
            if number % 3:
                server.crash()
                server.start()
            else:
                clients.kill(chosen.randrange(CLIENTS))
                clients.start()
        time.sleep(2)
        found = clients.stop()
    finally:
        for process in clients.living:
            process.kill()
        server.remove()
    verbs, folds = clients.said["verb"], clients.said["fold"]
    print(
        f"{ROUNDS} kills; {len(verbs)} verbs and records up to {max(folds)} acknowledged; found {found['records']} records"
    )
    # Then everything that was acknowledged is there, once, and numbers have no gap
    assert len(set(verbs)) == len(verbs) > ROUNDS
    assert set(verbs) <= set(found["numbers"]) and found["numbers"] == list(range(1, len(found["numbers"]) + 1))
    assert max(folds) <= found["journal_seq"] == found["records"] == found["charged"] == found["keys"]
    # And the log holds all of it and verifies
    assert found["log"] == [True, found["logged"]]

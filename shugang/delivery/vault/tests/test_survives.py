"""Given a large upload by `shugang upload`, when sender, site and worker are killed on the way, then the file arrives."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from shugang.delivery.plane.tests.peer import free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]


class Site:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("SHUGANG_", "DJANGO_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shugang.delivery.vault.tests.site", str(folder), str(self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True,
        )  # fmt: skip
        self.facts = {}
        self._listen(once=True)
        assert self.facts, "the site did not start"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self, once=False):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.facts = json.loads(line)
                if once:
                    return

    def sender(self, path, *more):
        command = [sys.executable, "-m", "shugang.cli", "upload", str(path), "--dataset", self.facts["dataset"]]
        environment = {**os.environ, "SHUGANG_TOKEN": self.facts["token"]}
        return subprocess.Popen(
            [*command, "--url", f"http://127.0.0.1:{self.port}", *more], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def kill(self, role):
        """The role's processes at once, as losing power would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.facts["pids"][role], signal.SIGKILL)

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.folder}/control.sqlite3?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()

    def close(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path / "site")
    yield made
    made.close()


def table(path, rows):
    """A CSV that no codec makes small; its SHA-256."""
    noise, digest = random.Random(7), hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, rows, 20_000):
            lines = [
                f"{i},{noise.getrandbits(64):016x},{noise.getrandbits(30)}\n"
                for i in range(start, min(rows, start + 20_000))
            ]
            piece = (("id,code,v\n" if start == 0 else "") + "".join(lines)).encode()
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def upload_through_kills(site, path, rows, digest, kills):
    """Kill something `kills` times while the file travels and is converted; then let it end."""
    noise, sender = random.Random(kills), site.sender(path, "--keys", "id")
    for _ in range(kills):
        time.sleep(noise.uniform(0.3, 1.5))
        what = noise.choice(["sender", "control", "worker"])
        if what == "sender" or sender.poll() is not None:
            sender.kill()
            sender.wait()
            sender = site.sender(path, "--keys", "id")
        else:
            site.kill(what)
    end = time.monotonic() + 400
    while time.monotonic() < end:
        out, error = sender.communicate(timeout=400)
        if site.rows("SELECT 1 FROM delivery_datasetversion"):
            break
        sender = site.sender(path, "--keys", "id")
    found = site.rows("SELECT version, rows, source_sha256, path, sha256 FROM delivery_datasetversion")
    assert [row[:3] for row in found] == [(1, rows, digest)], (found, out, error)
    stored = site.folder / "vault" / found[0][3]
    assert hashlib.sha256(stored.read_bytes()).hexdigest() == found[0][4]
    return found


def test_kills_on_the_way_lose_nothing(site, tmp_path):
    digest = table(tmp_path / "large.csv", 1_500_000)
    upload_through_kills(site, tmp_path / "large.csv", 1_500_000, digest, 6)
    assert [p for p in (site.folder / "vault" / ".incoming").iterdir()] == []
    kinds = [
        k
        for (k,) in site.rows(
            "SELECT kind FROM kernel_event WHERE kind LIKE 'upload.%' OR kind LIKE 'dataset.version%' ORDER BY id"
        )
    ]
    assert kinds.count("dataset.version_added") == 1 and kinds[0] == "upload.opened"


def test_a_refusal_is_told_to_the_program(site, tmp_path):
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    _, error = site.sender(tmp_path / "bad.csv").communicate(timeout=200)
    assert "第3行" in error and "Line 3" in error
    assert site.rows("SELECT count(*) FROM delivery_datasetversion") == [(0,)]

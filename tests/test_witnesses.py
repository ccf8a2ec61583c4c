"""Two cities in real processes witness each other's logs; a third party over the wire tries to be taken for a log."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shugang.evidence.checkpoint import Checkpoint
from shugang.evidence.cosignature import parse_cosigner
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.note import Ed25519Signer, open_note, parse_vkey, sign_note
from shugang.evidence.tree import Tree
from shugang.evidence.witness import format_request

from . import migrated

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
SETUP = "import json, django; django.setup()\nfrom shugang.kernel import peers, sequencer, witnessing\n"
SETUP += "from shugang.kernel.actors import SYSTEM\nfrom shugang.kernel.models import Event\n"
THIRD = Ed25519Signer("third.example.cn/log", b"\x31" * 32)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class City:
    folder: Path
    port: int
    name: str
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SHUGANG_VAR_DIR": str(self.folder), "SHUGANG_HOST": "127.0.0.1", "SHUGANG_PORT": str(self.port),
            "SHUGANG_DATABASE_URL": f"sqlite://{self.folder}/control.sqlite3", "SHUGANG_PUBLIC_URL": self.url,
            "SHUGANG_SECRET_KEY": self.secret, "SHUGANG_MASTER_KEY": base64.b64encode(self.name.encode().ljust(32)).decode(),
            "SHUGANG_ALLOWED_NETWORKS": "127.0.0.0/8", "SHUGANG_WITNESS_QUORUM": "1", "SHUGANG_WITNESS_SECONDS": "1",
            "SHUGANG_ANCHOR_SECONDS": "2", "DJANGO_SETTINGS_MODULE": "shugang.settings",
        }  # fmt: skip

    @property
    def secret(self) -> str:
        return self.name * 50

    def start(self) -> None:
        migrated.lay(self.folder / "control.sqlite3")
        command = [sys.executable, "-m", "shugang.cli", "serve", "--roles", "control,worker,sequencer"]
        self.process = subprocess.Popen(command, env=self.environment())

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)

    def ask(self, script: str) -> Any:
        command = [sys.executable, "-c", SETUP + script]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    def get(self, path: str) -> str:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return ""

    def post(self, body: str) -> tuple[int, str, str]:
        request = urllib.request.Request(f"{self.url}/witness/add-checkpoint", body.encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def until(what: Callable[[], Any], name: str, seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited in vain for {name}")


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, City]]:
    found = tuple(City(tmp_path_factory.mktemp(name), _free_port(), name) for name in ("east", "west"))
    try:
        for city in found:
            city.start()
        for city in found:
            until(lambda city=city: city.get("/healthz"), "the site", 300)
        keys = [city.ask("print(json.dumps([sequencer.vkey(), witnessing.signer().cosigner.vkey]))") for city in found]
        for city, other, (log, witness) in zip(found, found[::-1], keys[::-1], strict=True):
            city.ask(
                f"peers.witness_log(SYSTEM, {other.name!r}, {log!r})\n"
                f"peers.add_witness(SYSTEM, {other.name!r}, {witness!r}, {other.url + '/witness'!r})"
            )
            city.keys = {"log": keys[found.index(city)][0], "witness": witness}  # type: ignore[attr-defined]
        yield found  # type: ignore[misc]
    finally:
        for city in found:
            city.stop()


def test_two_cities_witness_each_other(cities):
    for city, other in zip(cities, cities[::-1], strict=True):
        log, witness = parse_vkey(city.keys["log"]), parse_cosigner(city.keys["witness"])
        text = until(lambda city=city: city.get("/log/checkpoint.witnessed"), "a witnessed checkpoint")
        assert len(open_note(text, [log, witness])[1]) == 2
        assert other.name in city.get("/log") and "已见证" in city.get("/log")
        # And what was seen of the other stands in our own log, told and numbered
        said = until(
            lambda city=city: city.ask(
                "row = Event.objects.filter(kind='anchor.peer', log_index__isnull=False).order_by('id').first()\n"
                "print(json.dumps(row and [row.payload['origin'], row.payload['checkpoint']]))"
            ),
            "the other's checkpoint in the log",
        )
        assert said[0] == parse_vkey(other.keys["log"]).name
        open_note(said[1], [parse_vkey(other.keys["log"])])


def test_an_outsider_asks_for_both_signatures(cities):
    city = cities[0]

    def verified() -> bool:
        command = [sys.executable, "-m", "shugang.cli", "verify", f"{city.url}/log", "--key", city.keys["log"]]
        done = subprocess.run([*command, "--key", city.keys["witness"]], capture_output=True, text=True, timeout=60)
        return done.returncode == 0

    # The newest checkpoint is cosigned within a second or two, until the next entry comes
    until(verified, "a verified and cosigned checkpoint")


def _note(leaves: list[bytes], signer: Ed25519Signer = THIRD) -> str:
    tree = Tree()
    tree.append([leaf_hash(leaf) for leaf in leaves])
    return sign_note(Checkpoint(signer.name, tree.size, tree.root()).text(), [signer])


def test_a_lying_log_is_refused_over_the_wire(cities):
    city = cities[1]
    ours, other = [b"a", b"b"], [b"a", b"x"]
    assert city.post(format_request(0, [], _note(ours)))[0] == 404
    city.ask(f"peers.witness_log(SYSTEM, 'third', {THIRD.verifier.vkey!r})")
    assert city.post(format_request(0, [], _note(ours, Ed25519Signer(THIRD.name, secrets.token_bytes(32)))))[0] == 403
    assert city.post(format_request(0, [], _note(ours)))[0] == 200
    assert city.post(format_request(2, [], _note(other)))[0] == 409
    assert city.post(format_request(0, [], _note([*other, b"c"]))) == (409, "text/x.tlog.size", "2\n")
    assert city.post(format_request(2, [leaf_hash(b"c")], _note([*other, b"c"])))[0] == 422
    assert city.post(format_request(3, [], _note(ours)))[0] == 400
    assert city.post("nonsense")[0] == 400
    assert city.post(format_request(2, [leaf_hash(b"c")], _note([*ours, b"c"])))[0] == 200

"""The other end of the plane's wires, for tests: a small control, a plane process, a buyer's HTTP client."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.delivery.plane.config import write_private
from shugang.delivery.plane.control import PREFIX
from shugang.delivery.plane.records import verify_chain
from shugang.delivery.plane.tests.forked import Forked
from shugang.policy.bundle import Bundle, sign_bundle
from shugang.policy.connections import Connection
from shugang.policy.grant import Basis, CompiledGrant, Credential
from shugang.policy.sources import Source
from shugang.policy.terms import Terms

T = TypeVar("T")
ROOT = Path(__file__).parents[4]
START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2036, 1, 1, tzinfo=UTC)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class FakeControl:
    """Signs bundles and accepts journals as the wire protocol says; `bundle` may be replaced to misbehave."""

    def __init__(self) -> None:
        self.platform = Ed25519PrivateKey.generate()
        self.plane_key = Ed25519PrivateKey.generate()
        self.port = free_port()
        self.grants: tuple[CompiledGrant, ...] = ()
        self.revision = 1
        self.lease = 5.0
        self.offset = 0.0
        self.raw: bytes | None = None
        self.connections: tuple[Connection, ...] = ()
        self.reports: list[dict[str, Any]] = []
        self.records: list[dict[str, Any]] = []
        self.away = False
        self.refused: list[str] = []
        self.nonces: set[str] = set()
        self._head = (0, "0" * 64)
        self.books: list[dict[str, Any]] = []
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        assert self._ready.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def set(self, *grants: CompiledGrant) -> int:
        self.grants = grants
        self.revision += 1
        return self.revision

    def bundle(self, known: int) -> bytes:
        if self.raw is not None:
            return self.raw
        return self.sign(self.revision, None if known == self.revision else self.grants)

    def sign(self, revision: int, grants: Any, key: Ed25519PrivateKey | None = None, **changes: Any) -> bytes:
        parts = {
            "plane": "plane-1",
            "revision": revision,
            "issued_at": datetime.now(UTC),
            "lease_seconds": self.lease,
            "clock_offset": self.offset,
            "grants": grants,
            "connections": () if grants is None else self.connections,
        }
        return sign_bundle(Bundle(**(parts | changes)), key or self.platform)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application(client_max_size=64 << 20)
        app.router.add_get("/plane/v1/bundle", self._bundle)
        app.router.add_post("/plane/v1/journal", self._journal)
        app.router.add_post("/plane/v1/connections", self._connections)
        app.router.add_post("/plane/v1/books", self._state)
        app.router.add_post("/plane/v1/enrol", self._enrol)
        runner = web.AppRunner(app, access_log=None)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", self.port).start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())

    async def _signed(self, request: web.Request) -> bytes:
        body = await request.read()
        if self.away:
            raise web.HTTPServiceUnavailable
        nonce = request.headers["X-Nonce"]
        message = "\n".join(
            (
                PREFIX,
                request.method,
                request.path_qs,
                request.headers["X-Time"],
                nonce,
                hashlib.sha256(body).hexdigest(),
            )
        ).encode()
        try:
            import base64

            self.plane_key.public_key().verify(base64.b64decode(request.headers["X-Signature"]), message)
        except InvalidSignature:
            self.refused.append(request.path_qs)
            raise web.HTTPUnauthorized from None
        if nonce in self.nonces or abs(time.time() - int(request.headers["X-Time"])) > 60:
            raise web.HTTPUnauthorized
        self.nonces.add(nonce)
        return body

    async def _connections(self, request: web.Request) -> web.Response:
        self.reports += json.loads(await self._signed(request))["results"]
        return web.json_response({"taken": 1})

    async def _bundle(self, request: web.Request) -> web.Response:
        await self._signed(request)
        return web.Response(body=self.bundle(int(request.query["revision"])))

    async def _journal(self, request: web.Request) -> web.Response:
        given = json.loads(await self._signed(request))
        if given["from_seq"] > self._head[0] + 1:
            gap = {"code": "journal_gap", "fields": {"expected": str(self._head[0] + 1)}}
            return web.json_response(gap, status=409)
        records = [record for record in given["records"] if record["seq"] > self._head[0]]
        self._head = verify_chain(records, *self._head)
        self.records += records
        return web.json_response({"acked_seq": self._head[0]})

    async def _state(self, request: web.Request) -> web.Response:
        self.books.append(json.loads(await self._signed(request)))
        return web.json_response({"seq": self.books[-1]["seq"]})

    def go_back(self, seq: int) -> None:
        """As if restored from a backup that has records up to `seq`."""
        self.records = self.records[:seq]
        self._head = (seq, self.records[-1]["hash"])

    async def _enrol(self, request: web.Request) -> web.Response:
        given = await request.json()
        if given["code"] != "one-time":
            raise web.HTTPForbidden
        key = b64encode(self.platform.public_key().public_bytes_raw()).decode()
        return web.json_response({"plane": "plane-1", "platform_key": key})


class PlaneProcess:
    """A real plane on a free loopback port; settings go through the environment, `connectors` through a file."""

    def __init__(self, control: FakeControl, folder: Path, vault: Path | None, **settings: Any) -> None:
        self.port = free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        key = folder / "plane.key"
        write_private(key, b64encode(control.plane_key.private_bytes_raw()))
        values = {
            "plane_id": "plane-1",
            "control_url": control.url,
            "data_dir": folder / "data",
            "private_key_file": key,
            "platform_key": b64encode(control.platform.public_key().public_bytes_raw()).decode(),
            "port": self.port,
            "poll_seconds": 0.1,
            "ship_seconds": 0.1,
            **settings,
        }
        if vault is not None:
            values["vault_root"] = vault
        tables = values.pop("connectors", None)
        self.arguments: list[str] = []
        if tables:
            lines = [
                f"[connectors.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
                for name, table in tables.items()
            ]
            (folder / "plane.toml").write_text("\n".join(lines))
            self.arguments = ["--config", str(folder / "plane.toml")]
        self.workers, self.journal_url = int(values.get("workers", 1)), str(values.get("journal_url", ""))
        self.environ = {f"SHUGANG_PLANE_{name.upper()}": str(value) for name, value in values.items()}
        self.control = control
        self.process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, healthy: bool = True, prefix: tuple[str, ...] = ()) -> PlaneProcess:
        """`prefix`: what runs the program (its limits). A fork starts at once, unless Python itself is set up anew."""
        environ, log = {**os.environ, **self.environ}, self.folder / "log"
        if prefix or "PYTHONPATH" in environ:
            command = [*prefix, sys.executable, "-m", "shugang.delivery.plane", *self.arguments]
            with log.open("ab") as out:
                self.process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=out, stderr=out)
        else:
            self.process = Forked(self.arguments, environ, ROOT, log)
        if healthy:
            self.wait(self.ready)
        return self

    def ready(self) -> bool:
        """Every worker has joined, and the one that answers has a fresh lease."""
        state = self.health()
        return bool(state["ok"]) and state["workers"] == self.workers and state["revision"] > 0

    def wait(self, check: Any, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if check():
                    return
            except (OSError, KeyError):
                pass
            if time.monotonic() > deadline or (self.process and self.process.poll() is not None):
                raise AssertionError("plane not ready: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.02)

    def health(self) -> dict[str, Any]:
        return json.loads(self.get("/healthz").body)

    def metric(self, name: str) -> float:
        """A counter, summed over all workers."""
        return sum(self.each(name).values())

    def each(self, name: str, check: Callable[[float], bool] = lambda _: True) -> dict[str, float]:
        """What every worker says, by worker, once each says what `check` wants: each scrape meets one of them."""
        seen: dict[str, float] = {}
        pattern = re.compile(rf'^shugang_plane_{name}(?:{{worker="(\d+)"}})? (\S+)$', re.MULTILINE)

        def all_seen() -> bool:
            for worker, value in pattern.findall(self.get("/metrics").body.decode()):
                seen[worker] = float(value)
            return len(seen) == self.workers and all(map(check, seen.values()))

        self.wait(all_seen)
        return seen

    def at(self, revision: int) -> None:
        """Wait until every worker holds this revision."""
        self.each("bundle_revision", lambda held: held >= revision)

    def shipped(self) -> list[dict[str, Any]]:
        """All records, once the journal has arrived at control."""
        self.wait(lambda: self.health()["unshipped"] == 0)
        return self.control.records

    def get(self, path: str, token: str = "", method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        con = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            con.request(method, path, body=body, headers=sent)
            answer = con.getresponse()
            return Reply(answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read())
        finally:
            con.close()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        deadline = time.monotonic() + 10
        while self.journal_url and self.listens():
            # The workers die with their launcher, a moment later.
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(15)


class Reply:
    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:300]!r}"


def credential(secret: str, kind: str = "api_key", purpose: str = "research", **changes: Any) -> Credential:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    parts = {"id": f"cred-{secret}", "kind": kind, "digest": digest, "person": "p1", "purpose": purpose}
    return Credential(**(parts | changes))


def terms(fields: tuple[str, ...], actions: tuple[str, ...] = ("read",), **changes: Any) -> Terms:
    return Terms(
        **(
            {
                "actions": actions,
                "purpose": "research",
                "fields": fields,
                "valid_from": START,
                "valid_until": END,
            }
            | changes
        )
    )


def grant(
    id: str,
    product: str,
    source: Source,
    granted: Terms,
    secrets: tuple[str, ...],
    **changes: Any,
) -> CompiledGrant:
    mode = source.to_json()["type"]
    outcomes = {"found": True, "not_found": False, "delivered": False}
    return CompiledGrant(
        **(
            {
                "id": id,
                "party": "buyer",
                "product": product,
                "mode": mode,
                "state": "active",
                "reason": "",
                "terms": granted,
                "bases": (Basis("contract", f"HT-{id}", "00" * 32, END),),
                "source": source,
                "outcomes": outcomes,
                "credentials": tuple(credential(secret) for secret in secrets),
            }
            | changes
        )
    )


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        made: T = ended.value
        return made
    raise AssertionError("it waits")


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def split(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"

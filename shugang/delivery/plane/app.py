"""The plane as an RSGI application: hand-routed, one worker, one journal."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from platform import node
from time import monotonic
from typing import Any

from shugang.delivery.plane import (
    downloads,
    files,
    following,
    lookup,
    oauth,
    openapi,
    proxy,
    push,
    query,
    sharing,
    signatures,
    sql,
    sql_peers,
    sql_replies,
)
from shugang.delivery.plane.bundles import Follower
from shugang.delivery.plane.clock import Clock
from shugang.delivery.plane.config import PlaneConfig
from shugang.delivery.plane.connections import Connections
from shugang.delivery.plane.connectors import Connector, open_connectors
from shugang.delivery.plane.control import Control
from shugang.delivery.plane.gate import Gate, Rejected, Signed, Use, plane_secret
from shugang.delivery.plane.index import Index
from shugang.delivery.plane.journal import JournalFailed, StillAnswered
from shugang.delivery.plane.journals import open_journal, open_peers
from shugang.delivery.plane.metrics import render_metrics
from shugang.delivery.plane.past import PRUNED, Past
from shugang.delivery.plane.pieces import Accounts
from shugang.delivery.plane.pipes import Aborted, Pipe, clean
from shugang.delivery.plane.places import networks
from shugang.delivery.plane.replies import INTERNAL, JSON, Denied
from shugang.delivery.plane.ship import Shipper
from shugang.delivery.plane.sql_jobs import Jobs
from shugang.delivery.plane.stream import events
from shugang.delivery.plane.stream.feeds import Broker, Feeds
from shugang.delivery.plane.stream.listener import Listener
from shugang.delivery.plane.upstream import Upstream, Upstreams
from shugang.delivery.plane.views import Views

log = logging.getLogger("shugang.plane")
LOOKUP = "/api/v1/lookup/"
QUERY = "/query/v1/"
# Long answers under way at once; further ones wait for a thread.
LONG_ANSWERS = 128
# So long after a call that is not for a file, files go gently.
CALM_SECONDS = 0.05
FILES = (files.PREFIX, downloads.PREFIX)


class Plane:
    """All parts of one plane. `start` inside the running loop, then serve `plane.serve`."""

    def __init__(self, config: PlaneConfig, on_failure: Any = None) -> None:
        config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        config.cache_dir.mkdir(exist_ok=True, mode=0o700)
        self.config = config
        self._pipes = config.data_dir / f"pipes-{config.worker}"
        clean(self._pipes)
        self._threads = ThreadPoolExecutor(LONG_ANSWERS, thread_name_prefix="pipe")
        self._own_connectors = open_connectors(config)
        self._key = config.private_key()
        self.connections = Connections(config, self._key)
        secret = plane_secret(config, self._key)
        self.journal = open_journal(config, on_failure, secret)
        self.peers = open_peers(config, self.journal, secret, self._asked)
        self.gate = Gate(Clock(), self.journal, secret, networks(config.trusted_proxies))
        self.signatures = signatures.Signatures(self.gate, self._key)
        self.views = Views(config)
        self.queries = Jobs(self)
        self.follower = Follower(
            self.gate, config.plane_id, config.platform_public_key(), config.poll_seconds, self._renewed
        )
        self.stopping = False
        self.called = 0.0
        self.counters: Counter[str] = Counter()
        self.in_flight: dict[tuple[str, str], asyncio.Future[Any]] = {}
        self.accounts = Accounts()
        self._tasks: list[asyncio.Task[None]] = []
        self._warming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self.peers is not None:
            await self.peers.open()
        self.journal.start()
        self.control = Control(self.config.control_url, self.config.plane_id, self._key)
        self.shipper = Shipper(self.journal, self.control, self.config.ship_seconds)
        config = self.config
        self.upstreams = Upstreams(config)
        # Two clients of one name would push each other off a broker.
        member = f"{config.plane_id}-{node()}-{config.worker}" if config.worker else config.plane_id
        self.feeds = Feeds(member, self.broker, config.max_body)
        self.listener = Listener(self)
        await self.listener.start()
        self._tasks = [
            asyncio.create_task(self.follower.run(self.control), name="bundles"),
            asyncio.create_task(self.shipper.run(), name="ship"),
            asyncio.create_task(following.follow(self), name="follow"),
        ]

    async def hush(self, seconds: float) -> None:
        """Take no new request, and wait that long at most until the long answers have ended, as each does that sees
        `stopping`. The server would wait for ever, holding the interpreter, for a pipe that still has a writer."""
        self.stopping = True
        deadline = monotonic() + seconds
        while any(self._pipes.iterdir()) and monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Called when nothing is being answered any more."""
        await self.listener.stop()
        await self.feeds.close()
        warming = [self._warming] if self._warming else []
        for task in [*self._tasks, *warming]:
            task.cancel()
        await asyncio.gather(*self._tasks, *warming, self.connections.stop(), return_exceptions=True)
        await self.queries.stop()
        if self.peers is not None:
            await self.peers.close()
        await self.journal.stop()
        await self.control.close()
        self.upstreams.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def upstream(self, name: str) -> Upstream | None:
        """An HTTP interface, like `connector`."""
        return self.upstreams.get(name) or self.connections.interfaces.get(name)

    def broker(self, name: str) -> Broker | None:
        """An MQTT broker, like `connector`."""
        settings = self.config.upstreams.get(name)
        return self.connections.brokers.get(name) if settings is None else (settings, self.config.rules)

    def connector(self, name: str) -> Connector | None:
        """By its name in this plane's own settings, or by the number under which it was registered."""
        return self._own_connectors.get(name) or self.connections.sources.get(name)

    def _renewed(self, index: Index) -> None:
        self.connections.renew(self.follower.connections, self.control)
        if self._warming:
            self._warming.cancel()
        self._warming = asyncio.create_task(self._warm(index))

    async def _warm(self, index: Index) -> None:
        await self.views.prewarm(index)
        if any(access.mode == "sql" for access in index.by_key.values()):
            await self.queries.sandbox.start()

    # -- serving ------------------------------------------------------------------------------------------

    async def serve(self, scope: Any, proto: Any) -> None:
        path = scope.path
        sharing_call = False
        try:
            if self.journal.failed or self.stopping:
                raise Denied("journal_unavailable", journal=False)
            if not path.startswith(FILES):
                self.called = monotonic()
            if path.startswith(LOOKUP) and scope.method == "GET":
                await lookup.handle(self, scope, proto, path[len(LOOKUP) :])
            elif path.startswith(sharing.PREFIX):
                sharing_call = True
                await sharing.handle(self, scope, proto)
            elif path.startswith(files.PREFIX) and scope.method in ("GET", "HEAD"):
                await files.handle(self, scope, proto)
            elif path.startswith(downloads.PREFIX) and scope.method in ("GET", "HEAD"):
                await downloads.handle(self, scope, proto)
            elif path.startswith(QUERY) and scope.method in ("GET", "POST"):
                await query.handle(self, scope, proto, path[len(QUERY) :])
            elif path.startswith(proxy.PREFIX) and scope.method in ("GET", "POST"):
                await proxy.handle(self, scope, proto, path[len(proxy.PREFIX) :])
            elif path.startswith(sql_replies.PREFIX):
                await sql.handle(self, scope, proto)
            elif path.startswith(push.PREFIX) and scope.method == "POST":
                await push.handle(self, scope, proto, path[len(push.PREFIX) :])
            elif path.startswith(events.PREFIX) and scope.method == "GET":
                await events.handle(self, scope, proto, path[len(events.PREFIX) :])
            elif path == oauth.PATH:
                await oauth.handle(self, scope, proto)
            elif path == "/healthz":
                await self._health(proto)
            elif path == "/metrics":
                proto.response_str(200, [("content-type", "text/plain; version=0.0.4")], render_metrics(self))
            elif path == openapi.PATH and scope.method == "GET":
                proto.response_bytes(200, JSON, openapi.document())
            else:
                raise Denied("not_found", journal=False)
        except Signed:
            await self._signed(scope, proto, sharing_call)
        except Rejected as rejected:
            await self._refuse(proto, rejected.denied, sharing_call, rejected.use)
        except Denied as denied:
            await self._refuse(proto, denied, sharing_call, None)
        except JournalFailed:
            await self._refuse(proto, Denied("journal_unavailable", journal=False), sharing_call, None)
        except StillAnswered:
            await self._refuse(proto, Denied("request_in_flight", "Request-Id", journal=False), sharing_call, None)
        except Aborted as aborted:
            # The response has begun; its declared length tells the client that this is not all of it.
            self.counters["aborted"] += 1
            log.info("a long answer ended early: %s", aborted)
        except Exception:
            log.exception("a request failed")
            await self._refuse(proto, Denied("", refused=INTERNAL, journal=False), sharing_call, None)
        finally:
            self.journal.ended()

    async def _asked(self, question: Any, answering: Any) -> None:
        """By another worker of this fleet."""
        if question["ask"] == "session":
            self.listener.end_session(question["key"], question["before"])
            answering.response_bytes(200, [], b"")
        else:
            await sql_peers.answer(self, question, answering)

    async def _signed(self, scope: Any, proto: Any, sharing_call: bool) -> None:
        try:
            again = await signatures.verified(self, scope, proto)
        except Rejected as rejected:
            await self._refuse(proto, rejected.denied, sharing_call, rejected.use)
        except Denied as denied:
            await self._refuse(proto, denied, sharing_call, None)
        except Exception:
            log.exception("a signed request failed")
            await self._refuse(proto, Denied("", refused=INTERNAL, journal=False), sharing_call, None)
        else:
            await self.serve(*again)

    async def _refuse(self, proto: Any, denied: Denied, sharing_call: bool, use: Use | None) -> None:
        self.counters[f"refused:{denied.code}"] += 1
        if use is not None:
            try:
                await self.gate.refuse(use, denied)
            except JournalFailed:
                denied = Denied("journal_unavailable")
        proto.response_bytes(denied.refused.status, denied.headers(), denied.body(sharing_call))

    async def _health(self, proto: Any) -> None:
        """200 only while this plane may serve: lease fresh, journal writing. In a fleet the worker that was reached
        answers, `revision` is the one that all have reached, and the records are those of all."""
        left = self.gate.fresh_until - monotonic()
        fine = left > 0 and not self.journal.failed
        state = {
            "ok": fine,
            "plane": self.config.plane_id,
            "lease_seconds_left": round(max(0.0, left), 3),
            "journal": "failed" if self.journal.failed else "ok",
            "note": self.follower.last_error,
            **await self.journal.state(),
        }
        proto.response_bytes(200 if fine else 503, JSON, json.dumps(state).encode())

    # -- what the modes share -----------------------------------------------------------------------------

    async def past(self, use: Use) -> Past | None:
        """What was answered before under the same billing key; waits for one that is still being answered."""
        key = (use.access.grant.id, use.request_id)
        while (running := self.in_flight.get(key)) is not None:
            await asyncio.wait([running])
            await asyncio.sleep(0)
        past = await self.journal.past(*key)
        if past is PRUNED and use.access.mode != "table":
            raise Rejected(use, Denied("result_gone", "Request-Id"))
        return past

    async def body(self, scope: Any, proto: Any) -> bytes:
        """The request body, up to `max_body` bytes."""
        declared = scope.headers.get("content-length") or "0"
        if not declared.isdigit() or int(declared) > self.config.max_body:
            raise Denied("bad_request", "body", f"longer than {self.config.max_body} bytes", journal=False)
        parts, size = [], 0
        async for chunk in proto:
            size += len(chunk)
            if size > self.config.max_body:
                raise Denied("bad_request", "body", f"longer than {self.config.max_body} bytes", journal=False)
            parts.append(bytes(chunk))
        return b"".join(parts)

    def pipe(self, *uses: Use) -> Pipe:
        return Pipe(
            self._pipes,
            lambda: not self.stopping and all(map(self.gate.stands, uses)),
            self._threads,
            lambda: monotonic() - self.called < CALM_SECONDS,
        )

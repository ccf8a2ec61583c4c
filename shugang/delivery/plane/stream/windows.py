"""One buyer's subscription to one product: gathered by windows, governed, durable in the meter, then released.

A window's record says how many messages (rows) and bytes left and which span of time it covers; spans of one
subscription follow each other without a gap. What is waiting when the grant ends is neither released nor charged.

Where a quota of time is agreed, a window takes its time beforehand (`plane.timed`) and has a record even if nothing came
(`continued`: no further call), so that the stream ends exactly when its time does and a kill loses one window at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from bisect import bisect_right
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from shugang.delivery.plane.gate import Use
from shugang.delivery.plane.governing import Governor, Unfit, dumps
from shugang.delivery.plane.records import canonical
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.schema import AMOUNTS
from shugang.delivery.plane.stream.feeds import Feed
from shugang.delivery.plane.timed import caps
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.priceplan import CONTINUED, DELIVERED
from shugang.policy.sources import StreamSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

log = logging.getLogger("shugang.plane.stream")
MOST_MESSAGES = 1000
MOST_BYTES = 1024 * 1024
# Governed messages that wait for one slow buyer; beyond them he is let go.
PENDING_MESSAGES = 20 * MOST_MESSAGES
PENDING_BYTES = 16 * MOST_BYTES
LOOK_SECONDS = 0.25
# How long the broker behind a product may take to accept us before a subscription is refused.
READY_SECONDS = 8.0


class Slice(NamedTuple):
    """Time taken for a window: `ms` on a rule day, from the monotonic moment `began` on."""

    day: int
    ms: int
    began: float


class Sink(Protocol):
    async def deliver(self, product: str, messages: list[bytes], quality: int) -> None:
        """Hand over; raises SlowConsumer, ConnectionError."""


class SlowConsumer(Exception):
    """The buyer does not take what he subscribed to."""


class Ended(Exception):
    """The subscription ends; `denied` is what the journal keeps and the buyer may read."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.code)
        self.denied = denied


class Subscription:
    """Made of an admitted `use`; `run` until it raises. `offer` is called for every message of the feed."""

    def __init__(self, plane: Plane, use: Use, product: str, quality: int, sink: Sink) -> None:
        self._plane, self._sink = plane, sink
        self.product, self.quality = product, quality
        self._access = use.access
        self._source: StreamSource = use.access.source
        grant = use.access.grant
        self._governor = Governor(self._source.columns, grant.terms, plane.config.policy_keys)
        self._pending: list[bytes] = []
        self._held = 0
        self._overrun = False
        self._some = asyncio.Event()
        self._since = use.moment.at
        self._first = 0.0
        self._slice: Slice | None = None

    def join(self) -> Feed | None:
        """The supplier's feed; None where this plane has no such connector. `leave` it in any case."""
        return self._plane.feeds.join(self._source.connector, self._source.topics, self)

    def leave(self) -> None:
        self._plane.feeds.leave(self._source.connector, self._source.topics, self)

    def now(self) -> Use:
        """A use of this moment, for a record of its own."""
        return Use(self._access, self._plane.gate.new_id(), False, self._plane.gate.clock.now())

    async def run(self) -> None:
        """Raises Ended, ConnectionError."""
        try:
            while True:
                await self._take()
                await self._gather()
                await self._release()
        except SlowConsumer:
            raise Ended(Denied("slow_consumer")) from None
        finally:
            if self._slice is not None and not self._plane.journal.failed:
                self._record(self.now(), CONTINUED, 0, 0, "")

    async def _take(self) -> None:
        """The time of the next window, where time is limited."""
        limits = caps(self._access.grant.terms, self._access.charged(DELIVERED))
        if not limits:
            return
        day = self._plane.gate.clock.now().day
        wanted = self._source.window_seconds * 1000
        got = await self._plane.journal.take_time(self._access.grant.id, day, limits, wanted)
        if not got:
            raise Ended(Denied(limits[0].code))
        self._slice = Slice(day, got, monotonic())

    def offer(self, topic: str, record: Any) -> None:
        if self._overrun:
            return
        column = self._source.topic_column
        try:
            granted = self._governor.record(record, {column: topic} if column else None)
            if granted is None:
                return
            message = dumps(granted)
        except Unfit as error:
            self._plane.counters["stream_unfit"] += 1
            log.debug("grant %s: a message does not fit: %s", self._access.grant.id, error)
            return
        if not self._pending:
            self._first = monotonic()
            self._some.set()
        self._pending.append(message)
        self._held += len(message)
        self._overrun = len(self._pending) > PENDING_MESSAGES or self._held > PENDING_BYTES
        if self._full():
            self._some.set()

    async def _gather(self) -> None:
        """Until a window is full or over; looks after the grant meanwhile."""
        while True:
            self._check()
            left, held = self._left()
            if held and (left <= 0 or self._full()):
                return
            self._some.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOOK_SECONDS)):
                    await self._some.wait()

    def _left(self) -> tuple[float, bool]:
        """Seconds to the end of the window, and whether one is open."""
        if self._slice is not None:
            return self._slice.began + self._slice.ms / 1000 - monotonic(), True
        if self._pending:
            return self._first + self._source.window_seconds - monotonic(), True
        return LOOK_SECONDS, False

    def _full(self) -> bool:
        return len(self._pending) >= MOST_MESSAGES or self._held >= MOST_BYTES

    def _check(self) -> None:
        """The grant as it stands now. Where a new bundle changed what is granted, the subscription begins anew."""
        gate, access = self._plane.gate, self._access
        grant = access.grant
        current = gate.index.by_key.get((grant.id, access.credential.id))
        if current is None:
            raise Ended(Denied("revoked"))
        if monotonic() >= gate.fresh_until:
            raise Ended(Denied("bundle_stale"))
        refused = current.refusal(gate.clock.now().rule)
        if refused is not None:
            raise Ended(Denied(refused.code, refused=refused))
        if current is not access:
            if current.grant.terms != grant.terms or current.grant.source != grant.source:
                raise Ended(Denied("grant_changed"))
            self._access = current
        if self._plane.broker(self._source.connector) is None:
            raise Ended(Denied("source_unavailable"))
        if self._overrun:
            raise Ended(Denied("slow_consumer"))

    def _taken(self) -> list[bytes]:
        """The next window's messages: no more than one window holds."""
        if not self._pending:
            return []
        sizes = list(accumulate(len(message) for message in self._pending[:MOST_MESSAGES]))
        count = max(1, bisect_right(sizes, MOST_BYTES))
        batch, self._pending = self._pending[:count], self._pending[count:]
        self._held -= sizes[count - 1]
        self._first = monotonic() if self._pending else 0.0
        return batch

    async def _release(self) -> None:
        access, use = self._access, self.now()
        batch, moment = self._taken(), use.moment
        sizes = [0, *accumulate(map(len, batch))]
        base = CHARGED if access.charged(DELIVERED) else UNCHARGED
        count, stop = await self._fitting(moment.day, base, sizes)
        if count:
            refused = await access.meter.charge(moment.day, base, count, sizes[count])
            if refused is not None:
                raise Ended(Denied(refused))
            digest = sha256(b"".join(batch[:count])).hexdigest()
            await self._record(use, DELIVERED, count, sizes[count], digest)
            await self._sink.deliver(self.product, batch[:count], self.quality)
        elif self._slice is not None:
            await self._record(use, CONTINUED, 0, 0, "")
        if stop is not None:
            raise Ended(Denied(stop))

    def _record(self, use: Use, outcome: str, rows: int, size: int, digest: str) -> asyncio.Future[None]:
        """The window's record. Its span is what it used of its slice of time; without one, up to now."""
        began, until = datetime.fromisoformat(self._since), use.moment.at
        held, self._slice = self._slice, None
        used = 0
        if held is not None:
            passed = (datetime.fromisoformat(until) - began) // timedelta(milliseconds=1)
            used = max(0, min(held.ms, passed))
            ended = began + timedelta(milliseconds=used)
            until = f"{ended:%Y-%m-%dT%H:%M:%S}.{ended.microsecond // 1000:03d}Z"
        detail = canonical({"from": self._since, "until": until})
        counts = AMOUNTS if outcome == CONTINUED else True
        entry = self._plane.gate.entry(use, outcome, rows, size, digest, detail, counts)
        self._since = until
        if held is None:
            return self._plane.journal.submit(entry)
        return self._plane.journal.lasted(entry, held.day, held.ms, used)

    async def _fitting(self, day: int, base: int, sizes: list[int]) -> tuple[int, str | None]:
        """How many of the batch the quotas still admit, and what stops the next one."""
        meter = self._access.meter
        if len(sizes) == 1:
            return 0, None
        code = await meter.room(day, base, len(sizes) - 1, sizes[-1])
        if code is None:
            return len(sizes) - 1, None
        low, high = 0, len(sizes) - 1
        while high - low > 1:
            middle = (low + high) // 2
            refused = await meter.room(day, base, middle, sizes[middle])
            low, high = (middle, high) if refused is None else (low, middle)
        return low, code


async def joined(subscription: Subscription) -> bool:
    """Whether the supplier's broker has accepted the topics; `leave` it in the end if it has."""
    feed = subscription.join()
    if feed is None:
        return False
    try:
        async with asyncio.timeout(READY_SECONDS):
            await feed.ready.wait()
    except TimeoutError:
        subscription.leave()
        return False
    except asyncio.CancelledError:
        subscription.leave()
        raise
    return True

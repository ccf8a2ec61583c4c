"""Follows control's signed grant bundles. What is not fresh, signed and newer is not used (fail closed).

The lease runs in real time from the bundle's `issued_at`, but never from later than its arrival, and is kept on the
monotonic clock, so that neither a control with a fast clock nor a clock set back prolongs it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shugang.delivery.plane.control import Control, ControlError
from shugang.delivery.plane.gate import Gate
from shugang.delivery.plane.index import Index
from shugang.delivery.plane.journal import JournalFailed
from shugang.policy.bundle import BadBundle, Bundle, open_bundle
from shugang.policy.connections import Connection

log = logging.getLogger("shugang.plane.bundles")
REVISION = "bundle_revision"


class Follower:
    def __init__(
        self,
        gate: Gate,
        plane: str,
        platform: Ed25519PublicKey,
        poll_seconds: float,
        on_index: Callable[[Index], None],
    ) -> None:
        self._gate, self._plane, self._platform, self._poll = gate, plane, platform, poll_seconds
        self._on_index = on_index
        self.floor = 0
        self._issued = 0.0
        self.connections: tuple[Connection, ...] = ()
        self.revision = 0
        self.rejected = 0
        self.last_error = "no bundle yet"
        self._asked = asyncio.Event()

    async def next(self, seconds: float) -> None:
        """Until control has answered a question that was put after this call, `seconds` at most for each answer."""
        for _ in range(2):
            # The answer under way may have been written before what the caller waits for.
            try:
                await asyncio.wait_for(self._asked.wait(), seconds)
            except TimeoutError:
                return

    async def run(self, control: Control) -> None:
        await self._gate.journal.joined.wait()
        self.floor = int(self._gate.journal.restored.meta.get(REVISION, "0"))
        while True:
            started = time.monotonic()
            try:
                raw = await control.get(f"/plane/v1/bundle?revision={self.revision}")
                await self.accept(raw)
                self.last_error = ""
            except (ControlError, BadBundle) as error:
                if str(error) != self.last_error:
                    log.warning("no fresh bundle: %s", error)
                self.last_error = str(error)
            except JournalFailed:
                return
            heard, self._asked = self._asked, asyncio.Event()
            heard.set()
            await asyncio.sleep(max(0.0, self._poll - (time.monotonic() - started)))

    async def accept(self, raw: bytes) -> None:
        """Apply a bundle or raise BadBundle, after which the old one stands until its lease ends."""
        try:
            bundle = (
                await asyncio.to_thread(open_bundle, raw, self._platform)
                if len(raw) > 65536
                else (open_bundle(raw, self._platform))
            )
            self._check(bundle)
        except BadBundle:
            self.rejected += 1
            raise
        if bundle.grants is not None:
            await self._apply(bundle)
        self._issued = bundle.issued_at.timestamp()
        self._gate.clock.offset = float(bundle.clock_offset)
        self._renew(bundle)

    def _check(self, bundle: Bundle) -> None:
        if bundle.plane != self._plane:
            raise BadBundle("the bundle is for another plane")
        if bundle.revision < max(self.floor, self.revision):
            raise BadBundle(f"the bundle goes back from revision {max(self.floor, self.revision)} to {bundle.revision}")
        if bundle.issued_at.timestamp() < self._issued:
            raise BadBundle("the bundle is older than the last one")
        if bundle.grants is None and (bundle.revision != self.revision or not self.revision):
            raise BadBundle("a heartbeat for a revision that this plane does not hold")

    async def _apply(self, bundle: Bundle) -> None:
        """The floor is durable first: after a crash no older revision can bring a revoked grant back."""
        assert bundle.grants is not None
        journal = self._gate.journal
        if bundle.revision > self.floor:
            await journal.set_meta(REVISION, str(bundle.revision))
            self.floor = bundle.revision
        index = Index(bundle.grants, self._gate.meters)
        self._gate.index = index
        self.revision, self.connections = bundle.revision, bundle.connections
        journal.serves(bundle.revision)
        log.info("revision %d with %d grants", bundle.revision, len(bundle.grants))
        self._on_index(index)

    def _renew(self, bundle: Bundle) -> None:
        now = time.time()
        left = min(bundle.issued_at.timestamp(), now) + float(bundle.lease_seconds) - now
        self._gate.fresh_until = time.monotonic() + left

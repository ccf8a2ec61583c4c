"""Letting a stored file go in ranges, each byte paid for once.

A file is billed by the union of the ranges that were released under (grant, version, file): clients fetch by ranges,
some of them twice, so that bytes on the wire measure nothing. Its rows and the call count with its first byte. Each
range that is new has a record of its own, durable before its first byte leaves; its number tells the range, so that the
journal alone is the memory. A long range goes in steps: an abort bills one step beyond what left at most, and the same
bytes are free when the client comes back for them. HEAD is free.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import ranges
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.pipes import Aborted
from shugang.delivery.plane.ranges import Covered, Span
from shugang.delivery.plane.records import canonical
from shugang.delivery.plane.replies import Denied, Headers
from shugang.delivery.plane.schema import AMOUNTS
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.policy.priceplan import CONTINUED, DELIVERED

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

STEP = 64 * 1024 * 1024
MOST_KNOWN = 10_000


@dataclass(frozen=True)
class Stored:
    """A file of a granted view. `name` is its name within the grant and version: it says which file is billed."""

    name: str
    path: Path
    size: int
    sha256: str
    rows: int

    @property
    def tag(self) -> str:
        return f'"{self.sha256[:32]}"'


class _Account:
    """What is known here of one file under one grant; whoever finds a gap takes the lock and asks the journal."""

    __slots__ = ("covered", "lock", "waiting")

    def __init__(self) -> None:
        self.covered, self.lock, self.waiting = Covered(), asyncio.Lock(), 0


class Accounts:
    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], _Account] = OrderedDict()

    def of(self, grant: str, stem: str) -> _Account:
        key = (grant, stem)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _Account()
            while len(self._known) > MOST_KNOWN and not next(iter(self._known.values())).waiting:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return found


def stem(version: int, name: str) -> str:
    """The part of the billing key that names a file; `:start-end` follows for each range."""
    return f"file:{version}:{name}"


async def serve(plane: Plane, use: Use, scope: Any, proto: Any, file: Stored, headers: Headers) -> None:
    """GET or HEAD of a file under an admitted use: the whole, or the range asked for."""
    headers = [*headers, ("accept-ranges", "bytes"), ("cache-control", "no-store"), ("etag", file.tag)]
    span = ranges.asked(scope.headers, file.size, file.tag)
    if span is None:
        proto.response_empty(416, [*headers, ("content-range", f"bytes */{file.size}")])
        return
    start, end = span
    whole = span == (0, file.size)
    headers.append(("content-length", str(end - start)))
    if not whole:
        headers.append(("content-range", f"bytes {start}-{end - 1}/{file.size}"))
    status = 200 if whole else 206
    if scope.method == "HEAD":
        proto.response_empty(status, headers)
        return
    await _fits(plane, use, file, span)
    if end - start > plane.config.whole_answer:
        await _long(plane, use, proto, file, span, status, headers)
        return
    await _take(plane, use, file, span)
    if whole:
        proto.response_file(status, headers, str(file.path))
    else:
        proto.response_file_range(status, headers, str(file.path), start, end)


async def _long(plane: Plane, use: Use, proto: Any, file: Stored, span: Span, status: int, headers: Headers) -> None:
    """Through a pipe that stops when the grant does, a step at a time."""
    start, end = span
    await _take(plane, use, file, (start, min(end, start + STEP)))
    source = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC)
    pipe = plane.pipe(use)
    try:
        pipe.answer(proto, status, headers)
        for place in range(start, end, STEP):
            if place > start:
                await _further(plane, use, file, (place, min(end, place + STEP)))
            await pipe.splice(source, place, min(end, place + STEP))
        await pipe.finish()
    finally:
        pipe.close()
        os.close(source)


async def _further(plane: Plane, use: Use, file: Stored, span: Span) -> None:
    """The answer has begun: a refusal now can only end it."""
    try:
        await _take(plane, use, file, span)
    except Rejected as rejected:
        await plane.gate.refuse(use, rejected.denied)
        raise Aborted(f"stopped: {rejected.denied.code}") from rejected


async def _fits(plane: Plane, use: Use, file: Stored, span: Span) -> None:
    """A range that a quota has no room for is refused before its first byte."""
    named = stem(use.access.version, file.name)
    account = plane.accounts.of(use.access.grant.id, named)
    if not account.covered.gaps(*span):
        return
    await _remember(plane, use, account, named)
    gaps = account.covered.gaps(*span)
    if gaps:
        rows = 0 if account.covered else file.rows
        code = await use.access.meter.room(use.moment.day, _base(use), rows, sum(end - start for start, end in gaps))
        if code is not None:
            raise Rejected(use, Denied(code))


async def _remember(plane: Plane, use: Use, account: _Account, named: str) -> None:
    for start, end in await plane.journal.ranges(use.access.grant.id, named):
        account.covered.add(start, end)


def _base(use: Use) -> int:
    return CHARGED if use.access.charged(DELIVERED) else UNCHARGED


async def _take(plane: Plane, use: Use, file: Stored, span: Span) -> None:
    """When this returns, the range may leave: what of it is new has been charged, durably."""
    named = stem(use.access.version, file.name)
    account = plane.accounts.of(use.access.grant.id, named)
    if not account.covered.gaps(*span):
        return
    account.waiting += 1
    try:
        async with account.lock:
            await plane.journal.alone(use.access.grant.id, named)
            try:
                await _remember(plane, use, account, named)
                for start, end in account.covered.gaps(*span):
                    await _charge(plane, use, file, named, start, end, not account.covered)
                    account.covered.add(start, end)
            finally:
                plane.journal.free(use.access.grant.id, named)
    finally:
        account.waiting -= 1


async def _charge(plane: Plane, use: Use, file: Stored, named: str, start: int, end: int, first: bool) -> None:
    meter, day, base = use.access.meter, use.moment.day, _base(use)
    if first:
        code = await meter.charge(day, base, file.rows, end - start)
    else:
        code = await meter.further(day, base, end - start)
    if code is not None:
        raise Rejected(use, Denied(code))
    outcome, rows = (DELIVERED, file.rows) if first else (CONTINUED, 0)
    detail = canonical({"file": file.name, "range": [start, end], "size": file.size})
    counts = True if first else AMOUNTS
    entry = plane.gate.entry(use, outcome, rows, end - start, file.sha256, detail, counts)
    await plane.journal.submit(entry._replace(request_id=f"{named}:{start}-{end}"))

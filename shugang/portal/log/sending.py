"""Asking others' servers: witnesses and the time-stamp authority, through the one guard of outgoing connections."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
from django.conf import settings

from shugang.delivery.plane.outgoing import TooLarge, guarded_session, whole
from shugang.kernel import sequencer, witnessing
from shugang.kernel.witnessing import Ask, Reply
from shugang.policy.addresses import AddressRefused, Rules, origin

SECONDS = 10.0
MOST = 64 * 1024


def post(asks: Sequence[Ask]) -> list[Reply]:
    """All at once, so that one slow witness costs the round no more than its own time limit."""
    return asyncio.run(_all(asks))


async def _all(asks: Sequence[Ask]) -> list[Reply]:
    return list(await asyncio.gather(*(_one(ask) for ask in asks)))


async def _one(ask: Ask) -> Reply:
    try:
        status, kind, body = await send(ask.url, ask.body.encode(), "text/plain; charset=utf-8")
    except AddressRefused as no:
        return Reply(0, "", no.why.en)
    except (aiohttp.ClientError, TimeoutError, OSError, TooLarge) as error:
        return Reply(0, "", type(error).__name__)
    return Reply(status, kind, body.decode(errors="replace"))


async def send(url: str, body: bytes, content_type: str) -> tuple[int, str, bytes]:
    """(status, content type, body) of a POST. Raises AddressRefused, TooLarge, and what aiohttp raises."""
    rules = Rules.of([origin(url).pair], settings.SHUGANG_ALLOWED_NETWORKS)
    session = guarded_session(rules, seconds=SECONDS)
    try:
        async with session.request("POST", url, data=body, headers={"Content-Type": content_type}) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), await whole(answer, MOST)
    finally:
        await session.close()


def witness_round() -> int:
    return witnessing.run_round(sequencer.reader(), post)

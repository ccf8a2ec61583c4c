"""Time stamps on checkpoints: from when on somebody else says that our log stood so far.

An authority is asked through an adapter (`SHUGANG_TSA_ADAPTER`), so that a national time-stamp service with a protocol of
its own is one more class. What is stamped is the checkpoint as we signed it; text and token are published together.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from django.conf import settings
from django.db import transaction

from . import clock
from .models import Checkpoint, TimeStamp

RETRY_SECONDS = 60.0
_log = logging.getLogger("shugang.timestamps")
_not_before = 0.0


class Stamped(NamedTuple):
    """`token`: as the authority sent it (RFC 3161: a DER TimeStampResp); `at`: the time that it states."""

    token: bytes
    at: datetime
    authority: str


class Unstamped(Exception):
    """The authority did not answer, or its token does not verify. The message is for operators."""


class Authority(Protocol):
    def stamp(self, data: bytes) -> Stamped:
        """A verified token over these bytes. Raises Unstamped."""


def last() -> TimeStamp | None:
    return TimeStamp.objects.order_by("-size").first()


def due() -> Checkpoint | None:
    """The newest checkpoint when the last stamp is an interval old and says nothing of it."""
    newest, stamped = Checkpoint.objects.order_by("-size").first(), last()
    if newest is None or newest.size == 0 or (stamped is not None and stamped.size >= newest.size):
        return None
    age = timedelta(seconds=settings.SHUGANG_TSA_SECONDS)
    return None if stamped is not None and clock.real_now() - stamped.at < age else newest


def stamp(authority: Authority) -> TimeStamp | None:
    """One stamp where one is due; after a failure not again for a minute. None when there was nothing to do."""
    global _not_before
    newest = due() if time.monotonic() >= _not_before else None
    if newest is None:
        return None
    try:
        got = authority.stamp(newest.text.encode())
    except Unstamped as error:
        _not_before = time.monotonic() + RETRY_SECONDS
        _log.warning("no time stamp: %s", error)
        return None
    with transaction.atomic():
        row, _ = TimeStamp.objects.get_or_create(
            size=newest.size,
            defaults={"text": newest.text, "token": got.token, "at": got.at, "authority": got.authority[:200]},
        )
    return row


def overdue() -> bool:
    """A stamp is wanted and has been missing for twice the interval."""
    newest = due() if settings.SHUGANG_TSA_URL else None
    if newest is None:
        return False
    stamped = last()
    since = stamped.at if stamped else Checkpoint.objects.order_by("size").values_list("at", flat=True)[0]
    return clock.real_now() - since > timedelta(seconds=2 * settings.SHUGANG_TSA_SECONDS)

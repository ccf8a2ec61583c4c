"""Receipts of events, for those who may read the event."""

from __future__ import annotations

from typing import Any

from shugang.kernel import sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.models import Event
from shugang.policy.text import Text

from ..reading import Reader

RECEIPT = Text("这份回执", "receipt")


def may_read(event: Event, actor: Actor) -> bool:
    return Reader(actor, [event]).may_read(event)


def receipt(pk: int, actor: Actor) -> dict[str, Any]:
    """The receipt with content. Raises Refusal `not_found`, or `not_anchored` until a checkpoint covers the event."""
    event = Event.objects.prefetch_related("refs").filter(pk=pk).first()
    if event is None or not may_read(event, actor):
        raise not_found(RECEIPT)
    found = sequencer.receipt_for(event)
    if found is None:
        raise Refusal(
            "not_anchored",
            Text(
                "这一步正在等待下一个检查点，约一秒后即可下载回执。",
                "This step waits for the next checkpoint; try again in a second.",
            ),
            409,
        )
    return found

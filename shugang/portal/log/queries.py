"""Receipts of events, for those who may read the event."""

from __future__ import annotations

from typing import Any

from shugang.kernel import sequencer
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.models import Case, Event
from shugang.policy.text import Text

RECEIPT = Text("这份回执", "receipt")


def may_read(event: Event, actor: Actor) -> bool:
    """Whoever took part: the acting party, or a party of the event's case; and the regulator's supervisor."""
    if sees_every_record(actor):
        return True
    if actor.party_id is None:
        return False
    if event.party_id == actor.party_id:
        return True
    return event.case_id is not None and Case.objects.visible_to(actor).filter(pk=event.case_id).exists()


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

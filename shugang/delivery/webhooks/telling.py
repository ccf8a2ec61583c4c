"""From a notice to the programs of the parties concerned: the messages, in the transaction of the event."""

from __future__ import annotations

from datetime import datetime

from shugang.parties.notices.rules import Rule, Side, register, register_sides
from shugang.parties.notices.writing import Said, register_push
from shugang.policy.text import Text

from .models import WebhookEndpoint
from .services import DUTIES, queue

RULES = (
    Rule("webhook.disabled", "security", Text("推送端点{number}多次失败，已停用", "Webhook endpoint {number} failed too often and was disabled"),
         (Side("webhook", "itself", tuple(sorted(DUTIES))),), of="webhook"),
)  # fmt: skip


def push(told: list[tuple[Said, set[int]]], moment: datetime) -> None:
    """A message for each active endpoint of the parties concerned that wants the type."""
    everybody = set().union(*(parties for _, parties in told))
    rows = WebhookEndpoint.objects.filter(party_id__in=everybody, state=WebhookEndpoint.State.ACTIVE).order_by("pk")
    for row in list(rows):
        for said, parties in told:
            if row.party_id in parties and (not row.types or said.rule.code in row.types):
                queue(row, said.rule.code, (said.rule.of, said.number), said.event.pk if said.event else None)


def _sides(number: str) -> dict[str, int]:
    party = WebhookEndpoint.objects.filter(number=number).values_list("party_id", flat=True).first()
    return {"itself": party} if party else {}


def register_all() -> None:
    register(*RULES)
    register_sides("webhook", _sides)
    register_push(push)

"""Reads of endpoints and of what was delivered, for the party's own people."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found

from .models import WebhookEndpoint, WebhookMessage
from .services import ENDPOINT


def endpoints(actor: Actor) -> QuerySet[WebhookEndpoint]:
    """The acting party's own (the filter binds the regulator too), with how many messages wait."""
    rows = WebhookEndpoint.objects.visible_to(actor).filter(party_id=actor.party_id or 0)
    waiting = Count("messages", filter=Q(messages__state=WebhookMessage.State.PENDING))
    return rows.exclude(state=WebhookEndpoint.State.REMOVED).annotate(waiting=waiting).order_by("pk")


def endpoint(actor: Actor, number: str) -> WebhookEndpoint:
    found = endpoints(actor).filter(number=number).first()
    if found is None:
        raise not_found(ENDPOINT)
    return found


def messages(actor: Actor, number: str, state: str = "") -> QuerySet[WebhookMessage]:
    rows = (
        WebhookMessage.objects.visible_to(actor).filter(endpoint=endpoint(actor, number)).prefetch_related("attempts")
    )
    return rows.filter(state=state) if state in WebhookMessage.State.values else rows

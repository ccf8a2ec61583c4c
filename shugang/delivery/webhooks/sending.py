"""The worker's part: send what is due through the one guard of outgoing connections, some at a time, none for long."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
from django.conf import settings
from django.db import transaction
from django.db.models import F

from shugang.kernel import clock, secrets
from shugang.kernel.actors import PlainActor
from shugang.kernel.events import iso
from shugang.parties.models import Party
from shugang.parties.notices.rules import addresses
from shugang.parties.notices.writing import rules_of_the_day
from shugang.policy.addresses import AddressRefused, Rules, origin

from ..plane.outgoing import guarded_session
from . import services
from .models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from .signing import headers

SECONDS = 10.0  # a whole answer, from dialling to status
PASS = 40  # messages in one pass, sent side by side
EACH = 4  # of one endpoint; one of an endpoint that is failing, so that it takes no room from others
# Nobody else takes a message that is being sent; after a crash it goes again under the same id.
LEASE = timedelta(minutes=1)
# Trust for a test's server; None is the machine's own.
tls: ssl.SSLContext | None = None


@dataclass(frozen=True)
class Outcome:
    """`status` 0: no answer, and `error` says why in a word of ours."""

    status: int
    error: str
    milliseconds: int

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def work() -> int:
    """One pass. Returns how many were delivered."""
    taken = _claim(clock.real_now())
    if not taken:
        return 0
    ready = [(message, *made) for message in taken if (made := _request(message)) is not None]
    outcomes = asyncio.run(_all(ready))
    for (message, _, _), outcome in zip(ready, outcomes, strict=True):
        _note(message, outcome)
    return sum(outcome.good for outcome in outcomes)


@transaction.atomic
def _claim(now: datetime) -> list[WebhookMessage]:
    due = WebhookMessage.objects.filter(state=WebhookMessage.State.PENDING, next_at__lte=now)
    taken: list[int] = []
    for endpoint, failing in due.values_list("endpoint_id", "endpoint__failing_since").distinct()[: PASS * 2]:
        rows = due.filter(endpoint_id=endpoint).order_by("next_at", "id")
        taken += rows.values_list("pk", flat=True)[: 1 if failing else EACH]
    rows = WebhookMessage.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=taken)
    found = list(rows.filter(next_at__lte=now).select_related("endpoint__party").order_by("next_at", "id")[:PASS])
    WebhookMessage.objects.filter(pk__in=[m.pk for m in found]).update(next_at=now + LEASE, tries=F("tries") + 1)
    return found


def payload(message: WebhookMessage, link: str) -> dict[str, Any]:
    """Type, time and numbers; what happened in words is read in the platform, by who may."""
    about = {"kind": message.ref_kind, "number": message.ref_key} if message.ref_kind else None
    link = f"{settings.SHUGANG_PUBLIC_URL}{link}" if link else ""
    return {
        "type": message.code,
        "timestamp": iso(message.at),
        "data": {"party": message.endpoint.party.number, "object": about, "event": message.event_id, "link": link},
    }


def _request(message: WebhookMessage) -> tuple[bytes, dict[str, str]] | None:
    """Body and headers; None (and dropped) when the party may no longer see the object, or the endpoint has ended."""
    endpoint = WebhookEndpoint.objects.get(pk=message.endpoint_id)
    link = _link(endpoint.party, message)
    if endpoint.state != WebhookEndpoint.State.ACTIVE or link is None:
        WebhookMessage.objects.filter(pk=message.pk).update(state=WebhookMessage.State.DROPPED)
        return None
    body = json.dumps(payload(message, link), ensure_ascii=False, separators=(",", ":")).encode()
    now = clock.real_now()
    valid = [secrets.unseal(bytes(endpoint.sealed_secret), endpoint.bound_to).decode()]
    if endpoint.former_secret and endpoint.former_until and now < endpoint.former_until:
        valid.append(secrets.unseal(bytes(endpoint.former_secret), endpoint.bound_to).decode())
    signed = headers(message.message_id, int(now.timestamp()), body, valid, seed(endpoint))
    return body, {**signed, "Content-Type": "application/json", "User-Agent": "shugang-webhooks/1"}


def seed(endpoint: WebhookEndpoint) -> bytes:
    """The Ed25519 key of this endpoint, derived: the same after every restart, different for each."""
    return secrets.derive(f"webhook {endpoint.number}")


def _link(party: Party, message: WebhookMessage) -> str | None:
    """Where the object stands, asked as the party; "" for what has no page; None when it may not be seen."""
    if not message.ref_kind or message.ref_kind == "webhook":
        return ""
    pair = (message.ref_kind, message.ref_key)
    return addresses(PlainActor(party_id=party.pk, roles=party.roles), [pair]).get(pair)


async def _all(ready: list[tuple[WebhookMessage, bytes, dict[str, str]]]) -> list[Outcome]:
    return list(await asyncio.gather(*(_one(m.endpoint.url, body, signed) for m, body, signed in ready)))


async def _one(url: str, body: bytes, signed: dict[str, str]) -> Outcome:
    began = time.monotonic()

    def after(status: int, error: str = "") -> Outcome:
        return Outcome(status, error, int((time.monotonic() - began) * 1000))

    try:
        rules = Rules.of([origin(url).pair], settings.SHUGANG_ALLOWED_NETWORKS)
        session = guarded_session(rules, seconds=SECONDS, tls=tls)
        try:
            async with session.request("POST", url, data=body, headers=signed) as answer:
                return after(answer.status)  # what the other end says beyond its status is not read
        finally:
            await session.close()
    except AddressRefused:
        return after(0, "address refused")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return after(0, type(error).__name__)


def _note(message: WebhookMessage, outcome: Outcome) -> None:
    """The attempt, and what follows: delivered, tried again by the table, given up, or the endpoint disabled."""
    now = clock.real_now()
    with transaction.atomic():
        WebhookAttempt.objects.create(
            message=message, at=now, status=outcome.status, error=outcome.error, milliseconds=outcome.milliseconds
        )
        row = WebhookMessage.objects.filter(pk=message.pk, state=WebhookMessage.State.PENDING)
        endpoint = WebhookEndpoint.objects.filter(pk=message.endpoint_id)
        if outcome.good:
            row.update(state=WebhookMessage.State.DELIVERED, delivered_at=now)
            endpoint.update(failing_since=None)
            return
        endpoint.filter(failing_since__isnull=True).update(failing_since=now)
        waits = rules_of_the_day()["webhook_retry_seconds"]
        tries = message.tries + 1
        if tries <= len(waits):
            row.update(next_at=now + timedelta(seconds=waits[tries - 1]))
        else:
            row.update(state=WebhookMessage.State.FAILED)
        failing = endpoint.get()
        long = failing.failing_since and now - failing.failing_since >= timedelta(seconds=sum(waits) * 0.9)
        if failing.state == WebhookEndpoint.State.ACTIVE and (outcome.status == 410 or (tries > len(waits) and long)):
            services.disable(failing.number, "gone" if outcome.status == 410 else "no answer")


def prune(now: datetime) -> int:
    """Messages that ended longer ago than the profile keeps them; their attempts go with them."""
    old = now - timedelta(days=int(rules_of_the_day()["webhook_keep_days"]))
    ended = WebhookMessage.objects.exclude(state=WebhookMessage.State.PENDING).filter(next_at__lt=old)
    found = list(ended.order_by("pk").values_list("pk", flat=True)[:500])
    WebhookMessage.objects.filter(pk__in=found).delete()
    return len(found)

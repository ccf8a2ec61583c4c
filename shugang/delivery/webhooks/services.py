"""Verbs of endpoints: add, change the secret, test, disable, remove, send again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings

from shugang.kernel import clock, secrets
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import next_number
from shugang.kernel.verbs import verb
from shugang.parties.notices.rules import all_rules
from shugang.parties.notices.writing import rules_of_the_day
from shugang.policy.addresses import AddressRefused
from shugang.policy.text import Text

from ..connectors.guard import dial, refused, web_origin
from .models import WebhookEndpoint, WebhookMessage
from .signing import new_secret

ENDPOINT = Text("这个推送端点", "webhook endpoint")
DUTIES = frozenset({"manager", "engineer"})
MOST = 5
PING = "webhook.ping"


def may_keep(actor: Actor) -> bool:
    return actor.party_id is not None and bool(actor.duties & DUTIES)


def _require(actor: Actor) -> int:
    if not may_keep(actor) or actor.party_id is None:
        raise forbidden(
            "推送端点由本机构的管理员或工程师设置。", "Webhooks are set up by your organisation's manager or engineer."
        )
    return actor.party_id


def _own(actor: Actor, number: str) -> WebhookEndpoint:
    """Of the acting party, locked, not removed. Raises Refusal `forbidden`, `not_found`."""
    party = _require(actor)
    rows = WebhookEndpoint.objects.select_for_update(of=("self",)).filter(party_id=party, number=number)
    found = rows.exclude(state=WebhookEndpoint.State.REMOVED).first()
    if found is None:
        raise not_found(ENDPOINT)
    return found


def known_types() -> list[str]:
    return sorted({PING, *(rule.code for rule in all_rules())})


def _address(url: str) -> str:
    """Well spelt, https, and leading to where we may dial, now; each attempt judges anew. Raises `address_refused`."""
    where = web_origin(url)
    if where.scheme != "https" or len(url) > 400:
        raise refused(
            AddressRefused("须以 https:// 开头，不超过400字", "it begins with https:// and has up to 400 characters")
        )
    dial(url, settings.SHUGANG_ALLOWED_NETWORKS)
    return url


def _types(types: Iterable[str]) -> list[str]:
    wanted = sorted(set(types))
    unknown = [t for t in wanted if t not in known_types()]
    if unknown:
        wrong = Text(f"没有“{unknown[0]}”这种事件。", f"There is no event type “{unknown[0]}”.")
        raise Refusal("invalid_form", wrong, 422, {"types": wrong})
    return wanted


@verb
def add_endpoint(actor: Actor, url: str, label: str, types: Iterable[str] = ()) -> tuple[WebhookEndpoint, str]:
    """An endpoint of the acting party, and its secret: returned here and never again.

    Raises Refusal `forbidden`, `address_refused`, `invalid_form` (label, types), `too_many`.
    """
    party, label = _require(actor), label.strip()
    if not label or len(label) > 80 or not label.isprintable():
        wrong = Text("请填写名称（80字以内）。", "Please give a name (up to 80 characters).")
        raise Refusal("invalid_form", wrong, 422, {"label": wrong})
    wanted, url = _types(types), _address(url.strip())
    if WebhookEndpoint.objects.filter(party_id=party).exclude(state=WebhookEndpoint.State.REMOVED).count() >= MOST:
        many = Text(
            f"每个机构最多{MOST}个推送端点，请先移除一个。", f"At most {MOST} endpoints. Please remove one first."
        )
        raise Refusal("too_many", many, 409)
    secret, number = new_secret(), f"WH-{next_number('webhook'):06d}"
    row = WebhookEndpoint(
        number=number, party_id=party, label=label, url=url, types=wanted, created_at=clock.real_now()
    )
    row.sealed_secret = secrets.seal(secret.encode(), row.bound_to)
    row.save()
    emit("webhook.added", actor, [("webhook", row.number)], {"url": url, "types": wanted})
    return row, secret


@verb
def rotate_secret(actor: Actor, number: str) -> tuple[WebhookEndpoint, str]:
    """A new secret; the present one signs along for the hours of the profile, so that a receiver can change over."""
    row, secret = _own(actor, number), new_secret()
    row.former_secret = row.sealed_secret
    row.former_until = clock.real_now() + timedelta(hours=int(rules_of_the_day()["webhook_secret_grace_hours"]))
    row.sealed_secret = secrets.seal(secret.encode(), row.bound_to)
    row.save(update_fields=["sealed_secret", "former_secret", "former_until"])
    emit("webhook.secret_changed", actor, [("webhook", row.number)], {})
    return row, secret


@verb
def change_types(actor: Actor, number: str, types: Iterable[str]) -> WebhookEndpoint:
    row = _own(actor, number)
    row.types = _types(types)
    row.save(update_fields=["types"])
    emit("webhook.types_changed", actor, [("webhook", row.number)], {"types": row.types})
    return row


@verb
def enable(actor: Actor, number: str) -> WebhookEndpoint:
    """Push again after it was disabled. Raises Refusal `wrong_state`, `address_refused`."""
    row = _own(actor, number)
    if row.state != WebhookEndpoint.State.DISABLED:
        raise Refusal("wrong_state", Text("这个端点没有停用。", "This endpoint is not disabled."), 409)
    _address(row.url)
    row.state, row.reason, row.failing_since = WebhookEndpoint.State.ACTIVE, "", None
    row.save(update_fields=["state", "reason", "failing_since"])
    emit("webhook.enabled", actor, [("webhook", row.number)], {})
    return row


@verb
def remove(actor: Actor, number: str) -> WebhookEndpoint:
    """Nothing more is pushed; what waits is dropped, the secrets are deleted."""
    row = _own(actor, number)
    row.state, row.sealed_secret, row.former_secret, row.former_until = WebhookEndpoint.State.REMOVED, b"", None, None
    row.save(update_fields=["state", "sealed_secret", "former_secret", "former_until"])
    row.messages.filter(state=WebhookMessage.State.PENDING).update(state=WebhookMessage.State.DROPPED)
    emit("webhook.removed", actor, [("webhook", row.number)], {})
    return row


def queue(endpoint: WebhookEndpoint, code: str, ref: tuple[str, str], event: int | None = None) -> WebhookMessage:
    return WebhookMessage.objects.create(
        endpoint=endpoint, message_id=f"msg_{uuid.uuid4().hex}", code=code, ref_kind=ref[0], ref_key=ref[1],
        event_id=event, at=clock.now(), next_at=clock.real_now(),
    )  # fmt: skip


@verb
def ping(actor: Actor, number: str) -> WebhookMessage:
    """A test message, sent like any other. Raises Refusal `wrong_state` for a disabled endpoint."""
    row = _own(actor, number)
    if row.state != WebhookEndpoint.State.ACTIVE:
        raise Refusal(
            "wrong_state", Text("端点已停用，请先恢复。", "The endpoint is disabled. Please enable it first."), 409
        )
    emit("webhook.pinged", actor, [("webhook", row.number)], {})
    return queue(row, PING, ("webhook", row.number))


@verb
def send_again(actor: Actor, number: str, message_id: str) -> WebhookMessage:
    """Once more now, under the same id: a receiver that has it already does nothing. Raises Refusal `not_found`,
    `wrong_state`."""
    row = _own(actor, number)
    message = row.messages.select_for_update(of=("self",)).filter(message_id=message_id).first()
    if message is None:
        raise not_found(Text("这条消息", "message"))
    if row.state != WebhookEndpoint.State.ACTIVE or message.state == WebhookMessage.State.PENDING:
        raise Refusal(
            "wrong_state",
            Text("端点已停用，或消息正在等待发送。", "The endpoint is disabled, or the message waits already."),
            409,
        )
    message.state, message.tries, message.next_at = WebhookMessage.State.PENDING, 0, clock.real_now()
    message.delivered_at = None
    message.save(update_fields=["state", "tries", "next_at", "delivered_at"])
    emit("webhook.sent_again", actor, [("webhook", row.number)], {"message": message_id})
    return message


@verb
def disable(number: str, reason: str) -> WebhookEndpoint:
    """By the worker: gone (410), or no answer for days. Its keepers get a notice, by a rule."""
    row = WebhookEndpoint.objects.select_for_update().get(number=number)
    row.state, row.reason = WebhookEndpoint.State.DISABLED, reason
    row.save(update_fields=["state", "reason"])
    row.messages.filter(state=WebhookMessage.State.PENDING).update(state=WebhookMessage.State.FAILED)
    emit("webhook.disabled", SYSTEM, [("webhook", row.number)], {"reason": reason})
    return row

"""What people do with notices: read them, choose what comes by e-mail, give and prove an address.

Marking as read leaves no trace in the record: it is nobody's business but the reader's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..accounts.actor import PartyActor
from ..accounts.models import Person
from ..posts.models import Post
from ..posts.services import require_post
from . import letters, queries
from .models import Letter, NoticeChoice
from .rules import GROUPS

HOW = ("once", "daily", "never")
VERIFY_SECONDS = 48 * 3600
VERIFY_A_DAY = 5
ADDRESSES = 3


def mark_read(actor: Actor, pk: int | None = None) -> int:
    """One notice, or all of one's own. Returns how many were unread. Raises Refusal `not_found`."""
    rows = queries.mine(actor)
    if pk is not None and not rows.filter(pk=pk).exists():
        raise not_found(Text("这条通知", "notice"))
    rows = rows if pk is None else rows.filter(pk=pk)
    return rows.filter(read_at__isnull=True).update(read_at=clock.now())


def _person(actor: Actor) -> Person:
    if actor.person_id is None:
        raise forbidden("请先登录。", "Please sign in first.")
    return Person.objects.select_for_update(no_key=True).get(pk=actor.person_id)


@verb
def choose(actor: Actor, wanted: Mapping[str, str]) -> dict[str, str]:
    """How each group comes by e-mail. Raises Refusal `invalid_form`, `required_notice`."""
    person = _person(actor)
    required = queries.required_groups()
    wrong: dict[str, Text] = {}
    for group, how in wanted.items():
        if group not in GROUPS or how not in HOW:
            wrong[group] = Text("请选择立即、每天一封或不发。", "Please choose at once, daily or never.")
        elif how == "never" and group in required:
            wrong[group] = Text(
                "这类通知按规则必须告知，可改为每天一封。", "The rules require these; you may choose daily."
            )
    if wrong:
        code = "required_notice" if all(g in required for g in wrong) else "invalid_form"
        raise Refusal(
            code, Text("有选项不能保存，请改正。", "Some choices cannot be kept. Please change them."), 422, wrong
        )
    for group, how in sorted(wanted.items()):
        NoticeChoice.objects.update_or_create(person=person, group=group, defaults={"how": how})
    emit("notices.chosen", actor, [], {"person": person.username, "choices": dict(sorted(wanted.items()))})
    return queries.choices([person.pk])[person.pk]


@verb
def stop(token: str) -> list[str]:
    """What a link of a letter stops, by whoever holds the letter (RFC 8058). Raises Refusal `link_invalid`."""
    person, groups = letters.stopping(token)
    groups = [g for g in groups if g not in queries.required_groups()]
    if person is None or not groups:
        raise _dead_link()
    for group in groups:
        NoticeChoice.objects.update_or_create(person=person, group=group, defaults={"how": "never"})
    emit("notices.stopped", PartyActor(person), [], {"person": person.username, "groups": groups})
    return groups


def _dead_link() -> Refusal:
    says = Text(
        "链接无效或已过期，请登录后在“通知设置”中办理。",
        "The link is not valid or too old. Please use the settings of notices.",
    )
    return Refusal("link_invalid", says, 404)


@verb
def add_address(actor: Actor, email: str) -> Letter:
    """Give an address; a link is sent there, and nothing else until it was opened.

    Raises Refusal `bad_address`, `too_many`.
    """
    person, email = _person(actor), email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        wrong = Text("这不是一个邮箱地址，请核对。", "That is not an e-mail address. Please check it.")
        raise Refusal("bad_address", wrong, 422, {"email": wrong}) from None
    own = EmailAddress.objects.filter(user=person)
    if own.filter(email=email, verified=True).exists():
        known = Text("这个地址已经确认过。", "This address is confirmed already.")
        raise Refusal("bad_address", known, 409, {"email": known})
    recent = Letter.objects.filter(person=person, kind="verify", created_at__gt=clock.real_now() - timedelta(days=1))
    if recent.count() >= VERIFY_A_DAY or (own.count() >= ADDRESSES and not own.filter(email=email).exists()):
        many = Text(
            "地址或确认邮件太多，请先移除一个地址，或明天再试。",
            "Too many addresses or letters. Remove one, or try tomorrow.",
        )
        raise Refusal("too_many", many, 409)
    EmailAddress.objects.get_or_create(user=person, email=email, defaults={"verified": False})
    emit("address.given", actor, [], {"person": person.username})
    return letters.make("verify", person.pk, email, f"verify-{uuid.uuid4()}")


@verb
def verify_address(actor: Actor, token: str) -> EmailAddress:
    """The link was opened by the person who gave the address. Raises Refusal `link_invalid`, `address_taken`."""
    person = _person(actor)
    try:
        holder, email = signing.loads(token, salt=letters.VERIFY, max_age=VERIFY_SECONDS)
    except signing.BadSignature:
        raise _dead_link() from None
    row = EmailAddress.objects.filter(user=person, email=email).first()
    if holder != person.pk or row is None:
        raise _dead_link()
    try:
        with transaction.atomic():
            row.verified, row.primary = True, False
            row.save(update_fields=["verified", "primary"])
    except IntegrityError:
        taken = Text(
            "另一个账户已确认这个地址，请换一个。", "Another account has confirmed this address. Please use another."
        )
        raise Refusal("address_taken", taken, 409) from None
    emit("address.verified", actor, [], {"person": person.username})
    return row


@verb
def remove_address(actor: Actor, pk: int) -> None:
    """Raises Refusal `not_found`."""
    person = _person(actor)
    deleted, _ = EmailAddress.objects.filter(user=person, pk=pk).delete()
    if not deleted:
        raise not_found(Text("这个地址", "address"))
    emit("address.removed", actor, [], {"person": person.username})


@verb
def send_again(actor: Actor, pk: int) -> Letter:
    """The system administrator has a letter sent that was given up. Raises Refusal `forbidden`, `not_found`."""
    require_post(actor, Post.SYSTEM)
    letter = Letter.objects.select_for_update().filter(pk=pk, state=Letter.State.FAILED).first()
    if letter is None:
        raise not_found(Text("这封未发出的邮件", "unsent letter"))
    letter.state, letter.tries, letter.next_at = Letter.State.PENDING, 0, clock.real_now()
    letter.save(update_fields=["state", "tries", "next_at"])
    facts: dict[str, Any] = {"person": letter.person.username, "message": letter.message_id}
    emit("letter.sent_again", actor, [], facts)
    return letter

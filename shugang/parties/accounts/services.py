"""People: duties, one-time links, access tokens, the acting party."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..organisations.models import Party
from ..posts.models import Post
from .actor import actor_for
from .models import DUTIES, AccessToken, Invitation, Membership, Person

LINK_HOURS = 48
LINK_INVALID = Text(
    "这个链接已用过、已过期或不存在，请向发给您的人要一个新的。",
    "This link was used, has expired or does not exist. Please ask for a new one.",
)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@verb
def set_duties(actor: Actor, party: Party, person: Person, duties: list[str]) -> Membership:
    """Set a person's duties for a party (none ends the membership).

    By the party's manager, or by the system. Raises Refusal `forbidden`, `unknown_duty`, `administrator`.
    """
    by_manager = actor.party_id == party.pk and "manager" in actor.duties
    if not by_manager and "system" not in actor.roles:
        raise forbidden("岗位由本机构管理员分配。", "Duties are given by the organisation's own manager.")
    if not set(duties) <= DUTIES:
        raise Refusal("unknown_duty", Text("没有这样的岗位。", "There is no such duty."), 422)
    Person.objects.select_for_update().get(pk=person.pk)
    if Post.objects.filter(person=person).exists():
        raise Refusal(
            "administrator",
            Text("三员不能为任何机构办理业务。", "An administrator may not act for any organisation."),
            409,
        )
    membership, _ = Membership.objects.update_or_create(
        person=person,
        party=party,
        defaults={"duties": sorted(set(duties)), "active": bool(duties)},
        create_defaults={"duties": sorted(set(duties)), "active": bool(duties), "created_at": clock.now()},
    )
    emit("membership.set", actor, [("party", party.number)], {"person": person.username, "duties": sorted(set(duties))})
    return membership


@verb
def make_person(username: str, password: str, display_name: str, authorised: bool = True) -> Person:
    """A new account. Raises Refusal `username_taken`, `weak_password`."""
    person = Person(username=username.strip(), display_name=display_name.strip(), authorised=authorised)
    try:
        validate_password(password, person)
    except ValidationError:
        raise Refusal(
            "weak_password",
            Text(
                "密码至少10位，不能是常见密码或纯数字。",
                "Use at least 10 characters, not a common password nor digits alone.",
            ),
            422,
            {"password": Text("请换一个密码。", "Please choose another password.")},
        ) from None
    person.set_password(password)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        raise Refusal(
            "username_taken",
            Text("这个用户名已被使用，请换一个。", "This user name is taken."),
            409,
            {"username": Text("已被使用。", "Taken.")},
        ) from None
    emit("person.created", SYSTEM, [], {"username": person.username})
    return person


def _link(secret: str) -> str:
    return f"{settings.SHUGANG_PUBLIC_URL}/invited/{secret}"


@verb
def invite(actor: Actor, duties: list[str], label: str) -> str:
    """A one-time link to join the acting party. Shown once. Raises Refusal `forbidden`, `unknown_duty`."""
    if "manager" not in actor.duties or actor.party_id is None:
        raise forbidden("只有本机构管理员可以邀请。", "Only the organisation's manager may invite.")
    if not duties or not set(duties) <= DUTIES:
        raise Refusal("unknown_duty", Text("请至少选择一个岗位。", "Please choose at least one duty."), 422)
    secret = secrets.token_urlsafe(24)
    party = Party.objects.get(pk=actor.party_id)
    Invitation.objects.create(
        digest=_digest(secret),
        party=party,
        duties=sorted(set(duties)),
        label=label[:60],
        created_at=clock.real_now(),
        expires_at=clock.real_now() + timedelta(hours=LINK_HOURS),
    )
    emit("person.invited", actor, [("party", party.number)], {"duties": sorted(set(duties)), "label": label[:60]})
    return _link(secret)


@verb
def _setup_link(post: str) -> str:
    secret = secrets.token_urlsafe(24)
    Invitation.objects.create(
        digest=_digest(secret),
        post=post,
        label=post,
        created_at=clock.real_now(),
        expires_at=clock.real_now() + timedelta(hours=LINK_HOURS),
    )
    emit("post.offered", SYSTEM, [], {"post": post})
    return _link(secret)


def make_setup_links() -> list[tuple[str, str]]:
    """One-time links for the posts that nobody holds; earlier unused links for them end."""
    links = []
    for post in (Post.SYSTEM, Post.SECURITY, Post.AUDIT):
        if Post.objects.filter(post=post).exists():
            continue
        Invitation.objects.filter(post=post, used_at__isnull=True).update(expires_at=clock.real_now())
        links.append((post, _setup_link(post)))
    return links


def find_invitation(secret: str) -> Invitation:
    """Raises Refusal `link_invalid` for an unknown, used or expired link."""
    found = Invitation.objects.select_related("party").filter(digest=_digest(secret), used_at__isnull=True).first()
    if found is None or found.expires_at <= clock.real_now():
        raise Refusal("link_invalid", LINK_INVALID, 404)
    return found


@verb
def take_up(secret: str, username: str, password: str, display_name: str) -> Person:
    """Use a one-time link: make the account and give it the post or the duties, once."""
    found = find_invitation(secret)
    used = Invitation.objects.filter(pk=found.pk, used_at__isnull=True).update(used_at=clock.real_now())
    if not used:
        raise Refusal("link_invalid", LINK_INVALID, 404)
    person = make_person(username, password, display_name)
    if found.post:
        from ..posts.services import appoint

        appoint(SYSTEM, person, found.post)
    elif found.party is not None:
        set_duties(SYSTEM, found.party, person, found.duties)
    return person


@verb
def make_token(actor: Actor, label: str, days: int = 90) -> tuple[AccessToken, str]:
    """An API token for the acting person and party; the secret is returned once and kept nowhere."""
    if actor.person_id is None:
        raise forbidden("请先登录。", "Please sign in first.")
    secret = "sgt_" + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        person_id=actor.person_id,
        party_id=actor.party_id,
        digest=_digest(secret),
        prefix=secret[:10],
        label=label.strip()[:60] or "API",
        second_factor=actor.second_factor,
        created_at=clock.real_now(),
        expires_at=clock.real_now() + timedelta(days=max(1, min(days, 365))),
    )
    emit("token.made", actor, [], {"prefix": token.prefix, "second_factor": token.second_factor})
    return token, secret


@verb
def revoke_token(actor: Actor, pk: int) -> None:
    token = AccessToken.objects.visible_to(actor).filter(pk=pk, revoked_at__isnull=True).first()
    if token is None:
        raise Refusal("not_found", Text("没有这个令牌。", "No such token."), 404)
    token.revoked_at = clock.real_now()
    token.save(update_fields=["revoked_at"])
    emit("token.revoked", actor, [], {"prefix": token.prefix})


def acting_choices(person: Person) -> list[Party]:
    """Parties the person may act for."""
    rows = Membership.objects.filter(person=person, active=True).select_related("party").order_by("id")
    return [row.party for row in rows]


def may_act_for(person: Person, number: str) -> Party:
    """Raises Refusal `forbidden` when the person has no active membership there."""
    for party in acting_choices(person):
        if party.number == number:
            return party
    raise forbidden("您不是这个机构的成员。", "You are not a member of that organisation.")


__all__ = [
    "actor_for",
    "find_invitation",
    "invite",
    "make_person",
    "make_setup_links",
    "make_token",
    "may_act_for",
    "revoke_token",
    "set_duties",
    "take_up",
]

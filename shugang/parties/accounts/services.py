"""People: accounts, duties, one-time links."""

from __future__ import annotations

import hashlib
import re
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

from ..organisations.models import FOUNDED, Party
from ..posts.models import Post
from .actor import actor_for
from .models import DUTIES, Invitation, Membership, Person

LINK_HOURS = 48
LINK_INVALID = Text(
    "这个链接已用过、已过期或不存在，请向发给您的人要一个新的。",
    "This link was used, has expired or does not exist. Please ask for a new one.",
)
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,39}")


def digest_of(secret: str) -> str:
    """What is kept of a random secret: a plain SHA-256 is enough for 192 bits or more (OWASP ASVS 5.0 §11.4)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def governs(party: Party) -> bool:
    """Whether the party runs, registers, supervises or holds public data: its people are authorised by the security administrator."""
    return any(getattr(party, f"is_{role}") for role in FOUNDED)


def _check_duties(duties: list[str]) -> list[str]:
    if not set(duties) <= DUTIES:
        raise Refusal("unknown_duty", Text("没有这样的岗位，请从列表中选择。", "There is no such duty."), 422)
    return sorted(set(duties))


def _refuse_last_manager(party: Party, person: Person, duties: list[str]) -> None:
    others = Membership.objects.filter(party=party, active=True).exclude(person=person)
    mine = Membership.objects.filter(party=party, person=person, active=True).first()
    if mine is None or "manager" not in mine.duties or "manager" in duties:
        return
    if not any("manager" in m.duties for m in others):
        raise Refusal(
            "last_manager",
            Text(
                "机构至少要有一位管理员，请先指定另一位。",
                "An organisation keeps a manager. Please name another first.",
            ),
            409,
        )


@verb
def set_duties(actor: Actor, party: Party, person: Person, duties: list[str]) -> Membership:
    """Set a person's duties for a party (none ends the membership).

    By the party's manager for its members, or by the system.
    Raises Refusal `forbidden`, `unknown_duty`, `administrator`, `last_manager`.
    """
    by_system = "system" in actor.roles
    mine = actor.party_id == party.pk and "manager" in actor.duties
    if not by_system and not (mine and Membership.objects.filter(party=party, person=person).exists()):
        raise forbidden("岗位由本机构管理员分配。", "Duties are given by the organisation's own manager.")
    chosen = _check_duties(duties)
    Party.objects.select_for_update().get(pk=party.pk)
    Person.objects.select_for_update().get(pk=person.pk)
    if chosen and Post.objects.filter(person=person).exists():
        raise Refusal(
            "administrator",
            Text("三员不能为任何机构办理业务。", "An administrator may not act for any organisation."),
            409,
        )
    _refuse_last_manager(party, person, chosen)
    facts = {"duties": chosen, "active": bool(chosen)}
    membership, _ = Membership.objects.update_or_create(
        person=person, party=party, defaults=facts, create_defaults={**facts, "created_at": clock.now()}
    )
    emit("membership.set", actor, [("party", party.number)], {"person": person.username, "duties": chosen})
    return membership


def check_password(password: str, person: Person) -> None:
    """Raises Refusal `weak_password` by the validators of the settings."""
    try:
        validate_password(password, person)
    except ValidationError:
        raise Refusal(
            "weak_password",
            Text(
                "密码至少10位，不能是常见密码或纯数字，请换一个。",
                "Use at least 10 characters, not a common password nor digits alone.",
            ),
            422,
            {"password": Text("请换一个密码。", "Please choose another password.")},
        ) from None


@verb
def make_person(username: str, password: str | None, display_name: str, authorised: bool = True) -> Person:
    """A new account; without a password nobody can sign in until one is set through a link.

    Raises Refusal `invalid_form`, `username_taken`, `weak_password`.
    """
    name, shown = username.strip(), display_name.strip()
    wrong: dict[str, Text] = {}
    if not USERNAME.fullmatch(name):
        wrong["username"] = Text(
            "用户名为3至40位字母、数字、点、横线或下划线，以字母或数字开头。",
            "A user name has 3 to 40 letters, digits, dots, hyphens or underscores.",
        )
    if not 1 <= len(shown) <= 60:
        wrong["display_name"] = Text("请填写姓名，最多60字。", "Please give the name, at most 60 characters.")
    if wrong:
        raise Refusal("invalid_form", Text("有内容需要补正。", "Some entries need correction."), 422, wrong)
    person = Person(username=name, display_name=shown, authorised=authorised)
    if password is None:
        person.set_unusable_password()
    else:
        check_password(password, person)
        person.set_password(password)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:
        raise Refusal(
            "username_taken",
            Text("这个用户名已被使用，请换一个。", "This user name is taken. Please choose another."),
            409,
            {"username": Text("已被使用。", "Taken.")},
        ) from None
    emit("person.created", SYSTEM, [], {"person": person.username, "authorised": authorised})
    return person


def new_link(label: str, party: Party | None = None, duties: list[str] | None = None, post: str = "",
             person: Person | None = None) -> str:  # fmt: skip
    """Store a one-time link of `LINK_HOURS` and return its address; the caller emits who gave it and why."""
    secret = secrets.token_urlsafe(24)
    Invitation.objects.create(
        digest=digest_of(secret),
        party=party,
        duties=duties or [],
        post=post,
        person=person,
        label=label.strip()[:60],
        created_at=clock.real_now(),
        expires_at=clock.real_now() + timedelta(hours=LINK_HOURS),
    )
    return f"{settings.SHUGANG_PUBLIC_URL}/invited/{secret}"


@verb
def invite(actor: Actor, duties: list[str], label: str) -> str:
    """A one-time link to join the acting party. Shown once. Raises Refusal `forbidden`, `unknown_duty`."""
    if "manager" not in actor.duties or actor.party_id is None:
        raise forbidden("只有本机构管理员可以邀请。", "Only the organisation's manager may invite.")
    chosen = _check_duties(duties)
    if not chosen:
        wrong = Text("请至少选择一个岗位。", "Please choose at least one duty.")
        raise Refusal("invalid_form", wrong, 422, {"duties": wrong})
    party = Party.objects.get(pk=actor.party_id)
    link = new_link(label, party=party, duties=chosen)
    emit("person.invited", actor, [("party", party.number)], {"duties": chosen, "label": label.strip()[:60]})
    return link


@verb
def withdraw_invitation(actor: Actor, pk: int) -> None:
    """End an unused link of the acting party. Raises Refusal `forbidden`, `link_invalid`."""
    if "manager" not in actor.duties or actor.party_id is None:
        raise forbidden("只有本机构管理员可以撤回邀请。", "Only the organisation's manager may withdraw a link.")
    found = Invitation.objects.filter(pk=pk, party_id=actor.party_id, used_at__isnull=True)
    if not found.update(used_at=clock.real_now()):
        raise Refusal("link_invalid", LINK_INVALID, 404)
    party = Party.objects.get(pk=actor.party_id)
    emit("person.uninvited", actor, [("party", party.number)], {})


@verb
def _setup_link(post: str) -> str:
    Invitation.objects.filter(post=post, used_at__isnull=True).update(expires_at=clock.real_now())
    link = new_link(post, post=post)
    emit("post.offered", SYSTEM, [], {"post": post})
    return link


def make_setup_links() -> list[tuple[str, str]]:
    """(post, one-time link) for each of the three posts that nobody holds; earlier unused links for it end."""
    held = set(Post.objects.values_list("post", flat=True))
    return [(post, _setup_link(post)) for post in (Post.SYSTEM, Post.SECURITY, Post.AUDIT) if post not in held]


def find_invitation(secret: str) -> Invitation:
    """Raises Refusal `link_invalid` for an unknown, used or expired link."""
    rows = Invitation.objects.select_related("party", "person")
    found = rows.filter(digest=digest_of(secret), used_at__isnull=True).first()
    if found is None or found.expires_at <= clock.real_now():
        raise Refusal("link_invalid", LINK_INVALID, 404)
    return found


def _spend(secret: str) -> Invitation:
    """The link, now used: of two who press at once, the second is refused."""
    found = find_invitation(secret)
    if not Invitation.objects.filter(pk=found.pk, used_at__isnull=True).update(used_at=clock.real_now()):
        raise Refusal("link_invalid", LINK_INVALID, 404)
    return found


@verb
def take_up(secret: str, username: str, password: str, display_name: str) -> Person:
    """Use a one-time link without an account: make it and give it the post or the duties, once.

    People of a party that governs stay inert until the security administrator authorises them.
    """
    found = _spend(secret)
    if found.person is not None:
        return set_password(found.person, password)
    inert = found.party is not None and governs(found.party)
    person = make_person(username, password, display_name, authorised=not inert)
    if found.post:
        from ..posts.services import appoint

        appoint(SYSTEM, person, found.post)
    elif found.party is not None:
        set_duties(SYSTEM, found.party, person, found.duties)
    return person


@verb
def join_party(actor: Actor, secret: str) -> Membership:
    """Use an invitation with the account that one is signed in with; existing duties there are kept."""
    found = _spend(secret)
    person = Person.objects.filter(pk=actor.person_id or 0).first()
    if person is None or found.party is None:
        raise Refusal("link_invalid", LINK_INVALID, 404)
    if governs(found.party):
        raise forbidden(
            "运营、登记和监管机构的人员请用单独的账户，须经安全管理员授权。",
            "People of the operator, registrar and regulator use an account of its own, authorised first.",
        )
    before = Membership.objects.filter(person=person, party=found.party, active=True).first()
    return set_duties(SYSTEM, found.party, person, [*found.duties, *(before.duties if before else [])])


@verb
def set_password(person: Person, password: str) -> Person:
    """Also ends every session of the account. Raises Refusal `weak_password`."""
    check_password(password, person)
    person.set_password(password)
    person.save(update_fields=["password"])
    emit("person.password_set", SYSTEM, [], {"person": person.username})
    return person


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
    "acting_choices", "actor_for", "find_invitation", "governs", "invite", "join_party", "make_person",
    "make_setup_links", "may_act_for", "new_link", "set_duties", "set_password", "take_up", "withdraw_invitation",
]  # fmt: skip

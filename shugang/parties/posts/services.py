"""Appointing administrators, and their acts. Each act belongs to exactly one of the three."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Event
from shugang.kernel.paging import Page, page
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..accounts.models import Invitation, Membership, Person
from ..accounts.services import governs, make_person, new_link
from ..organisations.models import Party
from . import queries
from .models import POST_LABELS, Post

PERSON = Text("这个账户", "account")


def require_post(actor: Actor, post: str) -> None:
    """Raises Refusal unless the actor holds the post and signed in with a second factor."""
    if "system" in actor.roles:
        return
    if post not in actor.posts:
        label = POST_LABELS[post]
        raise forbidden(f"这一项由{label.zh}办理。", f"This belongs to the {label.en.lower()}.")
    if not actor.second_factor:
        raise forbidden(
            "三员须用第二因素登录。请先绑定动态口令，再重新登录。",
            "Administrators sign in with a second factor. Please set it up and sign in again.",
            "second_factor_required",
        )


def _person(actor: Actor, pk: int) -> Person:
    person = Person.objects.select_for_update().filter(pk=pk).first()
    if person is None:
        raise not_found(PERSON)
    if person.pk == actor.person_id:
        raise forbidden("不能办理自己的账户，请由另一位安全管理员办理。", "Nobody may decide on his own account.")
    return person


# --- the system administrator ---


@verb
def create_account(actor: Actor, username: str, display_name: str) -> tuple[Person, str]:
    """An account and the one-time link by which its holder sets the password.

    Inert until the security administrator authorises it (GB/T 22239-2019 8.1.5).
    Raises Refusal `forbidden`, `second_factor_required`, `username_taken`, `invalid_form`.
    """
    require_post(actor, Post.SYSTEM)
    person = make_person(username, None, display_name, authorised=False)
    link = new_link(display_name, person=person)
    emit("account.created", actor, [], {"person": person.username})
    return person, link


@verb
def invite_first_manager(actor: Actor, party_number: str) -> str:
    """A one-time link for the first manager of the operator, a registrar or the regulator.

    Raises Refusal `forbidden`, `not_found`, `has_manager`.
    """
    require_post(actor, Post.SYSTEM)
    party = Party.objects.select_for_update().filter(number=party_number).first()
    if party is None or not governs(party):
        raise not_found(Text("这个机构", "party"))
    if any("manager" in m.duties for m in Membership.objects.filter(party=party, active=True)):
        raise Refusal(
            "has_manager",
            Text("这个机构已有管理员，请由其邀请其他人。", "This party has a manager, who invites the others."),
            409,
        )
    Invitation.objects.filter(party=party, used_at__isnull=True).update(expires_at=clock.real_now())
    link = new_link(party.name, party=party, duties=["manager"])
    emit("person.invited", actor, [("party", party.number)], {"duties": ["manager"]})
    return link


# --- the security administrator ---


@verb
def authorise(actor: Actor, pk: int, authorised: bool) -> Person:
    """Let an account work, or stop it at once. Raises Refusal `forbidden`, `not_found`."""
    require_post(actor, Post.SECURITY)
    person = _person(actor, pk)
    person.authorised = authorised
    person.save(update_fields=["authorised"])
    emit("person.authorised" if authorised else "person.stopped", actor, [], {"person": person.username})
    return person


@verb
def appoint(actor: Actor, person: Person, post: str) -> Post:
    """Give a post, by the system at first set-up or the security administrator later.

    Raises Refusal `administrator` when the person trades for a party or holds a post already.
    """
    require_post(actor, Post.SECURITY)
    if post not in POST_LABELS:
        raise Refusal("invalid_form", Text("请选择岗位。", "Please choose a post."), 422)
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if Membership.objects.filter(person=locked, active=True).exists() or Post.objects.filter(person=locked).exists():
        raise Refusal(
            "administrator",
            Text(
                "三员互斥，且不能为任何机构办理业务。请用一个单独的账户。",
                "The three posts exclude each other and any membership. Please use an account of its own.",
            ),
            409,
        )
    row = Post.objects.create(person=locked, post=post, since=clock.now())
    emit("post.given", actor, [], {"person": locked.username, "post": post})
    return row


@verb
def appoint_by_id(actor: Actor, pk: int, post: str) -> Post:
    require_post(actor, Post.SECURITY)
    return appoint(actor, _person(actor, pk), post)


@verb
def dismiss(actor: Actor, pk: int) -> None:
    """Take the post from its holder; the last holder of a post stays until another is appointed.

    Raises Refusal `forbidden`, `not_found`, `last_holder`.
    """
    require_post(actor, Post.SECURITY)
    person = _person(actor, pk)
    row = Post.objects.filter(person=person).first()
    if row is None:
        raise not_found(Text("这个任职", "appointment"))
    if Post.objects.filter(post=row.post).count() == 1:
        raise Refusal(
            "last_holder",
            Text(
                "这是该岗位的最后一人，请先任命接替的人。", "This is the last holder. Please appoint a successor first."
            ),
            409,
        )
    row.delete()
    emit("post.taken", actor, [], {"person": person.username, "post": row.post})


@verb
def reset_password(actor: Actor, pk: int) -> str:
    """A one-time link by which the holder sets a new password; the old one ends now."""
    require_post(actor, Post.SECURITY)
    person = _person(actor, pk)
    person.set_unusable_password()
    person.save(update_fields=["password"])
    link = new_link(str(person), person=person)
    emit("person.password_reset", actor, [], {"person": person.username})
    return link


@verb
def reset_second_factor(actor: Actor, pk: int) -> None:
    """Remove a lost authenticator; sessions that were confirmed with it lose that force at once."""
    require_post(actor, Post.SECURITY)
    person = _person(actor, pk)
    Authenticator.objects.filter(user_id=person.pk).delete()
    emit("second_factor.reset", actor, [], {"person": person.username})


@verb
def review_auditors(actor: Actor, cursor: str = "") -> Page:
    """What the audit administrators did and read; the reading is recorded as well."""
    require_post(actor, Post.SECURITY)
    found = page(queries.acts_of(Post.AUDIT), cursor)
    emit("audit.reviewed", actor, [], {"first": found.items[0].pk if found.items else 0, "rows": len(found.items)})
    return found


# --- the audit administrator ---


@verb
def read_audit(actor: Actor, filters: dict[str, str], cursor: str = "") -> Page:
    """One page of the audit list. Reading it leaves its own trace.

    `filters`: `kind` (begins with), `person` (user name, acting or acted on), `since`, `until` (ISO days).
    """
    require_post(actor, Post.AUDIT)
    found = page(queries.audit_rows(filters), cursor)
    emit("audit.read", actor, [], {"filters": filters, "rows": len(found.items)})
    return found


@verb
def export_audit(actor: Actor, filters: dict[str, str]) -> QuerySet[Event, Any]:
    """The whole filtered list for a file, at most `queries.EXPORT_ROWS` rows; recorded like a reading."""
    require_post(actor, Post.AUDIT)
    rows = queries.audit_rows(filters).order_by("-pk")[: queries.EXPORT_ROWS]
    emit("audit.exported", actor, [], {"filters": filters})
    return rows

"""Appointing administrators and their acts. Each act belongs to exactly one of the three."""

from __future__ import annotations

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..accounts.models import Membership, Person
from .models import Post

PERSON = Text("这个账户", "account")


def require_post(actor: Actor, post: str) -> None:
    """Raises Refusal unless the actor holds the post and signed in with a second factor."""
    if post not in actor.posts and "system" not in actor.roles:
        raise forbidden("这一项由三员中的另一位办理。", "Another of the three administrators does this.")
    if "system" not in actor.roles and not actor.second_factor:
        raise forbidden(
            "三员须用第二因素登录。请先绑定动态口令，再重新登录。",
            "Administrators sign in with a second factor. Please set it up and sign in again.",
            "second_factor_required",
        )


@verb
def appoint(actor: Actor, person: Person, post: str) -> Post:
    """Give a post, by the system at first set-up or the security administrator later.

    Raises Refusal `administrator` when the person trades for a party or holds a post already.
    """
    require_post(actor, Post.SECURITY)
    Person.objects.select_for_update().get(pk=person.pk)
    if Membership.objects.filter(person=person, active=True).exists() or Post.objects.filter(person=person).exists():
        raise Refusal(
            "administrator",
            Text(
                "三员互斥，且不能为任何机构办理业务。请用一个单独的账户。",
                "The three posts exclude each other and any membership. Please use an account of its own.",
            ),
            409,
        )
    row = Post.objects.create(person=person, post=post, since=clock.now())
    emit("post.given", actor, [], {"person": person.username, "post": post})
    return row


def _person(pk: int) -> Person:
    person = Person.objects.select_for_update().filter(pk=pk).first()
    if person is None:
        raise not_found(PERSON)
    return person


@verb
def authorise(actor: Actor, pk: int, authorised: bool) -> Person:
    """The security administrator lets an account work, or stops it at once."""
    require_post(actor, Post.SECURITY)
    person = _person(pk)
    if person.pk == actor.person_id:
        raise forbidden("不能授权或停用自己的账户。", "You may not authorise or stop your own account.")
    person.authorised = authorised
    person.save(update_fields=["authorised"])
    emit("person.authorised" if authorised else "person.stopped", actor, [], {"person": person.username})
    return person

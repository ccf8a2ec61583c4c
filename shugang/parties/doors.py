"""The wing's doors in the layout, and who is signed in as the header shows it."""

from __future__ import annotations

from django.http import HttpRequest

from shugang.kernel.actors import Actor
from shugang.policy.text import Text
from shugang.ui.context import Account
from shugang.ui.menu import MenuItem, register

from .accounts.actor import PartyActor
from .accounts.models import DUTY_LABELS
from .notices.queries import unread
from .posts.models import POST_LABELS, Post


def _actor(request: HttpRequest) -> Actor | None:
    return getattr(request, "actor", None)


def signed_in(request: HttpRequest) -> bool:
    actor = _actor(request)
    return actor is not None and actor.person_id is not None


def for_party(request: HttpRequest) -> bool:
    actor = _actor(request)
    return actor is not None and actor.party_id is not None


def administrator(request: HttpRequest) -> bool:
    actor = _actor(request)
    return actor is not None and actor.person_id is not None and bool(actor.posts)


def keeps_the_system(request: HttpRequest) -> bool:
    actor = _actor(request)
    return actor is not None and Post.SYSTEM in actor.posts


def role_text(actor: Actor) -> Text:
    """The post or the first duties in words."""
    labels = [POST_LABELS[p] for p in sorted(actor.posts)] or [DUTY_LABELS[d] for d in sorted(actor.duties)[:2]]
    return Text("、".join(t.zh for t in labels), ", ".join(t.en for t in labels))


def account(request: HttpRequest) -> Account | None:
    from shugang.ui.jinja import tx

    actor = _actor(request)
    if actor is None or actor.person_id is None:
        return None
    party = request.actor.party if isinstance(_real(actor), PartyActor) else None  # type: ignore[attr-defined]
    return Account(
        name=str(getattr(actor, "person", "")),
        role=tx(role_text(actor)),
        party=party.name if party else "",
        url="/desk/security",
        unread=unread(actor),
        messages_url="/desk/messages",
        sign_out_url="/sign-out",
    )


def _real(actor: Actor) -> Actor:
    return getattr(actor, "_wrapped", actor)


def mandates(request: HttpRequest) -> bool:
    actor = _actor(request)
    return actor is not None and actor.party_id is not None and bool({"supplier", "buyer", "reviewer"} & actor.roles)


def register_all() -> None:
    register(MenuItem("desk.org", Text("授权委托书", "Mandates"), "mandates", "signature", mandates, None, 4))
    register(MenuItem("desk.org", Text("机构与资质", "Organisation"), "party", "building-bank", for_party, None, 1))
    register(MenuItem("desk.org", Text("人员与岗位", "People and duties"), "people", "users", for_party, None, 2))
    register(
        MenuItem("desk.org", Text("安全与密钥", "Security and keys"), "security", "shield-lock", signed_in, None, 3)
    )
    register(MenuItem("desk.org", Text("通知设置", "Notices"), "message-settings", "bell", signed_in, None, 4))
    register(MenuItem("desk.system", Text("邮件发送", "E-mail"), "admin-mail", "mail", keeps_the_system, None, 2))
    register(
        MenuItem(
            "desk.system", Text("三员工作台", "Administration"), "administration", "settings", administrator, None, 1
        )
    )

"""Doors of the parties' wing."""

from __future__ import annotations

from typing import Any

from shugang.parties.accounts.demo import PASSWORD, current_code
from shugang.policy.identifiers import make_uscc

from .base import OPEN, OWN, Door, api, both, post, read

NEW_PARTY = {
    "name": "示例新机构有限公司", "name_en": "Sample New Ltd.", "uscc": make_uscc("test-new"), "roles": ["buyer"],
    "legal_representative": "示例人", "contact": "新人", "telephone": "13900000000", "address": "示例市",
    "business": "示例", "username": "xinren", "display_name": "新人", "password": "a-long-new-password",
}  # fmt: skip
CONTACT = {"contact": "林某", "telephone": "13900000001", "address": "示例市示例路2号", "business": "加工与供应"}
WHOEVER = {"reach": OWN, "administrators": True}


def _confirmed(client: Any) -> None:
    """Sensitive pages ask for the password again after some minutes; this session just gave it."""
    import time

    session = client.session
    session["account_authentication_methods"] = [
        *session.get("account_authentication_methods", []), {"method": "password", "at": time.time(), "reauthenticated": True},
    ]  # fmt: skip
    session.save()


def _code(things: dict[str, Any]) -> dict[str, str]:
    return {"code": current_code(things["xufang"].person)}


def _without_app(client: Any) -> None:
    from allauth.mfa.models import Authenticator

    _confirmed(client)
    Authenticator.objects.filter(user__username="xufang").delete()


def _with_post(client: Any) -> None:
    """A second holder of a post, so that one may be dismissed."""
    from shugang.kernel.actors import SYSTEM
    from shugang.parties.accounts.models import Person
    from shugang.parties.posts.services import appoint

    appoint(SYSTEM, Person.objects.get(username="daishouquan"), "AUDIT")


def _no_manager(client: Any) -> None:
    from shugang.parties.accounts.models import Membership

    Membership.objects.filter(party__is_registrar=True).update(active=False)


def _unread(client: Any) -> None:
    from shugang.parties.notices.models import Notice

    Notice.objects.update(read_at=None)


SIGNING_IN: tuple[Door, ...] = (
    read("/sign-in", reach=OPEN),
    post("/sign-in", "", {"login": "xufang", "password": PASSWORD}, reach=OPEN, unchanged=True),
    # The second step belongs to who gave the password just before; alone it leads back to the first.
    read("/sign-in/code", reach=OPEN, ok=(302,)),
    post("/sign-in/code", "", {"code": "000000"}, reach=OPEN, unchanged=True),
    *both("/sign-in/confirm", "xufang", {"password": PASSWORD}, unchanged=True, **WHOEVER),
    read("/sign-in/confirm-code", "xufang", **WHOEVER),
    post("/sign-in/confirm-code", "xufang", _code, **WHOEVER),
    post("/sign-out", "xufang", unchanged=True, reach=OPEN),
    read("/invited/<link>", reach=OPEN),
    post("/invited/<link>", "", {"username": "xinren", "display_name": "新人", "password": "a-long-new-password"},
         reach=OPEN, ok=(200,)),
    post("/invited/<link>/accept", "pangren", reach=OWN),
    post("/desk/acting", "xufang", {"party": "<buyer>"}, unchanged=True),
)  # fmt: skip
JOINING: tuple[Door, ...] = (
    read("/join", reach=OPEN),
    post("/join", "", NEW_PARTY, reach=OPEN, ok=(200,)),
    read("/parties", reach=OPEN),
    read("/parties.json", reach=OPEN),
    read("/parties/<buyer>", reach=OPEN),
    read("/parties/<buyer>.json", reach=OPEN),
    *both("/parties/<buyer>/suspend", "fuhe", {"reason": "核查中，暂停办理。"}, reach=OWN),
    *both("/parties/<buyer>/resume", "fuhe", {"reason": "核查完毕，恢复。"}, reach=OWN,
          prepare=lambda client: _suspend_buyer()),
    *both("/desk/party", "gongfang", CONTACT, reach=OWN),
)  # fmt: skip
PEOPLE: tuple[Door, ...] = (
    read("/desk/people", "xufang", OWN),
    read("/desk/people.csv", "xufang", OWN),
    *both("/desk/people/invite", "xufang", {"label": "新同事", "duties": ["analyst"]}, reach=OWN, ok=(200,)),
    post("/desk/people/links/<link:pk>/withdraw", "xufang"),
    *both("/desk/people/tongshi", "xufang", {"duties": ["analyst", "engineer"]}),
)
SECURITY: tuple[Door, ...] = (
    read("/desk/security", "xufang", **WHOEVER),
    *both("/desk/security/password", "xufang", {"old": PASSWORD, "password": "another-long-password"}, **WHOEVER),
    post("/desk/security/tokens", "xufang", {"label": "脚本二", "kind": "read", "days": "30"}, ok=(200,), reach=OWN),
    post("/desk/security/tokens/<token>/revoke", "xufang"),
    read("/desk/security/totp", "xufang", prepare=_without_app, **WHOEVER),
    post("/desk/security/totp", "xufang", {"code": "000000"}, ok=(200,), unchanged=True, prepare=_without_app, **WHOEVER),
    *both("/desk/security/totp/off", "xufang", {}, prepare=_confirmed, **WHOEVER),
    read("/desk/security/recovery", "xufang", ok=(200, 302, 404), **WHOEVER),
    *both("/desk/security/recovery/new", "xufang", {}, prepare=_confirmed, **WHOEVER),
    read("/desk/security/key", "xufang", **WHOEVER),
    post("/desk/security/key", "fuhe", {"custody": "platform"}, **WHOEVER),
    post("/desk/security/key/revoke", "xufang", reach=OWN),
)  # fmt: skip
POSTS: tuple[Door, ...] = (
    read("/desk/admin", "xitong", ok=(302,), administrators=True),
    read("/desk/admin/system", "xitong"),
    post("/desk/admin/system/accounts", "xitong", {"username": "xinzhanghu", "display_name": "新账户"}, ok=(200,)),
    post("/desk/admin/system/parties", "xitong",
         {"name": "示例第二登记中心", "uscc": make_uscc("test-registrar"), "roles": ["registrar"]}, ok=(200,)),
    post("/desk/admin/system/parties/<registrar>/manager", "xitong", ok=(200,), prepare=_no_manager),
    read("/desk/admin/security", "anquan"),
    *both("/desk/admin/security/<waiting:person>/authorise", "anquan", {}),
    *both("/desk/admin/security/<applicant:person>/stop", "anquan", {}),
    *both("/desk/admin/security/<waiting:person>/appoint", "anquan", {"post": "AUDIT"}),
    *both("/desk/admin/security/<waiting:person>/dismiss", "anquan", {}, prepare=_with_post),
    *both("/desk/admin/security/<applicant:person>/reset-password", "anquan", {}, ok=(200,)),
    *both("/desk/admin/security/<applicant:person>/reset-factor", "anquan", {}),
    read("/desk/admin/security/auditors", "anquan", traced=True),
    read("/desk/admin/audit", "shenji", traced=True),
    read("/desk/admin/audit.csv", "shenji", traced=True),
)  # fmt: skip
NOTICES: tuple[Door, ...] = (
    read("/desk/messages", "xufang", **WHOEVER),
    read("/desk/messages.csv", "xufang", **WHOEVER),
    post("/desk/messages/read", "xufang", prepare=_unread, **WHOEVER),
    post("/desk/messages/<notice>/read", "xufang"),
    read("/desk/messages/settings", "xufang", **WHOEVER),
    post("/desk/messages/settings", "xufang", {"tasks": "daily"}, **WHOEVER),
    post("/desk/messages/addresses", "xufang", {"email": "new@city.example"}, ok=(200,), **WHOEVER),
    post("/desk/messages/addresses/<address>/remove", "xufang"),
    read("/desk/messages/verify/<verify:address>", "xufang", **WHOEVER),
    post("/desk/messages/verify/<verify:address>", "xufang"),
    read("/messages/stop/<stop:notice>", reach=OPEN),
    post("/messages/stop/<stop:notice>", "", ok=(200,), reach=OPEN, guarded=False),
    read("/desk/admin/system/mail", "xitong"),
    post("/desk/admin/system/mail/<letter>/again", "xitong"),
)
API: tuple[Door, ...] = (
    api("GET", "/messages", "xufang", **WHOEVER),
    api("POST", "/messages/read", "xufang", ok=(200,), prepare=_unread, **WHOEVER),
    api("POST", "/messages/<notice>/read", "xufang", ok=(200,)),
    api("GET", "/messages/choices", "xufang", **WHOEVER),
    api("POST", "/messages/choices", "xufang", {"choices": {"tasks": "daily"}}, ok=(200,), **WHOEVER),
    api("GET", "/parties", "", reach=OPEN),
    api("GET", "/parties/<buyer>", "", reach=OPEN),
    api("GET", "/me", "xufang", **WHOEVER),
)


def _suspend_buyer() -> None:
    from shugang.parties.organisations.models import Party

    Party.objects.filter(is_buyer=True, name__contains="海沧").update(status="suspended")


DOORS = (*SIGNING_IN, *JOINING, *PEOPLE, *SECURITY, *POSTS, *NOTICES, *API)

"""Given notices and what their reader chose, when the worker runs, then a real mail server receives exactly that."""

from __future__ import annotations

import email.policy
import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from allauth.account.models import EmailAddress
from django.test import Client

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.parties.accounts.models import Membership
from shugang.parties.notices import mailing, queries, services
from shugang.parties.notices.models import Letter, Notice, NoticeChoice
from shugang.parties.posts.models import Post
from shugang.parties.testing import make_actor, make_party, make_person, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]


class Inbox:
    """What the mail server took in; it answers `refusal` instead while that is set."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refusal = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusal:
            return self.refusal
        self.taken.append(message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield inbox, port
    controller.stop()


@pytest.fixture
def inbox(server: tuple[Inbox, int], settings: Any) -> Inbox:
    found, settings.EMAIL_PORT = server
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.SHUGANG_PUBLIC_URL = "https://city.example"
    found.taken, found.refusal = [], ""
    return found


@pytest.fixture
def reader() -> Any:
    """A handler with a proven address."""
    actor = make_actor(make_party("buyer"), ("handler", "manager"))
    EmailAddress.objects.create(user=actor.person, email="reader@city.example", verified=True)
    return actor


def tell(actor: Any, group: str = "tasks", **more: Any) -> Notice:
    facts = {
        "group": group, "code": "test", "zh": "“机构入驻”RZ-1等待办理", "en": "Admission RZ-1 waits", "page": "/desk/party",
        "key": f"t:{Notice.objects.count()}", "at": clock.now(), "person": actor.person, "party": actor.party, **more,
    }  # fmt: skip
    return Notice.objects.create(**facts)


def due(letter: Letter) -> None:
    Letter.objects.filter(pk=letter.pk).update(next_at=clock.real_now())


def test_a_notice_at_once_is_a_letter_in_both_languages(inbox, reader):
    tell(reader)
    assert (mailing.work(), mailing.work()) == (1, 0)
    (found,) = inbox.taken
    assert found["Subject"].strip() == "[数港] “机构入驻”RZ-1等待办理 / Admission RZ-1 waits"
    assert (found["To"], found["Auto-Submitted"]) == ("reader@city.example", "auto-generated")
    plain, html = found.get_body(("plain",)).get_content(), found.get_body(("html",)).get_content()
    assert "https://city.example/desk/party" in plain and 'href="https://city.example/desk/party"' in html
    assert Letter.objects.get().state == "sent"


def test_one_click_stops_what_may_be_stopped(inbox, reader):
    tell(reader), mailing.work()
    header = inbox.taken[0]["List-Unsubscribe"]
    assert inbox.taken[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.fullmatch(r"<https://city.example(/messages/stop/\S+)>", header.replace("\n", "").replace(" ", ""))[1]
    client = Client(enforce_csrf_checks=True)
    assert "将停发" in client.get(address).content.decode() and not NoticeChoice.objects.exists()
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert queries.choices([reader.person_id])[reader.person_id]["tasks"] == "never"
    tell(reader)
    assert mailing.work() == 0 and len(inbox.taken) == 1
    assert client.post(address[:-3] + "xyz").status_code == 404


def test_what_the_rules_require_cannot_be_refused(inbox, reader):
    with pytest.raises(Refusal) as no:
        services.choose(reader, {"rulings": "never", "tasks": "never"})
    assert (no.value.code, list(no.value.fields)) == ("required_notice", ["rulings"])
    assert not NoticeChoice.objects.exists()
    NoticeChoice.objects.create(
        person=reader.person, group="rulings", how="never"
    )  # as if the rules were changed since
    tell(reader, "rulings"), mailing.work()
    assert inbox.taken[0]["List-Unsubscribe"] == "<https://city.example/desk/messages/settings>"
    assert inbox.taken[0]["List-Unsubscribe-Post"] is None


def test_without_a_proven_address_nothing_is_sent(inbox):
    actor = make_actor(make_party("buyer"))
    EmailAddress.objects.create(user=actor.person, email="unproven@city.example", verified=False)
    tell(actor)
    assert mailing.work() == 0 and inbox.taken == [] and not Letter.objects.exists()


def test_the_day_makes_one_letter(inbox, reader):
    services.choose(reader, {"data": "daily"})
    yesterday = clock.now() - timedelta(days=1, hours=1)
    for _ in range(3):
        tell(reader, "data", at=yesterday)
    tell(reader, "data", at=clock.now() + timedelta(days=1))  # belongs to the next one
    assert (mailing.work(), mailing.work()) == (1, 0)
    assert "今日通知3条" in inbox.taken[0]["Subject"]
    assert Notice.objects.filter(mail="daily").count() == 1


def test_a_refused_letter_waits_and_is_shown_when_given_up(inbox, reader):
    inbox.refusal = "451 try later"
    tell(reader)
    assert mailing.work() == 0
    letter = Letter.objects.get()
    assert (letter.state, letter.tries, letter.error) == ("pending", 1, "SMTPDataError 451")
    assert timedelta(seconds=50) < letter.next_at - clock.real_now() <= timedelta(seconds=60)
    assert mailing.work() == 0 and Letter.objects.get().tries == 1  # not before its time
    Letter.objects.update(tries=7), due(letter), mailing.work()
    assert Letter.objects.get().state == "failed"

    keeper = make_person("系统")
    Post.objects.create(person=keeper, post=Post.SYSTEM, since=clock.now())
    from shugang.parties.accounts.actor import actor_for

    client = sign_in(Client(), actor_for(keeper, None, True))
    assert "SMTPDataError 451" in client.get("/desk/admin/system/mail").content.decode()
    inbox.refusal = ""
    assert client.post(f"/desk/admin/system/mail/{letter.pk}/again").status_code == 302
    assert mailing.work() == 1 and inbox.taken[0]["Message-ID"] == letter.message_id
    with pytest.raises(Refusal):
        services.send_again(reader, letter.pk)


def test_after_a_crash_the_same_letter_goes_again_under_its_own_name(inbox, reader):
    tell(reader), mailing.work()
    Letter.objects.update(state="pending", sent_at=None, next_at=clock.real_now())  # the mark of sending was lost
    mailing.work()
    assert inbox.taken[0]["Message-ID"] == inbox.taken[1]["Message-ID"]


def test_a_server_that_does_not_answer_loses_nothing(inbox, reader, settings):
    settings.EMAIL_PORT = 1
    tell(reader), tell(make_reader("second@city.example")), mailing.work()
    assert set(Letter.objects.values_list("state", "error")) == {("pending", "ConnectionRefusedError")}


def make_reader(address: str) -> Any:
    actor = make_actor(make_party("buyer"))
    EmailAddress.objects.create(user=actor.person, email=address, verified=True)
    return actor


def test_scope_is_judged_again_when_it_is_sent(inbox, reader):
    tell(reader), tell(reader, ref_kind="case", ref_key="RZ-2020-000001")
    Membership.objects.filter(person=reader.person).update(active=False)
    assert mailing.work() == 0 and inbox.taken == []
    assert Letter.objects.get().state == "dropped"


def test_an_address_counts_only_after_its_link_was_confirmed(inbox):
    actor = make_actor(make_party("buyer"))
    client = sign_in(Client(), actor)
    assert "确认邮件将发到" in client.post("/desk/messages/addresses", {"email": "New@City.example"}).content.decode()
    mailing.work()
    link = re.search(
        r"https://city.example(/desk/messages/verify/\S+)", inbox.taken[0].get_body(("plain",)).get_content()
    )[1]
    assert client.get(link).status_code == 200  # a scanner that opens links proves nothing
    assert not EmailAddress.objects.get().verified
    stranger = sign_in(Client(), make_actor(make_party("buyer")))
    assert stranger.post(link).status_code == 404 and not EmailAddress.objects.get().verified
    assert client.post(link).status_code == 302
    assert (EmailAddress.objects.get().email, EmailAddress.objects.get().verified) == ("new@city.example", True)


@pytest.mark.parametrize("address", ["nobody", "a@b", "a@x.example\nBcc: b@x.example", ""])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Refusal) as no:
        services.add_address(make_actor(make_party("buyer")), address)
    assert no.value.code == "bad_address" and not Letter.objects.exists()


def test_nobody_can_have_others_flooded():
    actor = make_actor(make_party("buyer"))
    for _ in range(5):
        services.add_address(actor, "other@city.example")
    with pytest.raises(Refusal) as no:
        services.add_address(actor, "other@city.example")
    assert (no.value.code, Letter.objects.count()) == ("too_many", 5)

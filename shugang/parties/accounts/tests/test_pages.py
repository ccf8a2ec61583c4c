"""Every page of the wing in both languages: complete, in one language, under the strict policy."""

import re

import pytest
from django.test import Client

from shugang.parties.accounts import services
from shugang.parties.accounts.tokens import make_token
from shugang.parties.models import Membership, Party, Person, Post
from shugang.parties.posts.services import appoint
from shugang.parties.testing import SYSTEM, actor_for, make_actor, make_party, make_person, make_signer, sign_in

pytestmark = [pytest.mark.django_db(transaction=True)]
CHINESE = re.compile(r"[\u4e00-\u9fff，。：；（）]+")
PUBLIC = ["/sign-in", "/join", "/parties", "/parties?role=registrar", "{party}"]
DESK = ["/desk/party", "/desk/people", "/desk/people?state=all", "/desk/people/invite", "/desk/people/{user}",
        "/desk/security", "/desk/security/password", "/desk/security/key", "/desk/security/recovery/new"]  # fmt: skip
ADMIN = {
    Post.SYSTEM: ["/desk/admin/system"],
    Post.SECURITY: ["/desk/admin/security", "/desk/admin/security/auditors", "/desk/admin/security/{pk}/appoint",
                    "/desk/admin/security/{pk}/reset-factor"],
    Post.AUDIT: ["/desk/admin/audit", "/desk/admin/audit?kind=no-such"],
}  # fmt: skip


@pytest.fixture(autouse=True)
def not_a_demonstration(settings):
    settings.SHUGANG_DEMO = False


def check(client, path, status=200):
    for lang in ("zh-hans", "en"):
        client.cookies["lang"] = lang
        answer = client.get(path, follow=False)
        page = answer.content.decode()
        assert answer.status_code == status, (path, answer.status_code, page[:500])
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page), path
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert len(re.findall(r"<h1[ >]", page)) == 1, path
        if lang == "en":
            body = re.sub(r"<[^>]*lang=\"zh-CN\"[^>]*>.*?</button>", "", page, flags=re.S)
            left = [x for x in CHINESE.findall(body) if x not in {"数港"}]
            assert not left, (path, left)


def latin(party):
    Party.objects.filter(pk=party.pk).update(name="Sample Company", name_en="Sample Company")
    return Party.objects.get(pk=party.pk)


def test_public_pages():
    party = latin(make_party("registrar"))
    for path in PUBLIC:
        check(Client(), path.format(party=f"/parties/{party.number}"))


def test_pages_of_a_party():
    party = latin(make_party("buyer"))
    actor = make_signer(party)
    Person.objects.filter(pk=actor.person_id).update(display_name="Signer")
    services.invite(actor, ["analyst"], "for Li")
    make_token(actor, "script")
    client = sign_in(Client(), actor_for(Person.objects.get(pk=actor.person_id), party, True))
    session = client.session
    methods = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**methods[0], "reauthenticated": True}]
    session.save()
    for path in DESK:
        check(client, path.format(user=actor.person.username))


def test_pages_of_the_administrators():
    target = make_person("Somebody")
    waiting = make_person("Waiting")
    Person.objects.filter(pk=waiting.pk).update(authorised=False)
    latin(make_party("operator"))
    for post, paths in ADMIN.items():
        person = make_person("Administrator")
        appoint(SYSTEM, person, post)
        client = sign_in(Client(), actor_for(person, None, True))
        for path in paths:
            check(client, path.format(pk=target.pk))


@pytest.mark.parametrize("path", ["/desk/party", "/desk/people", "/desk/security", "/desk/admin", "/desk/people.csv"])
def test_pages_of_the_desk_ask_to_sign_in_and_come_back(path):
    answer = Client().get(path)
    assert answer.status_code == 302 and answer.headers["Location"] == f"/sign-in?next={path.replace('/', '%2F')}"


def test_a_one_time_link_page_in_both_languages():
    actor = make_actor(latin(make_party("buyer")), ("manager",))
    check(Client(), services.invite(actor, ["analyst"], "x").removeprefix("http://127.0.0.1:8600"))
    for _, link in services.make_setup_links():
        check(Client(), link.removeprefix("http://127.0.0.1:8600"))


def test_people_are_listed_for_their_own_party_only():
    mine, other = make_actor(make_party("buyer"), ("manager",)), make_actor(make_party("buyer"), ("manager",))
    client = sign_in(Client(), mine)
    assert client.get(f"/desk/people/{other.person.username}").status_code == 404
    assert client.post(f"/desk/people/{other.person.username}", {"duties": []}).status_code == 404
    assert Membership.objects.get(person=other.person).active
    listed = client.get("/desk/people.csv").content.decode()
    assert mine.person.username in listed and other.person.username not in listed


def test_the_regulator_sees_no_people_of_others_on_this_page():
    other = make_actor(make_party("buyer"), ("manager",))
    client = sign_in(Client(), make_actor(make_party("regulator"), ("supervisor",)))
    assert other.person.username not in client.get("/desk/people").content.decode()


def test_the_last_manager_stays_and_duties_change_by_the_page():
    actor = make_actor(make_party("buyer"), ("manager",))
    colleague = make_actor(actor.party, ("handler",))
    client = sign_in(Client(), actor)
    refused = client.post(f"/desk/people/{actor.person.username}", {"duties": ["handler"]})
    assert refused.status_code == 409 and "至少要有一位管理员" in refused.content.decode()
    assert Membership.objects.get(person=actor.person).duties == ["manager"]
    assert (
        client.post(f"/desk/people/{colleague.person.username}", {"duties": ["analyst", "handler"]}).status_code == 302
    )
    assert Membership.objects.get(person=colleague.person).duties == ["analyst", "handler"]
    outsider = sign_in(Client(), colleague)
    assert outsider.post(f"/desk/people/{colleague.person.username}", {"duties": ["manager"]}).status_code == 403
    assert Membership.objects.get(person=colleague.person).duties == ["analyst", "handler"]


def test_a_new_token_is_shown_once():
    client = sign_in(Client(), make_actor(make_party("buyer"), ("analyst",), second_factor=False))
    page = client.post("/desk/security/tokens", {"label": "脚本", "kind": "read"}).content.decode()
    secret = re.search(r"sgt_[\w-]{40,}", page)[0]
    assert secret not in client.get("/desk/security").content.decode()
    refused = client.post("/desk/security/tokens", {"label": "x", "kind": "sensitive"})
    assert refused.status_code == 403 and "第二因素" in refused.content.decode()

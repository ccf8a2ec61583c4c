"""One-time links, tokens, keys and signatures."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.accounts import services
from shugang.parties.accounts.actor import actor_for
from shugang.parties.accounts.models import Membership, Person
from shugang.parties.keys.services import make_key, revoke_key, sign_digest
from shugang.parties.keys.signatures import message, verify_signature
from shugang.parties.posts.models import Post
from shugang.parties.posts.services import appoint, authorise
from shugang.parties.testing import make_actor, make_party, make_person, make_signer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]
DIGEST = "ab" * 32
CONTEXT = "contract:HT-2026-000001"
PASSWORD = "correct-horse-battery"


def secret_of(link):
    return link.rsplit("/", 1)[1]


def test_a_link_works_once_and_gives_exactly_its_duties():
    party = make_party("buyer")
    link = services.invite(make_actor(party, ("manager",)), ["analyst"], "小王")
    person = services.take_up(secret_of(link), "wang", PASSWORD, "小王")
    assert Membership.objects.get(person=person).duties == ["analyst"]
    with pytest.raises(Refusal) as no:
        services.take_up(secret_of(link), "wang2", PASSWORD, "小王")
    assert no.value.code == "link_invalid"
    assert not Person.objects.filter(username="wang2").exists()


def test_only_a_manager_invites_and_only_within_his_party():
    party = make_party("buyer")
    before = Event.objects.count()
    with pytest.raises(Refusal):
        services.invite(make_actor(party, ("handler",)), ["signer"], "x")
    other = make_party("supplier")
    with pytest.raises(Refusal):
        services.set_duties(make_actor(party, ("manager",)), other, make_person(), ["signer"])
    assert not Membership.objects.filter(party=other).exists()
    assert Event.objects.filter(kind="person.invited").count() == 0 and Event.objects.count() > before


def test_a_weak_password_makes_no_account_and_leaves_the_link():
    link = services.invite(make_actor(make_party("buyer"), ("manager",)), ["analyst"], "x")
    with pytest.raises(Refusal) as no:
        services.take_up(secret_of(link), "weak", "1234567890", "弱")
    assert no.value.code == "weak_password"
    assert services.find_invitation(secret_of(link))


def test_first_set_up_makes_three_links_and_none_for_held_posts():
    links = dict(services.make_setup_links())
    assert set(links) == {"SYSTEM", "SECURITY", "AUDIT"}
    services.take_up(secret_of(links["SYSTEM"]), "sys", PASSWORD, "系统")
    assert {post for post, _ in services.make_setup_links()} == {"SECURITY", "AUDIT"}
    with pytest.raises(Refusal):
        services.take_up(secret_of(links["AUDIT"]), "aud", PASSWORD, "审计")


def test_a_stopped_account_acts_for_nobody_at_once():
    security, person, party = make_person(), make_person(), make_party("buyer")
    appoint(SYSTEM, security, Post.SECURITY)
    make_actor(party, ("handler",), person=person)
    admin = actor_for(security, second_factor=True)
    authorise(admin, person.pk, False)
    person.refresh_from_db()
    assert actor_for(person, party, True).party_id is None


def test_an_administrator_without_second_factor_does_nothing():
    security, person = make_person(), make_person()
    appoint(SYSTEM, security, Post.SECURITY)
    with pytest.raises(Refusal) as no:
        authorise(actor_for(security), person.pk, False)
    assert no.value.code == "second_factor_required"
    assert Person.objects.get(pk=person.pk).authorised


def test_a_signature_is_checked_offline_and_serves_one_object_only():
    signer = make_signer(make_party("buyer"))
    signature = sign_digest(signer, DIGEST, CONTEXT)
    assert verify_signature(signature, DIGEST, CONTEXT)
    assert not verify_signature(signature, "cd" * 32, CONTEXT)
    assert not verify_signature(signature, DIGEST, "contract:HT-2026-000002")
    assert not verify_signature({**signature, "public_key": base64.b64encode(bytes(32)).decode()}, DIGEST, CONTEXT)


def test_who_may_not_sign():
    party = make_party("buyer")
    person = make_signer(party).person
    with pytest.raises(Refusal) as no:
        sign_digest(actor_for(person, party, second_factor=False), DIGEST, CONTEXT)
    assert no.value.code == "second_factor_required"
    with pytest.raises(Refusal) as no:
        sign_digest(make_actor(party, ("handler",)), DIGEST, CONTEXT)
    assert no.value.code == "forbidden"
    keyless = make_actor(party, ("signer",))
    with pytest.raises(Refusal) as no:
        sign_digest(keyless, DIGEST, CONTEXT)
    assert no.value.code == "no_key"


def test_a_key_in_own_custody_signs_outside_and_a_forged_signature_is_refused():
    private = Ed25519PrivateKey.generate()
    actor = make_actor(make_party("supplier"), ("signer",))
    make_key(actor, base64.b64encode(private.public_key().public_bytes_raw()).decode())
    good = base64.b64encode(private.sign(message(DIGEST, CONTEXT))).decode()
    assert sign_digest(actor, DIGEST, CONTEXT, good)["custody"] == "own"
    forged = base64.b64encode(Ed25519PrivateKey.generate().sign(message(DIGEST, CONTEXT))).decode()
    with pytest.raises(Refusal) as no:
        sign_digest(actor, DIGEST, CONTEXT, forged)
    assert no.value.code == "bad_signature"


def test_a_revoked_key_signs_no_more_and_a_second_living_key_is_refused():
    signer = make_signer(make_party("buyer"))
    with pytest.raises(Refusal) as no:
        make_key(signer)
    assert no.value.code == "key_exists"
    revoke_key(signer)
    with pytest.raises(Refusal) as no:
        sign_digest(signer, DIGEST, CONTEXT)
    assert no.value.code == "no_key"

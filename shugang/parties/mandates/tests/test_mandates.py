"""A mandate: drafted, signed with the principal's key, acting within its bounds alone, revoked at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.parties.keys.signatures import verify_signature
from shugang.parties.mandates import queries, services
from shugang.parties.mandates.acting import acts_for, under
from shugang.parties.mandates.models import Mandate
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def principal():
    return make_signer(make_party("buyer"))


@pytest.fixture
def broker():
    return make_actor(make_party("reviewer"))


def form(who, **changes):
    today = clock.today()
    return {
        "broker": who.party.number, "acts": ["demand", "invite"], "products": "", "limit": "10000", "valid_from": today.isoformat(),
        "valid_until": (today + timedelta(days=30)).isoformat(), **changes,
    }  # fmt: skip


def given(principal, broker, **changes):
    row = services.draft(principal, form(broker, **changes))
    return services.sign(principal, row.number)


def refused(code, act, *args, **more):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no, transaction.atomic():
        act(*args, **more)
    assert (no.value.code, Event.objects.count()) == (code, before)


def test_the_principals_signature_covers_the_content(principal, broker):
    # given a draft that the broker cannot see nor use
    row = services.draft(principal, form(broker))
    assert not queries.mandates(broker).exists()
    refused("not_found", under, broker, row.number, "demand", amount_fen=1)
    # when the principal's signer signs
    services.sign(principal, row.number)
    # then the signature verifies offline over the content's digest, and both sides see it
    row.refresh_from_db()
    assert verify_signature(row.signature, row.digest, f"mandate:{row.number}") and row.in_force
    assert row.content["limit_fen"] == 1_000_000 and row.content["acts"] == ["demand", "invite"]
    assert queries.get_mandate(broker, row.number) == row
    refused("already_done", services.sign, principal, row.number)


def test_every_event_under_a_mandate_names_person_principal_and_mandate(principal, broker):
    row = given(principal, broker)
    with transaction.atomic():
        acting = under(broker, row.number, "demand", amount_fen=1_000_000)
        event = emit("test.acted", acting, [])
    assert (event.person_id, event.party_id) == (broker.person_id, principal.party_id)
    assert [(r.kind, r.key) for r in event.refs.all()] == [("mandate", row.number)]
    assert row.number in event.actor_label and str(broker.person) in event.actor_label
    assert acting.duties == {"handler"} and not acting.posts and acting.roles == {"buyer"}


@pytest.mark.parametrize(
    ("act", "more"),
    [
        ("inquire", {"amount_fen": 1}),
        ("demand", {"amount_fen": 1_000_001}),
        ("demand", {"bounded": True}),
        ("invite", {"product": "CP-2", "amount_fen": 1}),
    ],
    ids=["act", "amount", "no-amount", "product"],
)
def test_beyond_the_mandate_is_refused(principal, broker, act, more):
    row = given(principal, broker, products="CP-1")
    refused("beyond_mandate", under, broker, row.number, act, **more)


def test_before_and_after_its_days_it_acts_for_nobody(principal, broker, settings):
    later = given(principal, broker, valid_from=(clock.today() + timedelta(days=5)).isoformat())
    now = given(principal, broker)
    refused("beyond_mandate", under, broker, later.number, "demand", amount_fen=1)
    assert acts_for(broker.party_id, principal.party_id) == [now]
    with clock_at(settings, clock.now() + timedelta(days=32)):
        refused("beyond_mandate", under, broker, now.number, "demand", amount_fen=1)
        assert acts_for(broker.party_id, principal.party_id) == []


def test_a_revocation_works_at_once_and_is_the_principals(principal, broker):
    row = given(principal, broker)
    for other in (broker, make_actor(make_party("buyer"), ("manager",))):
        refused("not_found", services.revoke, other, row.number, "x")
    refused("invalid_form", services.revoke, principal, row.number, " ")
    services.revoke(principal, row.number, "改由本机构办理。")
    refused("beyond_mandate", under, broker, row.number, "demand", amount_fen=1)
    refused("already_done", services.revoke, principal, row.number, "again")


def test_who_may_draft_sign_and_act(principal, broker):
    row = services.draft(principal, form(broker))
    refused("forbidden", services.sign, make_actor(principal.party, ("handler",)), row.number)
    refused("not_found", services.sign, make_signer(make_party("buyer")), row.number)
    services.sign(principal, row.number)
    refused("forbidden", under, make_actor(broker.party, ("finance",)), row.number, "demand", amount_fen=1)
    refused("not_found", under, make_actor(make_party("reviewer")), row.number, "demand", amount_fen=1)
    refused("forbidden", services.draft, broker, form(broker))


def test_a_mandate_of_the_wrong_shape_is_refused_by_field(principal, broker):
    today = clock.today()
    for changes in ({"broker": principal.party.number}, {"broker": "P-000000"}, {"valid_until": (today - timedelta(days=1)).isoformat()},
                    {"valid_until": (today + timedelta(days=2000)).isoformat()}, {"acts": ["sign"]}):  # fmt: skip
        refused("invalid_form", services.draft, principal, form(broker, **changes))
    assert not Mandate.objects.exists()


def test_pages_open_to_both_sides_and_to_nobody_else(principal, broker):
    row = given(principal, broker)
    mine, theirs, strange = (sign_in(Client(), a) for a in (principal, broker, make_actor(make_party("buyer"))))
    address = f"/desk/mandates/{row.number}"
    assert [c.get(address).status_code for c in (mine, theirs, strange)] == [200, 200, 404]
    assert [c.get("/desk/mandates?format=csv").content.decode().count(row.number) for c in (mine, theirs, strange)] == [
        1,
        1,
        0,
    ]
    assert theirs.post(f"{address}/revoke", {"reason": "x"}).status_code == 404
    assert mine.post(f"{address}/revoke", {"reason": "到期前收回"}).status_code == 302

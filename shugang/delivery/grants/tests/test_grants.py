"""Given grants on bases, when they are issued, held, resumed and ended, then planes learn exactly that."""

from datetime import timedelta

import pytest

from shugang.delivery.grants import services
from shugang.delivery.grants.models import Credential, Grant
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_credential, make_grant, make_supplier, make_terms, make_version
from shugang.kernel import clock
from shugang.kernel.actors import ANONYMOUS, SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.parties.testing import make_actor, make_party
from shugang.policy.bundle import open_bundle
from shugang.policy.grant import decide

pytestmark = [pytest.mark.django_db, pytest.mark.both]
DIGEST = "11" * 32


def revision(grant):
    return Plane.objects.get(pk=grant.plane_id).revision


def state(grant):
    return Grant.objects.get(pk=grant.pk).state


def snapshot():
    return (
        Event.objects.count(), Credential.objects.count(), list(Plane.objects.values_list("revision", flat=True)),
        list(Grant.objects.values_list("number", "state", "reason")),
    )  # fmt: skip


def bases(**until):
    return [{"kind": k, "reference": f"{k}-1", "digest": DIGEST, "valid_until": v} for k, v in until.items()]


def test_the_life_of_a_grant_is_the_intersection_of_terms_and_bases():
    now = clock.now()
    grant = make_grant(
        bases=bases(contract=now + timedelta(days=30), certificate=now + timedelta(days=10), listing=None)
    )
    assert grant.valid_until == now + timedelta(days=10)
    assert Event.objects.filter(kind="grant.issued", refs__kind="dataset").count() == 1


@pytest.mark.parametrize("code", ["no_basis", "bad_terms", "no_life"])
def test_a_grant_without_ground_or_sense_is_not_issued(code):
    version, buyer = make_version(), make_party("buyer")
    changes = {
        "no_basis": {"bases": []},
        "bad_terms": {"terms": make_terms(("no_such_column",)), "source": make_grant(version).source},
        "no_life": {"bases": bases(contract=clock.now() - timedelta(days=9))},
    }[code]
    before = snapshot()
    with pytest.raises(Refusal) as caught:
        make_grant(version, buyer, **changes)
    assert caught.value.code == code and snapshot() == before


def test_every_change_raises_the_revision_once():
    plane = make_grant().plane
    before = Plane.objects.get(pk=plane.pk).revision
    grant = make_grant()
    seen = [revision(grant)]
    assert grant.plane == plane and seen == [before + 1]
    credential, _ = make_credential(grant)
    seen.append(revision(grant))
    services.suspend_grant(SYSTEM, grant.number, "核查")
    seen.append(revision(grant))
    services.resume_grant(SYSTEM, grant.number)
    seen.append(revision(grant))
    services.revoke_credential(make_actor(grant.grantee, person=credential.person), credential.number)
    seen.append(revision(grant))
    services.end_grant(SYSTEM, grant.number, "解除")
    seen.append(revision(grant))
    assert seen == list(range(seen[0], seen[0] + 6))


def test_two_holds_need_two_resumptions():
    grant = make_grant(bases=bases(contract=None, certificate=None))
    assert services.suspend_by_basis(SYSTEM, "certificate", "certificate-1", "证书中止") == [grant.number]
    assert services.suspend_by_basis(SYSTEM, "certificate", "certificate-1", "证书中止") == []
    assert services.suspend_by_basis(SYSTEM, "contract", "contract-1", "合同中止") == [grant.number]
    assert services.resume_by_basis(SYSTEM, "certificate", "certificate-1") == [grant.number]
    found = Grant.objects.get()
    assert (found.state, found.reason) == ("suspended", "合同中止")
    assert services.resume_by_basis(SYSTEM, "certificate", "certificate-1") == []
    services.resume_by_basis(SYSTEM, "contract", "contract-1")
    assert state(grant) == "active" and Grant.objects.get().reason == ""


def test_a_decision_is_not_lifted_by_a_basis_nor_the_other_way_round():
    grant = make_grant(bases=bases(contract=None))
    services.suspend_grant(SYSTEM, grant.number, "监管要求")
    assert services.resume_by_basis(SYSTEM, "contract", "contract-1") == []
    services.suspend_by_basis(SYSTEM, "contract", "contract-1", "合同中止")
    services.resume_grant(SYSTEM, grant.number)
    assert state(grant) == "suspended"
    before = snapshot()
    with pytest.raises(Refusal, match="wrong_state"):
        services.resume_grant(SYSTEM, grant.number)
    assert snapshot() == before


def test_an_ended_grant_stays_ended():
    grant = make_grant(bases=bases(contract=None))
    assert services.end_by_basis(SYSTEM, "contract", "contract-1", "合同解除") == [grant.number]
    engineer = make_actor(grant.grantee, ("engineer",))
    before = snapshot()
    for act in (
        lambda: services.suspend_grant(SYSTEM, grant.number, "x"),
        lambda: services.resume_grant(SYSTEM, grant.number),
        lambda: services.end_grant(SYSTEM, grant.number, "x"),
        lambda: make_credential(grant, engineer),
    ):
        with pytest.raises(Refusal):
            act()
    assert services.suspend_by_basis(SYSTEM, "contract", "contract-1", "x") == []
    assert snapshot() == before


def test_the_worker_marks_what_time_has_ended(settings):
    with clock_at(settings, clock.real_now()) as move:
        now = clock.now()
        short = make_grant(bases=bases(contract=now + timedelta(days=2)))
        long = make_grant(bases=bases(contract=now + timedelta(days=200)))
        assert services.end_expired() == 0
        move(now + timedelta(days=3))
        before = revision(short)
        assert services.end_expired() == 1 and services.end_expired() == 0
        assert (state(short), state(long)) == ("ended", "active")
        assert revision(short) == before + 1
        found = {g.id: g for g in compile_bundle(short.plane).grants}
        assert decide(found[short.number], clock.now(), "read").code == "expired"


class TestBundle:
    def test_it_is_signed_for_one_plane_and_says_what_stands(self):
        from shugang.delivery.planes.bundles import signed_bundle
        from shugang.kernel.platform import private_key

        grant = make_grant()
        credential, secret = make_credential(grant)
        raw = signed_bundle(grant.plane)
        bundle = open_bundle(raw, private_key("bundle").public_key())
        assert secret.encode() not in raw
        assert (bundle.plane, bundle.revision) == (grant.plane.number, revision(grant))
        assert [c.id for c in bundle.grants[0].credentials] == [credential.number]
        assert decide(bundle.grants[0], clock.now(), "read") is None

    def test_a_plane_that_is_current_gets_a_heartbeat(self):
        grant = make_grant()
        assert compile_bundle(grant.plane, revision(grant)).grants is None
        assert compile_bundle(grant.plane, revision(grant) - 1).grants is not None

    def test_the_clock_of_a_demonstration_travels_with_every_heartbeat(self, settings):
        grant = make_grant()
        with clock_at(settings, clock.real_now() + timedelta(days=40)):
            assert abs(compile_bundle(grant.plane, revision(grant)).clock_offset - 40 * 86400) < 5

    def test_ended_grants_say_so_for_a_week_and_then_leave(self, settings):
        with clock_at(settings, clock.real_now()) as move:
            grant = make_grant()
            make_credential(grant)
            services.end_grant(SYSTEM, grant.number, "解除")
            found = compile_bundle(grant.plane).grants[0]
            assert decide(found, clock.now(), "read").code == "revoked"
            move(clock.now() + timedelta(days=8))
            assert compile_bundle(grant.plane).grants == ()

    def test_a_revoked_key_is_marked_at_once_and_leaves_after_a_while(self, settings):
        with clock_at(settings, clock.now()) as move:
            grant = make_grant()
            credential, _ = make_credential(grant)
            services.revoke_credential(make_actor(grant.grantee, person=credential.person), credential.number)
            (marked,) = compile_bundle(grant.plane).grants[0].credentials
            assert marked.revoked
            move(clock.now() + timedelta(days=8))
            assert compile_bundle(grant.plane).grants[0].credentials == ()


class TestKeys:
    def test_the_secret_is_shown_once_and_kept_nowhere(self):
        grant = make_grant()
        row, secret = make_credential(grant)
        assert row.expires_at == grant.valid_until and secret.startswith(row.prefix)
        event = Event.objects.get(kind="credential.issued")
        assert event.payload["purpose"] == "research" and "研究分析" in event.payload["statement"]
        assert secret not in str(event.payload) + str(Credential.objects.values())

    def test_the_profile_is_what_the_protocol_says(self):
        from shugang.delivery.grants.keys import sharing_profile

        row, secret = make_credential(make_grant())
        profile = sharing_profile(row, secret)
        assert profile["shareCredentialsVersion"] == 1 and profile["bearerToken"] == secret
        assert profile["endpoint"].endswith("/delta-sharing") and profile["expirationTime"].endswith("Z")

    @pytest.mark.parametrize("who", ["stranger", "supplier", "finance", "nobody"])
    def test_only_the_grantee_with_the_duty_gets_a_key(self, who):
        grant = make_grant()
        actor = {
            "stranger": lambda: make_actor(make_party("buyer"), ("engineer",)),
            "supplier": lambda: make_actor(grant.supplier, ("engineer",)),
            "finance": lambda: make_actor(grant.grantee, ("finance",)),
            "nobody": lambda: ANONYMOUS,
        }[who]()
        before = snapshot()
        with pytest.raises(Refusal):
            services.issue_credential(actor, [grant.number], "bearer", "research")
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("kind", "purpose", "code"),
        [("api_key", "research", "wrong_kind"), ("bearer", "risk_control", "purpose_denied")],
    )
    def test_kind_and_purpose_must_fit_the_grant(self, kind, purpose, code):
        grant = make_grant()
        actor = make_actor(grant.grantee, ("engineer",))
        before = snapshot()
        with pytest.raises(Refusal) as caught:
            services.issue_credential(actor, [grant.number], kind, purpose)
        assert caught.value.code == code and snapshot() == before

    def test_a_manager_revokes_any_key_others_their_own(self):
        grant = make_grant()
        row, _ = make_credential(grant)
        strangers = (make_actor(grant.grantee, ("engineer",)), make_supplier()[1], ANONYMOUS)
        before = snapshot()
        for actor in strangers:
            with pytest.raises(Refusal):
                services.revoke_credential(actor, row.number)
        assert snapshot() == before
        services.revoke_credential(make_actor(grant.grantee, ("manager",)), row.number)
        with pytest.raises(Refusal, match="wrong_state"):
            services.revoke_credential(make_actor(grant.grantee, ("manager",)), row.number)

"""What the plane believes of control: signed, fresh, for itself, never going back."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.delivery.plane.tests.peer import credential, grant, terms
from shugang.delivery.plane.tests.tables import api_source

pytestmark = pytest.mark.system
PATH = "/api/v1/lookup/segments?prefix7=1300001"


def granted(vault, **changes):
    return grant("g1", "segments", api_source(vault), terms(("prefix7", "city")), ("k1",), **changes)


def rejected(plane) -> float:
    return plane.metric("bundle_rejected_total")


def test_revocation_is_felt_at_once(make_plane, vault, control, record_property):
    plane = make_plane(granted(vault), poll_seconds=0.25)
    assert plane.get(PATH, "k1").status == 200
    began = time.monotonic()
    plane.at(control.set(granted(vault, state="ended", reason="revoked")))
    took = time.monotonic() - began
    record_property("revocation_seconds", round(took, 3))
    print(f"revocation felt after {took:.3f} s")
    assert plane.get(PATH, "k1").code == "revoked"


def test_a_removed_key_is_unknown(make_plane, vault, control):
    plane = make_plane(granted(vault))
    assert plane.get(PATH, "k1").status == 200
    plane.at(control.set(granted(vault, credentials=())))
    assert plane.get(PATH, "k1").code == "unknown_key"


def test_a_revoked_key_is_told_so_and_opens_no_listing(make_plane, vault, control):
    plane = make_plane(granted(vault))
    assert plane.get("/delta-sharing/shares", "k1").status == 200
    plane.at(control.set(granted(vault, credentials=(credential("k1", revoked=True),))))
    for path in (PATH, "/delta-sharing/shares"):
        answer = plane.get(path, "k1")
        assert (answer.status, answer.code) == (403, "revoked")


def test_a_lapsed_lease_stops_everything_and_a_fresh_one_resumes(make_plane, vault, control):
    control.lease = 1.0
    plane = make_plane(granted(vault))
    assert plane.get(PATH, "k1").status == 200
    control.away = True
    plane.each("lease_seconds_left", lambda left: left == 0)
    stale = plane.get(PATH, "k1")
    assert (stale.status, stale.code) == (503, "bundle_stale")
    assert plane.get(PATH, "nobody").code == "bundle_stale"
    assert plane.get("/healthz").status == 503
    control.lease = 30.0
    control.away = False
    plane.each("lease_seconds_left", lambda left: left > 0)
    assert plane.get(PATH, "k1").status == 200
    assert plane.get("/healthz").status == 200
    # What was refused meanwhile arrived in the journal once control was back.
    assert {r["outcome"] for r in plane.shipped()} == {"found", "bundle_stale"}


@pytest.mark.parametrize(
    "kind",
    [
        "forged",
        "flipped",
        "other plane",
        "backwards",
        "old",
        "nonsense",
        "wrong heartbeat",
    ],
)
def test_a_bad_bundle_changes_nothing(make_plane, vault, control, kind):
    plane = make_plane(granted(vault))
    revision = control.revision
    ended = (granted(vault, state="ended"),)
    good = control.sign(revision + 1, ended)
    control.raw = {
        "forged": control.sign(revision + 1, ended, key=Ed25519PrivateKey.generate()),
        "flipped": good.replace(b'"ended"', b'"activ"'),
        "other plane": control.sign(revision + 1, ended, plane="plane-2"),
        "backwards": control.sign(revision - 1, ended),
        "old": control.sign(revision, ended, issued_at=datetime.now(UTC) - timedelta(hours=1)),
        "nonsense": b"shugang-bundle-v1\n{}",
        "wrong heartbeat": control.sign(revision + 1, None),
    }[kind]
    plane.wait(lambda: rejected(plane) > 0)
    assert plane.get(PATH, "k1").status == 200
    assert plane.health()["revision"] == revision
    control.raw = None
    control.revision = revision + 2
    control.grants = ended
    plane.wait(lambda: plane.get(PATH, "k1").code == "revoked" if plane.get(PATH, "k1").status == 403 else False)


def test_a_restart_does_not_bring_an_older_revision_back(make_plane, vault, control):
    plane = make_plane(granted(vault))
    before = control.revision
    plane.at(control.set(granted(vault, state="ended")))
    plane.kill()
    control.raw = control.sign(before, (granted(vault),))
    plane.start(healthy=False)
    plane.wait(lambda: rejected(plane) > 0)
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (503, "bundle_stale")


def test_a_lease_is_not_longer_for_a_control_with_a_fast_clock(make_plane, vault, control):
    plane = make_plane(granted(vault))
    ahead = datetime.now(UTC) + timedelta(hours=5)
    control.raw = control.sign(control.revision, None, issued_at=ahead, lease_seconds=1.0)
    time.sleep(0.5)
    control.away = True
    plane.each("lease_seconds_left", lambda left: left == 0)
    assert plane.get(PATH, "k1").status == 503


def test_requests_to_control_are_signed(make_plane, vault, control):
    plane = make_plane(granted(vault))
    plane.get(PATH, "k1")
    assert plane.shipped() and not control.refused
    control.plane_key = Ed25519PrivateKey.generate()
    plane.wait(lambda: control.refused)

"""Given a destination, when its owner sets a schedule and the plane has pushed, then he sees how far each push is."""

from datetime import timedelta

import pytest

from shugang.delivery.connections.models import Connection
from shugang.delivery.connections.pushes import pushes
from shugang.delivery.connections.queries import connection
from shugang.delivery.connections.services import approve_connection, register_connection, set_schedule
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_grant, make_plane, make_records, make_supplier, make_version
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party
from shugang.policy.connections import Account

pytestmark = pytest.mark.django_db
ACCOUNT = Account("AK", "geheim")


@pytest.fixture
def plane():
    return make_plane()[0]


@pytest.fixture
def buyer(plane):
    return make_actor(make_party("buyer"), ("engineer",))


@pytest.fixture
def target(buyer):
    made = register_connection(
        buyer, "target", "数据湖", "s3+https://oss.example.com/lake/in", ACCOUNT, schedule="version"
    )
    return approve_connection(make_actor(make_party("operator"), ("engineer",)), made.number)


def _count():
    return Connection.objects.get().schedule, Event.objects.count(), Plane.objects.get().revision


@pytest.mark.both
def test_a_schedule_is_set_told_to_the_plane_and_taken_back(buyer, target, plane):
    for schedule in ("daily 02:00", "weekly 1 23:30", ""):
        set_schedule(buyer, target.number, schedule)
        assert [c.schedule for c in compile_bundle(Plane.objects.get(pk=plane.pk)).connections] == [schedule]


@pytest.mark.parametrize("schedule", ["hourly", "daily 25:00", "weekly 02:00", "daily"])
def test_what_is_no_schedule_changes_nothing(buyer, target, schedule):
    before = _count()
    with pytest.raises(Refusal, match="bad_schedule"):
        set_schedule(buyer, target.number, schedule)
    assert _count() == before


@pytest.mark.both
def test_only_its_owner_sets_it_and_only_for_a_destination(target, plane):
    stranger, supplier = make_actor(make_party("buyer"), ("engineer",)), make_supplier()[1]
    before = _count()
    for actor in (stranger, supplier):
        with pytest.raises(Refusal, match="not_found"):
            set_schedule(actor, target.number, "version")
    with pytest.raises(Refusal, match="bad_schedule"):
        register_connection(supplier, "source", "x", "mysql://db.example.com/x", ACCOUNT, schedule="version")
    assert _count() == before


def _told(grant, request_id, state, outcome="delivered", rows=0, number="", **more):
    left = state in ("answered", "aborted")
    detail = {"target": number} if number else {}
    return {"grant": grant.number, "request_id": request_id, "state": state, "outcome": outcome, "rows": rows,
            "bytes": rows * 10, "mode": "push", "action": "download", "charged": left, "detail": detail,
            "charge_reason": f"{'charged' if left else state}:{outcome}", **more}  # fmt: skip


@pytest.mark.both
def test_all_tries_of_a_push_are_one_line(buyer, target, plane):
    supplier = make_supplier()[1]
    grant = make_grant(make_version(supplier), mode="push", grantee=buyer.party)
    number = target.number
    uses = [
        _told(grant, "r-1", "aborted", rows=4096, number=number),
        _told(grant, "r-1~2", "void", "target_unavailable", number=number),
        _told(grant, "r-1~2", "answered", "continued", 1904, number),
        _told(grant, "r-2", "aborted", rows=100, number=number),
        _told(grant, "r-3", "void", "target_unavailable", number=number),
        _told(grant, f"follow-{number}-v1", "refused", "quota_exhausted"),
        _told(grant, "r-4", "answered", rows=5, number="CN-999999"),
    ]
    fold_journal(grant.plane, 1, make_records(uses))
    found = {push.number: push for push in pushes(buyer, target)}
    assert {name: (push.state, push.tries, push.rows, push.bytes) for name, push in found.items()} == {
        "r-1": ("done", 3, 6000, 60000),
        "r-2": ("going_on", 1, 100, 1000),
        "r-3": ("not_sent", 1, 0, 0),
        f"follow-{number}-v1": ("waiting", 1, 0, 0),
    }
    assert found["r-2"].next_by is not None and found["r-1"].next_by is None
    # the supplier, who may see the records, does not see the buyer's destination
    with pytest.raises(Refusal, match="not_found"):
        connection(supplier, number)


def test_a_push_that_got_nowhere_for_days_is_given_up(buyer, target, plane):
    grant = make_grant(make_version(make_supplier()[1]), mode="push", grantee=buyer.party)
    old = clock.now() - timedelta(days=4)
    uses = [
        _told(grant, "r-1", "aborted", rows=100, number=target.number),
        _told(grant, f"follow-{target.number}-v1", "aborted", rows=100, number=target.number),
    ]
    fold_journal(grant.plane, 1, make_records(uses, at=old))
    assert {push.number: push.state for push in pushes(buyer, target)} == {
        "r-1": "given_up",
        f"follow-{target.number}-v1": "going_on",  # a schedule stands
    }

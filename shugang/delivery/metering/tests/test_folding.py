"""Given a plane's journal, when batches arrive in any way, then each use is recorded once and charged once."""

import copy
import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import rfc8785
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from shugang.delivery.grants.models import Grant
from shugang.delivery.metering import storing
from shugang.delivery.metering.models import UsageRecord, plane_iso
from shugang.delivery.metering.queries import charged_quantities, quotas_left, usage, usage_by_day
from shugang.delivery.metering.records import canonical, read
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.records import record_hash, verify_chain
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_grant, make_plane, make_records, make_supplier, make_terms
from shugang.kernel import clock, sequencer
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor
from shugang.policy.vocabulary import Quota

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def grant():
    return make_grant(mode="api")


@pytest.fixture
def plane(grant):
    return make_plane()[0]


def day():
    return clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)


def charged(grant, unit="calls"):
    return charged_quantities(grant.number, *day(), unit=unit)


def refused(plane, from_seq, records):
    """The refusal; nothing may have changed but what a fork changes."""
    before = (UsageRecord.objects.count(), Plane.objects.values_list("journal_seq", "journal_head").get())
    with pytest.raises(Refusal) as caught:
        fold_journal(plane, from_seq, records)
    assert (UsageRecord.objects.count(), Plane.objects.values_list("journal_seq", "journal_head").get()) == before
    return caught.value


def test_uses_are_recorded_as_the_plane_chained_them(plane, grant):
    records = make_records([{"grant": grant.number, "detail": {"名": "值", "n": 1}}, {
        "grant": grant.number, "outcome": "not_found", "charged": False, "charge_reason": "uncharged:not_found", "rows": 0,
    }])  # fmt: skip
    assert fold_journal(plane, 1, records) == 2
    stored = [row.stated_record() for row in UsageRecord.objects.order_by("seq")]
    assert stored == records
    assert verify_chain(stored) == (2, records[-1]["hash"])
    assert charged(grant) == {"found": 1} and charged(grant, "bytes") == {"found": 100}
    assert Event.objects.filter(kind="grant.first_used").count() == 1


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=10)


@hypothesis(max_examples=60, deadline=None)
@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(
            ("credential", "request_id", "mode", "action", "outcome", "charge_reason", "answer_sha256"), _TEXT
        )
    ),
    wholes=st.fixed_dictionaries(dict.fromkeys(("rows", "bytes"), st.integers(0, 2**53 - 1))),
    detail=st.dictionaries(_TEXT, st.one_of(_TEXT, st.floats(allow_nan=False, allow_infinity=False), st.booleans())),
    charged=st.booleans(),
)
def test_a_records_text_is_its_canonical_json(texts, wholes, detail, charged):
    (record,) = make_records([{"grant": "SQ-2026-000001", **texts, **wholes, "detail": detail, "charged": charged}])
    ((head, tail),) = canonical(read([record]))
    assert f'{head}"hash":"{record["hash"]}",{tail}'.encode() == rfc8785.dumps(record)
    assert record_hash(record) == hashlib.sha256(f"{record['prev']}{head}{tail}".encode()).hexdigest()


def test_what_is_committed_is_the_finding_of_control(plane, grant):
    # Given a use that the plane charges twice, and one with words that JSON escapes
    odd = {"grant": grant.number, "request_id": "same", "detail": {"说": '"\\\n'}, "credential": 'a"b\\'}
    fold_journal(plane, 1, make_records([odd, odd, {"grant": "SQ-2020-9"}]))
    # Then each commitment opens with what is stored: the plane's record and control's finding
    rows = list(UsageRecord.objects.order_by("seq"))
    assert all(sequencer.content_matches(row) for row in rows)
    assert [row.charge_reason for row in rows] == ["charged:found", "duplicate_billing_key", "unknown_grant"]


def test_each_use_is_committed_to_the_log(plane, grant):
    fold_journal(plane, 1, make_records([{"grant": grant.number}] * 3))
    assert sequencer.run_once() >= 3
    row = UsageRecord.objects.order_by("seq").last()
    assert sequencer.proof_state(row) == "logged" and sequencer.content_matches(row)
    row.charged = False
    assert not sequencer.content_matches(row)


def test_a_large_batch_takes_few_queries(plane, grant, django_assert_max_num_queries):
    records = make_records([{"grant": grant.number}] * 1000)
    per_insert = 40 if connection.vendor == "sqlite" else 4
    with django_assert_max_num_queries(30 + per_insert):
        fold_journal(plane, 1, records)
    assert charged(grant) == {"found": 1000}


@hypothesis(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_batching_with_any_repetition_gives_the_same_books(data):
    with transaction.atomic():
        grant = make_grant(mode="api")
        plane, _ = make_plane()
        start, head = Plane.objects.values_list("journal_seq", "journal_head").get(pk=plane.pk)
        ids = data.draw(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=12))
        charges = data.draw(st.lists(st.booleans(), min_size=len(ids), max_size=len(ids)))
        records = make_records(
            [{"grant": grant.number, "request_id": i, "charged": c} for i, c in zip(ids, charges, strict=True)],
            start + 1, head,
        )  # fmt: skip
        while (acked := Plane.objects.get(pk=plane.pk).journal_seq - start) < len(records):
            first = data.draw(st.integers(0, acked))
            last = data.draw(st.integers(acked + 1, len(records)))
            fold_journal(plane, start + first + 1, records[first:last])
        rows = UsageRecord.objects.filter(grant=grant)
        assert rows.count() == len(records)
        paid = {i for i, c in zip(ids, charges, strict=True) if c}
        assert set(rows.filter(charged=True).values_list("request_id", flat=True)) == paid
        assert rows.filter(charged=True).count() == len(paid)
        transaction.set_rollback(True)


def test_a_gap_is_refused_with_what_is_expected(plane, grant):
    records = make_records([{"grant": grant.number}] * 5)
    fold_journal(plane, 1, records[:2])
    refusal = refused(plane, 4, records[3:])
    assert (refusal.code, refusal.status, refusal.fields["expected"].en) == ("journal_gap", 409, "3")
    assert fold_journal(plane, 3, records[2:]) == 5


def _forge(records, at, **changes):
    """The same journal with one record changed and its hashes made anew."""
    copied = copy.deepcopy(records)
    for i in range(at, len(copied)):
        copied[i]["prev"] = copied[i - 1]["hash"] if i else copied[i]["prev"]
        copied[i].update(changes if i == at else {})
        copied[i]["hash"] = record_hash(copied[i])
    return copied


@pytest.mark.parametrize("where", ["repeated", "seam"])
def test_two_stories_suspend_the_plane(plane, grant, where):
    records = make_records([{"grant": grant.number}] * 4)
    fold_journal(plane, 1, records[:3])
    other = _forge(records, 1, rows=99)
    refusal = refused(plane, 1, other) if where == "repeated" else refused(plane, 4, other[3:])
    assert refusal.code == "journal_forked"
    assert Plane.objects.get().state == "suspended"
    event = Event.objects.get(kind="plane.journal_forked")
    assert event.payload["seq"] == (2 if where == "repeated" else 4)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r[1].update(rows=2),
        lambda r: r[1].update(hash="0" * 64),
        lambda r: r[1].update(prev="0" * 64),
        lambda r: r.pop(1),
        lambda r: r.reverse(),
        lambda r: r[1].update(extra=1),
        lambda r: r[1].pop("detail"),
        lambda r: r[1].update(at="2026-11-23"),
        lambda r: r[1].update(at="2026-13-45T00:00:00.000Z"),
        lambda r: r[1].update(rows=-1),
        lambda r: r[1].update(rows=2**60),
        lambda r: r[1].update(charged="yes"),
        lambda r: r[1].update(request_id="x" * 300),
        lambda r: r[1].update(state="paid"),
        lambda r: r[1].update(detail={"x": float("nan")}),
        lambda r: r.__setitem__(1, None),
    ],
)
def test_a_spoilt_batch_is_refused_whole(plane, grant, spoil):
    records = make_records([{"grant": grant.number}] * 3)
    spoil(records)
    assert refused(plane, 1, records).code == "journal_broken"
    assert Plane.objects.get().state == "active"


class TestTheFindingOfControl:
    def _one(self, plane, **use):
        fold_journal(plane, 1, make_records([use]))
        row = UsageRecord.objects.get()
        assert row.stated_record()["charged"] is True and record_hash(row.stated_record()) == row.hash
        return row.charged, row.charge_reason

    def test_a_billing_key_is_charged_once_even_across_batches(self, plane, grant):
        records = make_records([{"grant": grant.number, "request_id": "same"}] * 3)
        fold_journal(plane, 1, records[:1])
        fold_journal(plane, 2, records[1:])
        assert list(UsageRecord.objects.order_by("seq").values_list("charged", "charge_reason")) == [
            (True, "charged:found"), (False, "duplicate_billing_key"), (False, "duplicate_billing_key"),
        ]  # fmt: skip
        assert charged(grant) == {"found": 1}

    def test_the_database_itself_refuses_a_second_charge(self, plane, grant):
        fold_journal(plane, 1, make_records([{"grant": grant.number}]))
        row = UsageRecord.objects.get()
        row.pk, row.seq, row.log_index = None, 2, None
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)

    def test_an_outcome_without_a_price_is_not_charged(self, plane, grant):
        assert self._one(plane, grant=grant.number, outcome="not_found") == (False, "outcome_not_charged")

    def test_a_refusal_is_not_charged(self, plane, grant):
        assert self._one(plane, grant=grant.number, state="refused") == (False, "outcome_not_charged")

    def test_a_use_after_the_end_is_not_charged(self, plane, grant):
        Grant.objects.update(valid_until=clock.now() - timedelta(hours=1))
        assert self._one(plane, grant=grant.number) == (False, "outside_window")

    def test_an_unknown_grant_is_not_charged(self, plane):
        assert self._one(plane, grant="SQ-2020-999999") == (False, "unknown_grant")

    def test_a_grant_of_another_plane_is_not_charged(self, grant):
        party, _ = make_supplier()
        own, _ = make_plane(party)
        assert self._one(own, grant=grant.number) == (False, "unknown_grant")
        assert UsageRecord.objects.get().grant is None


@pytest.mark.parametrize("change", [{"charged": False}, {"rows": 0}, {"grant_number": "x"}])
def test_the_database_refuses_to_rewrite_a_record(plane, grant, change):
    fold_journal(plane, 1, make_records([{"grant": grant.number}]))
    with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
        UsageRecord.objects.update(**change)


@pytest.mark.parametrize("change", [{"terms": {}}, {"outcomes": {}}, {"source": {}}])
def test_the_database_refuses_to_rewrite_the_terms_of_a_grant(grant, change):
    with pytest.raises(DatabaseError, match="append only"), transaction.atomic():
        Grant.objects.update(**change)


class TestReading:
    def test_quotas_count_what_they_say(self):
        quotas = (Quota("calls", 5, "day", "charged"), Quota("calls", 9, "total", "uncharged"))
        grant = make_grant(mode="api", terms=make_terms(actions=("read",), quotas=quotas))
        plane, _ = make_plane()
        miss = {"grant": grant.number, "outcome": "not_found", "charged": False, "charge_reason": "uncharged:not_found"}
        refusal, listing = {**miss, "state": "refused", "outcome": "rate_limited"}, {**miss, "outcome": "manifest"}
        fold_journal(plane, 1, make_records([{"grant": grant.number}] * 2 + [miss] * 3 + [refusal, listing]))
        assert [(q.used, q.left) for q in quotas_left(grant)] == [(2, 3), (3, 6)]

    def test_days_are_the_citys(self, plane, grant):
        fold_journal(plane, 1, make_records([{"grant": grant.number}] * 2))
        (found,) = usage_by_day([grant.number], *day())
        assert (found["day"], found["calls"]) == (clock.now().astimezone(clock.zone()).date(), 2)

    def test_both_sides_see_a_use_and_nobody_else(self, plane, grant):
        fold_journal(plane, 1, make_records([{"grant": grant.number}]))
        assert usage(make_actor(grant.grantee)).count() == 1
        assert usage(make_actor(grant.supplier)).count() == 1
        assert usage(make_supplier()[1]).count() == 0


@pytest.mark.parametrize("number", [1, 3, 0])
def test_numbers_within_a_grant_leave_nothing_out(plane, grant, number):
    # Given one record of a grant that is folded
    first, second = make_records([{"grant": grant.number}] * 2)
    fold_journal(plane, 1, [first])
    # When the plane, in a chain that is sound by itself, repeats or skips a number within the grant
    second["grant_seq"] = number
    second["hash"] = record_hash(second)
    # Then nothing of it is recorded
    assert refused(plane, 2, [second]).code == "journal_broken"
    assert UsageRecord.objects.count() == 1
    second["grant_seq"] = 2
    second["hash"] = record_hash(second)
    assert fold_journal(plane, 2, [second]) == 2


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata", "Europe/Berlin", "America/St_Johns"])
def test_the_day_of_a_use_is_the_zones_whatever_its_clocks_do(plane, grant, settings, zone):
    # Given uses around midnight of the zone, in summer and in winter
    settings.TIME_ZONE = zone
    local = [
        datetime(2026, month, 15, hour, minute, second, 999_000, tzinfo=ZoneInfo(zone))
        for month in (1, 7) for hour, minute, second in ((0, 0, 0), (23, 59, 59))
    ]  # fmt: skip
    texts = [plane_iso(moment) for moment in local]
    fold_journal(plane, 1, make_records([{"grant": grant.number, "at": text} for text in texts]))
    # When the database is asked for their days
    found = UsageRecord.objects.order_by("seq").annotate(day=storing.local_day()).values_list("day", flat=True)
    # Then those are the days of the zone
    assert list(found) == [moment.date() for moment in local]

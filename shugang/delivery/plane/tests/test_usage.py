"""Meters against a plain model, and verdicts cached by time against `decide` itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.delivery.plane.index import Index
from shugang.delivery.plane.tests.peer import at_once, credential, grant, terms
from shugang.delivery.plane.usage import CHARGED, UNCHARGED, Meter, Meters
from shugang.policy.grant import Basis, decide, decide_credential
from shugang.policy.sources import ApiSource
from shugang.policy.terms import Quota

quotas = st.lists(
    st.builds(
        Quota,
        st.sampled_from(("calls", "rows", "bytes")),
        st.integers(1, 30),
        st.sampled_from(("day", "month", "total")),
        st.sampled_from(("charged", "uncharged", "all")),
    ),
    max_size=4,
)
events = st.lists(
    st.tuples(st.integers(20400, 20440), st.booleans(), st.integers(0, 9), st.integers(0, 9)), max_size=60
)


def month(day: int) -> tuple[int, int]:
    at = date(1970, 1, 1) + timedelta(days=day)
    return at.year, at.month


@settings(max_examples=200)
@given(quotas=quotas, events=events)
def test_no_quota_is_ever_exceeded_and_none_is_refused_too_early(quotas, events):
    meter = Meter()
    meter.set_terms(tuple(quotas), None)
    used: list[tuple[int, bool, int, int]] = []

    def amount(quota: Quota, day: int) -> int:
        total = 0
        for then, charged, rows, size in used:
            same = {"day": then == day, "month": month(then) == month(day), "total": True}[quota.per]
            counted = quota.counts in ("all", "charged" if charged else "uncharged")
            if same and counted:
                total += {"calls": 1, "rows": rows, "bytes": size}[quota.unit]
        return total

    for day, charged, rows, size in events:
        full = any(amount(quota, day) >= quota.limit for quota in quotas)
        code = at_once(meter.reserve(day))
        assert (code is not None) == full
        if code is not None:
            continue
        base = CHARGED if charged else UNCHARGED
        probe = at_once(meter.room(day, base, rows, size))
        code = at_once(meter.settle(day, base, rows, size))
        assert probe == code
        used.append((day, charged, rows, size))
        over = any(amount(quota, day) > quota.limit for quota in quotas)
        assert (code is not None) == over
        if over:
            used.pop()
            meter.release()
    assert meter.held == 0


steps = st.lists(
    st.tuples(
        st.sampled_from(("call", "call", "call", "hold", "settle", "unsettle", "release")),
        st.sampled_from((20400, 20400, 20400, 20401, 20440)),
        st.sampled_from((CHARGED, UNCHARGED)),
        st.integers(0, 9),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(quotas=quotas, steps=steps)
def test_a_meter_that_remembers_its_room_answers_like_one_that_looks_each_time(quotas, steps):
    quick, slow = Meter(), Meter()
    for meter in (quick, slow):
        meter.set_terms(tuple(quotas), None)
    settled: list[tuple[int, int, int, int]] = []
    for step, day, base, size in steps:
        if step == "call":
            code = None if quick.fits(day, base, 1, size) else at_once(quick.charge(day, base, 1, size))
            assert code == at_once(slow.charge(day, base, 1, size))
        elif step == "hold":
            assert at_once(quick.reserve(day)) == at_once(slow.reserve(day))
        elif step == "settle" and slow.held > 0:
            code = at_once(quick.settle(day, base, 1, size))
            assert code == at_once(slow.settle(day, base, 1, size))
            if code is None:
                settled.append((day, base, 1, size))
        elif step == "unsettle" and settled:
            use = settled.pop()
            for meter in (quick, slow):
                meter.unsettle(*use)
        elif step == "release" and slow.held > 0:
            for meter in (quick, slow):
                meter.release()
        assert quick.held == slow.held


def test_room_is_remembered_only_for_the_day_and_the_terms_that_it_was_seen_for():
    meter = Meter()
    meter.set_terms((Quota("calls", 3, "total", "all"),), None)
    assert not meter.fits(1, CHARGED, 1, 1)
    assert at_once(meter.charge(1, CHARGED, 1, 1)) is None
    assert not meter.fits(2, CHARGED, 1, 1)
    assert meter.fits(1, CHARGED, 1, 1)
    meter.set_terms((Quota("calls", 2, "total", "all"),), None)
    assert not meter.fits(1, CHARGED, 1, 1)
    assert at_once(meter.charge(1, CHARGED, 1, 1)) == "quota_exhausted"


def test_a_use_that_is_held_again_takes_its_room_back():
    meter = Meter()
    meter.set_terms((Quota("calls", 3, "total", "charged"),), None)
    assert at_once(meter.reserve(1)) is None
    assert at_once(meter.settle(1, UNCHARGED, 0, 0)) is None
    assert at_once(meter.room(2, CHARGED, 0, 0)) is None  # another day, so that the room is seen anew
    assert at_once(meter.charge(1, CHARGED, 0, 0)) is None
    meter.unsettle(1, UNCHARGED, 0, 0)
    assert not meter.fits(1, CHARGED, 0, 0)
    assert at_once(meter.charge(1, CHARGED, 0, 0)) is None
    assert at_once(meter.charge(1, CHARGED, 0, 0)) == "quota_exhausted"


def test_what_is_held_counts_for_every_kind_until_it_is_known():
    meter = Meter()
    meter.set_terms((Quota("calls", 2, "total", "charged"),), None)
    assert [at_once(meter.reserve(1)) for _ in range(3)] == [None, None, "quota_exhausted"]
    assert at_once(meter.settle(1, UNCHARGED, 0, 0)) is None
    assert at_once(meter.reserve(1)) is None


def test_a_restored_meter_goes_on_where_it_was():
    meter = Meter({20400: [3, 3, 30, 0, 0, 0]})
    meter.set_terms((Quota("calls", 4, "total", "charged"),), None)
    assert at_once(meter.reserve(20401)) is None
    assert at_once(meter.settle(20401, CHARGED, 1, 1)) is None
    assert at_once(meter.reserve(20401)) == "quota_exhausted"


at = st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3)).map(lambda t: t.replace(tzinfo=UTC, microsecond=0))


@given(start=at, end=at, basis=at, expiry=at, moments=st.lists(at, min_size=1, max_size=12))
def test_the_cached_verdict_is_always_that_of_decide(start, end, basis, expiry, moments):
    source = ApiSource("d", 1, "p", "00" * 32, "k", [{"name": "k", "type": "string"}])
    made = grant(
        "g",
        "p",
        source,
        terms(("k",), valid_from=start, valid_until=end),
        (),
        bases=(Basis("contract", "r", "00" * 32, basis),),
        credentials=(credential("k", expires_at=expiry),),
    )
    access = Index((made,), Meters()).by_key["g", "cred-k"]
    for moment in moments:
        expected = decide(made, moment, "read") or decide_credential(made, made.credentials[0], moment)
        assert access.refusal(moment.timestamp()) == expected

"""Given a quota of time, when a stream is open, then its time is metered span by span, silence included, and the stream
ends exactly when the time is used up."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest

from shugang.delivery.plane.tests.peer import terms
from shugang.delivery.plane.tests.test_stream import FIELDS, MOSQUITTO, broker, buyers, edge  # noqa: F401
from shugang.delivery.plane.timed import Cap, caps
from shugang.policy.terms import Quota

pytestmark = [pytest.mark.system, pytest.mark.skipif(MOSQUITTO is None, reason="Debian's mosquitto is not installed")]


def limited(seconds: int, **more):
    return terms(FIELDS, quotas=(Quota("seconds", seconds, **more),))


def spans(plane) -> list[tuple[str, str]]:
    return [(r["detail"]["from"], r["detail"]["until"]) for r in plane.shipped() if "from" in r["detail"]]


def lasted(plane) -> timedelta:
    """The recorded time, as control counts it."""
    return sum((datetime.fromisoformat(b) - datetime.fromisoformat(a) for a, b in spans(plane)), timedelta(0))


def test_a_stream_ends_exactly_when_its_time_is_used_up(edge, broker, buyers):  # noqa: F811
    plane = edge(limited(2))
    buyer = buyers(plane)
    broker.say(0)
    buyer.until(1)
    # When nothing more comes
    assert buyer.gone.wait(15)
    # Then the silence counted as well, and not a millisecond more than agreed
    records = plane.shipped()
    assert lasted(plane) == timedelta(seconds=2) and records[-1]["outcome"] == "quota_exhausted"
    told = [(r["outcome"], r["rows"], r["charged"]) for r in records[:-1]]
    assert told.count(("delivered", 1, True)) == 1 and set(told) <= {("delivered", 1, True), ("continued", 0, True)}
    found = spans(plane)
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))
    # and neither coming again nor a restart gives more
    again = buyers(plane, client_id="again")
    broker.say(1)
    assert again.gone.wait(10) and again.messages == []
    plane.kill()
    plane.start()
    back = buyers(plane, client_id="back")
    broker.say(2)
    assert back.gone.wait(10) and back.messages == [] and lasted(plane) == timedelta(seconds=2)


def test_streams_side_by_side_share_the_time(edge, broker, buyers):  # noqa: F811
    plane = edge(limited(3))
    both = [buyers(plane, client_id=f"b{n}") for n in range(2)]
    assert all(each.gone.wait(15) for each in both)
    assert lasted(plane) == timedelta(seconds=3)


def test_time_that_suffices_stops_nobody_and_what_a_buyer_leaves_is_his(edge, broker, buyers):  # noqa: F811
    plane = edge(limited(600, per="day", counts="charged"))
    first = buyers(plane, client_id="first")
    broker.say(0)
    first.until(1)
    first.client.disconnect()
    plane.wait(lambda: spans(plane))
    used = lasted(plane)
    assert timedelta(0) < used < timedelta(seconds=20)
    plane.kill()
    plane.start()
    second = buyers(plane, client_id="second")
    broker.say(1)
    assert [m["n"] for m in second.until(1)] == [1] and not second.gone.is_set()
    assert lasted(plane) > used


def test_without_a_quota_of_time_silence_has_no_records(edge, broker, buyers):  # noqa: F811
    plane = edge(terms(FIELDS, quotas=(Quota("rows", 100),)))
    buyer = buyers(plane)
    broker.say(0)
    buyer.until(1)
    buyers(plane)  # the same client again: the first connection is over
    assert buyer.gone.wait(10)
    assert {r["outcome"] for r in plane.shipped()} == {"delivered"}


def test_which_quotas_count_and_over_which_days():
    granted = terms(FIELDS, quotas=(Quota("seconds", 1), Quota("seconds", 2, "month", "uncharged"), Quota("rows", 3)))
    assert caps(granted, True) == (Cap("total", 1000, "quota_exhausted"),)
    assert [cap.code for cap in caps(granted, False)] == ["quota_exhausted", "uncharged_quota_exhausted"]
    day = 20783  # 2026-11-26
    assert [Cap(per, 1, "").since(day) for per in ("total", "month", "day")] == [0, 20758, day]

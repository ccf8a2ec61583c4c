"""Quotas: exact under concurrency, restored after a kill, charged and uncharged apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.policy.terms import Quota

pytestmark = pytest.mark.system
FIELDS = ("prefix7", "city")
PATH = "/api/v1/lookup/segments?prefix7="


def test_exactly_the_quota_is_admitted_to_64_clients(make_plane, vault):
    limited = terms(FIELDS, quotas=(Quota("calls", 200, "day", "charged"),))
    plane = make_plane(grant("g1", "segments", api_source(vault), limited, ("k1",)))
    with ThreadPoolExecutor(64) as pool:
        replies = list(pool.map(lambda i: plane.get(f"{PATH}{1300000 + i}", "k1"), range(600)))
    admitted = [reply for reply in replies if reply.status == 200]
    refused = {reply.code for reply in replies if reply.status != 200}
    assert (len(admitted), refused) == (200, {"quota_exhausted"})
    records = plane.shipped()
    assert sum(record["charged"] for record in records) == 200
    assert sum(record["state"] == "refused" for record in records) == 400
    plane.kill()
    plane.start()
    assert plane.get(PATH + "1300001", "k1").code == "quota_exhausted"


def test_uncharged_outcomes_have_their_own_quota(make_plane, vault):
    limited = terms(FIELDS, quotas=(Quota("calls", 3, "day", "uncharged"), Quota("calls", 5, "day", "charged")))
    plane = make_plane(grant("g1", "segments", api_source(vault), limited, ("k1",)))
    assert [plane.get(PATH + "999", "k1").status for _ in range(3)] == [200] * 3
    # Whether a fourth would be found must not show: it is refused before the look-up.
    assert plane.get(PATH + "999", "k1").code == "uncharged_quota_exhausted"
    assert plane.get(PATH + "1300001", "k1").code == "uncharged_quota_exhausted"


@pytest.mark.parametrize(("unit", "limit", "admitted"), [("rows", 2, 2), ("bytes", 250, 2)])
def test_rows_and_bytes_never_exceed(make_plane, vault, unit, limit, admitted):
    limited = terms(FIELDS, quotas=(Quota(unit, limit, "total", "all"),))
    plane = make_plane(grant("g1", "segments", api_source(vault), limited, ("k1",)))
    replies = [plane.get(PATH + "1300001", "k1") for _ in range(5)]
    assert [reply.status for reply in replies].count(200) == admitted
    assert {reply.code for reply in replies if reply.status != 200} == {"quota_exhausted"}
    assert sum(record[unit] for record in plane.shipped() if record["state"] == "answered") <= limit


def test_a_new_rule_day_opens_a_daily_quota(make_plane, vault, control):
    limited = terms(FIELDS, quotas=(Quota("calls", 1, "day", "charged"), Quota("calls", 2, "total", "charged")))
    plane = make_plane(grant("g1", "segments", api_source(vault), limited, ("k1",)))
    assert plane.get(PATH + "1300001", "k1").status == 200
    assert plane.get(PATH + "1300001", "k1").code == "quota_exhausted"
    for day in (1, 2):
        control.offset = day * 86400.0
        plane.at(control.set(*control.grants))
        expected = 200 if day == 1 else 403
        assert plane.get(PATH + "1300001", "k1").status == expected

"""Look-ups over a real plane process."""

from __future__ import annotations

import pytest

from shugang.delivery.plane.tests.databases import journal
from shugang.delivery.plane.tests.peer import grant, later, terms
from shugang.delivery.plane.tests.tables import api_source
from shugang.policy.terms import Quota, Rate, RowFilter

pytestmark = pytest.mark.system
FIELDS = ("prefix7", "city")
PATH = "/api/v1/lookup/segments?prefix7="


def test_only_granted_columns_leave_and_the_journal_says_what_was_charged(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    found = plane.get(PATH + "1300001", "k1")
    missing = plane.get(PATH + "9999999", "k1")
    assert (found.status, found.json["outcome"], found.json["data"]) == (
        200,
        "found",
        {"prefix7": "1300001", "city": "福州市"},
    )
    assert (missing.status, missing.json["outcome"], missing.json["data"]) == (200, "not_found", None)
    first, second = plane.shipped()
    assert (first["request_id"], first["charged"], first["rows"]) == (found.json["request_id"], True, 1)
    assert first["bytes"] == len(found.body)
    assert (second["outcome"], second["charged"], second["rows"]) == ("not_found", False, 0)


def test_an_api_key_header_works_like_a_bearer(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    assert plane.get(PATH + "1300001", X_API_Key="k1").status == 200


def test_an_unknown_key_is_counted_and_not_journalled(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    for token in ["", "k2", "K1"]:
        reply = plane.get(PATH + "1300001", token)
        assert (reply.status, reply.code) == (401, "unknown_key")
    assert plane.health()["journal_seq"] == 0
    assert plane.metric("unknown_keys_total") == 3


def test_a_product_of_others_looks_like_no_product(make_plane, vault):
    source = api_source(vault)
    plane = make_plane(
        grant("g1", "segments", source, terms(FIELDS), ("k1",)), grant("g2", "other", source, terms(FIELDS), ("k2",))
    )
    there, nowhere = plane.get("/api/v1/lookup/other?prefix7=1", "k1"), plane.get("/api/v1/lookup/no?prefix7=1", "k1")
    assert (there.status, there.body) == (nowhere.status, nowhere.body)
    assert there.status == 404


def test_what_the_grant_does_not_give_is_refused_by_name(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    for query, status, code in [
        ("prefix7=1300001&fields=carrier", 403, "column_hidden"),
        ("prefix7=1300001&fields=nothing", 403, "column_hidden"),
        ("carrier=x&prefix7=1300001", 403, "column_hidden"),
        ("city=x&prefix7=1300001", 400, "bad_request"),
        ("", 400, "bad_request"),
        ("prefix7=", 400, "bad_request"),
        ("prefix7=1300001&prefix7=1300002", 400, "bad_request"),
    ]:
        reply = plane.get("/api/v1/lookup/segments?" + query, "k1")
        assert (reply.status, reply.code) == (status, code)
        assert reply.json["message"] and reply.json["message_en"]
        record = plane.shipped()[-1]
        assert (record["state"], record["outcome"], record["charged"]) == ("refused", code, False), query


def test_fewer_columns_can_be_asked_for(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    assert plane.get(PATH + "1300001&fields=city", "k1").json["data"] == {"city": "福州市"}


def test_rows_outside_the_filter(make_plane, vault):
    by_city = terms(FIELDS, rows=(RowFilter("city", "eq", "厦门市"),))
    by_key = terms(FIELDS, rows=(RowFilter("prefix7", "in", ("1300001",)),))
    source = api_source(vault)
    plane = make_plane(grant("g1", "segments", source, by_city, ("k1",)), grant("g2", "one", source, by_key, ("k2",)))
    assert plane.get(PATH + "1300000", "k1").json["outcome"] == "found"
    assert plane.get(PATH + "1300001", "k1").json["outcome"] == "not_found"  # told no more than that
    assert plane.get("/api/v1/lookup/one?prefix7=1300001", "k2").json["outcome"] == "found"
    assert plane.get("/api/v1/lookup/one?prefix7=1300002", "k2").code == "row_outside"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "suspended"}, "suspended"),
        ({"state": "ended"}, "revoked"),
        ({"terms": terms(FIELDS, valid_until=later(-1))}, "expired"),
        ({"terms": terms(FIELDS, valid_from=later(3600))}, "not_started"),
        ({"terms": terms(FIELDS, actions=("train",))}, "action_denied"),
        ({"terms": terms(FIELDS, purpose="evaluation")}, "purpose_denied"),
        ({"bases": ()}, "revoked"),
    ],
)
def test_a_grant_that_does_not_admit(make_plane, vault, changes, code):
    granted = changes.pop("terms", terms(FIELDS))
    plane = make_plane(grant("g1", "segments", api_source(vault), granted, ("k1",), **changes))
    reply = plane.get(PATH + "1300001", "k1")
    assert (reply.status, reply.code) == (403, code)
    (record,) = plane.shipped()
    assert (record["state"], record["outcome"], record["bytes"]) == ("refused", code, 0)


def test_a_rule_clock_ahead_of_real_time_ends_a_grant(make_plane, vault, control):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS, valid_until=later(86400)), ("k1",)))
    assert plane.get(PATH + "1300001", "k1").status == 200
    control.offset = 2 * 86400.0
    plane.at(control.set(*control.grants))
    assert plane.get(PATH + "1300001", "k1").code == "expired"


def test_a_repeated_nonce_is_refused_even_after_a_restart(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    assert plane.get(PATH + "1300001", "k1", X_Nonce="n1").status == 200
    assert plane.get(PATH + "1300001", "k1", X_Nonce="n1").code == "nonce_repeated"
    plane.kill()
    plane.start()
    again = plane.get(PATH + "1300001", "k1", X_Nonce="n1")
    assert (again.status, again.code) == (409, "nonce_repeated")
    assert plane.get(PATH + "1300001", "k1", X_Nonce="n2").status == 200
    assert sum(record["charged"] for record in plane.shipped()) == 2


def test_a_retry_is_answered_without_a_second_charge(make_plane, vault):
    quota = terms(FIELDS, quotas=(Quota("calls", 1, "total", "charged"),))
    plane = make_plane(grant("g1", "segments", api_source(vault), quota, ("k1",)))
    first = plane.get(PATH + "1300001", "k1", Request_Id="r-1")
    plane.kill()
    plane.start()
    again = plane.get(PATH + "1300001", "k1", Request_Id="r-1")
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    other = plane.get(PATH + "1300002", "k1", Request_Id="r-1")
    assert (other.status, other.code) == (409, "request_changed")
    assert plane.get(PATH + "1300002", "k1", Request_Id="r-2").code == "quota_exhausted"
    assert [r["outcome"] for r in plane.shipped() if r["charged"]] == ["found"]


def test_a_stored_answer_outlives_its_version(make_plane, vault, control):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    first = plane.get(PATH + "1300001", "k1", Request_Id="r-1")
    newer = api_source(vault, count=1, name="newer.parquet", version=2)
    plane.at(control.set(grant("g1", "segments", newer, terms(FIELDS), ("k1",))))
    assert plane.get(PATH + "1300001", "k1", Request_Id="r-1").body == first.body
    journal(plane, "DELETE FROM answer")
    gone = plane.get(PATH + "1300001", "k1", Request_Id="r-1")
    assert (gone.status, gone.code) == (409, "result_gone")


def test_a_bad_request_id_is_refused(make_plane, vault):
    plane = make_plane(grant("g1", "segments", api_source(vault), terms(FIELDS), ("k1",)))
    for request_id in ["x" * 65, "a b", "sg-123-1"]:
        assert plane.get(PATH + "1300001", "k1", Request_Id=request_id).code == "bad_request", request_id


def test_the_rate_is_held_and_a_flood_does_not_fill_the_journal(make_plane, vault):
    slow = terms(FIELDS, rate=Rate(1, 3))
    plane = make_plane(grant("g1", "segments", api_source(vault), slow, ("k1",)))
    replies = [plane.get(PATH + "1300001", "k1") for _ in range(40)]
    limited = [reply for reply in replies if reply.status == 429]
    assert len(replies) - len(limited) in (3, 4, 5)
    assert limited[0].code == "rate_limited" and int(limited[0].headers["retry-after"]) >= 1
    assert sum(record["outcome"] == "rate_limited" for record in plane.shipped()) < len(limited)


@pytest.mark.parametrize("damage", ["digest", "escape", "link", "repeated"])
def test_a_source_that_is_not_what_the_grant_names_serves_nothing(make_plane, vault, tmp_path, damage):
    import pyarrow as pa

    from shugang.delivery.plane.tests.tables import SEGMENT_COLUMNS, segments, store
    from shugang.policy.sources import ApiSource

    path, digest = store(vault, "segments.parquet", segments(10))
    if damage == "digest":
        digest = "0" * 64
    elif damage == "escape":
        (tmp_path / "out.parquet").write_bytes((vault / path).read_bytes())
        path = "../out.parquet"
    elif damage == "link":
        (vault / path).rename(tmp_path / "out.parquet")
        (vault / path).symlink_to(tmp_path / "out.parquet")
    else:
        path, digest = store(vault, "twice.parquet", pa.concat_tables([segments(10), segments(10)]))
    source = ApiSource("ds", 1, path, digest, "prefix7", SEGMENT_COLUMNS)
    plane = make_plane(grant("g1", "segments", source, terms(FIELDS), ("k1",)))
    reply = plane.get(PATH + "1300001", "k1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    assert not [record for record in plane.shipped() if record["charged"]]

"""Run inside the official client's environment: what its own integration tests expect of a server, asked of ours.

The cases and expected frames are those of delta-io/delta-sharing's python tests (Apache-2.0), rebuilt over tables of the
same content; checks are named after them. Prints one JSON object: name → "ok" or what went wrong.
"""

import json
import os
import sys
import traceback
from datetime import date

import delta_sharing
import numpy as np
import pandas as pd
from delta_sharing.protocol import CdfOptions, DeltaSharingProfile, Schema, Share, Table
from delta_sharing.rest_client import DataSharingRestClient
from requests.exceptions import HTTPError

PROFILE = sys.argv[1]
CLIENT = delta_sharing.SharingClient(PROFILE)
REST = DataSharingRestClient(DeltaSharingProfile.read_from_file(PROFILE))
CDF, PARTED = "share8.default.cdf_table_cdf_enabled", "share8.default.cdf_table_with_partition"
FOUND, CHECKS = {}, {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def url(name):
    return f"{PROFILE}#{name}"


def table(share, schema, name):
    return Table(name=name, share=share, schema=schema)


def plain(frame):
    """Rows with times in UTC without their zone, and one kind of nothing."""
    rows = []
    for row in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        rows.append({
            k: v.tz_convert("UTC").tz_localize(None) if isinstance(v, pd.Timestamp) and v.tzinfo else
            v.item() if isinstance(v, np.generic) else v
            for k, v in row.items()
        })  # fmt: skip
    return rows


def same(frame, expected, ordered=True):
    assert list(frame.columns) == list(expected.columns), (list(frame.columns), list(expected.columns))
    left, right = plain(frame), plain(expected)
    if not ordered:
        left, right = sorted(left, key=repr), sorted(right, key=repr)
    assert left == right, (left, right)


def refused(call, words):
    try:
        call()
    except HTTPError as error:
        assert words in str(error), str(error)
        return
    raise AssertionError("not refused")


TABLE1 = pd.DataFrame({
    "eventTime": [pd.Timestamp("2021-04-28 06:32:22.421"), pd.Timestamp("2021-04-28 06:32:02.070")],
    "date": [date(2021, 4, 28)] * 2,
})  # fmt: skip
TABLE2 = pd.DataFrame({
    "eventTime": [pd.Timestamp("2021-04-28 23:33:57.955"), pd.Timestamp("2021-04-28 23:33:48.719")],
    "date": [date(2021, 4, 28)] * 2,
})  # fmt: skip
TABLE3 = pd.DataFrame({
    "eventTime": [pd.Timestamp("2021-04-28 23:36:51.945"), pd.Timestamp("2021-04-28 23:36:47.599"),
                  pd.Timestamp("2021-04-28 23:35:53.156")],
    "date": [date(2021, 4, 28)] * 3,
    "type": ["bar", "foo", None],
})  # fmt: skip
FEED = pd.DataFrame({
    "name": ["1", "2", "3", "3", "2", "2"],
    "age": [1, 2, 3, 3, 2, 2],
    "birthday": [date(2020, 1, 1)] * 5 + [date(2020, 2, 2)],
    "_change_type": ["insert", "insert", "insert", "delete", "update_preimage", "update_postimage"],
    "_commit_version": [1, 1, 1, 2, 3, 3],
    "_commit_timestamp": [1651272635000] * 3 + [1651272655000] + [1651272660000] * 2,
})  # fmt: skip
PERSONS = json.dumps(
    {
        "type": "struct",
        "fields": [
            {"name": name, "type": kind, "nullable": True, "metadata": {}}
            for name, kind in (("name", "string"), ("age", "integer"), ("birthday", "date"))
        ],
    },
    separators=(",", ":"),
)


# -- listing (REST) ---------------------------------------------------------------------------------------------


@check
def test_list_shares():
    assert [s.name for s in REST.list_shares().shares] == ["share1", "share2", "share3", "share7", "share8"]
    first = REST.list_shares(max_results=1)
    assert [s.name for s in first.shares] == ["share1"]
    assert [s.name for s in REST.list_shares(max_results=1, page_token=first.next_page_token).shares] == ["share2"]


@check
def test_list_schemas():
    assert REST.list_schemas(Share(name="share1")).schemas == [Schema(name="default", share="share1")]
    paged = REST.list_schemas(Share(name="share7"), max_results=1)
    assert paged.schemas == [Schema(name="schema1", share="share7")]
    rest = REST.list_schemas(Share(name="share7"), max_results=1, page_token=paged.next_page_token)
    assert rest.schemas == [Schema(name="schema2", share="share7")] and rest.next_page_token is None


@check
def test_list_tables():
    found = REST.list_tables(Schema(name="default", share="share1")).tables
    assert [t.name for t in found] == ["table1", "table3"]
    paged = REST.list_tables(Schema(name="default", share="share1"), max_results=1)
    assert [t.name for t in paged.tables] == ["table1"] and paged.next_page_token


@check
def test_list_tables_with_pagination():
    token, found = None, []
    while True:
        page = REST.list_all_tables(Share(name="share8"), max_results=2, page_token=token)
        found += [t.name for t in page.tables]
        token = page.next_page_token
        if not token:
            break
    assert found == ["12k_rows", "cdf_table_cdf_enabled", "cdf_table_with_partition", "empty"]


@check
def test_list_all_tables():
    found = [(t.share, t.schema, t.name) for t in CLIENT.list_all_tables()]
    assert ("share7", "schema2", "table9") in found and len(found) == 10


@check
def test_list_all_tables_with_fallback():
    class Old(DataSharingRestClient):
        def list_all_tables(self, share, *, max_results=None, page_token=None):
            from requests.models import Response

            error = HTTPError()
            error.response = Response()
            error.response.status_code = 404
            raise error

    client = delta_sharing.SharingClient(PROFILE)
    client._rest_client = Old(DeltaSharingProfile.read_from_file(PROFILE))
    assert client.list_all_tables() == CLIENT.list_all_tables()


@check
def test_list_of_an_unknown_share():
    refused(lambda: REST.list_schemas(Share(name="nothing")), "RESOURCE_DOES_NOT_EXIST")


# -- metadata and versions (REST) -------------------------------------------------------------------------------


def fields(metadata):
    return [(f["name"], f["type"]) for f in json.loads(metadata.schema_string)["fields"]]


@check
def test_query_table_metadata_non_partitioned():
    response = REST.query_table_metadata(table("share1", "default", "table1"))
    assert response.protocol.min_reader_version == 1 and response.metadata.partition_columns == []
    assert fields(response.metadata) == [("eventTime", "timestamp"), ("date", "date")]
    assert response.metadata.format.provider == "parquet"


@check
def test_query_table_metadata_partitioned():
    response = REST.query_table_metadata(table("share2", "default", "table2"))
    assert response.metadata.partition_columns == ["date"]
    assert fields(response.metadata) == [("eventTime", "timestamp"), ("date", "date")]


@check
def test_query_table_metadata_partitioned_different_schemas():
    response = REST.query_table_metadata(table("share1", "default", "table3"))
    assert fields(response.metadata) == [("eventTime", "timestamp"), ("date", "date"), ("type", "string")]


@check
def test_query_table_metadata_delta():
    REST.set_delta_format_header()
    try:
        response = REST.query_table_metadata(table("share8", "default", "cdf_table_cdf_enabled"))
    finally:
        REST.remove_delta_format_header()
    assert response.protocol.min_reader_version == 1 and response.protocol.min_writer_version == 4
    assert response.metadata.schema_string.replace(" ", "") == PERSONS
    assert response.metadata.configuration == {"delta.enableChangeDataFeed": "true"}
    assert response.metadata.version == 5 and response.metadata.num_files == 1


@check
def test_autoresolve_query_format():
    assert REST.autoresolve_query_format(table("share1", "default", "table1")) == "delta"


@check
def test_query_existed_table_version():
    assert REST.query_table_version(table("share8", "default", "cdf_table_cdf_enabled")).delta_table_version == 5


@check
def test_query_table_version_with_timestamp():
    place = table("share8", "default", "cdf_table_cdf_enabled")
    assert REST.query_table_version(place, starting_timestamp="2020-01-01T00:00:00-08:00").delta_table_version == 0
    assert REST.query_table_version(place, starting_timestamp="2022-04-29T22:50:36Z").delta_table_version == 2


@check
def test_query_nonexistent_table_version():
    refused(lambda: REST.query_table_version(table("share1", "default", "nothing")), "RESOURCE_DOES_NOT_EXIST")


@check
def test_query_table_version_with_timestamp_exception():
    place = table("share8", "default", "cdf_table_cdf_enabled")
    refused(lambda: REST.query_table_version(place, starting_timestamp="2200-01-01T00:00:00Z"), "less than or equal")
    refused(lambda: REST.query_table_version(place, starting_timestamp="random"), "INVALID_PARAMETER_VALUE")


# -- files (REST) -----------------------------------------------------------------------------------------------


@check
def test_list_files_in_table_non_partitioned():
    response = REST.list_files_in_table(table("share1", "default", "table1"), predicateHints=["date = '2021-04-28'"])
    stats = [json.loads(f.stats) for f in response.add_files]
    assert sum(s["numRecords"] for s in stats) == 2 and stats[0]["minValues"]["date"] == "2021-04-28"
    assert stats[0]["nullCount"] == {"eventTime": 0, "date": 0}
    assert all(f.partition_values == {} and f.size > 0 and len(f.id) == 32 for f in response.add_files)


@check
def test_list_files_in_table_partitioned():
    hints = {"predicateHints": ["date = '2021-04-28'"], "limitHint": 123}
    response = REST.list_files_in_table(table("share2", "default", "table2"), **hints)
    assert [f.partition_values for f in response.add_files] == [{"date": "2021-04-28"}]
    nothing = REST.list_files_in_table(table("share2", "default", "table2"), predicateHints=["date = '2021-01-31'"])
    assert nothing.add_files == []


@check
def test_list_files_in_table_partitioned_different_schemas():
    response = REST.list_files_in_table(table("share1", "default", "table3"))
    (stats,) = [json.loads(f.stats) for f in response.add_files]
    assert stats["minValues"]["type"] == "bar" and stats["maxValues"]["type"] == "foo"
    assert stats["nullCount"] == {"eventTime": 0, "type": 1}


@check
def test_list_files_in_table_version():
    place = table("share8", "default", "cdf_table_cdf_enabled")
    response = REST.list_files_in_table(place, version=1)
    assert response.delta_table_version == 1 and response.metadata.schema_string.replace(" ", "") == PERSONS
    assert response.metadata.configuration == {"enableChangeDataFeed": "true"}
    (stats,) = [json.loads(f.stats) for f in response.add_files]
    assert stats["numRecords"] == 3 and stats["minValues"]["name"] == "1" and stats["maxValues"]["age"] == 3


@check
def test_list_files_in_table_timestamp():
    place = table("share8", "default", "cdf_table_cdf_enabled")
    assert REST.list_files_in_table(place, timestamp="2022-04-29T22:50:56Z").delta_table_version == 2


@check
def test_list_files_in_table_version_exception():
    refused(
        lambda: REST.list_files_in_table(table("share1", "default", "table1"), version=1), "RESOURCE_DOES_NOT_EXIST"
    )


@check
def test_list_table_changes():
    place = table("share8", "default", "cdf_table_with_partition")
    response = REST.list_table_changes(place, CdfOptions(starting_version=1, ending_version=3))
    assert response.metadata.partition_columns == ["birthday"]
    kinds = sorted((type(a).__name__, a.version, a.partition_values["birthday"]) for a in response.actions)
    assert kinds == [
        ("AddCdcFile", 2, "2020-01-01"), ("AddCdcFile", 2, "2020-02-02"), ("AddCdcFile", 3, "2020-03-03"),
        ("AddFile", 1, "2020-01-01"), ("AddFile", 1, "2020-03-03"),
    ]  # fmt: skip
    assert {a.version: a.timestamp for a in response.actions} == {1: 1651614980000, 2: 1651614986000, 3: 1651614994000}


@check
def test_list_table_changes_with_timestamp():
    place = table("share8", "default", "cdf_table_with_partition")
    early, late = (
        CdfOptions(starting_timestamp="2000-05-03T00:00:00Z"),
        CdfOptions(starting_version=1, ending_timestamp="2100-05-03T00:00:00Z"),
    )
    refused(lambda: REST.list_table_changes(place, early), "Please use a timestamp greater")
    refused(lambda: REST.list_table_changes(place, late), "Please use a timestamp less")


# -- frames -----------------------------------------------------------------------------------------------------


def loads(name, expected, ordered=True, **options):
    for delta in (None, True, False):
        same(delta_sharing.load_as_pandas(url(name), use_delta_format=delta, **options), expected, ordered)


@check
def test_load_as_pandas_success_non_partitioned():
    loads("share1.default.table1", TABLE1)


@check
def test_load_as_pandas_success_partitioned():
    loads("share2.default.table2", TABLE2)


@check
def test_load_as_pandas_success_partitioned_different_schemas():
    loads("share1.default.table3", TABLE3)


@check
def test_load_as_pandas_success_partitioned_by_integer():
    expected = pd.DataFrame({"col2": pd.Series([2], dtype="int32"), "type": ["bar"]})
    loads("share7.schema1.table8", expected)


@check
def test_load_as_pandas_success_all_types():
    for delta in (True, False):
        (row,) = plain(delta_sharing.load_as_pandas(url("share7.schema2.table9"), use_delta_format=delta))
        found = {
            k: bytes(v) if isinstance(v, (bytes, bytearray)) else str(v) if k in ("dec", "d", "ts") else v
            for k, v in row.items()
        }
        assert found == {
            "b": True, "i8": -1, "i16": -300, "i32": 70000, "i64": 2**40, "f32": 0.5, "f64": -1.25, "dec": "12.34",
            "s": "数港", "d": "2020-02-29", "ts": "2020-02-29 12:00:00.123456", "bin": b"\x00\xff",
        }, found  # fmt: skip


@check
def test_load_as_pandas_with_limit_0():
    loads("share1.default.table1", TABLE1.iloc[0:0], limit=0)


@check
def test_load_as_pandas_with_limit_1():
    loads("share1.default.table1", TABLE1.iloc[0:1], limit=1)


@check
def test_load_as_pandas_with_limit_3():
    loads("share1.default.table1", TABLE1, limit=3)


@check
def test_load_as_pandas_empty_table():
    loads("share8.default.empty", pd.DataFrame({"name": [], "age": [], "birthday": []}))


@check
def test_load_as_pandas_version():
    loads(CDF, FEED.iloc[:3][["name", "age", "birthday"]], ordered=False, version=1)
    expected = FEED.iloc[[0, 5]][["name", "age", "birthday"]]
    loads(CDF, expected, ordered=False, version=5)


@check
def test_load_as_pandas_timestamp():
    loads(CDF, FEED.iloc[:2][["name", "age", "birthday"]], ordered=False, timestamp="2022-04-29T22:50:56Z")


@check
def test_load_as_pandas_large_in_batches():
    for delta in (True, False):
        frame = delta_sharing.load_as_pandas(
            url("share8.default.12k_rows"), use_delta_format=delta, convert_in_batches=True
        )
        assert len(frame) == 12_000 and frame["n"].sum() == 12_000 * 11_999 // 2


PREDICATE = '{"op":"%s","children":[{"op":"column","name":"birthday","valueType":"date"},{"op":"literal","value":"%s","valueType":"date"}]}'
BORN = {"2020-02-02": ("2", 2, date(2020, 2, 2)), "2020-01-01": ("1", 1, date(2020, 1, 1))}


def predicates(hint, born):
    rows = [BORN[day] for day in born]
    expected = pd.DataFrame(rows, columns=["name", "age", "birthday"])
    loads(PARTED, expected, ordered=False, jsonPredicateHints=hint)


@check
def test_load_as_pandas_with_json_predicates_none():
    predicates(None, list(BORN))


@check
def test_load_as_pandas_with_json_predicates_equal():
    predicates(PREDICATE % ("equal", "2020-02-02"), ["2020-02-02"])


@check
def test_load_as_pandas_with_json_predicates_equal_other():
    predicates(PREDICATE % ("equal", "2020-01-01"), ["2020-01-01"])


@check
def test_load_as_pandas_with_json_predicates_nothing():
    predicates(PREDICATE % ("equal", "2022-02-02"), [])


@check
def test_load_as_pandas_with_json_predicates_greater():
    predicates(PREDICATE % ("greaterThan", "2019-01-01"), list(BORN))


@check
def test_load_as_pandas_exception():
    both = {"version": 1, "timestamp": "2022-04-29T22:50:56Z"}
    refused(lambda: delta_sharing.load_as_pandas(url(CDF), **both), "Please only provide one of")
    early = {"timestamp": "2000-01-01T00:00:00Z"}
    refused(lambda: delta_sharing.load_as_pandas(url(CDF), **early), "greater than or equal to")


@check
def test_load_table_changes():
    same(delta_sharing.load_table_changes_as_pandas(url(CDF), 0, 3), FEED, ordered=False)


@check
def test_load_table_changes_nothing():
    same(delta_sharing.load_table_changes_as_pandas(url(CDF), 5), FEED.iloc[0:0])


@check
def test_load_table_changes_exception():
    early = {"starting_timestamp": "2000-01-01T00:00:00Z"}
    refused(lambda: delta_sharing.load_table_changes_as_pandas(url(CDF), **early), "Please use a timestamp greater")
    late = {"starting_version": 0, "ending_timestamp": "2100-01-01T00:00:00Z"}
    refused(lambda: delta_sharing.load_table_changes_as_pandas(url(CDF), **late), "Please use a timestamp less")


@check
def test_load_table_changes_delta():
    frame = delta_sharing.load_table_changes_as_pandas(url(CDF), 0, 3, use_delta_format=True)
    frame["_commit_timestamp"] = frame["_commit_timestamp"].map(lambda t: int(pd.Timestamp(t).timestamp() * 1000))
    same(frame, FEED, ordered=False)


@check
def test_load_table_changes_delta_nothing():
    frame = delta_sharing.load_table_changes_as_pandas(url(CDF), 5, use_delta_format=True)
    assert list(frame.columns) == list(FEED.columns) and len(frame) == 0


@check
def test_load_table_changes_with_partition():
    for delta in (False, True):
        frame = delta_sharing.load_table_changes_as_pandas(url(PARTED), 1, 3, use_delta_format=delta)
        found = sorted((r["_commit_version"], r["_change_type"], r["name"], str(r["birthday"])) for r in plain(frame))
        assert found == [
            (1, "insert", "1", "2020-01-01"), (1, "insert", "2", "2020-01-01"), (1, "insert", "3", "2020-03-03"),
            (2, "update_postimage", "2", "2020-02-02"), (2, "update_preimage", "2", "2020-01-01"),
            (3, "delete", "3", "2020-03-03"),
        ], found  # fmt: skip


@check
def test_get_table_metadata_and_protocol():
    metadata = delta_sharing.get_table_metadata(url("share1.default.table1"))
    assert fields(metadata) == [("eventTime", "timestamp"), ("date", "date")]
    assert delta_sharing.get_table_protocol(url("share1.default.table1")).min_reader_version == 1


@check
def test_get_table_version():
    assert delta_sharing.get_table_version(url(CDF)) == 5
    assert delta_sharing.get_table_version(url(CDF), starting_timestamp="2020-01-01T00:00:00Z") == 0


for name, function in CHECKS.items():
    try:
        function()
        FOUND[name] = "ok"
    except Exception:
        FOUND[name] = traceback.format_exc()[-1500:]
print(json.dumps(FOUND), flush=True)
os._exit(0)

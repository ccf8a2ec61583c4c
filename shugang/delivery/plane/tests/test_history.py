"""Versions of a shared table: time travel and the change feed, each told from its governed view alone."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shugang.delivery.plane.tests.peer import grant, split, terms
from shugang.delivery.plane.tests.sharing_client import bearer, run
from shugang.delivery.plane.tests.tables import store
from shugang.policy.masks import keep_ends
from shugang.policy.sources import TableSource, TableVersion
from shugang.policy.terms import Mask, RowFilter

pytestmark = pytest.mark.system
TABLE = "/delta-sharing/shares/xiamen/schemas/health/tables/beds"
COLUMNS = [
    {"name": "id", "type": "long"},
    {"name": "city", "type": "string"},
    {"name": "tel", "type": "string"},
    {"name": "beds", "type": "integer"},
    {"name": "secret", "type": "string"},
]
FIRST = datetime(2026, 3, 1, tzinfo=UTC)
# id, city, tel, beds, secret; only the rows of 厦门 and the first four columns are granted, the telephone masked.
STATES: dict[int, list[tuple[Any, ...]]] = {
    2: [(1, "厦门", "05921234567", 10, "a"), (2, "福州", "05911111111", 5, "b"), (3, "厦门", "05927654321", 7, None)],
    # 2's hidden row and hidden columns change, nothing that is granted does; the mask hides the middle of a number
    3: [(1, "厦门", "05929999967", 10, "A"), (2, "福州", "05912222222", 6, "B"), (3, "厦门", "05927654321", 7, "c")],
    # one update, one row moves out of the grant, one comes in, one is there twice
    5: [
        (1, "厦门", "05929999967", 11, "A"),
        (3, "泉州", "05927654321", 7, "c"),
        (4, "厦门", None, 1, "d"),
        (4, "厦门", None, 1, "e"),
    ],
    6: [(4, "厦门", None, 1, "d")],
}
FIELDS = ("id", "city", "tel", "beds")


def moment(version: int) -> datetime:
    return FIRST + timedelta(days=version)


def source(vault: Path, **changes: Any) -> TableSource:
    states = []
    for version, rows in STATES.items():
        table = pa.table(
            [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), KINDS, strict=True)],
            names=[c["name"] for c in COLUMNS],
        )
        path, digest = store(vault, f"beds-{version}.parquet", table)
        states.append(TableVersion(version, path, digest, moment(version)))
    newest = states.pop()
    parts = {"at": newest.at, "versions": "all", "history": tuple(states)} | changes
    return TableSource(
        "xiamen", "health", "beds", "ds", newest.version, newest.path, newest.sha256, tuple(COLUMNS), **parts
    )


KINDS = (pa.int64(), pa.string(), pa.string(), pa.int32(), pa.string())


def granted(vault: Path, **changes: Any):
    policy = {
        "rows": (RowFilter("city", "eq", "厦门"),),
        "masks": (Mask("tel", "keep_ends", {"prefix": 4, "suffix": 2}),),
    }
    return grant("g1", "beds", source(vault, **changes), terms(FIELDS, **policy), ("t1",))


def governed(version: int) -> list[tuple[Any, ...]]:
    """The oracle: plain Python over the rows above."""
    return [
        (id, city, None if tel is None else keep_ends(tel, 4, 2), beds)
        for id, city, tel, beds, _ in STATES[version]
        if city == "厦门"
    ]


def feed(first: int, last: int) -> Counter[tuple[Any, ...]]:
    """(change, version, row) by multisets of consecutive governed states."""
    told: Counter[tuple[Any, ...]] = Counter()
    before: Counter[Any] = Counter()
    for version in STATES:
        now = Counter(governed(version))
        if first <= version <= last:
            told.update(("delete", version, *row) for row in (before - now).elements())
            told.update(("insert", version, *row) for row in (now - before).elements())
        before = now
    return told


def changes_of(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    return Counter((r["_change_type"], r["_commit_version"], *(r[name] for name in FIELDS)) for r in rows)


@pytest.mark.parametrize("use_delta", [True, False])
def test_the_official_client_travels_in_time_and_reads_changes(make_plane, vault, tmp_path, use_delta):
    plane = make_plane(granted(vault))
    out = run(
        tmp_path,
        bearer(plane),
        f"delta = {use_delta}; moments = {[moment(v).isoformat().replace('+00:00', 'Z') for v in (2, 4, 5)]}"
        """
url = profile + "#xiamen.health.beds"
load = lambda **k: rows(delta_sharing.load_as_pandas(url, use_delta_format=delta, **k))
feed = lambda **k: rows(delta_sharing.load_table_changes_as_pandas(url, use_delta_format=delta, **k))
out = {"versions": [load(version=v) for v in (2, 3, 5, 6)], "now": load(), "timed": [load(timestamp=t) for t in moments],
       "since": [delta_sharing.get_table_version(url, starting_timestamp=t) for t in moments],
       "whole": feed(starting_version=2), "some": feed(starting_version=3, ending_version=5),
       "none": feed(starting_version=3, ending_version=3), "timed_feed": feed(starting_timestamp=moments[1])}
""",
    )
    plain = lambda rows: Counter(tuple(row[name] for name in FIELDS) for row in rows)  # noqa: E731
    assert [plain(rows) for rows in out["versions"]] == [Counter(governed(v)) for v in STATES]
    assert plain(out["now"]) == Counter(governed(6))
    assert [plain(rows) for rows in out["timed"]] == [Counter(governed(v)) for v in (2, 3, 5)]
    assert out["since"] == [2, 5, 5]
    assert changes_of(out["whole"]) == feed(2, 6)
    assert changes_of(out["some"]) == feed(3, 5)
    assert out["none"] == []
    assert changes_of(out["timed_feed"]) == feed(5, 6)
    at = {row["_commit_version"]: row["_commit_timestamp"] for row in out["whole"]}
    if not use_delta:
        assert at == {v: int(moment(v).timestamp() * 1000) for v in (2, 5, 6)}
    told = json.dumps(out, ensure_ascii=False)
    assert "福州" not in told and "secret" not in told and "05929999967" not in told


def lines(reply) -> list[dict[str, Any]]:
    assert reply.status == 200, reply
    return [json.loads(line) for line in reply.body.splitlines()]


def test_what_is_hidden_changes_nothing_that_is_told(make_plane, vault):
    """Between versions 2 and 3 only hidden rows and columns, and the masked middle of a number, differ."""
    plane = make_plane(granted(vault))
    found = lines(plane.get(TABLE + "/changes?startingVersion=3&endingVersion=3", "t1"))
    assert [next(iter(line)) for line in found] == ["protocol", "metaData"]
    told = []
    for version in (2, 3):
        _, head, file = lines(plane.get(TABLE + "/query", "t1", "POST", json.dumps({"version": version}).encode()))
        metadata = head["metaData"]
        told.append(
            (metadata["size"], metadata["numFiles"], file["file"]["stats"], file["file"]["size"], metadata["id"])
        )
    assert told[0] == told[1]


def test_steps_between_versions_add_and_remove_files(make_plane, vault):
    plane = make_plane(granted(vault))
    found = lines(plane.get(TABLE + "/query", "t1", "POST", b'{"startingVersion": 3, "endingVersion": 5}'))
    actions = [(kind, line[kind]["version"]) for line in found[2:] for kind in line]
    assert actions == [("remove", 2), ("add", 3), ("remove", 3), ("add", 5)]
    delta = {"Delta_Sharing_Capabilities": "responseformat=delta"}
    found = lines(plane.get(TABLE + "/query", "t1", "POST", b'{"startingVersion": 2}', **delta))
    kinds = [next(iter(line["file"]["deltaSingleAction"])) for line in found[2:]]
    assert kinds == ["add", "remove", "add", "remove", "add", "remove", "add"]


def test_changes_are_metered_by_their_version_and_a_version_that_is_not_covered_is_gone(make_plane, vault, control):
    plane = make_plane(granted(vault))
    found = lines(plane.get(TABLE + "/changes?startingVersion=5&endingVersion=5", "t1"))
    (url,) = [split(line["cdf"]["url"]) for line in found if "cdf" in line]
    old = lines(plane.get(TABLE + "/query", "t1", "POST", b'{"version": 2}'))[2]["file"]["url"]
    assert plane.get(url).status == 200 and plane.get(split(old)).status == 200
    counted = [(r["version"], r["rows"]) for r in plane.shipped() if r["outcome"] == "delivered"]
    assert counted == [(5, sum(feed(5, 5).values())), (2, 2)]
    assert [r["outcome"] for r in plane.shipped() if r["outcome"] == "changes"] == ["changes"]
    for forged in (url.replace("/5/", "/6/"), url.replace("part-00000", "part-00001")):
        assert plane.get(forged).status == 401
    plane.at(control.set(granted(vault, versions="this", history=())))
    for path in (url, split(old)):
        assert (plane.get(path).status, plane.get(path).code) == (410, "version_gone")
    gone = plane.get(TABLE + "/query", "t1", "POST", b'{"version": 2}')
    assert (gone.status, gone.json["errorCode"]) == (410, "RESOURCE_DOES_NOT_EXIST")
    assert plane.get(TABLE + "/changes?startingVersion=5", "t1").status == 410


@pytest.mark.parametrize("hidden", [False, True])
def test_declared_keys_make_updates_of_deletes_and_inserts(make_plane, vault, tmp_path, hidden):
    """A key that is not granted as it is may not pair rows."""
    keys = ("tel",) if hidden else ("id",)
    plane = make_plane(granted(vault, key_columns=keys))
    code = """out = rows(delta_sharing.load_table_changes_as_pandas(profile + "#xiamen.health.beds", starting_version=5,
        ending_version=5))"""
    found = Counter((r["_change_type"], r["id"], r["beds"]) for r in run(tmp_path, bearer(plane), code))
    updated = ("delete", "insert") if hidden else ("update_preimage", "update_postimage")
    assert found == Counter({(updated[0], 1, 10): 1, (updated[1], 1, 11): 1, ("delete", 3, 7): 1, ("insert", 4, 1): 2})

"""Views in parts and partitions; hints and limits that leave parts out, by the numbers of the view alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shugang.delivery.plane.tests.peer import grant, split, terms
from shugang.delivery.plane.tests.sharing_client import bearer, run
from shugang.delivery.plane.tests.tables import store
from shugang.policy.sources import TableSource
from shugang.policy.terms import Mask, RowFilter

pytestmark = pytest.mark.system
TABLE = "/delta-sharing/shares/s/schemas/c/tables/t"
COLUMNS = [
    {"name": "n", "type": "long"},
    {"name": "city", "type": "string"},
    {"name": "day", "type": "date"},
    {"name": "tel", "type": "string"},
    {"name": "hidden", "type": "long"},
]
CITIES = ("厦门", "泉州", None, "福州")
ROWS = 10_000


def base(count: int = ROWS) -> pa.Table:
    import datetime as dt

    return pa.table(
        {
            "n": pa.array(range(count), pa.int64()),
            "city": [CITIES[i % 4] for i in range(count)],
            "day": [dt.date(2026, 1, 1) + dt.timedelta(days=i % 3) for i in range(count)],
            "tel": [f"059{i % 10}{2000000 + i}" for i in range(count)],
            "hidden": pa.array([-i for i in range(count)], pa.int64()),
        }
    )


def granted(vault: Path, partition: tuple[str, ...] = (), fields=("n", "city", "day", "tel"), **changes: Any):
    path, digest = store(vault, "t.parquet", base())
    source = TableSource("s", "c", "t", "ds", 1, path, digest, tuple(COLUMNS), partition=partition)
    policy = {"rows": (RowFilter("n", "lt", 9000),)} | changes
    return grant("g1", "t", source, terms(fields, **policy), ("t1",))


def ask(plane, **body: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    reply = plane.get(TABLE + "/query", "t1", "POST", json.dumps(body).encode())
    assert reply.status == 200, reply
    found = [json.loads(line) for line in reply.body.splitlines()]
    return found[1]["metaData"], [line["file"] for line in found[2:]]


def rows_of(files: list[dict[str, Any]]) -> list[int]:
    return [json.loads(file["stats"])["numRecords"] for file in files]


def test_large_views_come_in_parts_in_the_order_of_the_base_and_hints_leave_parts_out(make_plane, vault):
    plane = make_plane(granted(vault), part_rows=2048)
    head, files = ask(plane)
    stats = [json.loads(file["stats"]) for file in files]
    assert rows_of(files) == [2048, 2048, 2048, 2048, 808]
    assert [s["minValues"]["n"] for s in stats] == [0, 2048, 4096, 6144, 8192]
    assert (head["numFiles"], head["size"]) == (5, sum(file["size"] for file in files))
    assert all("hidden" not in file["stats"] for file in files)
    ids = [file["id"] for file in files]
    chosen = lambda **body: [ids.index(file["id"]) for file in ask(plane, **body)[1]]  # noqa: E731
    tree = {
        "op": "and",
        "children": [
            {
                "op": "lessThan",
                "children": [{"op": "literal", "value": "5000", "valueType": "long"}, {"op": "column", "name": "n"}],
            },
            {"op": "lessThan", "children": [{"op": "column", "name": "N"}, {"op": "literal", "value": "6144"}]},
        ],
    }
    assert chosen(jsonPredicateHints=json.dumps(tree)) == [2]
    assert chosen(predicateHints=["n >= 8000", "city = '厦门'"]) == [3, 4]
    assert chosen(predicateHints=["n > 20000"]) == []
    assert chosen(limitHint=2048) == [0] and chosen(limitHint=2049) == [0, 1] and chosen(limitHint=0) == []
    # What is hidden, unknown or odd prunes nothing, and a limit beside a condition neither.
    for odd in ("hidden > 5", "nothing = 1", "n >", "n + 1 > 1e9"):
        assert chosen(predicateHints=[odd]) == [0, 1, 2, 3, 4]
    assert chosen(jsonPredicateHints="{", limitHint=1) == [0, 1, 2, 3, 4]
    assert chosen(predicateHints=["n >= 0"], limitHint=1) == [0, 1, 2, 3, 4]
    # Each part is metered by itself.
    assert plane.get(split(files[4]["url"])).status == 200
    assert [r["rows"] for r in plane.shipped() if r["outcome"] == "delivered"] == [808]


@pytest.mark.parametrize("use_delta", [True, False])
def test_partitions_are_read_whole_and_pruned_by_their_values(make_plane, vault, tmp_path, use_delta):
    plane = make_plane(granted(vault, ("city", "day")))
    head, files = ask(plane)
    assert head["partitionColumns"] == ["city", "day"] and len(files) == 12
    assert sum(rows_of(files)) == 9000
    assert {"city": None, "day": "2026-01-01"} in [file["partitionValues"] for file in files]
    assert all(set(json.loads(file["stats"])["minValues"]) == {"n", "tel"} for file in files)
    some = ask(plane, predicateHints=["city = '厦门'", "day = '2026-01-02'"])[1]
    assert [file["partitionValues"] for file in some] == [{"city": "厦门", "day": "2026-01-02"}]
    assert {file["partitionValues"]["day"] for file in ask(plane, predicateHints=["city IS NULL"])[1]} == {
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
    }
    code = f"""
frame = delta_sharing.load_as_pandas(profile + "#s.c.t", use_delta_format={use_delta})
out = [list(frame.columns), sorted(map(list, ((r["n"], r["city"], r["day"], r["tel"]) for r in rows(frame))))]"""
    columns, found = run(tmp_path, bearer(plane), code)
    assert columns == ["n", "city", "day", "tel"]
    oracle = [[r["n"], r["city"], str(r["day"]), r["tel"]] for r in base().to_pylist() if r["n"] < 9000]
    assert found == oracle


def test_a_hidden_or_masked_column_never_partitions(make_plane, vault):
    masked = granted(vault, ("hidden", "tel", "city"), masks=(Mask("tel", "keep_ends", {"prefix": 3, "suffix": 0}),))
    plane = make_plane(masked)
    head, files = ask(plane)
    assert head["partitionColumns"] == ["city"] and len(files) == 4

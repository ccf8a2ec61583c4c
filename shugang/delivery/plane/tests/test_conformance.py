"""The official client's integration cases against our plane, over rebuilt tables in which something is hidden: each has
a hidden column and hidden rows beside what the cases expect, so that every equality is also a proof of what is held
back. Once with a bearer token, once with OAuth client credentials."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.sharing_client import CLIENT, bearer
from shugang.delivery.plane.tests.tables import store
from shugang.policy.sources import TableSource, TableVersion
from shugang.policy.terms import RowFilter

pytestmark = pytest.mark.system
HERE = Path(__file__).parent
DAY = dt.date(2021, 4, 28)
SHOWN, HIDDEN = "shown", "hidden"
PERSONS = {"name": ("string", pa.string()), "age": ("integer", pa.int32()), "birthday": ("date", pa.date32())}
EVENTS = {"eventTime": ("timestamp", pa.timestamp("us")), "date": ("date", pa.date32())}


def event(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2021-04-28T{text}")


def person(name: str, born: str) -> tuple[str, int, dt.date]:
    return name, int(name), dt.date.fromisoformat(born)


CDF = [
    (0, 1651272616000, []),
    (1, 1651272635000, [person(n, "2020-01-01") for n in "123"]),
    (2, 1651272655000, [person(n, "2020-01-01") for n in "12"]),
    (3, 1651272660000, [person("1", "2020-01-01"), person("2", "2020-02-02")]),
    (4, 1651272670000, [person("1", "2020-01-01"), person("2", "2020-02-02")]),
    (5, 1651272680000, [person("1", "2020-01-01"), person("2", "2020-02-02")]),
]
PARTED = [
    (1, 1651614980000, [person("1", "2020-01-01"), person("2", "2020-01-01"), person("3", "2020-03-03")]),
    (2, 1651614986000, [person("1", "2020-01-01"), person("2", "2020-02-02"), person("3", "2020-03-03")]),
    (3, 1651614994000, [person("1", "2020-01-01"), person("2", "2020-02-02")]),
]
ALL_TYPES = {
    "b": ("boolean", pa.bool_()),
    "i8": ("byte", pa.int8()),
    "i16": ("short", pa.int16()),
    "i32": ("integer", pa.int32()),
    "i64": ("long", pa.int64()),
    "f32": ("float", pa.float32()),
    "f64": ("double", pa.float64()),
    "dec": ("decimal(10,2)", pa.decimal128(10, 2)),
    "s": ("string", pa.string()),
    "d": ("date", pa.date32()),
    "ts": ("timestamp", pa.timestamp("us")),
    "bin": ("binary", pa.binary()),
}
ONE_OF_EACH = (
    True, -1, -300, 70000, 2**40, 0.5, -1.25, Decimal("12.34"), "数港", dt.date(2020, 2, 29),
    dt.datetime(2020, 2, 29, 12, 0, 0, 123456), b"\x00\xff",
)  # fmt: skip


def table(vault: Path, place: str, columns: dict[str, Any], states: list[Any], **options: Any) -> Any:
    """A grant on a table whose base has two columns more and, for each row, one more that is not granted."""
    share, schema, name = place.split(".")
    found = []
    for version, at, rows in states:
        doubled = [(*row, mark, version) for row in rows for mark in (SHOWN, HIDDEN)]
        kinds = [*(kind for _, kind in columns.values()), pa.string(), pa.int64()]
        names = [*columns, "shown", "secret"]
        by_column = list(zip(*doubled, strict=True)) if doubled else [()] * len(names)
        arrays = [pa.array(list(c), k) for c, k in zip(by_column, kinds, strict=True)]
        path, digest = store(vault, f"{name}-{version}.parquet", pa.table(arrays, names=names))
        found.append(TableVersion(version, path, digest, datetime.fromtimestamp(at / 1000, UTC)))
    newest = found.pop()
    declared = [{"name": n, "type": kind} for n, (kind, _) in columns.items()]
    declared += [{"name": "shown", "type": "string"}, {"name": "secret", "type": "long"}]
    source = TableSource(
        share, schema, name, place, newest.version, newest.path, newest.sha256, tuple(declared), newest.at,
        "all", tuple(found), **options,
    )  # fmt: skip
    policy = terms(tuple(columns), rows=(RowFilter("shown", "eq", SHOWN),))
    return grant(f"g-{name}", name, source, policy, ("t1", "o1"))


def fixtures(vault: Path) -> list[Any]:
    once = lambda rows: [(2, 1651272635000, rows)]  # noqa: E731
    typed = EVENTS | {"type": ("string", pa.string())}
    events3 = [("23:36:51.945", "bar"), ("23:36:47.599", "foo"), ("23:35:53.156", None)]
    table2 = once([(event(t), DAY) for t in ("23:33:57.955", "23:33:48.719")])
    integers = {"col2": ("integer", pa.int32()), "type": ("string", pa.string())}
    return [
        table(vault, "share1.default.table1", EVENTS, once([(event(t), DAY) for t in ("06:32:22.421", "06:32:02.070")])),
        table(vault, "share1.default.table3", typed, once([(event(t), DAY, k) for t, k in events3]), partition=("date",)),
        table(vault, "share2.default.table2", EVENTS, table2, partition=("date",)),
        table(vault, "share3.default.table4", EVENTS, table2),
        table(vault, "share7.schema1.table8", integers, once([(2, "bar")]), partition=("col2",)),
        table(vault, "share7.schema2.table9", ALL_TYPES, once([ONE_OF_EACH])),
        table(vault, "share8.default.12k_rows", {"n": ("long", pa.int64())}, once([(i,) for i in range(12_000)])),
        table(vault, "share8.default.cdf_table_cdf_enabled", PERSONS, CDF, key_columns=("name",)),
        table(
            vault, "share8.default.cdf_table_with_partition", PERSONS, PARTED, key_columns=("name",),
            partition=("birthday",),
        ),
        table(vault, "share8.default.empty", PERSONS, once([]), partition=("birthday",)),
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["bearer", "oauth"])
def test_the_integration_cases_of_the_official_client(make_plane, vault, tmp_path, how):
    if not CLIENT.exists():
        pytest.skip("the official client's environment is not installed")
    from dataclasses import replace

    from shugang.delivery.plane.tests.peer import credential

    oauth = credential("o1", "oauth")
    grants = [replace(g, credentials=(credential("t1", "bearer"), oauth)) for g in fixtures(vault)]
    plane = make_plane(*grants, part_rows=5000)
    profile = bearer(plane)
    if how == "oauth":
        profile = {
            "shareCredentialsVersion": 2,
            "type": "oauth_client_credentials",
            "endpoint": f"{plane.url}/delta-sharing",
            "tokenEndpoint": f"{plane.url}/oauth2/token",
            "clientId": oauth.id,
            "clientSecret": "o1",
        }
    path = tmp_path / "profile.share"
    path.write_text(json.dumps(profile))
    done = subprocess.run(
        [CLIENT, HERE / "conformance_checks.py", path], capture_output=True, text=True, timeout=600, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    wrong = {name: what for name, what in found.items() if what != "ok"}
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert len(found) == 50
    assert {record["credential"] for record in plane.shipped()} == {"cred-t1" if how == "bearer" else "cred-o1"}

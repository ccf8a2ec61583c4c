"""Small real Parquet files for the tests, and sources that name them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shugang.policy.sources import ApiSource, FileSource, TableSource

SEGMENT_COLUMNS = [{"name": n, "type": "string"} for n in ("prefix7", "province", "city", "carrier")]
CONTACT_COLUMNS = [
    {"name": "id", "type": "long"},
    {"name": "province", "type": "string"},
    {"name": "city", "type": "string"},
    {"name": "name", "type": "string"},
    {"name": "tel", "type": "string", "comment": "联系电话"},
    {"name": "beds", "type": "integer"},
    {"name": "rate", "type": "double"},
    {"name": "opened", "type": "date"},
    {"name": "seen", "type": "timestamp"},
    {"name": "secret", "type": "string"},
]
CITIES = ("厦门市", "福州市", "泉州市", "漳州市")


def segments(count: int) -> pa.Table:
    keys = [f"{1300000 + i}" for i in range(count)]
    return pa.table(
        {
            "prefix7": keys,
            "province": ["福建"] * count,
            "city": [CITIES[i % 4] for i in range(count)],
            "carrier": [("移动", "联通", "电信")[i % 3] for i in range(count)],
        }
    )


def contacts(count: int) -> pa.Table:
    import datetime as dt

    return pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "province": ["福建省"] * count,
            "city": [CITIES[i % 4] for i in range(count)],
            "name": [f"医院{i}" if i % 7 else None for i in range(count)],
            "tel": [f"059{i % 10}{2000000 + i}" for i in range(count)],
            "beds": pa.array([i % 900 for i in range(count)], pa.int32()),
            "rate": [i / 3 for i in range(count)],
            "opened": [dt.date(2000, 1, 1) + dt.timedelta(days=i) for i in range(count)],
            "seen": pa.array(
                [dt.datetime(2026, 1, 1) + dt.timedelta(seconds=i) for i in range(count)], pa.timestamp("us")
            ),
            "secret": [f"机密{i}" for i in range(count)],
        }
    )


def store(vault: Path, name: str, table: pa.Table) -> tuple[str, str]:
    """(path relative to the vault, sha256)."""
    vault.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, vault / name)
    return name, hashlib.sha256((vault / name).read_bytes()).hexdigest()


def api_source(vault: Path, count: int = 1000, name: str = "segments.parquet", version: int = 1) -> ApiSource:
    path, digest = store(vault, name, segments(count))
    return ApiSource("ds-segments", version, path, digest, "prefix7", SEGMENT_COLUMNS)


def table_source(vault: Path, count: int = 200, name: str = "contacts.parquet", version: int = 3) -> TableSource:
    path, digest = store(vault, name, contacts(count))
    return TableSource("xiamen", "health", "Contacts", "ds-contacts", version, path, digest, CONTACT_COLUMNS)


def file_source(vault: Path, count: int = 200, name: str = "contacts.parquet", version: int = 3) -> FileSource:
    path, digest = store(vault, name, contacts(count))
    return FileSource("厦门 医院", "ds-contacts", version, path, digest, CONTACT_COLUMNS)

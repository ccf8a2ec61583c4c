"""Given files in a folder or a store, when a buyer asks the supplier's query, then its tables are those files alone."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.connectors import Setting, SourceFailed, open_connector
from shugang.delivery.plane.templates import prepare
from shugang.delivery.plane.tests.peer import grant, terms
from shugang.delivery.plane.tests.store import ACCESS, BUCKET, SECRET, Store
from shugang.delivery.plane.tests.test_query import FIELDS, PATH, ROWS, source

pytestmark = pytest.mark.system
NAMES = ("symbol", "name", "city", "listed", "capital", "staff", "phone")
TEMPLATE = """
SELECT symbol, name, city, CAST(listed AS DATE) AS listed, CAST(capital AS DECIMAL(12,2)) AS capital,
  CAST(staff AS BIGINT) AS staff, phone FROM company -- ':note' is no parameter
WHERE city = :city AND CAST(staff AS BIGINT) >= :least AND name <> ':x 100%' ORDER BY symbol
"""


def as_csv(encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([NAMES, *ROWS])
    return text.getvalue().encode(encoding)


def as_lines() -> bytes:
    return b"\n".join(json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=False).encode() for row in ROWS)


def as_parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(
        pa.table({name: [str(r[i]) if r[i] is not None else None for r in ROWS] for i, name in enumerate(NAMES)}), out
    )
    return out.getvalue()


def as_xlsx() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.active.append(NAMES)
    for row in ROWS:
        book.active.append(row)
    for cell in book.active["B"]:
        cell.data_type = "s"  # a name that begins with = is no formula
    book.save(out)
    return out.getvalue()


FORMS = {
    "utf8.csv": as_csv("utf-8"),
    "bom.csv": as_csv("utf-8-sig"),
    "gb.csv": as_csv("gb18030"),
    "x.jsonl": as_lines(),
    "x.ndjson": as_lines(),
    "x.json": b"[" + as_lines().replace(b"\n", b",") + b"]",
    "x.parquet": as_parquet(),
    "x.xlsx": as_xlsx(),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[Store]:
    made = Store(tmp_path_factory.mktemp("s3"))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lake").mkdir()
    for name, data in FORMS.items():
        (tmp_path / "lake" / name).write_bytes(data)
    return tmp_path / "lake"


def config(tmp_path: Path, **more) -> PlaneConfig:
    (tmp_path / "data").mkdir(exist_ok=True)
    parts = {"plane_id": "p", "control_url": "http://c", "data_dir": tmp_path / "data", "private_key_file": tmp_path}
    return PlaneConfig(**parts, platform_key="x", role="edge", **more)


def connector(tmp_path: Path, tables: dict[str, str], **more):
    return open_connector("lake", Setting(f"folder:///{tmp_path / 'lake'}", tables), config(tmp_path, **more))


def ask(made, sql: str, cap: int = 100, seconds: float = 30, **values):
    return made.fetch(prepare(sql, "duckdb", frozenset(values)).sql, values, cap, seconds)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_rows(tmp_path, folder, name):
    made = connector(tmp_path, {"company": name})
    names, rows = ask(made, TEMPLATE, city="Xiamen", least=0)
    assert tuple(names) == NAMES
    assert [(r[0], r[1], r[3], str(r[4]), r[5], r[6]) for r in rows] == [
        ("300001", "-负号", None, "None", 10, None),
        ("600057", "=厦门象屿", dt.date(1997, 6, 4), "22.50", 3000, "05921234567"),
        ("600153", "建发股份", dt.date(1998, 6, 16), "30.25", 9000, "05927654321"),
    ]
    assert list((tmp_path / "data/reading-0").iterdir()) == []


def test_a_buyer_asks_and_nothing_is_kept(make_plane, tmp_path, folder):
    plane = make_plane(
        grant("g1", "companies", source(TEMPLATE), terms(FIELDS, ("query",)), ("k1",)),
        role="edge",
        connector_own=f"folder:///{folder}",
        tables_own=json.dumps({"company": "gb.csv"}),
    )
    rows = plane.get(PATH, "k1").json["data"]
    assert [(row["symbol"], row["capital"], row["listed"]) for row in rows][1] == ("600057", "22.50", "1997-06-04")
    hostile = "Xiamen'%20OR%20'1'='1"
    assert plane.get(f"/query/v1/companies?city={hostile}&least=0", "k1").json["outcome"] == "not_found"
    (folder / "gb.csv").unlink()
    reply = plane.get(PATH, "k1")
    assert (reply.status, reply.code) == (502, "source_unavailable")
    assert [(r["state"], r["charged"]) for r in plane.shipped()] == [
        ("answered", True), ("answered", False), ("void", False),
    ]  # fmt: skip
    plane.stop()
    for file in (plane.folder / "data").rglob("*"):
        if file.is_file():
            assert "象屿".encode() not in file.read_bytes(), file


def test_objects_of_a_store_are_tables_too(make_plane, store):
    for name in ("gb.csv", "utf8.csv"):
        store.put(f"lake/2026/{name}", FORMS[name])
    store.put("lake/2026/deeper/no.csv", b"not,this\n1,2\n")
    plane = make_plane(
        grant("g1", "companies", source(TEMPLATE), terms(FIELDS, ("query",)), ("k1",)),
        role="edge",
        connector_own=f"s3+http://{ACCESS}:{quote(SECRET, safe='')}@127.0.0.1:{store.port}/{BUCKET}/lake?region=us-east-1",
        tables_own=json.dumps({"company": "2026/*.csv"}),
        allow=f"127.0.0.1:{store.port}",
    )
    rows = plane.get(PATH, "k1").json["data"]
    assert [row["symbol"] for row in rows] == ["300001", "300001", "600057", "600057", "600153", "600153"]


def test_several_files_are_one_table_and_two_tables_join(tmp_path, folder):
    made = connector(tmp_path, {"company": "*.csv", "Book": "x.xlsx"})
    assert ask(made, "SELECT count(*) AS n FROM company")[1] == [(12,)]
    sql = "SELECT count(*) AS n FROM company c JOIN book b ON b.symbol = c.symbol WHERE c.city = :city"
    assert ask(made, sql, city="Xiamen")[1] == [(9,)]


def test_codes_of_a_csv_file_keep_their_zeros(tmp_path, folder):
    assert ask(connector(tmp_path, {"company": "utf8.csv"}), "SELECT phone FROM company LIMIT 1")[1] == [
        ("05921234567",)
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bad.csv", b"\xff\xff\xfe\x00broken"),
        ("bad.parquet", b"PAR1 no PAR1"),
        ("bad.xlsx", b"PK\x03\x04 no"),
        ("bad.json", b"{'a': 1"),
        ("bad.txt", b"a,b\n1,2\n"),
    ],
)
def test_a_file_that_lies_is_unavailable_and_its_words_are_not_told(tmp_path, folder, name, data):
    (folder / name).write_bytes(data)
    with pytest.raises(SourceFailed) as caught:
        ask(connector(tmp_path, {"company": name}), "SELECT * FROM company")
    assert caught.value.code == "source_unavailable" and "broken" not in str(caught.value)


def test_a_value_that_cannot_be_cast_is_not_told(tmp_path, folder):
    with pytest.raises(SourceFailed) as caught:
        ask(connector(tmp_path, {"company": "utf8.csv"}), "SELECT CAST(name AS BIGINT) AS n FROM company")
    assert caught.value.code == "source_unavailable" and "象屿" not in str(caught.value)


def test_files_beyond_the_limits_are_not_read(tmp_path, folder):
    with pytest.raises(SourceFailed, match="max_source"):
        ask(connector(tmp_path, {"company": "utf8.csv"}, max_source=50), "SELECT * FROM company")
    with pytest.raises(SourceFailed) as caught:
        endless = "SELECT sum(a.range * b.range) AS n FROM company, range(100000000) a, range(100000000) b"
        ask(connector(tmp_path, {"company": "utf8.csv"}), endless, seconds=2)
    assert caught.value.code == "source_timeout"
    assert len(ask(connector(tmp_path, {"company": "utf8.csv"}), "SELECT r.range FROM range(100000) r", cap=5)[1]) == 6


def test_a_link_out_of_the_folder_and_a_special_file_are_refused(tmp_path, folder):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    (folder / "link.csv").symlink_to(secret)
    os.mkfifo(folder / "pipe.csv")
    for name in ("link.csv", "pipe.csv"):
        with pytest.raises(SourceFailed) as caught:
            ask(connector(tmp_path, {"company": name}), "SELECT * FROM company", seconds=5)
        assert caught.value.code == "source_unavailable"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('0000.csv')",
    ],
)
def test_the_reading_child_itself_reaches_no_other_file(tmp_path, folder, sql):
    """Past our reading of the text, which refuses these too."""
    made = connector(tmp_path, {"company": "utf8.csv"})
    try:
        _, rows = made.fetch(sql, {}, 10, 20)
    except SourceFailed:
        return
    assert "root:" not in str(rows) and str(tmp_path) not in str(rows)


@pytest.mark.parametrize(
    "tables", [{}, {"a": "../x.csv"}, {"a": "/etc/x.csv"}, {"a": "x/**/y.csv"}, {'a"b': "x.csv"}, {"a": ""}]
)
def test_a_table_that_is_not_below_the_root_stops_the_start(tmp_path, tables):
    with pytest.raises(ConfigError, match="lake"):
        connector(tmp_path, tables)


@pytest.mark.parametrize(
    "url",
    [
        "s3+https://AK:very-secret@s3.example/b",
        "s3+http://AK:very-secret@169.254.169.254/b",
        "s3+https://AK:very-secret@s3.example/B!/p",
    ],
)
def test_a_store_that_is_not_allowed_stops_the_start_without_its_secret(tmp_path, url):
    with pytest.raises(ConfigError) as caught:
        open_connector("lake", Setting(url, {"a": "x.csv"}), config(tmp_path))
    assert "very-secret" not in str(caught.value)

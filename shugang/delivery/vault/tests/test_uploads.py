"""Given a file of any kind, when a supplier uploads it, then it becomes a version exactly or nothing remains."""

import datetime as dt
import gzip
import hashlib
import io
import os
import stat
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shugang.delivery.datasets.models import DatasetVersion
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.testing import make_actor, make_party, make_supplier
from shugang.delivery.vault import work as working
from shugang.delivery.vault.receiving import vault_root
from shugang.delivery.vault.services import upload_version
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event

pytestmark = pytest.mark.django_db
CODES = "区号,号段,城市,床位,比率,开业,金额\n0592,1300000,厦门,12,0.5,2020-01-31,12.50\n0591,1300001,福州,3,1.25,2021-02-01,3.00\n"


@pytest.fixture
def actor():
    return make_supplier()[1]


@pytest.fixture
def dataset(actor):
    return create_dataset(actor, name="示例")


def files():
    return sorted(str(p.relative_to(vault_root())) for p in vault_root().rglob("*") if p.is_file())


def upload(actor, dataset, content, name="a.csv", **facts):
    data = content.encode() if isinstance(content, str) else content
    return upload_version(actor, dataset.number, io.BytesIO(data), name, **facts)


def types(version):
    return {c.name: c.type for c in version.columns.order_by("position")}


def table(version):
    return pq.read_table(vault_root() / version.path).to_pydict()


@pytest.mark.both
def test_a_csv_becomes_a_read_only_parquet_file_named_by_its_digest(actor, dataset):
    version = upload(actor, dataset, CODES, comments={"区号": "长途区号"}, personal=["号段"])
    place = vault_root() / version.path
    assert files() == [f"{dataset.number}/1/data.parquet"]
    assert stat.S_IMODE(place.stat().st_mode) == 0o400
    assert version.sha256 == hashlib.sha256(place.read_bytes()).hexdigest()
    assert version.source_sha256 == hashlib.sha256(CODES.encode()).hexdigest()
    assert (version.rows, version.bytes) == (2, place.stat().st_size)
    first = version.columns.order_by("position").first()
    assert (first.comment, first.personal) == ("长途区号", False)
    assert version.columns.get(name="号段").personal
    assert Event.objects.filter(kind="dataset.version_added").count() == 1


def test_codes_keep_their_zeros_and_numbers_become_numbers(actor, dataset):
    version = upload(actor, dataset, CODES)
    assert types(version) == {
        "区号": "VARCHAR", "号段": "VARCHAR", "城市": "VARCHAR", "床位": "BIGINT", "比率": "DOUBLE", "开业": "DATE",
        "金额": "DECIMAL(18,2)",
    }  # fmt: skip
    found = table(version)
    assert found["区号"] == ["0592", "0591"] and found["号段"] == ["1300000", "1300001"]
    assert found["床位"] == [12, 3] and found["开业"][0] == dt.date(2020, 1, 31)


def test_general_sniffers_would_have_lost_the_codes(tmp_path):
    """Why the vault guesses types itself."""
    import duckdb
    import pyarrow.csv as pacsv

    path = tmp_path / "codes.csv"
    path.write_text(CODES)
    assert pacsv.read_csv(path)["区号"][0].as_py() == 592
    assert duckdb.sql(f"SELECT 号段 FROM read_csv('{path}')").fetchall()[0][0] == 1300000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_utf8_and_gb18030_are_read(actor, dataset, encoding):
    version = upload(actor, dataset, "城市,简介\n厦门,“鹭岛”，别称\n".encode(encoding))
    assert table(version) == {"城市": ["厦门"], "简介": ["“鹭岛”，别称"]}


def test_gzip_and_tabs_and_quoted_line_breaks_are_read(actor, dataset):
    version = upload(actor, dataset, gzip.compress(b'a\tb\n"x\ny"\t1,2\n'), "a.csv.gz")
    assert table(version) == {"a": ["x\ny"], "b": ["1,2"]}


def test_the_same_content_gives_the_same_bytes_and_is_not_stored_twice(actor, dataset):
    first = upload(actor, dataset, CODES)
    with pytest.raises(Refusal, match="unchanged"):
        upload(actor, dataset, CODES, "again.csv")
    other = create_dataset(actor, name="另一个")
    assert upload(actor, other, CODES).sha256 == first.sha256
    assert upload(actor, dataset, CODES + "0595,1300002,泉州,4,2.5,2022-01-01,1.00\n").version == 2


def test_rows_keep_the_order_of_the_source(actor, dataset):
    rows = [f"k{i * 7919 % 120000}" for i in range(120_000)]
    version = upload(actor, dataset, "k,v\n" + "".join(f"{k},{i}\n" for i, k in enumerate(rows)))
    assert table(version)["k"] == rows and version.rows == 120_000


def test_a_declared_type_goes_before_the_guess_and_is_checked_row_by_row(actor, dataset):
    assert types(upload(actor, dataset, "a,b\n1,2\n", types={"a": "VARCHAR"})) == {"a": "VARCHAR", "b": "BIGINT"}
    with pytest.raises(Refusal) as caught:
        upload(actor, dataset, "a,b\n1,2\nx,3\n", types={"a": "BIGINT"})
    assert "第3行" in caught.value.message.zh


def test_parquet_is_stored_again_without_its_metadata(actor, dataset):
    source = pa.table({
        "id": pa.array([1, 2], pa.int32()), "name": pa.array(["甲", None]).dictionary_encode(),
        "at": pa.array([dt.datetime(2026, 1, 1)] * 2, pa.timestamp("ms")),
        "x": pa.array([1.5, None], pa.float32()),
    }, metadata={"secret": "path"})  # fmt: skip
    out = io.BytesIO()
    pq.write_table(source, out)
    version = upload(actor, dataset, out.getvalue(), "a.parquet")
    assert types(version) == {"id": "INTEGER", "name": "VARCHAR", "at": "TIMESTAMP", "x": "FLOAT"}
    assert b"secret" not in (vault_root() / version.path).read_bytes()
    assert table(version)["name"] == ["甲", None]


def _zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return out.getvalue()


def _parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


BAD = {
    "empty": (b"", "a.csv", "empty_file", ""),
    "ending": (b"a,b\n1,2\n", "a.txt", "wrong_file_type", ""),
    "xlsx": (_zip(), "a.csv", "wrong_file_type", "Excel"),
    "exe": (b"MZ\x90\x00" + b"\x00" * 100, "a.csv", "wrong_file_type", "程序"),
    "elf": (b"\x7fELF" + b"\x00" * 100, "a.csv", "wrong_file_type", "程序"),
    "pdf": (b"%PDF-1.7\n", "a.csv", "wrong_file_type", "PDF"),
    "old excel": (b"\xd0\xcf\x11\xe0\xa1\xb1", "a.csv", "wrong_file_type", "旧版"),
    "html": (b"<!DOCTYPE html><p>", "a.csv", "wrong_file_type", "网页"),
    "gz as csv": (gzip.compress(b"a,b\n1,2\n"), "a.csv", "wrong_file_type", ""),
    "csv as gz": (b"a,b\n1,2\n", "a.csv.gz", "wrong_file_type", ""),
    "csv as parquet": (b"a,b\n1,2\n", "a.parquet", "wrong_file_type", ""),
    "parquet as csv": (_parquet(a=[1]), "a.csv", "wrong_file_type", ""),
    "xlsx in gz": (gzip.compress(_zip()), "a.csv.gz", "wrong_file_type", "Excel"),
    "cut gz": (gzip.compress(CODES.encode())[:-9], "a.csv.gz", "broken_file", "损坏"),
    "spoilt gz": (gzip.compress(b"a,b\n" * 99)[:12] + b"\xff" * 30, "a.csv.gz", "broken_file", "损坏"),
    "empty gz": (gzip.compress(b""), "a.csv.gz", "empty_file", ""),
    "utf-16 without its mark": ("a,b\n1,2\n".encode("utf-16-le"), "a.csv", "bad_encoding", "UTF-16"),
    "no encoding": (b"a,b\n\xff\xff,1\n", "a.csv", "bad_encoding", "第2行"),
    "nul": (b"a,b\n1,2\n\x00,1\n", "a.csv", "bad_encoding", "第3行"),
    "ragged short": ("a,b\n1,2\n3\n4,5\n", "a.csv", "broken_csv", "第3行"),
    "ragged long": ("a,b\n1,2\n3,4,5\n", "a.csv", "broken_csv", "第3行"),
    "ragged after break": ('a,b\n"x\ny",2\n3\n', "a.csv", "broken_csv", "第4行"),
    "open quote": ('a,b\n1,2\n"3,4\n5,6\n', "a.csv", "broken_csv", "第3行"),
    "odd quote": ('a,b\n1,2\n"3"x,4\n', "a.csv", "broken_csv", "第3行"),
    "endless cell": ('a,b\n1,2\n"' + "x" * 200_000 + '",1\n', "a.csv", "broken_csv", "第3行"),
    "header only": ("a,b\n", "a.csv", "no_rows", ""),
    "blank": ("\n\n", "a.csv", "bad_columns", ""),
    "same names": ("a,b,A\n1,2,3\n", "a.csv", "bad_columns", "重复"),
    "no name": ("a,,c\n1,2,3\n", "a.csv", "bad_columns", "第2列"),
    "long name": ("a" * 200 + ",b\n1,2\n", "a.csv", "bad_columns", ""),
    "many columns": (
        ",".join(f"c{i}" for i in range(600)) + "\n" + ",".join("1" * 600) + "\n",
        "a.csv",
        "bad_columns",
        "",
    ),
    "spoilt parquet": (b"PAR1" + b"\x00" * 50 + b"PAR1", "a.parquet", "broken_file", "损坏"),
    "cut parquet": (_parquet(a=list(range(1000)))[:-20], "a.parquet", "broken_file", "损坏"),
    "nested parquet": (_parquet(a=[[1], [2]]), "a.parquet", "wrong_file_type", "“a”"),
    "binary parquet": (_parquet(a=[b"x"]), "a.parquet", "wrong_file_type", "“a”"),
    "empty parquet": (_parquet(a=pa.array([], pa.int64())), "a.parquet", "no_rows", ""),
}


def tried(folder, monkeypatch, content, name, **job):
    """What the child makes of a file, in this process: (its word, what lies in its folder)."""
    monkeypatch.chdir(folder)
    (folder / "upload").write_bytes(content.encode() if isinstance(content, str) else content)
    given = {
        "name": name,
        "types": {},
        "keys": [],
        "earlier": None,
        "sha256": "",
        "limit": 64 << 20,
        "memory_mb": 256,
        **job,
    }
    return working.outcome(given, working.Reporter(len(content)))


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_words(tmp_path, monkeypatch, case):
    content, name, code, word = BAD[case]
    said = tried(tmp_path, monkeypatch, content, name)["refused"]
    assert said["code"] == code and word in said["message"][0], said
    assert len(said["message"]) == 2 and said["status"] == 422


@pytest.mark.parametrize("case", ["empty", "ending", "exe", "cut gz", "ragged long", "spoilt parquet"])
def test_a_refused_file_leaves_nothing(actor, dataset, case):
    content, name, code, _ = BAD[case]
    before = Event.objects.count()
    with pytest.raises(Refusal) as caught:
        upload(actor, dataset, content, name)
    assert caught.value.code == code
    assert files() == [] and not DatasetVersion.objects.exists() and Event.objects.count() == before
    assert not any((vault_root() / ".incoming").iterdir())


def test_a_file_over_the_limit_is_refused_while_it_arrives(actor, dataset, settings):
    settings.SHUGANG_UPLOAD_MAX_BYTES = 3 << 20

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"a" * size

    stream = Endless()
    with pytest.raises(Refusal) as caught:
        upload_version(actor, dataset.number, stream, "a.csv")
    assert caught.value.status == 413 and stream.given <= 4 << 20 and files() == []


def test_a_bomb_is_refused_before_it_fills_the_disk(actor, dataset, settings):
    settings.SHUGANG_UPLOAD_MAX_BYTES = 1 << 20
    bomb = gzip.compress(b"a,b\n" + b"0,0\n" * (8 << 20), 9)
    assert len(bomb) < 1 << 20
    with pytest.raises(Refusal) as caught:
        upload(actor, dataset, bomb, "a.csv.gz")
    assert caught.value.code == "file_too_large" and files() == []


@pytest.mark.parametrize("who", ["buyer", "analyst", "other"])
def test_others_may_not_upload(dataset, who):
    actor = {
        "buyer": lambda: make_actor(make_party("buyer"), ("handler",)),
        "analyst": lambda: make_actor(dataset.party, ("analyst",)),
        "other": lambda: make_supplier()[1],
    }[who]()
    with pytest.raises(Refusal) as caught:
        upload(actor, dataset, CODES)
    assert caught.value.status in (403, 404)
    assert files() == [] and not DatasetVersion.objects.exists()


def test_a_failure_after_the_file_is_in_place_takes_it_away_again(actor, dataset, monkeypatch):
    from shugang.delivery.vault import services

    def fails(*args, **kwargs):
        raise OSError("disk")

    monkeypatch.setattr(services, "add_version", fails)
    with pytest.raises(OSError, match="disk"):
        upload(actor, dataset, CODES)
    assert files() == []


def test_a_connected_data_set_takes_no_upload(actor):
    connected = create_dataset(actor, name="连接", hosting="connected")
    with pytest.raises(Refusal, match="not_hosted"):
        upload(actor, connected, CODES)


def test_a_path_in_the_name_stays_a_name(actor, dataset):
    version = upload(actor, dataset, CODES, "../../etc/x/..\\evil.csv")
    assert version.source_name == "evil.csv" and files() == [f"{dataset.number}/1/data.parquet"]
    assert os.listdir(vault_root().parent) == ["vault"] or "keys" in os.listdir(vault_root().parent)

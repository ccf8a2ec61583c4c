"""Given tables in any format that is taken, when the child converts them, then rows and cells come out as written."""

import csv
import datetime as dt
import gzip
import io
import json
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shugang.delivery.vault import work as working
from shugang.delivery.vault.tables import Earlier, convert


@pytest.fixture
def work(tmp_path, monkeypatch):
    """work(content, name, **job): the child's word, its work done in this process."""
    monkeypatch.chdir(tmp_path)

    def run(content, name, **job):
        (tmp_path / "upload").write_bytes(content if isinstance(content, bytes) else content.encode())
        given = {
            "name": name,
            "types": {},
            "keys": [],
            "earlier": None,
            "sha256": "",
            "limit": 64 << 20,
            "memory_mb": 512,
            **job,
        }
        (tmp_path / "data.parquet").unlink(missing_ok=True)
        return working.outcome(given, working.Reporter(1))

    return run


def made(word):
    assert "made" in word, word
    return pq.read_table("data.parquet").to_pydict()


def types(word):
    return dict(word["made"]["columns"])


def refused(word, code, *words):
    said = word["refused"]
    assert said["code"] == code and all(w in said["message"][0] for w in words), said
    return said


def sheet(*rows, formats=None, more=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place, shape in (formats or {}).items():
        book.active[place].number_format = shape
    for title, row in more:
        book.create_sheet(title).append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_json_lines_keep_text_as_text_and_numbers_in_their_digits(work):
    lines = [
        {"code": "12", "n": 7, "x": 0.1234567890123456, "ok": True, "day": "2026-01-31", "note": ""},
        {"code": "13", "n": None, "x": 1e-07, "ok": False, "day": "2026-02-28", "extra": 1},
    ]
    del lines[1]["extra"]
    word = work("\n".join(json.dumps(line) for line in lines) + "\n\n", "a.jsonl")
    assert types(word) == {"code": "VARCHAR", "n": "BIGINT", "x": "DOUBLE", "ok": "BOOLEAN", "day": "DATE", "note": "VARCHAR"}  # fmt: skip
    assert made(word) == {
        "code": ["12", "13"], "n": [7, None], "x": [0.1234567890123456, 1e-07], "ok": [True, False],
        "day": [dt.date(2026, 1, 31), dt.date(2026, 2, 28)], "note": ["", None],
    }  # fmt: skip


RECORDS = st.lists(
    st.fixed_dictionaries({"甲": st.one_of(st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)),
                           "b": st.one_of(st.none(), st.integers(-999, 99999))}),
    min_size=1, max_size=12,
)  # fmt: skip
USING_FIXTURES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@USING_FIXTURES
@given(RECORDS, st.sampled_from([None, 1]), st.sampled_from([3, 17, 1 << 20]), st.booleans())
def test_any_array_is_read_wherever_it_is_cut(work, monkeypatch, records, indent, piece, packed):
    monkeypatch.setattr("shugang.delivery.vault.reading.CHUNK", piece)
    content = json.dumps(records, ensure_ascii=bool(indent), indent=indent).encode()
    word = work(gzip.compress(content) if packed else content, "a.json.gz" if packed else "a.json")
    found = made(word)
    dates = types(word)["甲"] != "VARCHAR"
    assert dates or found["甲"] == [r["甲"] for r in records]
    assert [None if v is None else str(v) for v in found["b"]] == [
        None if r["b"] is None else str(r["b"]) for r in records
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"a": 1}, {"a": 2}', "第2条记录"),
        ('[{"a": 1}, {"a": ', "第2条记录"),
        ('[{"a": 1}] x', "第2条记录"),
        ('[{"a": 1},]', "第2条记录"),
        ("[]", "第1条记录"),
        ("[1, 2]", "第1条记录"),
        ('[{"a": 1}, 2]', "第2条记录"),
        ('[{"a": 1}, {"a": [1]}]', "嵌套"),
        ('[{"a": 1}, {"b": 1}]', "“b”"),
        ('[{"a": 1, "a": 2}]', "第1条记录"),
        ('[{"a": NaN}]', "第1条记录"),
        ('[{"a": "\\ud800"}]', "无效字符"),
        ('[{"a": "\\u0000"}]', "无效字符"),
        ('{"a": 1}\n{"a": 2\n', "第2行"),
        ('{"a": 1} {"a": 2}\n', "第1行"),
        ("[" * 100_000, "第1条记录"),
    ],
)
def test_broken_json_is_refused_with_its_place(work, content, words):
    refused(work(content, "a.json"), "broken_json", words)


@USING_FIXTURES
@given(
    st.lists(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs", "Co", "Cn"]), max_size=5), min_size=2, max_size=2), min_size=1, max_size=8),
    st.sampled_from([",", "\t", ";"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.sampled_from(["\r\n", "\n"]),
)  # fmt: skip
def test_whatever_a_csv_writer_writes_is_read_back(work, rows, delimiter, encoding, ending):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows([["名", "b"], *rows])
    word = work(out.getvalue().encode(encoding), "a.csv", types={"名": "VARCHAR", "b": "VARCHAR"})
    # A file of ASCII and a few Chinese bytes may be both encodings; then UTF-8 it is.
    assert made(word) == {"名": [r[0] or None for r in rows], "b": [r[1] or None for r in rows]}


def test_characters_that_gb18030_moved_in_2022_are_the_new_ones(work):
    word = work(b"a,b\n" + bytes.fromhex("a6d9fea0") + b",1\n", "a.csv")
    assert made(word)["a"] == ["\ufe10\u9fbb"]


def test_a_workbook_is_read_as_it_shows(work):
    content = sheet(
        ["区号", "床位", "比率", "开业", "时刻", "电话", "有"],
        [592, 12, 0.3125, dt.datetime(2020, 1, 31), dt.datetime(2020, 1, 31, 8, 30), "13800138000", True],
        [None] * 7,
        [10, 3, 1.25, dt.datetime(2021, 2, 1), dt.datetime(2020, 1, 31), "0591", None],
        formats={"A2": "0000", "A4": "0000", "D2": "yyyy-mm-dd", "D4": "yyyy-mm-dd", "E2": "yyyy-mm-dd hh:mm:ss", "E4": "yyyy-mm-dd hh:mm:ss"},
    )  # fmt: skip
    word = work(content, "a.xlsx")
    assert made(word) == {
        "区号": ["0592", "0010"], "床位": [12, 3], "比率": [0.3125, 1.25],
        "开业": [dt.date(2020, 1, 31), dt.date(2021, 2, 1)],
        "时刻": [dt.datetime(2020, 1, 31, 8, 30), dt.datetime(2020, 1, 31)], "电话": ["13800138000", "0591"], "有": [True, None],
    }  # fmt: skip


def _zip(entries, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def _with(content, part, change):
    """A workbook with one part changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return _zip(
            {i.filename: change(archive.read(i)) if i.filename == part else archive.read(i) for i in archive.infolist()}
        )


FIRST = "xl/worksheets/sheet1.xml"
LOL = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    b'<c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
)
SHEETS = {
    "a bomb": (lambda: _with(sheet(["a"], [1]), FIRST, lambda b: b + b" " * (40 << 20)), "file_too_large", "解开"),
    "too much": (lambda: _zip({"xl/workbook.xml": b"<x/>", **{f"{i}": bytes(9 << 20) for i in range(8)}}), "file_too_large", "解开"),
    "entities": (lambda: _with(sheet(["a"], [1]), FIRST, lambda b: LOL), "broken_file", "损坏"),
    "not a workbook": (lambda: _zip({"word/document.xml": b"<x/>"}), "broken_file", "工作簿"),
    "nonsense": (lambda: _zip({"xl/workbook.xml": b"<x/>"}), "broken_file", "损坏"),
    "cut short": (lambda: sheet(["a"], [1])[:-40], "broken_file", "损坏"),
    "two sheets": (lambda: sheet(["a"], [1], more=[("另一张", ["b"])]), "broken_sheet", "2张"),
    "a row that is too long": (lambda: sheet(["a", "b"], [1, 2], [1, 2, 3]), "broken_sheet", "第3行"),
    "a formula without a result": (lambda: sheet(["a"], [1], ["=A2+1"]), "broken_sheet", "第3行"),
    "an error": (lambda: _with(sheet(["a"], [1]), FIRST, lambda b: b.replace(b'<c r="A2" t="n"><v>1</v>', b'<c r="A2" t="e"><v>#REF!</v>')), "broken_sheet", "#REF!"),
    "a row beyond all sheets": (lambda: _with(sheet(["a"], [1]), FIRST, lambda b: b.replace(b'r="2"', b'r="999999999"').replace(b"A2", b"A999999999")), "broken_sheet", "上限"),
    "only a header": (lambda: sheet(["a", "b"]), "no_rows", ""),
    "nothing": (lambda: sheet(), "bad_columns", ""),
}  # fmt: skip


@pytest.mark.parametrize("case", SHEETS)
def test_a_bad_workbook_is_refused(work, case):
    content, code, words = SHEETS[case]
    refused(work(content(), "a.xlsx"), code, words)


def test_a_million_columns_are_refused_without_building_them(work):
    said = refused(work(",".join(["c"] * 1_000_000) + "\n1\n", "a.csv"), "bad_columns", "500")
    assert "1000000" in said["message"][0]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(work, monkeypatch):
    monkeypatch.setattr("shugang.delivery.vault.reading.MAX_LINE", 1 << 16)
    refused(work("a,b\n1,2\n" + "x" * (1 << 17), "a.csv"), "broken_csv", "第3行", "换行")


def _parquet(**columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_unsigned_numbers_become_signed_ones_that_hold_them(work):
    word = work(_parquet(a=pa.array([2**32 - 1], pa.uint32()), b=pa.array([2**64 - 1], pa.uint64())), "a.parquet")
    assert types(word) == {"a": "BIGINT", "b": "DECIMAL(20,0)"}
    assert made(word) == {"a": [2**32 - 1], "b": [2**64 - 1]}


@pytest.mark.parametrize("spoil", ["footer length", "footer", "middle"])
def test_a_lying_parquet_is_refused(work, spoil):
    good = bytearray(_parquet(a=list(range(5000)), b=[f"x{i % 7}" for i in range(5000)]))
    if spoil == "footer length":
        good[-8:-4] = (2**31 - 1).to_bytes(4, "little")
    elif spoil == "footer":
        good[-200:-100] = bytes(b ^ 0x5A for b in good[-200:-100])
    else:
        good[200:9000] = bytes(b ^ 0xFF for b in good[200:9000])
    word = work(bytes(good), "a.parquet")
    assert word.get("refused", {}).get("code") in {"broken_file", "bad_columns", "too_heavy"} or "failed" in word, word


@USING_FIXTURES
@given(st.data())
def test_a_parquet_with_any_byte_changed_is_read_or_refused(work, data):
    good = bytearray(_parquet(a=[1, 2, 3], b=["x", None, "z"]))
    place = data.draw(st.integers(4, len(good) - 9))
    good[place] ^= data.draw(st.integers(1, 255))
    assert set(work(bytes(good), "a.parquet")) <= {"made", "refused", "failed"}


ROWS = "id,part,v\n1,a,x\n1,b,y\n2,a,z\n"


def test_key_columns_that_tell_rows_apart_are_kept(work):
    made(work(ROWS, "a.csv", keys=["id", "part"]))


def test_a_repeated_or_empty_key_is_refused_with_its_rows(work):
    refused(work(ROWS, "a.csv", keys=["id"]), "bad_key", "第1条和第2条")
    refused(work(ROWS + ",a,q\n", "a.csv", keys=["id", "part"]), "bad_key", "第4条", "为空")
    refused(work(ROWS, "a.csv", keys=["no"]), "bad_columns", "“no”")
    refused(work(ROWS, "a.csv", keys=["id", "id"]), "bad_columns")


def appended(tmp_path, work, content, name):
    first = work("code,amount,at\n0592,12.50,2026-01-31\n0591,3.00,2026-02-01\n", "a.csv")
    (tmp_path / "data.parquet").rename(tmp_path / "before.parquet")
    with (tmp_path / "before.parquet").open("rb") as file:
        (tmp_path / "upload").write_bytes(content)
        from shugang.delivery.vault.sniffing import sniff
        from shugang.delivery.vault.work import Reporter

        before = Earlier(file, [tuple(c) for c in first["made"]["columns"]])
        source = sniff(tmp_path / "upload", name, 1 << 20)
        return convert(source, tmp_path, {}, before, 1 << 20, Reporter(1).steps())


def test_appended_rows_follow_and_keep_the_types_of_before(tmp_path, work):
    found = appended(tmp_path, work, b"code,amount,at\n0595,4.5,\n", "b.csv")
    assert found.rows == 3
    table = pq.read_table("data.parquet").to_pydict()
    assert table["code"] == ["0592", "0591", "0595"] and str(table["amount"][2]) == "4.50" and table["at"][2] is None


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"code,at,amount\n0595,2026-01-01,1.00\n", "other_columns", "第2列"),
        (b"code,amount\n0595,1.00\n", "other_columns", "第3列"),
        (b"code,amount,at\n0595,1.00,2026-01-01\n0596,x,2026-01-01\n", "broken_csv", "第3行"),
        (b"code,amount,at\n0595,1.005,2026-01-01\n", "broken_csv", "第2行"),
        (b"code,amount,at\n0595,1.00,2026-02-30\n", "broken_csv", "第2行"),
    ],
)
def test_rows_that_do_not_fit_are_not_appended(tmp_path, work, content, code, words):
    from shugang.kernel.errors import Refusal

    with pytest.raises(Refusal) as caught:
        appended(tmp_path, work, content, "b.csv")
    assert caught.value.code == code and words in caught.value.message.zh

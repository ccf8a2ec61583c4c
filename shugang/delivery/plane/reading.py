"""Child process: one checked query over the files of its own folder; `result.arrow`, and `done` or why not.

Starts in that folder, reads a job (JSON) from standard input, shuts itself in (`confine`) and never says a value of the
files. Text of CSV files stays text, so that 0592 does not become 592: the query casts what it wants as numbers. JSON and
Parquet have their own types; a column of a workbook is numbers or times only if all of it is.
"""

from __future__ import annotations

import codecs
import json
import mimetypes
import signal
import sys
from pathlib import Path
from typing import Any

from shugang.delivery.plane.confine import Limits, become_nobody, confine

_BATCH = 5000
_CHUNK = 1 << 20


class Unreadable(ValueError):
    """A file is not what its name says."""


def run(job: dict[str, Any]) -> None:
    """Writes `result.arrow` with at most `cap` + 1 rows."""
    import duckdb
    import pyarrow as pa

    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"SET memory_limit = '{int(job['memory_mb'])}MB'")
    con.execute("SET threads = 1")
    con.execute("SET temp_directory = 'spill'")
    con.execute("SET autoinstall_known_extensions = false")
    for name, files in job["tables"].items():
        con.execute(f'CREATE VIEW "{name.replace(chr(34), chr(34) * 2)}" AS SELECT * FROM {_relation(files)}')  # noqa: S608
    con.execute("SET allowed_directories = ['.']")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    reader = con.execute(job["sql"], {n: _value(*v) for n, v in job["values"].items()}).to_arrow_reader(_BATCH)
    left = int(job["cap"]) + 1
    with pa.OSFile("result.arrow", "wb") as file, pa.ipc.new_stream(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch.slice(0, left))
            left -= batch.num_rows
            if left <= 0:
                break


def _value(kind: str, value: Any) -> Any:
    from datetime import date, datetime
    from decimal import Decimal

    known: dict[str, Any] = {"time": datetime.fromisoformat, "date": date.fromisoformat, "exact": Decimal}
    return known[kind](value) if kind in known else value


def _relation(files: list[list[str]]) -> str:
    kinds = {"jsonl" if kind == "ndjson" else kind for _, kind in files}
    if len(kinds) != 1:
        raise Unreadable("the files of a table are of different kinds")
    kind = kinds.pop()
    names = [_prepared(name, kind) for name, _ in files]
    listed = "[" + ", ".join(f"'{name}'" for name in names) + "]"  # names of our own making
    if kind in ("parquet", "xlsx"):
        return f"read_parquet({listed}, union_by_name = true)"
    if kind == "csv":
        return f"read_csv({listed}, all_varchar = true, header = true, union_by_name = true, max_line_size = 16777216)"
    form = "newline_delimited" if kind == "jsonl" else "auto"
    return f"read_json({listed}, format = '{form}', union_by_name = true, maximum_object_size = 67108864)"


def _prepared(name: str, kind: str) -> str:
    if kind == "parquet":
        return name
    if kind == "xlsx":
        return _workbook(name)
    return _utf8(name)


def _utf8(name: str) -> str:
    """The file itself if it is UTF-8, else a copy read as GB18030 (GB 18030-2022), which any other text is not."""
    for encoding in ("utf-8", "gb18030"):
        target = f"{name}.utf8" if encoding != "utf-8" else None
        try:
            _through(name, encoding, target)
        except UnicodeDecodeError:
            continue
        return target or name
    raise Unreadable("a text file is neither UTF-8 nor GB18030")


def _through(name: str, encoding: str, target: str | None) -> None:
    with open(name, encoding=encoding, newline="") as source:
        if target is None:
            while source.read(_CHUNK):
                pass
            return
        with open(target, "w", encoding="utf-8", newline="") as copy:
            while text := source.read(_CHUNK):
                copy.write(text)


def _workbook(name: str) -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from openpyxl import load_workbook

    sheet = load_workbook(name, read_only=True, data_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    header = [str(cell) for cell in next(rows, ()) if cell is not None]
    if not header or len(set(header)) != len(header):
        raise Unreadable("the first row of a workbook names its columns, each once")
    columns: list[list[Any]] = [[] for _ in header]
    for row in rows:
        if any(cell is not None for cell in row):
            for place, column in enumerate(columns):
                column.append(row[place] if place < len(row) else None)
    arrays = [_column(column) for column in columns]
    pq.write_table(pa.table(arrays, names=header), f"{name}.parquet")
    return f"{name}.parquet"


def _column(values: list[Any]) -> Any:
    """One type for the whole column; text where it is mixed."""
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int, float}:
        return pa.array(values, pa.float64())
    if len(kinds) == 1 and str not in kinds:
        return pa.array(values)
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def main() -> int:
    job = json.load(sys.stdin)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails instead
    mimetypes.init()  # reads /etc, for openpyxl
    confine(Path("."), Limits(job["memory_mb"] * (1 << 20) + (2 << 30), job["cpu_seconds"], job["file_size"]))
    import duckdb  # its libraries start threads, which the doors must already hold
    import openpyxl  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    for name in ("gb18030", "cp437", "ascii", "latin-1", "utf-16", "idna"):
        codecs.lookup(name)  # their modules may lie where nobody may look
    become_nobody()
    try:
        run(job)
    except Unreadable as error:
        print(error)
        return 1
    except duckdb.Error as error:
        # Its message quotes what it read.
        print(type(error).__name__)
        return 1
    except Exception as error:
        print(type(error).__name__)
        return 1
    print("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A leaked file as a table of texts, whatever it is: CSV, Parquet, JSON lines or Excel."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
from openpyxl import load_workbook

from shugang.kernel.errors import Refusal
from shugang.policy.lowering import quote
from shugang.policy.text import Text

LEAK = "leak"
_READERS = {
    ".csv": "read_csv(?, all_varchar = true, ignore_errors = true)",
    ".tsv": "read_csv(?, all_varchar = true, ignore_errors = true)",
    ".txt": "read_csv(?, all_varchar = true, ignore_errors = true)",
    ".gz": "read_csv(?, all_varchar = true, ignore_errors = true)",
    ".parquet": "read_parquet(?)",
    ".json": "read_json_auto(?)",
    ".jsonl": "read_json_auto(?)",
    ".ndjson": "read_json_auto(?)",
}


def load(con: duckdb.DuckDBPyConnection, path: Path, names: Mapping[str, str]) -> list[str]:
    """The table `leak` with its columns under the names of the data set (`names`: leaked name → ours); the names.

    Raises Refusal `unreadable_file`.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in (".xlsx", ".xlsm"):
            with tempfile.TemporaryDirectory() as folder:
                _read(con, _READERS[".csv"], _as_csv(path, Path(folder)))
        else:
            _read(con, _READERS.get(suffix, _READERS[".csv"]), path)
    except (duckdb.Error, OSError, ValueError, KeyError) as error:
        raise Refusal(
            "unreadable_file",
            Text(
                f"无法读取{path.name}，请提供CSV、Parquet、JSON或Excel文件。",
                f"{path.name} cannot be read; please give a CSV, Parquet, JSON or Excel file.",
            ),
            422,
        ) from error
    found = [row[0] for row in con.execute(f"DESCRIBE {LEAK}").fetchall()]
    for leaked, ours in names.items():
        if leaked in found and ours not in found:
            con.execute(f"ALTER TABLE {LEAK} RENAME COLUMN {quote(leaked)} TO {quote(ours)}")
            found[found.index(leaked)] = ours
    return found


def _read(con: duckdb.DuckDBPyConnection, reader: str, path: Path) -> None:
    con.execute(f"CREATE OR REPLACE TABLE {LEAK} AS SELECT * FROM {reader}", [str(path)])  # noqa: S608 our own readers


def _as_csv(path: Path, folder: Path) -> Path:
    target = folder / "sheet.csv"
    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(sheet.iter_rows(values_only=True))
    finally:
        book.close()
    return target

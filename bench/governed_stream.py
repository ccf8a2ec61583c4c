"""A governed scan streamed as Arrow, against the raw scan and against SQL written by hand, into the same sink.

Each measurement is a process of its own that reads one Parquet file (zstd, 8 columns) and writes Arrow IPC to
/dev/null; the rounds are interleaved. CPU-seconds count, wall time stands beside them. The pseudonym is the column
that the plane stores once in the granted view (`materialise`), as its shared tables and its SQL read it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.common import ROOT, machine, ratios, spread, table
from shugang.policy.columns import Column
from shugang.policy.lowering import lower_select, parquet
from shugang.policy.marks import MarkKey, mark_sql
from shugang.policy.vocabulary import Mark, MarkedColumn, Mask, Terms

COLUMNS = (
    Column("id", "BIGINT"),
    Column("phone", "VARCHAR"),
    Column("age", "INTEGER"),
    Column("amount", "DECIMAL(12,2)"),
    Column("seen", "DATE"),
    Column("city", "VARCHAR"),
    Column("score", "DOUBLE"),
    Column("code", "VARCHAR"),
)
NAMES = tuple(column.name for column in COLUMNS)
KEYS = {"k": "ab" * 32}
MASKS = (
    Mask("phone", "keep_ends", {"prefix": 3, "suffix": 4}),
    Mask("age", "band", {"width": 10}),
    Mask("seen", "truncate_date", {"unit": "month"}),
)
BY_HAND = (
    "SELECT id, CASE WHEN length(phone) > 7 THEN concat(substr(phone, 1, 3), repeat('*', length(phone) - 7),"
    " substr(phone, -4, 4)) ELSE repeat('*', length(phone)) END AS phone, CAST(floor(age / 10) * 10 AS BIGINT) AS age,"
    " amount, CAST(date_trunc('month', seen) AS DATE) AS seen, city, score, code FROM {source}"
)
GOALS = {"masks": ("raw", 1.6), "pseudonym": ("raw", 1.8), "mark": ("raw", 1.2)}


def make(path: Path, rows: int) -> None:
    con = duckdb.connect()
    con.execute(
        "COPY (SELECT range::BIGINT AS id, '1' || (3000000000 + (hash(range) % 6999999999)::BIGINT)::VARCHAR AS phone,"
        " (hash(range + 1) % 90)::INTEGER AS age, ((hash(range + 2) % 10000000) / 100)::DECIMAL(12,2) AS amount,"
        " DATE '2020-01-01' + (hash(range + 3) % 2000)::INTEGER AS seen,"
        " ['厦门','福州','泉州','漳州'][1 + (hash(range + 4) % 4)::INTEGER] AS city,"
        " (hash(range + 5) % 1000000) / 1000.0::DOUBLE AS score, 'C' || (hash(range + 6) % 100000)::VARCHAR AS code"
        f" FROM range({rows})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )


def stored(base: Path, path: Path) -> None:
    """The granted view with its pseudonym, made as the plane makes it: once."""
    sql, params = lower_select(
        parquet(str(base)), COLUMNS, terms((Mask("phone", "sha256_token", {"key_id": "k"}),)), keys=KEYS
    )
    duckdb.connect().execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)", params)


def terms(masks: tuple[Mask, ...] = (), mark: Mark | None = None) -> Terms:
    from datetime import UTC, datetime

    return Terms(
        ("read",),
        "research",
        NAMES,
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        masks=masks,
        mark=mark,
    )


def statement(case: str, base: str, view: str) -> tuple[str, dict[str, Any]]:
    source = parquet(base)
    if case == "raw":
        return f"SELECT * FROM {source}", {}
    if case == "by hand":
        return BY_HAND.format(source=source), {}
    if case == "pseudonym":
        kept = tuple(Column(c.name, "VARCHAR") if c.name == "phone" else c for c in COLUMNS)
        return lower_select(parquet(view), kept, terms(MASKS[1:]))
    if case == "mark":
        sql, params = lower_select(source, COLUMNS, terms())
        return mark_sql(sql, COLUMNS, Mark(("id",), (MarkedColumn("amount", 2),)), MarkKey(bytes(32), "SQ-1"), params)
    return lower_select(source, COLUMNS, terms(MASKS))


def stream(case: str, base: str, view: str, threads: int) -> dict[str, float]:
    """In the child: CPU-seconds, wall seconds and rows of one stream."""
    import pyarrow as pa

    con = duckdb.connect(config={"threads": threads})
    con.execute("SET preserve_insertion_order = false")
    sql, params = statement(case, base, view)
    cpu, wall, rows = time.process_time(), time.perf_counter(), 0
    reader = con.execute(sql, params).to_arrow_reader()
    with open("/dev/null", "wb") as sink, pa.ipc.new_stream(sink, reader.schema) as out:
        for batch in reader:
            rows += batch.num_rows
            out.write_batch(batch)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "rows": rows}


def measure(case: str, base: Path, view: Path, threads: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.governed_stream", "--child", case, str(base), str(view), str(threads)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout))


def main(argv: list[str] | None = None) -> int:
    given = argparse.ArgumentParser()
    given.add_argument("--rows", type=int, default=4_000_000)
    given.add_argument("--rounds", type=int, default=5)
    given.add_argument("--threads", type=int, default=2)
    options = given.parse_args(argv or [])
    cases = ("raw", "masks", "by hand", "pseudonym", "mark")
    found: dict[str, list[dict[str, float]]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory(prefix="shugang-bench-") as folder:
        base, view = Path(folder) / "base.parquet", Path(folder) / "view.parquet"
        make(base, options.rows)
        stored(base, view)
        print(machine())
        print(
            f"{options.rows:,} rows, {base.stat().st_size / 1e6:.0f} MB, {options.threads} threads, {options.rounds} rounds"
        )
        for number in range(options.rounds + 1):
            for case in cases:
                once = measure(case, base, view, options.threads)
                assert once["rows"] == options.rows
                if number:
                    found[case].append(once)
    cpu = {case: [once["cpu"] for once in found[case]] for case in cases}
    wall = {case: [once["wall"] for once in found[case]] for case in cases}
    rows = [
        [case, spread(cpu[case], 2), spread(ratios(cpu[case], cpu["raw"]), 2), spread(wall[case], 2)] for case in cases
    ]
    print(table(["case", "CPU s", "CPU / raw", "wall s"], rows))
    missed = 0
    for case, (baseline, most) in GOALS.items():
        ratio = statistics.median(ratios(cpu[case], cpu[baseline]))
        missed |= ratio > most
        print(
            f"{case}: {ratio:.2f}x the CPU of the raw scan, at most {most:.2f}x: {'NOT ' if ratio > most else ''}reached"
        )
    share = statistics.median(ratios(cpu["by hand"], cpu["masks"]))
    missed |= share < 0.9
    print(f"masks: {share:.2f}x of SQL written by hand, at least 0.90x: {'NOT ' if share < 0.9 else ''}reached")
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(stream(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))))
    else:
        sys.exit(main(sys.argv[1:]))

"""Twenty quality rules, six dimensions and failing keys over a million rows of twelve columns, beside peers in the same run.

Ours and each peer run in a process of its own over the same Parquet file, interleaved; time begins when the libraries are
loaded. Peers say the same rules as far as they can: pandera (pandas) and great-expectations read into a data frame, cuallee
runs on DuckDB, polars is written by hand. Uniqueness is counted exactly everywhere. Then one per cent of new rows is
counted alone and merged, against counting everything; the merged counts must equal those of everything.
`--rows 10000000` takes the large table (without the peers that need it in memory: `--peers polars`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.common import ROOT, bench_python, machine, ratios, scratch, spread, table

PEERS = ("polars", "cuallee", "pandera", "great-expectations")
WANTED_RATIO = {"pandera": 6.0, "great-expectations": 15.0}
WANTED_SECONDS = {1_000_000: 0.8, 10_000_000: 6.0}
WANTED_BYTES, WANTED_SHARE = 0.6e9, 0.05
PHONE, CODE, CITY = r"1[3-9]\d{9}", r"\d{6}", ["厦门", "福州", "泉州", "漳州"]
RULES = {
    "keys": ["id"],
    "rules": [
        *(
            {"id": f"filled_{n}", "kind": "filled", "columns": [n]}
            for n in ("name", "phone", "city", "amount", "price")
        ),
        {"id": "whole", "kind": "complete", "columns": ["id", "name", "phone", "city"]},
        {"id": "unique_id", "kind": "unique", "columns": ["id"]},
        {"id": "unique_phone", "kind": "unique", "columns": ["phone"]},
        {"id": "again", "kind": "duplicate", "columns": ["id", "phone", "code", "city"]},
        {"id": "phone", "kind": "format", "column": "phone", "pattern": PHONE},
        {"id": "code", "kind": "format", "column": "code", "pattern": CODE},
        {"id": "size", "kind": "length", "column": "name", "min": 2, "max": 8},
        {"id": "city", "kind": "in_set", "column": "city", "values": CITY},
        {"id": "amount", "kind": "range", "column": "amount", "min": 0, "max": 1000},
        {"id": "price", "kind": "range", "column": "price", "min": 0},
        {"id": "level", "kind": "range", "column": "level", "min": 0, "max": 9},
        {"id": "begun", "kind": "date", "column": "begun", "earliest": "2020-01-01"},
        {"id": "order", "kind": "order", "first": "begun", "second": "ended"},
        {"id": "cross", "kind": "expression", "expression": "price <= amount * 10"},
        {"id": "fresh", "kind": "timely", "column": "ended", "hours": 48},
    ],
}


def make(path: Path, rows: int) -> None:
    """Twelve columns with a few errors of each kind: nulls, bad phones, unknown cities, dates in the wrong order, repeats."""
    import duckdb

    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT CASE WHEN i % 100003 = 5 THEN i - 1 ELSE i END AS id,
            CASE WHEN i % 997 = 0 THEN NULL ELSE '单位' || (i % 90000) END AS name,
            CASE WHEN i % 5003 = 0 THEN '12' ELSE '1' || (3 + i % 7) || lpad(CAST(i % 1000000000 AS VARCHAR), 9, '0') END AS phone,
            lpad(CAST(350000 + i % 999 AS VARCHAR), 6, '0') AS code,
            CASE WHEN i % 2003 = 0 THEN '未知' ELSE ['厦门', '福州', '泉州', '漳州'][1 + i % 4] END AS city,
            CASE WHEN i % 3001 = 0 THEN -1.0 ELSE (i * 7919 % 100000) / 100.0 END AS amount,
            (i * 31 % 90000) / 100.0 AS price,
            DATE '2021-01-01' + CAST(i % 1500 AS INTEGER) AS begun,
            DATE '2021-01-01' + CAST(i % 1500 + CASE WHEN i % 4001 = 0 THEN -3 ELSE i % 40 END AS INTEGER) AS ended,
            i % 10 AS level, i % 2 = 0 AS active, substr(md5(CAST(i AS VARCHAR)), 1, 12) AS note
            FROM range(1, {rows + 1}) AS t(i)) TO '{path}' (FORMAT parquet)""")


def child(path: str, first: int, folder: str, earlier: str, keep: bool) -> int:
    """One assessment of ours in this process, as the room's child does it; prints one JSON line."""
    from shugang.assets.quality import engine, scoring
    from shugang.assets.quality.rules import read
    from shugang.assets.quality.states import State
    from shugang.assets.quality.work import connect

    con = connect(500)
    found = con.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
    columns = {row[0]: row[1] for row in found}
    cpu, began = time.process_time(), time.perf_counter()
    rules = read(RULES, columns)
    engine.open_data(con, engine.parquet_rows(path), first)
    before = {r.id: [f"{earlier}/{r.id}.parquet"] for r in rules.rules if r.spec.measure == "group"} if earlier else {}
    state = engine.run(engine.Run(con, rules, columns, segments=Path(folder) if keep else None, earlier=before))
    if earlier:
        state = engine.add(State.from_json(json.loads(Path(earlier, "state.json").read_text())), state, rules)
    report = scoring.report(rules, state, {}, datetime.fromisoformat("2025-01-01"), columns)
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    if keep:
        Path(folder, "state.json").write_text(json.dumps(state.to_json()))
    counts = {r["id"]: [r["a"], r["b"]] for r in report["rules"]}
    named = sum(len(r["failing"]) for r in report["rules"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        json.dumps(
            {"seconds": seconds, "cpu": used, "peak": peak, "score": report["score"], "named": named, "counts": counts}
        )
    )
    return 0


def ours(path: Path, first: int = 0, folder: Path | None = None, earlier: Path | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.quality", "--child", str(path), "--first", str(first)]
    if folder is not None:
        folder.mkdir(exist_ok=True)
        command += ["--folder", str(folder)]
    if earlier is not None:
        command += ["--earlier", str(earlier)]
    return _heard(command, path.parent)


def peer(tool: str, path: Path) -> dict[str, Any]:
    return _heard(
        [str(bench_python("bench-quality")), str(ROOT / "bench/quality_baselines.py"), tool, str(path)], path.parent
    )


def _heard(command: list[str], cwd: Path) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)})
    if done.returncode:
        raise RuntimeError(done.stderr[-800:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(rows: int, rounds: int, peers: list[str]) -> int:
    with scratch() as name:
        folder = Path(name)
        whole, base = folder / "whole.parquet", folder / "base.parquet"
        make(whole, rows)
        make(base, rows - rows // 100)
        rows_of: dict[str, list[dict[str, Any]]] = {
            "shugang": [],
            "shugang, digests kept": [],
            **{p: [] for p in peers},
            "1 % new": [],
        }
        ours(base, folder=folder / "before")
        for number in range(rounds + 1):
            for case, found in rows_of.items():
                if case == "shugang":
                    told = ours(whole)
                elif case == "shugang, digests kept":
                    told = ours(whole, folder=Path(tempfile.mkdtemp(dir=folder)))
                elif case == "1 % new":
                    told = ours(whole, rows - rows // 100, Path(tempfile.mkdtemp(dir=folder)), folder / "before")
                else:
                    told = peer(case, whole)
                if number:  # the first round warms the files
                    found.append(told)
        return _told(rows, rows_of)


def _told(rows: int, rows_of: dict[str, list[dict[str, Any]]]) -> int:
    lines = [
        [case, spread([f["seconds"] for f in found], 2), spread([f["cpu"] for f in found], 2),
         f"{statistics.median(f['peak'] for f in found) / 1e9:.2f}"]
        for case, found in rows_of.items()
    ]  # fmt: skip
    print(table(["", "wall s", "CPU s", "peak GB"], lines))
    mine, part = rows_of["shugang"], rows_of["1 % new"]
    print(
        f"score {mine[0]['score'] / 100:.2f} %, {mine[0]['named']} failing keys named, {len(mine[0]['counts'])} rules"
    )
    missed = 0
    if rows in WANTED_SECONDS:
        missed |= _goal("wall s", statistics.median(f["seconds"] for f in mine), WANTED_SECONDS[rows])
    missed |= _goal("peak bytes", statistics.median(f["peak"] for f in mine), WANTED_BYTES)
    for tool, wanted in WANTED_RATIO.items():
        if tool in rows_of:
            times = ratios([f["seconds"] for f in rows_of[tool]], [f["seconds"] for f in mine])
            cpu = ratios([f["cpu"] for f in rows_of[tool]], [f["cpu"] for f in mine])
            missed |= _goal(
                f"{tool}, wall / ours (CPU {statistics.median(cpu):.1f}x)", statistics.median(times), wanted, least=True
            )
    kept = rows_of["shugang, digests kept"]
    missed |= _goal(
        "1 % new / everything, CPU",
        statistics.median(ratios([f["cpu"] for f in part], [f["cpu"] for f in kept])),
        WANTED_SHARE,
    )
    same = all(f["counts"] == mine[0]["counts"] for f in part)
    print(f"merged counts equal those of everything: {same}")
    return missed or int(not same)


def _goal(name: str, found: float, wanted: float, least: bool = False) -> int:
    reached = found >= wanted if least else found <= wanted
    print(
        f"{name}: {found:,.3f}, to reach {'≥' if least else '≤'} {wanted:,.2f}: {'reached' if reached else 'NOT reached'}"
    )
    return int(not reached)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; none for ours alone")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    parser.add_argument("--earlier", default="", help=argparse.SUPPRESS)
    args = parser.parse_args(argv if argv is not None else [])
    if args.child:
        return child(args.child, args.first, args.folder, args.earlier, bool(args.folder))
    print(machine(), flush=True)
    return run(args.rows, args.rounds, [p for p in args.peers.split(",") if p in PEERS])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

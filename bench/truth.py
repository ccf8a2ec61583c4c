"""Which of four sources is right, a million times: four million claims, beside majority voting and crowd-kit in the same run.

Sources are right with 0.95, 0.85, 0.70 and 0.60; a wrong one says one of `--wrong` other values. The order in which sources are
declared decides level votes, so the same claims are weighed in three orders: best first, worst first, mixed. To reach: half a
point above the majority over the three, within five seconds. A fifth source that copies the worst shows what declared copying does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from bench.common import bench_python, machine, scratch, spread, table
from shugang.publicdata.crosscheck import truth

RIGHT = (0.95, 0.85, 0.70, 0.60)
ORDERS = {"best first": (0, 1, 2, 3), "worst first": (3, 2, 1, 0), "mixed": (2, 0, 3, 1)}
PEER = """
import json, sys, time
import pandas as pd
from crowdkit.aggregation import DawidSkene, MajorityVote
frame = pd.read_parquet(sys.argv[1])
known = frame.drop_duplicates("task").set_index("task")["truth"]
found = {}
for name, make in (("crowd-kit majority", MajorityVote), ("crowd-kit Dawid-Skene", lambda: DawidSkene(n_iter=10))):
    began = time.perf_counter()
    try:
        said = make().fit_predict(frame[["task", "worker", "label"]])
        found[name] = [float((said == known.reindex(said.index)).mean()), time.perf_counter() - began]
    except MemoryError:
        found[name] = None
print(json.dumps(found))
"""


def make(con: duckdb.DuckDBPyConnection, objects: int, wrong: int) -> None:
    con.execute("SELECT setseed(0.26)")
    con.execute(
        f"CREATE TABLE known AS SELECT o::INTEGER AS object, (hash(o) % {wrong + 1})::UTINYINT AS truth FROM range({objects}) r(o)"
    )
    con.execute(
        "CREATE TABLE raw AS SELECT object, s::UTINYINT AS source, truth, "
        f"CASE WHEN random() < {list(RIGHT)}[s + 1] THEN truth ELSE ((truth + 1 + floor(random() * {wrong}))::INTEGER % {wrong + 1})::UTINYINT END AS value "
        "FROM known, range(4) q(s)"
    )


def ordered(con: duckdb.DuckDBPyConnection, order: tuple[int, ...]) -> None:
    places = {source: place for place, source in enumerate(order)}
    moved = "CASE source " + " ".join(f"WHEN {s} THEN {p}" for s, p in places.items()) + " END::UTINYINT"
    con.execute(f"CREATE OR REPLACE TABLE claims AS SELECT object, {moved} AS source, value FROM raw")


def accuracy(con: duckdb.DuckDBPyConnection, told: str = "truths") -> float:
    return float(
        con.execute(f"SELECT avg((t.value = k.truth)::INT) FROM {told} t JOIN known k USING (object)").fetchall()[0][0]
    )


def ours(con: duckdb.DuckDBPyConnection, weighted: bool, wrong: int) -> tuple[float, float]:
    began = time.perf_counter()
    truth.discover(con, "claims", [0, 1, 2, 3], wrong, weighted)
    took = time.perf_counter() - began
    return accuracy(con), took


def peers(con: duckdb.DuckDBPyConnection, folder: Path, objects: int) -> dict[str, Any]:
    path = folder / "claims.parquet"
    con.execute(
        f"COPY (SELECT object AS task, source AS worker, value AS label, truth FROM claims JOIN known USING (object) WHERE object < {objects}) TO '{path}'"
    )
    done = subprocess.run([bench_python("bench-crosscheck"), "-c", PEER, path], capture_output=True, text=True)
    if done.returncode:
        print(f"crowd-kit did not run: {done.stderr.strip().splitlines()[-1][:160]}", file=sys.stderr)
        return {}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--wrong", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-objects", type=int, default=100_000)
    parser.add_argument("--no-peers", action="store_true")
    args, _ = parser.parse_known_args()
    print(machine())
    con = duckdb.connect()
    make(con, args.objects, args.wrong)
    rows, gains, times = [], [], []
    for name, order in ORDERS.items():
        ordered(con, order)
        runs: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        for _ in range(args.rounds):
            for weighted in runs:
                runs[weighted].append(ours(con, weighted, args.wrong))
        majority, weighed = runs[False][0][0], runs[True][0][0]
        gains.append(weighed - majority)
        times += [t for _, t in runs[True]]
        rows.append([name, "majority", f"{majority:.4f}", spread([t for _, t in runs[False]], 2)])
        rows.append([name, "log-odds, clamped", f"{weighed:.4f}", spread([t for _, t in runs[True]], 2)])
        if not args.no_peers:
            with scratch() as folder:
                for peer, found in peers(con, Path(folder), args.peer_objects).items():
                    rows.append(
                        [
                            name,
                            f"{peer} ({args.peer_objects:,} objects)",
                            f"{found[0]:.4f}" if found else "memory",
                            f"{found[1]:.2f}" if found else "—",
                        ]
                    )
    print(table(["order of sources", "method", "right", "seconds"], rows))
    gain, took = 100 * statistics.mean(gains), statistics.median(times)
    print(
        f"gain over the majority, mean of the orders: {gain:.2f} points [{100 * min(gains):.2f}–{100 * max(gains):.2f}], to reach 0.50: {'reached' if gain >= 0.5 else 'NOT reached'}"
    )
    print(f"{4 * args.objects:,} claims: {took:.2f} s, to reach 5.00 s: {'reached' if took <= 5 else 'NOT reached'}")
    copying(con, args.wrong)
    return int(gain < 0.5 or took > 5)


def copying(con: duckdb.DuckDBPyConnection, wrong: int) -> None:
    """The worst source copied twice: undeclared it outvotes the others, declared it does not."""
    con.execute(
        "CREATE OR REPLACE TABLE claims AS SELECT object, source, value FROM raw UNION ALL SELECT object, (3 + k)::UTINYINT, value FROM raw, range(1, 3) r(k) WHERE source = 3"
    )
    for name, origins in (("undeclared", [0, 1, 2, 3, 4, 5]), ("declared", [0, 1, 2, 3, 3, 3])):
        told = []
        for weighted in (False, True):
            truth.discover(con, "claims", origins, wrong, weighted)
            told.append(f"{'log-odds' if weighted else 'majority'} {accuracy(con):.4f}")
        print(f"the worst source copied twice, {name}: {', '.join(told)}")


if __name__ == "__main__":
    sys.exit(main())

"""Transfers per second of the ledger, singly and in batches of 100, on a SQLite file (WAL, FULL) and on PostgreSQL.

Ours is `post_many`, the function that every posting of the product goes through: locks, keys and payload hashes, floors,
running balances and versions, triggers and constraints of the real tables. The baseline of each round is the plain
prototype on the same tables: one transfer, two entries and two balances per transaction, written by hand with the
database's own driver, without key check, hash or floor. Every run ends with the invariants checked.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench.common import ROOT, machine, scratch, spread, sync_latency, table
from scripts.with_postgres import Postgres

ACCOUNTS = 10_000
GOALS = {("sqlite", 1): 5_000, ("sqlite", 100): 50_000, ("postgresql", 1): 2_000, ("postgresql", 100): 20_000}
AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class Run(NamedTuple):
    """Transfers a second, and transfers a CPU-second of this process."""

    rate: float
    per_cpu: float


def timed(count: int, act: Callable[[], None]) -> Run:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, wall = used.ru_utime + used.ru_stime, time.perf_counter()
    act()
    wall = time.perf_counter() - wall
    used = resource.getrusage(resource.RUSAGE_SELF)
    return Run(count / wall, count / max(1e-9, used.ru_utime + used.ru_stime - cpu))


def pairs(chosen: random.Random, accounts: list[Any], hot: Any) -> Iterator[tuple[Any, Any]]:
    """(from, to): out of `hot` into any of the accounts, as receipts are; without one, between any two."""
    while True:
        yield (hot, chosen.choice(accounts)) if hot else tuple(chosen.sample(accounts, 2))


def ours(run: str, count: int, size: int, codes: list[str], hot: str = "") -> Run:
    from shugang.settlement.ledger.postings import Posting
    from shugang.settlement.ledger.services import post_many

    found = pairs(random.Random(run), codes, hot)
    batches = [
        [Posting(f"{run}:{n}:{i}", "move", dict(zip(next(found), (-5, 5), strict=True)), AT) for i in range(size)]
        for n in range(count // size)
    ]

    def act() -> None:
        for batch in batches:
            post_many(batch)

    return timed(count, act)


def plain(run: str, count: int, ids: list[int], hot: int = 0) -> Run:
    """The prototype; `?` or `%s` is the driver's own mark."""
    from django.db import connection

    mark = "?" if connection.vendor == "sqlite" else "%s"
    read, insert, enter, move = (
        text.replace("%s", mark)
        for text in (
            "SELECT balance, version FROM settlement_account WHERE id = %s" + ("" if mark == "?" else " FOR UPDATE"),
            "INSERT INTO settlement_transfer (key, payload_hash, kind, refs, effective_at, created_at)"
            " VALUES (%s, '', 'plain', '[]', '2026-11-23 02:00:00', '2026-11-23 02:00:00') RETURNING id",
            "INSERT INTO settlement_entry (transfer_id, account_id, amount, balance_after, version)"
            " VALUES (%s, %s, %s, %s, %s)",
            "UPDATE settlement_account SET balance = %s, version = %s WHERE id = %s",
        )
    )
    connection.ensure_connection()
    cursor: Any = connection.connection.cursor()
    found = pairs(random.Random(run), ids, hot)
    work = [sorted(next(found)) for _ in range(count)]

    def act() -> None:
        for number, both in enumerate(work):
            cursor.execute("BEGIN IMMEDIATE" if mark == "?" else "BEGIN")
            stood = [cursor.execute(read, (one,)).fetchone() for one in both]
            transfer = cursor.execute(insert, (f"{run}:{number}",)).fetchone()[0]
            for one, amount, (balance, version) in zip(both, (-5, 5), stood, strict=True):
                cursor.execute(enter, (transfer, one, amount, balance + amount, version + 1))
                cursor.execute(move, (balance + amount, version + 1, one))
            cursor.execute("COMMIT")

    return timed(count, act)


def profiled(codes: list[str]) -> None:
    import cProfile
    import pstats

    for size in (1, 100):
        profile = cProfile.Profile()
        profile.runcall(ours, f"profile{size}", 2000, size, codes)
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def child(rounds: int, seconds: float, profile: bool) -> int:
    import django

    django.setup()
    from django.db import connection

    from shugang.commands import setup
    from shugang.settlement.ledger.invariants import violations
    from shugang.settlement.ledger.models import Account

    setup.migrate()
    Account.objects.bulk_create(
        [Account(code=f"order:HT-2026-{n:06d}:escrow", kind="escrow", floor=-(10**12)) for n in range(ACCOUNTS)]
    )
    ids, codes = map(list, zip(*Account.objects.values_list("id", "code"), strict=True))
    if profile:
        profiled(codes)
        return 0
    counts = {}
    for size in (1, 100):  # how many make a round of the wanted length
        counts[size] = max(
            size, int(ours(f"warm{size}", 500 if size > 1 else 100, size, codes).rate * seconds) // size * size
        )
    found: dict[str, list[Run]] = {"plain prototype": [], "post_many 1": [], "post_many 100": []}
    for number in range(rounds):
        found["plain prototype"].append(plain(f"plain:{number}", counts[1], ids))
        for size in (1, 100):
            found[f"post_many {size}"].append(ours(f"ours:{size}:{number}", counts[size], size, codes))
    broken = violations()
    print(json.dumps({"vendor": connection.vendor, "runs": found, "violations": [str(v) for v in broken]}))
    return 0


def measured(name: str, folder: Path, url: str, args: argparse.Namespace) -> tuple[list[list[str]], bool]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_")} | {
        "DJANGO_SETTINGS_MODULE": "shugang.settings",
        "SHUGANG_VAR_DIR": str(folder),
        "SHUGANG_DATABASE_URL": url,
        "SHUGANG_SECRET_KEY": "x" * 50,
        "SHUGANG_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    command = [
        sys.executable,
        "-m",
        "bench.ledger",
        "--child",
        "--rounds",
        str(args.rounds),
        "--seconds",
        str(args.seconds),
    ]
    command += ["--profile"] if args.profile else []
    done = subprocess.run(command, env=own, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    if args.profile:
        print(done.stdout)
        return [], True
    told = json.loads(done.stdout.splitlines()[-1])
    base = [run[0] for run in told["runs"]["plain prototype"]]
    rows, reached = [], not told["violations"]
    for case, runs in told["runs"].items():
        rates = [run[0] for run in runs]
        goal = GOALS.get((told["vendor"], int(case.split()[-1]))) if case.startswith("post_many") else None
        reached = reached and (goal is None or statistics.median(rates) >= goal)
        rows.append([
            name, case, spread(rates), spread([run[1] for run in runs]),
            spread([a / b for a, b in zip(rates, base, strict=True)], 2),
            "" if goal is None else f"{goal:,} {'reached' if statistics.median(rates) >= goal else 'NOT reached'}",
        ])  # fmt: skip
    rows.append(
        [name, "invariants", "0 violations" if not told["violations"] else str(told["violations"][:3]), "", "", ""]
    )
    return rows, reached


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="about how long one round of one case lasts")
    parser.add_argument("--profile", action="store_true", help="where the time of post_many goes")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv if argv is not None else [])
    if args.child:
        return child(args.rounds, args.seconds, args.profile)
    with scratch() as text:
        folder = Path(text)
        print(machine() + f"; fdatasync p50 {sync_latency(folder):.2f} ms", flush=True)
        rows, good = measured("SQLite", folder, f"sqlite://{folder}/ledger.sqlite3", args)
        server = Postgres().start()
        try:
            more, also = measured("PostgreSQL", folder, server.url, args)
        finally:
            server.remove()
    if not args.profile:
        print(table(["database", "case", "transfers/s", "per CPU-s here", "x plain", "to reach"], [*rows, *more]))
    return 0 if good and also else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

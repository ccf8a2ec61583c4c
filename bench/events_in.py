"""Events into use records: the plane's journal folded by control, deduplicated, each committed to the log.

`fold_journal` is what planes call: records checked and hashed, chain and numbers within each grant, billing keys charged
once, a salted SHA-256 and SM3 commitment each, one transaction a batch. A tenth of the batches comes twice and every
fiftieth use repeats a billing key. The baseline is the plain insert of the same rows by the database's own driver, in the
same batches: what the database alone can take, with nothing checked.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.common import ROOT, machine, scratch, spread, sync_latency, table
from bench.reconciliation import timed
from scripts.with_postgres import Postgres

GOAL = 15_000
BATCH = 2000
GRANTS = 200


def journal(grants: list[Any], events: int) -> list[list[dict[str, Any]]]:
    """Chained records in batches; one in fifty repeats the billing key of the one before of its grant."""
    from shugang.delivery.metering.models import plane_iso
    from shugang.delivery.plane.records import GENESIS, record_hash
    from shugang.kernel import clock

    start, prev, batches = clock.real_now() - timedelta(hours=1), GENESIS, list[list[dict[str, Any]]]()
    for n in range(events):
        at = plane_iso(start + timedelta(milliseconds=n))
        key = n - GRANTS if n % 25 == 0 and n // GRANTS % 2 else n  # the one before of its grant has a key of its own
        record: dict[str, Any] = {
            "seq": n + 1, "grant": grants[n % GRANTS].number, "grant_seq": n // GRANTS + 1, "credential": "MY-BENCH",
            "request_id": f"sg-{key:010x}", "mode": "api", "action": "query", "outcome": "found", "charged": True,
            "charge_reason": "charged:found", "rows": n % 40, "bytes": 60, "at": at, "received_at": at, "version": 1,
            "answer_sha256": "ab" * 32, "state": "answered", "detail": {}, "prev": prev,
        }  # fmt: skip
        prev = record["hash"] = record_hash(record)
        if n % BATCH == 0:
            batches.append([])
        batches[-1].append(record)
    return batches


def child(events: int, rounds: int) -> int:
    import django

    django.setup()
    from django.db import connection, transaction

    from shugang.commands import setup
    from shugang.delivery.metering import storing
    from shugang.delivery.metering.models import UsageRecord
    from shugang.delivery.metering.services import fold_journal
    from shugang.delivery.models import Plane
    from shugang.parties.testing import make_party
    from shugang.settlement.testing import _grant, make_agreement

    setup.migrate()
    buyer, supplier = make_party("buyer"), make_party("supplier")
    grants = [_grant(make_agreement(buyer, supplier, f"HT-2026-{n:06d}")) for n in range(GRANTS)]
    batches, plane = journal(grants, events * rounds), Plane.objects.get()
    share = len(batches) // rounds
    found: dict[str, list[tuple[float, float]]] = {"fold_journal": [], "plain insert": []}

    def fold(part: list[list[dict[str, Any]]]) -> None:
        for number, batch in enumerate(part):
            for _ in range(2 if number % 10 == 9 else 1):
                fold_journal(plane, batch[0]["seq"], batch)

    def plain(rows: list[list[tuple[Any, ...]]]) -> None:
        for batch in rows:
            with transaction.atomic():
                storing.insert(batch)

    for number in range(rounds):
        part = batches[number * share : (number + 1) * share]
        _, wall, cpu = timed(lambda part=part: fold(part))
        count = sum(map(len, part))
        found["fold_journal"].append((count / wall, count / cpu))
        rows = list(UsageRecord.objects.filter(plane=plane, seq__gte=part[0][0]["seq"]).values_list(*storing.COLUMNS))
        other = Plane.objects.exclude(pk=plane.pk).first() or Plane.objects.create(
            number="JD-PLAIN", name="plain", state="active", lease_seconds=1.0, created_at=plane.created_at
        )
        place = {name: storing.COLUMNS.index(name) for name in ("plane_id", "charged", "stated", "detail")}
        copies = []
        for row in rows:
            values = [storing.stored_time(v) if hasattr(v, "tzinfo") else v for v in row]
            values[place["plane_id"]], values[place["charged"]] = other.pk, False
            values[place["stated"]], values[place["detail"]] = None, "{}"
            copies.append(tuple(values))
        _, wall, cpu = timed(lambda c=copies: plain([c[i : i + BATCH] for i in range(0, len(c), BATCH)]))
        found["plain insert"].append((count / wall, count / cpu))
    mine = UsageRecord.objects.filter(plane=plane)
    keys = mine.filter(charged=True).values("grant_id", "request_id").distinct().count()
    sound = mine.count() == sum(map(len, batches)) and mine.filter(charged=True).count() == keys
    print(json.dumps({"vendor": connection.vendor, "runs": found, "sound": sound, "repeated": mine.count() - keys}))
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
        "bench.events_in",
        "--child",
        "--events",
        str(args.events),
        "--rounds",
        str(args.rounds),
    ]
    done = subprocess.run(command, env=own, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout.splitlines()[-1])
    ours, base = ([run[0] for run in told["runs"][case]] for case in ("fold_journal", "plain insert"))
    reached = statistics.median(ours) >= GOAL and told["sound"]
    verdict = (
        f"to reach {GOAL:,}: {'reached' if reached else 'NOT reached'}; {told['repeated']:,} repeated keys uncharged"
    )
    rows = [
        [
            name,
            case,
            spread([r[0] for r in runs]),
            spread([r[1] for r in runs]),
            verdict if case == "fold_journal" else "",
        ]
        for case, runs in told["runs"].items()
    ]
    rows.append(
        [name, "fold_journal / plain insert", spread([a / b for a, b in zip(ours, base, strict=True)], 2), "", ""]
    )
    return rows, reached


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=60_000, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv if argv is not None else [])
    if args.child:
        return child(args.events, args.rounds)
    with scratch() as text:
        folder = Path(text)
        print(machine() + f"; fdatasync p50 {sync_latency(folder):.2f} ms", flush=True)
        rows, good = measured("SQLite", folder, f"sqlite://{folder}/events.sqlite3", args)
        server = Postgres().start()
        try:
            more, also = measured("PostgreSQL", folder, server.url, args)
        finally:
            server.remove()
    print(table(["database", "case", "events/s", "per CPU-s here", ""], [*rows, *more]))
    return 0 if good and also else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

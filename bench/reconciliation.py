"""A million uses of mixed prices, reconciled four ways: the plane's books, use records, bills and ledger, signatures.

Real parts throughout: records chained and written by the plane's own journal code, folded by control, rated, billed, a
part of them paid through the simulated custodian, stated by the plane and signed by the buyers. Then `reconcile()`, once
as it is (difference 0) and once for each seeded error (it must name exactly that one). The baseline is one plain pass of
the database over the same records: `SELECT grant, count, sum … GROUP BY grant`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.common import ROOT, machine, spread, sync_latency, table

GOAL_SECONDS = 60.0
CONTRACTS = 200
BATCH = 2000


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(act: Callable[[], Any]) -> tuple[Any, float, float]:
    """(result, wall seconds, CPU seconds)."""
    wall, used = time.perf_counter(), cpu()
    result = act()
    return result, time.perf_counter() - wall, cpu() - used


def plans() -> list[Any]:
    from shugang.policy.priceplan import PricePlan, Tier

    return [
        PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",)),
        PricePlan("per_unit", unit="rows", unit_price_e8=123_457, unit_size=10, billable=("found", "not_found")),
        PricePlan(
            "tiered", tiers=(Tier(1000, 50_000_000), Tier(None, 12_345_678)), billable=("found",), cap_fen=900_000
        ),
        PricePlan("package", price_fen=5_000, package_size=500, billable=("found",)),
        PricePlan("one_off", price_fen=300_000),
        PricePlan("free"),
    ]


def world(events: int) -> dict[str, Any]:
    """Parties, agreements with their grants, one plane."""
    from datetime import timedelta

    from shugang.kernel import clock
    from shugang.parties.testing import make_actor, make_party, make_signer
    from shugang.settlement.testing import _grant, make_agreement

    buyers, supplier = [make_party("buyer") for _ in range(10)], make_party("supplier")
    kinds, today, grants = plans(), clock.today(), []
    for number in range(CONTRACTS):
        plan = kinds[number % len(kinds)]
        agreement = make_agreement(
            buyers[number % 10], supplier, f"HT-2026-{number:06d}", plan,
            starts_on=today - timedelta(days=60), ends_on=today + timedelta(days=300),
        )  # fmt: skip
        grants.append(_grant(agreement))
    finance = make_actor(make_party("operator"), ["finance"])
    return {"grants": grants, "finance": finance, "signers": {b.pk: make_signer(b) for b in buyers}, "events": events}


def journalled(made: dict[str, Any], path: Path) -> None:
    """All uses as the plane writes them, a flush of 256 at a time, spread over the last thirty days."""
    import random
    from datetime import timedelta

    from shugang.delivery.metering.models import plane_iso
    from shugang.delivery.plane import schema
    from shugang.delivery.plane.clock import rule_day
    from shugang.delivery.plane.records import GENESIS, Entry, template
    from shugang.kernel import clock

    con = schema.connect(str(path))
    con.execute("PRAGMA synchronous=OFF")
    chosen, start = random.Random(7), clock.real_now() - timedelta(days=30)
    seq, head, numbers, usage = 0, GENESIS, {}, {}
    digest, grants, step = "ab" * 32, made["grants"], timedelta(days=29) / made["events"]
    for first in range(0, made["events"], 256):
        moment = start + step * first
        at, day, entries = plane_iso(moment), rule_day(moment.timestamp()), []
        for number in range(first, min(first + 256, made["events"])):
            grant = grants[number % len(grants)]
            outcome = "found" if chosen.random() < 0.8 else "not_found"
            charged = grant.outcomes.get(outcome) is True
            reason = f"charged:{outcome}" if charged else "not_billable"
            form = template(grant.number, "MY-BENCH", "api", "query", outcome, 1, charged, reason)
            rows = chosen.randrange(1, 40)
            entries.append(Entry(form, f"sg-{number:08x}", at, at, rows, 60 * rows, digest, "{}", day, True))
        batch = schema.chained(entries, seq, head, numbers)
        seq, head = batch.seq, batch.head
        schema.merge(usage, batch.usage)
        con.execute("BEGIN")
        schema.write(con, batch)
        con.execute("COMMIT")
    con.execute("BEGIN")
    schema.fold(con, usage, seq, numbers)
    con.execute("COMMIT")
    con.close()


def folded(path: Path) -> int:
    """The whole journal, in the batches in which a plane ships it."""
    from shugang.delivery.metering.services import fold_journal
    from shugang.delivery.models import Plane
    from shugang.delivery.plane import schema

    plane, con = Plane.objects.get(), schema.connect_reader(str(path))
    waiting: list[str] = []
    last = 0
    for text in schema.records(con):
        waiting.append(text)
        if len(waiting) == BATCH:
            last = fold_journal(plane, last + 1, json.loads(f"[{','.join(waiting)}]"))
            waiting = []
    if waiting:
        last = fold_journal(plane, last + 1, json.loads(f"[{','.join(waiting)}]"))
    return last


def settled(made: dict[str, Any], path: Path) -> None:
    """Bills for all contracts, a tenth of them paid and split; the plane's books; what the buyers sign."""
    from shugang.delivery.acknowledgements.queries import proposal
    from shugang.delivery.acknowledgements.services import acknowledge
    from shugang.delivery.metering import books
    from shugang.delivery.models import Plane
    from shugang.delivery.plane import schema
    from shugang.parties.testing import make_actor
    from shugang.settlement.bills.services import issue_bill
    from shugang.settlement.rating.services import rate_all
    from shugang.settlement.testing import settle

    bills = [issue_bill(made["finance"], bill.agreement.number) for bill in rate_all(made["finance"])]
    for bill in [b for b in bills if b.kind == "bill"][:: max(1, len(bills) // 20)]:
        settle(made["finance"], make_actor(bill.buyer, ["finance"]), bill)
    told = schema.books(str(path))
    books.receive(Plane.objects.get(), told.seq, told.head, told.sums)
    for grant in made["grants"]:
        signer = made["signers"][grant.grantee_id]
        acknowledge(signer, proposal(signer, grant.number))


def seeded() -> dict[str, tuple[Callable[[], Any], set[str]]]:
    """Errors, and the kinds of comparison that have to name them."""
    from shugang.delivery.metering.models import UsageRecord
    from shugang.settlement.bills.models import Bill

    first = UsageRecord.objects.order_by("pk").values_list("grant_id", flat=True)[0]  # priced by the call
    middle = UsageRecord.objects.filter(charged=True, grant_id=first).order_by("pk")[3]
    bill = Bill.objects.filter(kind="bill", state="issued").order_by("pk")[3]
    return {
        "one of the records is gone": (
            lambda: UsageRecord.objects.filter(pk=middle.pk).delete(), {"sequence", "journal", "signed", "use"}
        ),
        "one bill is 1 fen higher": (
            lambda: Bill.objects.filter(pk=bill.pk).update(total_fen=bill.total_fen + 1), {"lines"}
        ),
    }  # fmt: skip


def child(events: int, rounds: int) -> int:
    import django

    django.setup()
    from django.db import connection, transaction

    from shugang.commands import setup
    from shugang.settlement.reconciliation.queries import reconcile

    setup.migrate()
    path = Path(os.environ["SHUGANG_VAR_DIR"]) / "journal.sqlite3"
    made = world(events)
    _, wrote, wrote_cpu = timed(lambda: journalled(made, path))
    count, took, took_cpu = timed(lambda: folded(path))
    _, settling, settling_cpu = timed(lambda: settled(made, path))
    rows = [
        ["the plane's journal written", f"{wrote:.1f}", f"{wrote_cpu:.1f}", f"{events / wrote:,.0f} events/s"],
        ["folded into use records", f"{took:.1f}", f"{took_cpu:.1f}", f"{count / took:,.0f} events/s, {count / took_cpu:,.0f} a CPU-second"],
        ["rated, billed, partly paid, stated, signed", f"{settling:.1f}", f"{settling_cpu:.1f}", f"{CONTRACTS} contracts"],
    ]  # fmt: skip

    def plain() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT grant_number, outcome, count(*), sum(rows), sum(bytes), min(at) FROM delivery_usagerecord"
                " GROUP BY grant_number, outcome"
            )
            return len(cursor.fetchall())

    walls, cpus, baseline, agreed = [], [], [], True
    for _ in range(rounds):
        baseline.append(timed(plain)[1])
        report, wall, used = timed(reconcile)
        walls.append(wall)
        cpus.append(used)
        agreed = agreed and not report.differences and report.total_difference_fen == 0
    rows.append([
        f"reconciled four ways ({report.checks:,} comparisons)", spread(walls, 1), spread(cpus, 1),
        "difference 0.00" if agreed else "DIFFERS",
    ])  # fmt: skip
    rows.append(["baseline: one grouped pass over the records", spread(baseline, 1), "", ""])
    found_all = True
    for name, (spoil, kinds) in seeded().items():
        with transaction.atomic():
            spoil()
            report, wall, used = timed(reconcile)
            found = {check.kind for check in report.differences}
            found_all = found_all and found == kinds
            rows.append([f"seeded: {name}", f"{wall:.1f}", f"{used:.1f}", f"named by {', '.join(sorted(found))}"])
            transaction.set_rollback(True)
    print(table(["step", "wall s", "CPU s", ""], rows))
    reached = statistics.median(walls) <= GOAL_SECONDS and agreed and found_all
    print(
        f"{events:,} events, {connection.vendor}: {spread(walls, 1)} s, to reach {GOAL_SECONDS:.0f} s with difference 0 and "
        f"every seeded error named: {'reached' if reached else 'NOT reached'}"
    )
    return 0 if reached else 1


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv if argv is not None else [])
    if args.child:
        return child(args.events, args.rounds)
    folder = Path(tempfile.mkdtemp(prefix="shugang-bench-"))
    print(machine() + f"; fdatasync p50 {sync_latency(folder):.2f} ms", flush=True)
    try:
        own = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_") or k == "SHUGANG_DATABASE_URL"}
        own |= {
            "DJANGO_SETTINGS_MODULE": "shugang.settings", "SHUGANG_VAR_DIR": str(folder), "SHUGANG_SECRET_KEY": "x" * 50,
            "SHUGANG_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        }  # fmt: skip
        command = [sys.executable, "-m", "bench.reconciliation", "--child", "--events", str(args.events)]
        return subprocess.run([*command, "--rounds", str(args.rounds)], env=own, cwd=ROOT).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""A month closed: 10,000 contracts, 300,000 usage windows (a contract, a day, an outcome), rated and issued as 10,000 bills.

The product's own run: `rate_all`, then `issue_all`, with lines, what each bill rests on, its events committed to the log
and its gap-free number. Contracts, grants and use records are put in place by bulk SQL first, which is not measured. The
baseline of the same machine is `rate_period` and `issue_bill` of single contracts, a transaction each, on as many of them
as are enough to tell. Then every bill is checked: against its lines, its number, its events, and a sample of them against
the use records asked one contract at a time; a second run must find nothing due.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.common import ROOT, machine, scratch, sync_latency, table
from bench.reconciliation import timed
from scripts.with_postgres import Postgres

GOAL_SECONDS = 60.0
DAYS = 30
SINGLY = 200


def plans() -> list[Any]:
    from shugang.policy.priceplan import OutcomePrice, PricePlan, Tier

    tiers = (Tier(1000, 50_000_000), Tier(None, 12_345_678))
    return [
        PricePlan("per_unit", unit_price_e8=35_000_000, billable=("found",)),
        PricePlan("per_unit", unit="rows", unit_price_e8=123_457, unit_size=10, billable=("found",), included=50),
        PricePlan("tiered", unit="rows", tiers=tiers, billable=("found",), cap_fen=900_000),
        PricePlan("volume", unit="rows", tiers=tiers, billable=("found",), minimum_fen=100),
        PricePlan("package", price_fen=5_000, package_size=500, unit="bytes", billable=("found",)),
        PricePlan("by_outcome", prices=(OutcomePrice("found", 70_000_000),), billable=("found",), daily_cap_fen=65),
        PricePlan("period", price_fen=300_000, every="month"),
    ]


RECORDS = """
WITH RECURSIVE days (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM days WHERE n < %(last)s)
INSERT INTO delivery_usagerecord (plane_id, seq, grant_seq, grant_id, grant_number, credential, request_id, mode, action,
    outcome, charged, charge_reason, "rows", bytes, at, received_at, folded_at, version, answer_sha256, state, detail, hash,
    prev, salt, sha256, sm3)
SELECT g.plane_id, (g.id - %(first)s) * %(days)s + days.n + 1, days.n + 1, g.id, g.number, 'MY-BENCH',
    {request}, 'api', 'query', 'found', {true}, 'unit', 10 + days.n, 600,
    {at}, {at}, {at}, 1, '', 'answered', '{{}}', '', '', {salt}, '', ''
FROM delivery_grant g CROSS JOIN days WHERE g.id >= %(first)s
"""
SPELLED = {
    "sqlite": {
        "request": "'r' || days.n", "true": "1", "salt": "zeroblob(32)",
        "at": "strftime('%%Y-%%m-%%d %%H:%%M:%%S', %(start)s, '+' || (days.n * 24 + 3) || ' hours')",
    },
    "postgresql": {
        "request": "'r' || days.n", "true": "true", "salt": "decode(repeat('00', 32), 'hex')",
        "at": "%(start)s::timestamptz + make_interval(hours => days.n * 24 + 3)",
    },
}  # fmt: skip


def world(contracts: int) -> Any:
    """Parties, agreements of mixed prices, their grants, and a month of use; the operator's finance."""
    from django.db import connection

    from shugang.delivery.models import Grant
    from shugang.kernel import clock
    from shugang.parties.testing import make_actor, make_party
    from shugang.settlement.charges.models import ChargeAgreement
    from shugang.settlement.charges.services import plan_digest
    from shugang.settlement.rating.periods import Period
    from shugang.settlement.testing import _grant, make_agreement

    buyers, supplier, kinds = [make_party("buyer") for _ in range(10)], make_party("supplier"), plans()
    this = clock.today().replace(day=1)
    first = (this - timedelta(days=1)).replace(day=1)
    model = make_agreement(buyers[0], supplier, "HT-MODEL", starts_on=first, ends_on=this - timedelta(days=1))
    pattern = _grant(model)

    def copies(row: Any, made: list[dict[str, Any]]) -> list[Any]:
        same = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
        return type(row).objects.bulk_create([type(row)(**{**same, **own}) for own in made], batch_size=1000)

    told = [(plan.to_json(), plan_digest(plan), plan.billable) for plan in kinds]
    numbers = [f"2026-{n:06d}" for n in range(contracts)]
    copies(model, [
        {"number": f"HT-{n}", "grant": f"SQ-{n}", "buyer_id": buyers[i % 10].pk, "plan": told[i % len(told)][0],
         "plan_digest": told[i % len(told)][1]}
        for i, n in enumerate(numbers)
    ])  # fmt: skip
    grants = copies(
        pattern,
        [{"number": f"SQ-{n}", "contract": f"HT-{n}", "grantee_id": buyers[i % 10].pk} for i, n in enumerate(numbers)],
    )
    Grant.objects.filter(pk=pattern.pk).delete()
    ChargeAgreement.objects.filter(pk=model.pk).delete()
    start, _ = Period(first, first).bounds(clock.zone())
    with connection.cursor() as cursor:
        cursor.execute(
            RECORDS.format(**SPELLED[connection.vendor]),
            {
                "last": DAYS - 1,
                "days": DAYS,
                "first": min(g.pk for g in grants),
                "start": start.strftime("%Y-%m-%d %H:%M:%S+00:00"),
            },
        )
        cursor.execute("ANALYZE")
    return make_actor(make_party("operator"), ["finance"]), first


def wrong(bills: list[Any], contracts: int, first: date) -> list[str]:
    """What does not hold of the issued bills."""
    from django.db.models import Count, F, Sum

    from shugang.kernel import clock
    from shugang.kernel.models import Event
    from shugang.settlement.bills.models import Bill
    from shugang.settlement.rating.lines import rated_total
    from shugang.settlement.rating.periods import Period
    from shugang.settlement.rating.usage import quantities

    found = []
    if len(bills) != contracts:
        found.append(f"{len(bills)} bills")
    numbers = sorted(str(b.number) for b in bills)
    if numbers != [f"{numbers[0][:8]}{n:06d}" for n in range(1, len(bills) + 1)]:
        found.append("numbers have a gap")
    if Bill.objects.annotate(sum=Sum("lines__amount_fen")).exclude(sum=F("total_fen")).exists():
        found.append("a total is not the sum of its lines")
    events = dict(
        Event.objects.filter(kind__in=["bill.drafted", "bill.issued"]).values_list("kind").annotate(n=Count("id"))
    )
    if events.get("bill.issued") != len(bills):
        found.append(f"events {events}")
    for bill in bills[:: max(1, len(bills) // 70)]:
        agreement, row = bill.agreement, bill.periods.get()
        start, end = Period(row.period_from, row.period_to).bounds(clock.zone())
        plan = agreement.price_plan
        if rated_total(plan, quantities(agreement.grant, plan, start, end, clock.real_now())) != bill.total_fen:
            found.append(f"{bill.number} is not what its use costs")
    return found


def child(name: str, contracts: int, profile: bool) -> int:
    import django

    django.setup()
    from shugang.commands import setup
    from shugang.delivery.metering.models import UsageRecord
    from shugang.settlement.bills.services import issue_all, issue_bill
    from shugang.settlement.rating.services import rate_all, rate_period

    setup.migrate()
    (finance, first), made, _ = timed(lambda: world(contracts + SINGLY))
    singly = [f"HT-2026-{n:06d}" for n in range(contracts, contracts + SINGLY)]
    drafted, one, one_cpu = timed(lambda: [rate_period(finance, n) for n in singly])
    issued, more, more_cpu = timed(lambda: [issue_bill(finance, n) for n in singly])
    watch = cProfile.Profile()
    if profile:
        watch.enable()
    drafts, rating, rating_cpu = timed(lambda: rate_all(finance))
    bills, issuing, issuing_cpu = timed(lambda: issue_all(finance))
    watch.disable()
    again, second, second_cpu = timed(lambda: rate_all(finance))
    broken = wrong(issued + bills, contracts + SINGLY, first) + ([f"{len(again)} due again"] if again else [])
    if profile:
        pstats.Stats(watch).sort_stats("cumtime").print_stats(60)
    per = contracts / SINGLY
    rows = [
        [name, f"in place: {contracts + SINGLY:,} contracts, {UsageRecord.objects.count():,} windows", f"{made:.1f}", "", ""],
        [name, f"singly, {SINGLY} contracts (baseline)", f"{one + more:.1f}", f"{one_cpu + more_cpu:.1f}", f"{(one + more) * per:.0f} s for all"],
        [name, f"rated into {len(drafts):,} drafts", f"{rating:.1f}", f"{rating_cpu:.1f}", ""],
        [name, f"issued {len(bills):,} bills", f"{issuing:.1f}", f"{issuing_cpu:.1f}", ""],
        [name, "month close", f"{rating + issuing:.1f}", f"{rating_cpu + issuing_cpu:.1f}",
         f"{(one + more) * per / (rating + issuing):.1f} x singly; to reach {GOAL_SECONDS:.0f} s: "
         f"{'reached' if rating + issuing <= GOAL_SECONDS else 'NOT reached'}"],
        [name, "rated again: nothing due", f"{second:.1f}", f"{second_cpu:.1f}", ", ".join(broken) or "all checks hold"],
    ]  # fmt: skip
    print(table(["database", "step", "wall s", "CPU s here", ""], rows), flush=True)
    return 0 if rating + issuing <= GOAL_SECONDS and not broken and len(drafted) == SINGLY else 1


def run(name: str, folder: Path, url: str, args: argparse.Namespace) -> int:
    own = {k: v for k, v in os.environ.items() if not k.startswith("SHUGANG_")} | {
        "DJANGO_SETTINGS_MODULE": "shugang.settings",
        "SHUGANG_VAR_DIR": str(folder),
        "SHUGANG_DATABASE_URL": url,
        "SHUGANG_SECRET_KEY": "x" * 50,
        "SHUGANG_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }
    command = [sys.executable, "-m", "bench.month_close", "--child", name, "--contracts", str(args.contracts)]
    return subprocess.run([*command, *(["--profile"] if args.profile else [])], env=own, cwd=ROOT).returncode


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--contracts", type=int, default=10_000)
    parser.add_argument("--only", choices=["SQLite", "PostgreSQL"])
    parser.add_argument("--profile", action="store_true", help="where the time goes; slower")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args(argv if argv is not None else [])
    if args.child:
        return child(args.child, args.contracts, args.profile)
    missed = 0
    with scratch() as text:
        folder = Path(text)
        print(machine() + f"; fdatasync p50 {sync_latency(folder):.2f} ms", flush=True)
        if args.only != "PostgreSQL":
            missed |= run("SQLite", folder, f"sqlite://{folder}/month.sqlite3", args)
        if args.only != "SQLite":
            server = Postgres().start()
            try:
                missed |= run("PostgreSQL", folder, server.url, args)
            finally:
                server.remove()
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

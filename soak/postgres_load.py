"""Control at work on PostgreSQL, for `test_postgres_survives`: verbs with gap-free numbers, a plane's journal folded by
several at once, the sequencer. What is durable is said on standard output, after its commit and never before.

`python -m soak.postgres_load prepare|work|check FOLDER`, with the settings in the environment.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from pathlib import Path

RECORDS = 200_000
BATCH = 40


def prepare(folder: Path) -> None:
    """Tables, a grant, and a journal of a plane to fold from."""
    from shugang.commands import setup
    from shugang.delivery.metering.models import plane_iso
    from shugang.delivery.plane import schema
    from shugang.delivery.plane.records import GENESIS, Entry, template
    from shugang.delivery.testing import make_grant, make_plane
    from shugang.kernel import clock

    setup.migrate()
    make_plane()
    grant, at = make_grant(mode="api"), plane_iso(clock.real_now())
    form = template(grant.number, "MY-2026-000001", "api", "read", "found", 1, True, "charged:found")
    entries = [Entry(form, f"r-{n}", at, at, 1, 10, "", "{}", 20_000, True) for n in range(RECORDS)]
    con = schema.connect(str(folder / "journal.sqlite3"))
    con.execute("BEGIN")
    seq, head, numbers = 0, GENESIS, {}
    for first in range(0, RECORDS, BATCH):
        batch = schema.chained(entries[first : first + BATCH], seq, head, numbers)
        seq, head = batch.seq, batch.head
        schema.write(con, batch)
    con.execute("COMMIT")
    con.close()


def work(folder: Path) -> None:
    """Until it is killed. A server that goes away is waited for, as the platform's processes do."""
    from django.db import DatabaseError, connection

    con = sqlite3.connect(f"file:{folder}/journal.sqlite3?mode=ro", uri=True)
    print("ready", flush=True)
    while True:
        try:
            _once(con)
        except DatabaseError:
            connection.close()
            time.sleep(0.05)


def _once(con: sqlite3.Connection) -> None:
    from django.db import transaction

    from shugang.delivery.metering.services import fold_journal
    from shugang.delivery.models import Plane
    from shugang.delivery.plane import schema
    from shugang.kernel import sequencer
    from shugang.kernel.actors import SYSTEM
    from shugang.kernel.events import emit
    from shugang.kernel.numbering import next_number

    with transaction.atomic():
        number = next_number("soak")
        emit("soak.happened", SYSTEM, [("case", f"S-{number}")], {"number": number})
    print(f"verb {number}", flush=True)
    plane = Plane.objects.get()
    first, _, text = con.execute(schema.BATCHES_AFTER, (plane.journal_seq,)).fetchone()
    if first == plane.journal_seq + 1:
        print(f"fold {fold_journal(plane, first, json.loads(f'[{text}]'))}", flush=True)
    sequencer.run_once()


def check() -> None:
    """What is there, for the test to compare with what was said."""
    from django.db.models import Count

    from shugang.delivery.metering.models import UsageRecord
    from shugang.delivery.models import Plane
    from shugang.evidence.audit import audit_log
    from shugang.evidence.store import TileStore
    from shugang.kernel import sequencer
    from shugang.kernel.models import Event

    sequencer.run_once()
    charged = UsageRecord.objects.filter(charged=True)
    report = audit_log(TileStore(sequencer.folder()), sequencer.vkey())
    print(json.dumps({
        "numbers": sorted(Event.objects.filter(kind="soak.happened").values_list("payload__number", flat=True)),
        "journal_seq": Plane.objects.get().journal_seq,
        "records": UsageRecord.objects.count(),
        "charged": charged.count(),
        "keys": charged.aggregate(n=Count("request_id", distinct=True))["n"],
        "log": [report.ok, report.entries],
        "logged": Event.objects.count() + UsageRecord.objects.count(),
    }))  # fmt: skip


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    what, folder = sys.argv[1], Path(sys.argv[2])
    {"prepare": lambda: prepare(folder), "work": lambda: work(folder), "check": check}[what]()


if __name__ == "__main__":
    main()

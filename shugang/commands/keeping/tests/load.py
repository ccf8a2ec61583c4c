"""A platform at work, for the tests: events, a plane's journal, folding and the sequencer, until it is told to stop.

`main("work")` in a process of its own. `fold` sends what the journal has that control has not, as a plane does after a
restore; `state` prints what the tests compare.
"""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from shugang.delivery.metering.models import UsageRecord, plane_iso
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.journal import Journal
from shugang.delivery.plane.records import Entry, Template
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_grant, make_plane
from shugang.kernel import clock, sequencer
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.models import Event

FOLDER = Path(settings.VAR_DIR) / "plane"
AT = plane_iso(clock.real_now())


def prepare() -> str:
    plane, _ = make_plane()
    grant = make_grant()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "plane.key").write_text("the plane's secret")
    (FOLDER / "plane.toml").write_text(
        f'[plane]\nplane_id = "{plane.number}"\ndata_dir = "{FOLDER}"\nprivate_key_file = "{FOLDER}/plane.key"\n'
    )
    (FOLDER / "cache").mkdir()
    (FOLDER / "cache" / "big").write_bytes(b"x" * 1000)
    return grant.number


def fold(limit: int = 2000) -> int:
    """Everything from the journal that control does not have; returns how much came."""
    plane = Plane.objects.get(number=_plane_id())
    told = 0
    while True:
        last, text = Journal.read_after(_Reader(FOLDER / "journal.sqlite3"), plane.journal_seq, limit)  # type: ignore[arg-type]
        if last == plane.journal_seq:
            return told
        told += last - plane.journal_seq
        fold_journal(plane, plane.journal_seq + 1, json.loads(text))
        plane.refresh_from_db()


class _Reader:
    """As much of a journal as reading it needs."""

    def __init__(self, path: Path) -> None:
        self._path = path


def _plane_id() -> str:
    return (FOLDER / "plane.toml").read_text().split('plane_id = "')[1].split('"')[0]


async def work(grant: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    journal = Journal(FOLDER / "journal.sqlite3")
    journal.start()
    made = Template(grant, "MY-2026-000001", "api", "read", "found", 1, True, "charged:found")
    number = journal.seq
    print("ready", flush=True)
    while not stopped.is_set():
        for _ in range(20):
            number += 1
            await journal.submit(Entry(made, f"r-{number}", AT, AT, 1, 10, "", "{}", 20_000, True))
        await asyncio.to_thread(_control, number)
        await asyncio.sleep(0.2)
    await journal.stop()


def _control(number: int) -> None:
    with transaction.atomic():
        emit("test.happened", SYSTEM, [("case", f"c-{number}")], {"number": number})
    if number % 3:
        fold()
    sequencer.run_once()


def state() -> dict[str, object]:
    plane = Plane.objects.get(number=_plane_id())
    charged = UsageRecord.objects.filter(charged=True)
    return {
        "events": Event.objects.count(),
        "records": UsageRecord.objects.count(),
        "charged": charged.count(),
        "keys": charged.aggregate(n=Count("request_id", distinct=True))["n"],
        "journal_seq": plane.journal_seq,
        "revision": plane.revision,
        "size": sequencer.status()["size"],
        "origin": sequencer.origin(),
        "unequal": [e.pk for e in Event.objects.all() if not sequencer.content_matches(e)]
        + [u.pk for u in UsageRecord.objects.all() if not sequencer.content_matches(u)],
    }


def main(what: str) -> None:
    if what == "work":
        asyncio.run(work(prepare()))
        return
    if what == "fold":
        fold()
    elif what == "sequence":
        sequencer.run_once()
    print(json.dumps(state()))

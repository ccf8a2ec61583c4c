"""A platform at work, for the tests: events, a plane's journal, folding and the sequencer, until it is told to stop.

`main("work")` in a process of its own. `fold` sends what the journal has that control has not, as a plane does after a
restore; `state` prints what the tests compare.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from shugang.delivery.datasets.models import DatasetVersion
from shugang.delivery.grants.models import Grant
from shugang.delivery.metering.models import UsageRecord, plane_iso
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.plane.config import PlaneConfig, load
from shugang.delivery.plane.fleet.journal import FleetJournal
from shugang.delivery.plane.fleet.tables import BATCHES_AFTER
from shugang.delivery.plane.journal import Journal
from shugang.delivery.plane.records import Entry, Template
from shugang.delivery.plane.schema import JOIN
from shugang.delivery.plane.tests.databases import query
from shugang.delivery.planes.models import Plane
from shugang.delivery.testing import make_grant, make_plane, make_supplier, make_version
from shugang.delivery.vault.receiving import vault_root
from shugang.delivery.vault.store import store
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
    shared = os.environ.get("SHUGANG_TEST_JOURNAL_URL", "")
    (FOLDER / "plane.toml").write_text(
        f'[plane]\nplane_id = "{plane.number}"\ndata_dir = "{FOLDER}"\nprivate_key_file = "{FOLDER}/plane.key"\n'
        f'control_url = "http://127.0.0.1:1"\nplatform_key = "unused"\njournal_url = "{shared}"\nworkers = 2\n'
        if shared
        else f'[plane]\nplane_id = "{plane.number}"\ndata_dir = "{FOLDER}"\nprivate_key_file = "{FOLDER}/plane.key"\n'
    )
    (FOLDER / "cache").mkdir()
    (FOLDER / "cache" / "big").write_bytes(b"x" * 1000)
    return grant.number


def fold(limit: int = 2000) -> int:
    """Everything from the journal that control does not have; returns how much came."""
    plane = Plane.objects.get(number=_plane_id())
    told = 0
    while True:
        last, text = _after(plane.journal_seq, limit)
        if last == plane.journal_seq:
            return told
        told += last - plane.journal_seq
        fold_journal(plane, plane.journal_seq + 1, json.loads(text))
        plane.refresh_from_db()


def _shared() -> PlaneConfig | None:
    """The settings of a plane whose journal is in PostgreSQL."""
    if "journal_url" not in (FOLDER / "plane.toml").read_text():
        return None
    return load(FOLDER / "plane.toml", {})


def _after(seq: int, limit: int) -> tuple[int, bytes]:
    config = _shared()
    if config is None:
        return Journal.read_after(_Reader(FOLDER / "journal.sqlite3"), seq, limit)  # type: ignore[arg-type]
    found = query(config.journal_dsn(), BATCHES_AFTER, seq, limit, plane=config.plane_id)
    texts = [JOIN.join(text.split(JOIN)[max(0, seq + 1 - first) :]) for first, _, text in found]
    return found[-1][1] if found else seq, f"[{JOIN.join(texts)}]".encode()


async def _journal() -> Journal | FleetJournal:
    config = _shared()
    journal = FleetJournal(config, None, b"s" * 32) if config else Journal(FOLDER / "journal.sqlite3")
    journal.start()
    await journal.joined.wait()
    return journal


class _Reader:
    """As much of a journal as reading it needs."""

    def __init__(self, path: Path) -> None:
        self._path = path


def _plane_id() -> str:
    return (FOLDER / "plane.toml").read_text().split('plane_id = "')[1].split('"')[0]


async def work(grant: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    journal = await _journal()
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


async def more(grant: str) -> None:
    """What a plane journals after a restore, onto what was brought back."""
    journal = await _journal()
    made = Template(grant, "MY-2026-000001", "api", "read", "found", 1, True, "charged:found")
    for number in range(5):
        await journal.submit(Entry(made, f"after-{number}", AT, AT, 1, 10, "", "{}", 20_000, True))
    await journal.stop()


def hosted() -> None:
    """Versions of a data set in the vault's store, none of them in the local folder any more."""
    actor = make_supplier()[1]
    for version in (make_version(actor), make_version(actor, name="号段二")):
        (vault_root() / version.path).unlink(missing_ok=True)


def stored() -> list[str]:
    """The digests of all versions as they are read from the store."""
    found = []
    for version in DatasetVersion.objects.exclude(path="").order_by("id"):
        (vault_root() / version.path).unlink(missing_ok=True)
        place = store().local(version.path, version.sha256)
        found.append(hashlib.sha256(place.read_bytes()).hexdigest())
    assert found == list(DatasetVersion.objects.exclude(path="").order_by("id").values_list("sha256", flat=True))
    return found


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
    if what == "hosted":
        hosted()
        print("{}")
        return
    if what == "stored":
        print(json.dumps({"versions": stored()}))
        return
    elif what == "more":
        asyncio.run(more(Grant.objects.order_by("id").values_list("number", flat=True)[0]))
        fold()
    elif what == "fold":
        fold()
    elif what == "sequence":
        sequencer.run_once()
    print(json.dumps(state()))

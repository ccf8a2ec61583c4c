"""The whole chain in real processes: the demonstration as a newcomer runs it, then its books, journals and log opened
and compared from outside."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parent.parent
STATEMENTS = """
import json, django; django.setup()
from shugang.kernel import sequencer
from shugang.kernel.models import Event
from shugang.delivery.metering.models import UsageRecord
from shugang.settlement.bills.models import Bill
from shugang.settlement.reconciliation.queries import reconcile
from shugang.market.contracts.models import Contract
report = reconcile()
print(json.dumps({
    "difference": report.total_difference_fen,
    "each": {c.number: reconcile(contract=c.number).total_difference_fen
             for c in Contract.objects.filter(grant__isnull=False, number__in=[b.agreement.number for b in Bill.objects.all()])},
    "bills": [[b.number, b.state, b.total_fen] for b in Bill.objects.order_by("id")],
    "backlog": sequencer.status()["backlog"],
    "unequal": [e.pk for e in Event.objects.all() if not sequencer.content_matches(e)]
             + [u.pk for u in UsageRecord.objects.all() if not sequencer.content_matches(u)],
}))
"""


def free_ports() -> int:
    """The first of three free ports in a row of ten, away from those that a person's own demonstration takes. Each test
    worker has a range of its own: a site binds its ports seconds after they were found free."""
    first = 9300 + 200 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for base in range(first, first + 200, 10):
        probes = [socket.socket() for _ in range(3)]
        try:
            for offset, probe in enumerate(probes):
                probe.bind(("127.0.0.1", base + offset))
            return base
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise RuntimeError("no free ports")


@dataclass(frozen=True)
class Played:
    folder: Path
    output: str
    code: int

    def table(self, query: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.folder}/control.sqlite3?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    def journal(self, plane: str) -> list[dict[str, Any]]:
        with sqlite3.connect(self.folder / plane / "journal.sqlite3") as database:
            batches = [text for (text,) in database.execute("SELECT text FROM batch ORDER BY last")]
        return [record for text in batches for record in json.loads(f"[{text}]")]

    def vkey(self) -> str:
        return str(json.loads((self.folder / "court" / "receipt.json").read_text())["vkey"])

    def shugang(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "shugang.cli", *words])

    def ask(self, script: str) -> Any:
        done = self._run([sys.executable, "-c", script])
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    def _run(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        settings = {
            "SHUGANG_DEMO": "1", "SHUGANG_VAR_DIR": str(self.folder), "DJANGO_SETTINGS_MODULE": "shugang.settings",
            "SHUGANG_DATABASE_URL": f"sqlite://{self.folder}/control.sqlite3",
        }  # fmt: skip
        return subprocess.run(words, cwd=ROOT, env={**clean(), **settings}, capture_output=True, text=True, timeout=120)


def clean() -> dict[str, str]:
    """This process's environment without the settings of the tests."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("SHUGANG_", "DJANGO_"))}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demonstration") / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "shugang.cli", "demo", "--exit"], cwd=ROOT, capture_output=True, text=True, timeout=420,
        env={**clean(), "SHUGANG_DEMO_DIR": str(folder), "SHUGANG_PORT": str(free_ports())},
    )  # fmt: skip
    return Played(folder, done.stdout + done.stderr, done.returncode)


def test_the_play_ends_well_and_prints_its_table(played):
    assert played.code == 0, played.output[-3000:]
    from demo.play import STEPS

    assert played.output.count(" ✓ ") == STEPS
    assert " ✗" not in played.output
    table = played.output.partition("步骤 / step")[2].splitlines()
    rows = [line for line in table[2:] if line.strip()][:STEPS]
    assert len(rows) == STEPS
    assert all("#" in row for row in rows[:-1]), "each step names its entry in the log"


def test_the_statement_reconciles_to_nothing(played):
    found = played.ask(STATEMENTS)
    assert found["difference"] == 0
    assert set(found["each"].values()) == {0}
    assert [state for _, state, _ in found["bills"]] == ["settled"] * len(found["bills"]) and len(found["bills"]) >= 2
    assert all((total > 0) != number.startswith("HZ-") for number, _, total in found["bills"]), (
        "a credit note is below 0"
    )
    assert played.table("SELECT COALESCE(SUM(balance), 0) FROM settlement_account") == [(0,)]


def test_every_event_and_every_use_stands_in_the_log(played):
    found = played.ask(STATEMENTS)
    assert found["backlog"] == 0 and found["unequal"] == []
    for table in ("kernel_event", "delivery_usagerecord"):
        assert played.table(f"SELECT COUNT(*) FROM {table} WHERE log_index IS NULL") == [(0,)]
    (entries,) = played.table(
        "SELECT COUNT(*), MAX(size) FROM kernel_logentry, (SELECT MAX(size) size FROM kernel_checkpoint)"
    )
    assert entries[0] == entries[1]


def test_verify_passes_over_the_folder_and_finds_a_flipped_byte(played, tmp_path):
    done = played.shugang("verify", str(played.folder / "log"), "--key", played.vkey())
    assert done.returncode == 0, done.stdout + done.stderr
    copy = tmp_path / "log"
    shutil.copytree(played.folder / "log", copy)
    tile = next(p for p in sorted((copy / "tile" / "entries").rglob("*")) if p.is_file())
    data = bytearray(tile.read_bytes())
    data[40] ^= 1
    tile.write_bytes(bytes(data))
    assert played.shugang("verify", str(copy), "--key", played.vkey()).returncode == 1


def test_every_answered_use_came_home_once(played):
    """What the planes answered, record by record, is what was folded; none is missing, none twice."""
    planes = dict(
        played.table("SELECT CASE WHEN party_id IS NULL THEN 'plane' ELSE 'site/plane' END, id FROM delivery_plane")
    )
    for folder, plane in planes.items():
        told = [(r["seq"], r["grant"], r["request_id"], r["state"], r["hash"]) for r in played.journal(folder)]
        kept = played.table(
            "SELECT seq, grant_number, request_id, state, hash FROM delivery_usagerecord"
            f" WHERE plane_id = {plane} ORDER BY seq"
        )
        assert kept == told and len(told) >= 3
        assert [r[0] for r in told] == list(range(1, len(told) + 1))
    charged = played.table(
        "SELECT grant_id, request_id, COUNT(*) FROM delivery_usagerecord WHERE charged GROUP BY 1, 2"
    )
    assert charged and all(count == 1 for _, _, count in charged)


def test_what_the_bills_charge_is_what_was_found(played):
    """Quantity of the charged lines = charged uses in their period; the price is the contract's."""
    lines = played.table(
        "SELECT l.quantity, l.amount_fen, l.unit_price_e8, a.grant, l.usage_from, l.usage_to FROM settlement_billline l"
        " JOIN settlement_bill b ON b.id = l.bill_id JOIN settlement_chargeagreement a ON a.id = b.agreement_id"
        " WHERE l.amount_fen > 0 AND l.unit_price_e8 > 0"
    )
    assert lines
    for quantity, amount, price, grant, start, end in lines:
        (count,) = played.table(
            "SELECT COUNT(*) FROM delivery_usagerecord WHERE charged AND grant_number = "
            f"'{grant}' AND at >= '{start}' AND at < '{end}'"
        )[0]
        assert quantity == count
        assert abs(amount * 10**6 - quantity * price) <= 500_000, "rounded to the nearest 分 once"


def test_no_secret_stands_in_the_database(played):
    """Keys that the buyer holds are stored as digests: their text is nowhere in the file."""
    data = (played.folder / "control.sqlite3").read_bytes()
    for profile in (played.folder / "buyer").glob("*.share"):
        secret = json.loads(profile.read_text())["bearerToken"]
        assert len(secret) > 20 and secret.encode() not in data


def test_connected_data_never_came_to_the_platform(played):
    """A company's name of the supplier's own database is in no file of the platform."""
    with sqlite3.connect(played.folder / "site" / "companies.sqlite3") as database:
        (website,) = database.execute("SELECT website FROM companies WHERE website <> '' LIMIT 1").fetchone()
    for path in played.folder.rglob("*"):
        if path.is_file() and "site" not in path.relative_to(played.folder).parts:
            assert website.encode() not in path.read_bytes(), path


def test_the_processes_are_gone(played):
    """Nothing of the play goes on: its folder is no process's."""
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            assert str(played.folder).encode() not in entry.read_bytes(), entry
        except OSError:
            continue

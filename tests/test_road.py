"""The whole road in real processes, from onboarding to a statement that comes to 0 分: walked once by `tests.road`, which asserts
at every step; then its database, the bank's files, its papers and its log are opened from outside and worked again by hand."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.road import STEPS

from .test_chain import ROOT, clean, free_ports

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
PRICE, USED, REFUND, DEPOSIT = 1_525_001, 1_565, 123_456, 100_000  # 分


@dataclass(frozen=True)
class Walked:
    folder: Path
    output: str
    code: int

    @property
    def facts(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "facts.json").read_text()))

    def rows(self, query: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.folder}/control.sqlite3?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    def bank(self) -> list[dict[str, Any]]:
        """Every movement that the custodian reported."""
        reports = sorted((self.folder / "bank" / "in").glob("*.json"))
        return [line for report in reports for line in json.loads(report.read_text())["body"]["lines"]]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    folder = tmp_path_factory.mktemp("walked") / "road"
    done = subprocess.run(
        [sys.executable, "-m", "tests.road", str(folder), str(free_ports())], cwd=ROOT, env=clean(), capture_output=True,
        text=True, timeout=500,
    )  # fmt: skip
    print(done.stdout)  # seconds of every step
    return Walked(folder, done.stdout + done.stderr, done.returncode)


def divided(amount: int, weights: list[int]) -> list[int]:
    """The largest-remainder division, worked again: whole parts first, what is left to the largest remainders."""
    exact = [Fraction(amount * weight, sum(weights)) for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def split(amount: int) -> list[int]:
    """Supplier, commission, tax inside the commission: 5 % and 6 %, as the rules of December 2026 say."""
    supplier, platform = divided(amount, [95, 5])
    tax = round(Fraction(platform * 6, 106))
    return [supplier, platform - tax, tax]


def test_every_step_of_the_road_was_taken(walked):
    assert walked.code == 0, walked.output[-4000:]
    done = [line for line in walked.output.splitlines() if " ✓ " in line]
    assert [name for name, line in zip(STEPS, done, strict=True) if name not in line] == []
    assert list(walked.facts["took"]) == list(STEPS)


def test_the_bills_and_their_parts_are_what_a_hand_comes_to(walked):
    assert round(Fraction(47 * 333, 10)) == USED
    bills = walked.rows("SELECT kind, total_fen, credited_fen FROM settlement_bill ORDER BY id")
    assert bills == [("bill", USED, 0), ("bill", PRICE, REFUND), ("credit_note", -REFUND, 0)]
    assert walked.rows("SELECT DISTINCT state FROM settlement_bill WHERE kind = 'bill'") == [("settled",)]
    taken = divided(REFUND, split(PRICE))
    parts = [a + b - c for a, b, c in zip(split(PRICE), split(USED), taken, strict=True)]
    paid = walked.facts["paid_out"]
    assert [paid["supplier"], paid["commission"], paid["vat"]] == parts
    assert (paid["refund"], paid["deposit"]) == (REFUND, 2 * DEPOSIT)
    assert sum(paid.values()) == PRICE + USED + 2 * DEPOSIT, "everything that came in went out"


def test_the_ledger_is_empty_and_mirrors_the_bank(walked):
    """Read in SQL and in the custodian's own files, by nothing of the platform."""
    assert walked.rows("SELECT COUNT(*) FROM settlement_account WHERE balance <> 0") == [(0,)]
    assert walked.rows("SELECT COUNT(*) FROM (SELECT 1 FROM settlement_entry GROUP BY transfer_id HAVING SUM(amount) <> 0)") == [(0,)]  # fmt: skip
    holds = walked.rows(
        "SELECT h.id, COUNT(t.id) FROM settlement_transfer h LEFT JOIN settlement_transfer t ON t.resolves_id = h.id"
        " WHERE h.kind = 'hold' GROUP BY h.id"
    )
    assert len(holds) == 4 and {count for _, count in holds} == {1}, "each hold was settled or released once"
    moved = {
        way: sum(line["amount_fen"] for line in walked.bank() if line["direction"] == way) for way in ("in", "out")
    }
    assert moved == {"in": PRICE + USED + 2 * DEPOSIT, "out": PRICE + USED + 2 * DEPOSIT}
    assert json.loads((walked.folder / "bank" / "custodian.json").read_text())["balance_fen"] == 0
    booked = walked.rows("SELECT COALESCE(SUM(amount), 0) FROM settlement_entry e JOIN settlement_account a ON a.id = e.account_id WHERE a.code = 'custody:bank' AND e.amount < 0")  # fmt: skip
    assert booked == [(-moved["in"],)]


def test_the_daily_reconciliation_found_nothing(walked):
    said = walked.facts["reconciliation"]
    assert said["difference_fen"] == 0 and said["checks"] > 20
    runs = walked.rows("SELECT day, difference_fen FROM settlement_reconciliationrun ORDER BY id")
    assert len(runs) >= 2 and {difference for _, difference in runs} == {0}, "nor did the worker's own runs on the way"


def test_the_winner_paid_the_second_price_for_an_unreadable_bid(walked):
    said = walked.facts["auction"]
    assert said["price_fen"] == PRICE and said["winner"] == said["buyer"]
    bids = walked.rows("SELECT amount_fen, outcome FROM market_sealedbid ORDER BY amount_fen")
    assert bids == [(PRICE, "lost"), (1_800_000, "won")]
    sealed = walked.rows("SELECT payload FROM kernel_event WHERE kind = 'auction.bid_committed'")
    assert len(sealed) == 2
    for (payload,) in sealed:
        assert not {"18000", "1800000", "1525001"} & set(json.loads(payload).values())


def test_the_log_tells_the_amounts_of_the_dispute_as_they_were_signed(walked):
    kinds = "('market.dispute.file', 'market.settlement.propose')"
    rows = walked.rows(f"SELECT kind, payload FROM kernel_event WHERE kind IN {kinds} ORDER BY id")
    told = {kind: json.loads(payload)["form"] for kind, payload in rows}
    assert told["market.dispute.file"]["claim_fen"] == 300_000
    assert told["market.settlement.propose"]["refund_fen"] == REFUND


def test_the_statement_says_the_same_on_paper_and_in_the_sheet(walked):
    text = subprocess.run(["pdftotext", "-layout", walked.folder / "statement.pdf", "-"], capture_output=True, text=True, check=True)  # fmt: skip
    for word in ("15,250.01", "1,234.56", "HZ-2026-000001", walked.facts["contract"]):
        assert word in text.stdout, word
    sheet = load_workbook(walked.folder / "statement.xlsx").active
    assert sheet is not None
    amounts = [cell for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, int | float)]
    assert {15250.01, -1234.56} <= {round(float(amount), 2) for amount in amounts}


def test_every_step_stands_in_the_log(walked):
    """One event of each part of the road at least; all numbered; the folder verifies from its key alone, without the platform."""
    kinds = {kind for (kind,) in walked.rows("SELECT DISTINCT kind FROM kernel_event")}
    wanted = {
        "certificate.issued", "market.listing.list", "market.demand.publish", "matching.done", "market.invitation.answer",
        "market.trade.counter", "auction.bid_committed", "market.auction.award", "market.contract.sign", "deposit.held",
        "deposit.returning", "grant.first_used", "market.acceptance.accept", "bill.issued", "bill.confirmed", "bill.paid",
        "bill.split", "market.dispute.file", "dispute.measure_ordered", "market.dispute.settle", "bill.refund_instructed",
        "bill.settled", "dispute.bundle_exported", "reconciliation.run",
    }  # fmt: skip
    assert wanted - kinds == set()
    for table in ("kernel_event", "delivery_usagerecord"):
        assert walked.rows(f"SELECT COUNT(*) FROM {table} WHERE log_index IS NULL") == [(0,)]
    done = subprocess.run(
        [sys.executable, "-m", "shugang.cli", "verify", str(walked.folder / "log"), "--key", walked.facts["vkey"]],
        cwd=ROOT, env=clean(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_use_is_charged_once_and_its_answer_is_in_the_journal(walked):
    with sqlite3.connect(walked.folder / "plane" / "journal.sqlite3") as database:
        batches = [text for (text,) in database.execute("SELECT text FROM batch ORDER BY last")]
    told = [record for text in batches for record in json.loads(f"[{text}]")]
    kept = walked.rows("SELECT seq, grant_number, outcome, hash FROM delivery_usagerecord ORDER BY seq")
    assert kept == [(r["seq"], r["grant"], r["outcome"], r["hash"]) for r in told]
    assert [r["outcome"] for r in told].count("found") == walked.facts["metered"]["found"] == 47

"""The plane's books, use records, bills and what the buyer signed: each difference is named with whose, when, how much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shugang.delivery.acknowledgements.models import Acknowledgement
from shugang.delivery.acknowledgements.queries import proposal
from shugang.delivery.acknowledgements.services import acknowledge
from shugang.delivery.metering import books
from shugang.delivery.metering.models import PlaneBooks, UsageRecord
from shugang.delivery.models import Grant, Plane
from shugang.kernel.errors import Refusal
from shugang.parties.testing import make_signer
from shugang.settlement.reconciliation.queries import get_run, newest, reconcile, reconcile_for, runs
from shugang.settlement.reconciliation.report import Report
from shugang.settlement.reconciliation.services import run_reconciliation
from shugang.settlement.testing import issue, make_agreement

pytestmark = [pytest.mark.django_db, pytest.mark.both]
HT, SQ = "HT-2026-000001", "SQ-2026-000001"
NOVEMBER = datetime(2026, 11, 10, 3, tzinfo=UTC)


@pytest.fixture
def signer(market):
    return make_signer(market.buyer)


@pytest.fixture
def traded(market, use, signer):
    """A contract used, billed, stated by the plane and signed by the buyer."""
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 20, NOVEMBER)
    use(agreement, "not_found", 5, NOVEMBER)
    issue(market.finance, HT)
    acknowledge(signer, proposal(signer, SQ))
    state()
    return agreement


def state(**changed: list[int]) -> PlaneBooks:
    """The plane gives its books, true ones unless changed."""
    plane = Plane.objects.get()
    sums: dict[str, list[int]] = {}
    for row in UsageRecord.objects.filter(state__in=("answered", "aborted")):
        cells = sums.setdefault(row.grant_number, [0] * 6)
        base = 0 if row.charged else 3
        for cell, value in enumerate((1, row.rows, row.bytes)):
            cells[base + cell] += value
    return books.receive(plane, plane.journal_seq, plane.journal_head, sums | changed)


def named(report: Report) -> set[tuple[str, str, str, int]]:
    return {(c.kind, c.subject, c.unit, c.difference) for c in report.differences}


def test_four_sides_that_agree_differ_in_nothing(traded):
    report = reconcile()
    assert report.differences == [] and report.total_difference_fen == 0
    assert {"journal", "sequence", "signed", "use", "lines"} <= {kind.kind for kind in report.kinds}
    assert [o for o in report.open if o.unit == "records"] == []


def test_what_nobody_signed_is_on_its_way_and_never_equal(traded, market, use):
    use(traded, "found", 3, NOVEMBER)
    report = reconcile()
    assert report.differences == []
    waiting = {(o.kind, o.subject, o.amount) for o in report.open if o.unit == "records"}
    assert waiting == {("unsigned", SQ, 3), ("unstated", "JD-TEST", 3)}


def test_a_buyer_who_counts_otherwise_is_named(market, use, signer):
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 20, NOVEMBER)
    row = acknowledge(signer, {**proposal(signer, SQ), "charged": 19, "delivered": 19})
    report = reconcile()
    assert named(report) == {("signed", row.number, "calls", -1)}
    assert {(c.contract, c.period, c.look) for c in report.differences} == {
        (HT, "2026-11-10/2026-11-10", f"/desk/acknowledgements/{row.number}")
    }
    # And both parties see it on their own contract, a stranger does not
    assert len(reconcile_for(market.buyer_finance, HT).differences) == 2
    assert len(reconcile_for(market.supplier_finance, HT).differences) == 2
    with pytest.raises(Refusal):
        reconcile_for(market.stranger, HT)


def test_a_record_that_vanished_shows_on_every_side(traded):
    UsageRecord.objects.filter(charged=True).order_by("pk")[3].delete()
    report = reconcile()
    found = {kind for kind, *_ in named(report)}
    assert found == {"sequence", "journal", "signed", "use"}
    gap = next(c for c in report.differences if c.subject == SQ and c.kind == "sequence")
    assert (gap.left_amount, gap.right_amount) == (25, 24) and "5" in gap.left.zh
    assert report.total_difference_fen == 35


def test_a_record_that_was_exchanged_shows_by_its_hash(traded):
    """Given another record in the place of one, with the same numbers, then the chain and the signature tell."""
    row = UsageRecord.objects.order_by("pk")[7]
    values = {f.attname: getattr(row, f.attname) for f in UsageRecord._meta.concrete_fields if f.name != "id"}
    UsageRecord.objects.filter(pk=row.pk).delete()
    UsageRecord.objects.create(**{**values, "hash": "ab" * 32})
    report = reconcile()
    number = Acknowledgement.objects.get().number
    assert named(report) == {("sequence", "JD-TEST", "records", 1), ("signed", number, "records", 25)}


def test_a_plane_whose_books_say_otherwise_is_named(market, use):
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 20, NOVEMBER)
    state(**{SQ: [21, 20, 2000, 0, 0, 0], "SQ-2026-000009": [1, 1, 1, 0, 0, 0]})
    differing = {(s, u, d) for k, s, u, d in named(reconcile()) if k == "journal"}
    assert (SQ, "calls", 1) in differing and ("SQ-2026-000009", "rows", 1) in differing


def test_books_are_kept_once_and_bad_ones_not_at_all(traded):
    plane = Plane.objects.get()
    assert state().pk == PlaneBooks.objects.get().pk
    for seq, head, sums in (
        (plane.journal_seq, plane.journal_head, {SQ: [1, 1, 1, 0, 0, 0]}),
        (1, "no hash", {}), (-1, "0" * 64, {}), (1, "0" * 64, {SQ: [1]}), (1, "0" * 64, {SQ: [True] * 6}),
        (1, "0" * 64, {"x" * 65: [0] * 6}), (1, "0" * 64, [1]), (1, "0" * 64, {SQ: [-1] * 6}),
    ):  # fmt: skip
        with pytest.raises(Refusal):
            books.receive(plane, seq, head, sums)
    assert PlaneBooks.objects.count() == 1


def test_what_control_did_not_charge_is_no_difference_to_the_books(market, use):
    """The plane charged outside the window; control did not. The books are the plane's, so they agree."""
    agreement = make_agreement(market.buyer, market.supplier, HT)
    use(agreement, "found", 4, NOVEMBER)
    grant = Grant.objects.get()
    assert grant.valid_from < NOVEMBER < grant.valid_until
    use(agreement, "found", 2, grant.valid_until + timedelta(days=1))
    late = UsageRecord.objects.filter(charged=False, charge_reason="outside_window")
    assert late.count() == 2
    state(**{SQ: [6, 6, sum(UsageRecord.objects.values_list("bytes", flat=True)), 0, 0, 0]})
    assert [c for c in reconcile().differences if c.kind == "journal"] == []


def test_a_kept_run_reads_as_it_was_found(traded, market):
    UsageRecord.objects.filter(charged=True).order_by("pk")[3].delete()
    found = reconcile()
    run = run_reconciliation(market.finance)
    again = newest(market.finance)
    assert again is not None and again.differences == found.differences and again.checks == found.checks
    assert get_run(market.supervisor, run.number).pk == run.pk
    assert list(runs(market.buyer_finance)) == []
    with pytest.raises(Refusal):
        get_run(market.buyer_finance, run.number)

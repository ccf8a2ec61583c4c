"""The daily run: reconcile, keep the result, tell the log."""

from __future__ import annotations

from datetime import date, timedelta

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb

from .. import gates
from ..charges.models import ChargeAgreement
from .models import ReconciliationRun
from .queries import reconcile


@verb
def run_reconciliation(actor: Actor, day: date | None = None) -> ReconciliationRun:
    """Reconcile the whole platform for a day (default today). Raises Refusal `forbidden`."""
    gates.require_operator(actor)
    on = day or clock.today()
    report = reconcile(on)
    run = ReconciliationRun.objects.create(
        number=yearly_number("DZ", clock.today().year),
        day=on,
        run_at=clock.now(),
        difference_fen=report.total_difference_fen,
        report=report.to_json(),
    )
    emit(
        "reconciliation.run",
        actor,
        [("reconciliation", run.number)],
        {
            "day": on.isoformat(),
            "checks": report.checks,
            "difference_fen": run.difference_fen,
            "differences": len(report.differences),
        },
    )
    return run


def reconcile_yesterday() -> ReconciliationRun | None:
    """The worker's daily run, once the day is over; None when it is done or nothing is charged at all."""
    day = clock.today() - timedelta(days=1)
    if ReconciliationRun.objects.filter(day=day).exists() or not ChargeAgreement.objects.exists():
        return None
    return run_reconciliation(SYSTEM, day)

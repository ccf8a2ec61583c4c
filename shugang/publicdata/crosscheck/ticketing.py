"""From lines to tickets: each source that is asked to look gets one a rule; a ticket that waits for this run is settled."""

from __future__ import annotations

from typing import Any

from shugang.delivery.models import Dataset
from shugang.parties.accounts.actor import actor_by_id

from ..rectification import services as rectification
from ..rectification.models import Ticket
from . import blaming
from .models import CheckRun, CrossCheck
from .plan import Plan


def send(run: CheckRun, plan: Plan, lines: list[dict[str, Any]]) -> int:
    """Only departments' data are ticketed; a trader's data are read here by grant, and nobody's to put right. Returns how many."""
    found = blaming.tickets(run.check_of.number, plan, lines)
    data = {
        d.number: d
        for d in Dataset.objects.filter(number__in=set(run.check_of.datasets.values())).select_related("party")
    }
    settled = _settle(run, found)
    actor = actor_by_id(run.person, run.check_of.party_id, second_factor=True)
    sent = 0
    for (rule, source), facts in sorted(found.items()):
        dataset = data[run.check_of.datasets[source]]
        if "department" in dataset.party.roles and (rule, dataset.pk) not in settled:
            facts = {**facts, "run": run.number, "source": source}
            rectification.note_finding(
                actor, dataset, rule, Ticket.Origin.CROSSCHECK, run.number, run.versions[source], facts
            )
            sent += 1
    return sent


def _settle(run: CheckRun, found: dict[tuple[str, str], dict[str, Any]]) -> set[tuple[str, int]]:
    """Submitted tickets of this check whose version this run read: passed where their rule finds nothing any more."""
    settled = set()
    prefix = f"crosscheck:{run.check_of.number}:"
    waiting = Ticket.objects.filter(
        open=True, origin="crosscheck", rule__startswith=prefix, case__state="submitted"
    ).select_related("dataset")
    for ticket in waiting.order_by("pk"):
        source = str(ticket.facts.get("source", ""))
        if run.versions.get(source) != ticket.rechecked:
            continue
        left = found.get((ticket.rule, source))
        rectification.settle_recheck(ticket, left is None, {"run": run.number, "count": left["count"] if left else 0})
        settled.add((ticket.rule, ticket.dataset_id))
    return settled


def recheck(ticket: Ticket, version: int) -> None:
    """Run the same check again over the new version, in the name of its declarer. Raises Refusal of `order_run`."""
    from .services import order_run

    check = CrossCheck.objects.select_related("person").get(number=ticket.facts["check"])
    if check.runs.filter(state__in=["waiting", "running"]).exists():
        return
    order_run(actor_by_id(check.person, check.party_id, second_factor=True), check.number)

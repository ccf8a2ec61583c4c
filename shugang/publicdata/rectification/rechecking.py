"""What follows of itself: tickets from failed quality rules, re-checks of what was submitted, escalation of what is late."""

from __future__ import annotations

import logging

from shugang.assets.quality import services as quality
from shugang.assets.quality.models import Assessment
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.reactions import on
from shugang.parties.accounts.actor import actor_by_id

from ..catalogue.models import PublicResource
from . import effects, services
from .models import Ticket

_log = logging.getLogger("shugang.rectification")


def quality_rule(assessment: Assessment, rule: str) -> str:
    return f"quality:{assessment.rules.number}:{rule}"[:100]


@on("assessment.finished")
def assessed(event: Event) -> None:
    """Failed rules of public data become tickets; a ticket that waits for this version is settled."""
    number = next((r.key for r in event.refs.all() if r.kind == "assessment"), "")
    row = Assessment.objects.filter(number=number).select_related("rules", "dataset_version__dataset").first()
    if row is None or not row.report:
        return
    dataset, version = row.dataset_version.dataset, row.dataset_version.version
    public = PublicResource.objects.filter(dataset=dataset, state__in=["published", "suspended"]).exists()
    for line in row.report["rules"]:
        rule = quality_rule(row, line["id"])
        waiting = Ticket.objects.filter(
            dataset=dataset, rule=rule, open=True, case__state="submitted", rechecked=version
        ).first()
        facts = {
            "assessment": row.number,
            "a": line["a"],
            "b": line["b"],
            "value": line["value"],
            "indicator": line["indicator"],
        }
        if waiting is not None:
            services.settle_recheck(waiting, line["passed"] is True, facts)
        elif public and line["passed"] is False:
            actor = actor_by_id(row.person, row.party_id, second_factor=True)
            services.note_finding(actor, dataset, rule, Ticket.Origin.QUALITY, row.number, version, facts)


def recheck_quality(ticket: Ticket, version: int) -> None:
    """Have the same rules counted over the new version, in the name of who ordered the first assessment."""
    first = Assessment.objects.select_related("rules", "person").get(number=ticket.facts["assessment"])
    done = Assessment.objects.filter(
        rules__number=first.rules.number, dataset_version__dataset=ticket.dataset, dataset_version__version=version
    )
    finished = done.filter(report__isnull=False).select_related("rules").order_by("-pk").first()
    if finished is not None and finished.report:
        line = next((x for x in finished.report["rules"] if quality_rule(finished, x["id"]) == ticket.rule), None)
        services.settle_recheck(ticket, bool(line and line["passed"]), {"assessment": finished.number})
    elif not done.filter(state__in=["waiting", "running"]).exists():
        actor = actor_by_id(first.person, first.party_id, second_factor=True)
        quality.order_assessment(actor, first.rules.number, version)


def recheck_submitted() -> int:
    """The worker's job: begin or settle the re-check of every submitted ticket. Returns how many were looked at."""
    rows = Ticket.objects.filter(open=True, case__state="submitted", recheck__isnull=True).select_related(
        "case", "dataset"
    )
    seen = 0
    for ticket in rows.order_by("pk")[:50]:
        recheck = effects.recheck_of(ticket.origin)
        if recheck is None or ticket.rechecked is None:
            continue
        try:
            recheck(ticket, ticket.rechecked)
            seen += 1
        except Refusal as no:
            if no.code in ("already_running",):
                continue
            services.settle_recheck(ticket, False, {"refused": no.code, "why": list(no.message)})
        except Assessment.DoesNotExist:
            services.settle_recheck(ticket, False, {"refused": "not_found"})
    return seen


@on("clock.expired")
def late(event: Event) -> None:
    if event.case is not None and event.case.procedure == "publicdata.rectification":
        services.escalate(event.case.number, str(event.payload.get("clock", "")))

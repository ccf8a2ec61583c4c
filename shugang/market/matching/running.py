"""The comparison itself, in the worker: what waits is compared with everything on the other side, and the results kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import emit
from shugang.kernel.models import RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb

from ..demand.models import Demand
from . import facts
from .bm25 import Corpus
from .facts import Candidate
from .models import Match, MatchTask
from .score import Result, document, explained, score
from .subjects import Offered, digest


def wait(kind: str, number: str) -> None:
    """Note that something is to be compared; in the transaction of its event."""
    MatchTask.objects.get_or_create(kind=kind, number=number, defaults={"since": clock.now()})


def run_due() -> int:
    """Compare what waits; returns how many demands were compared. Quick when nothing waits."""
    tasks = list(MatchTask.objects.order_by("pk")[:1000])
    if not tasks:
        return 0
    offers = facts.candidates()
    corpus = Corpus(document(c.facts) for c in offers)
    rules = current_profile("matching", clock.today())
    asked = {t.number for t in tasks if t.kind == "demand"}
    fresh = {t.number for t in tasks if t.kind == "product"}
    places = {at for at, c in enumerate(offers) if c.facts.number in fresh}
    done = 0
    for number in Demand.objects.filter(case__state="published").order_by("pk").values_list("case__number", flat=True):
        if number in asked or places:
            done += _compare(number, offers, corpus, rules, None if number in asked else places)
    MatchTask.objects.filter(pk__in=[t.pk for t in tasks]).delete()
    return done


@verb
def _record(
    demand: Demand, results: Sequence[tuple[Result, Candidate, Offered]], rules: RuleProfile, whole: bool
) -> int:
    """Keep what differs from what is kept already; a whole comparison retires what fell out."""
    wanted = facts.wanted(demand)
    current = {m.product_id: m for m in Match.objects.select_for_update().filter(demand=demand, current=True)}
    made = []
    for result, one, offered in results:
        told = digest(wanted, offered, rules.digest)
        old = current.pop(one.pk, None)
        if old is not None and old.digest == told:
            continue
        if old is not None:
            Match.objects.filter(pk=old.pk).update(current=False)
        made.append(_row(demand, result, one, told, rules))
    if whole:
        Match.objects.filter(pk__in=[m.pk for m in current.values()]).update(current=False)
    Match.objects.bulk_create(made)
    emit(
        "matching.done",
        SYSTEM,
        [("demand", demand.number)],
        {"version": demand.version, "kept": len(made), "rules": rules.digest},
    )
    return 1


def _row(demand: Demand, result: Result, one: Candidate, told: str, rules: RuleProfile) -> Match:
    lines = [
        {"name": p.name, "value": p.value, "weight": p.weight, "zh": p.why.zh, "en": p.why.en} for p in result.lines
    ]
    stopped = [{"zh": t.zh, "en": t.en} for t in result.refusals]
    return Match(
        demand=demand, product_id=one.pk, demand_version=demand.version, score=result.score, passes=not stopped, lines=lines,
        refusals=stopped, digest=told, rules=rules, made_at=clock.now(),
    )  # fmt: skip


def _compare(number: str, offers: list[Candidate], corpus: Corpus, rules: RuleProfile, only: set[int] | None) -> int:
    demand = Demand.objects.select_related("party", "case").get(case__number=number)
    asked = facts.wanted(demand)
    places = [at for at, c in enumerate(offers) if c.supplier_id != demand.party_id and (only is None or at in only)]
    by_number = {offers[at].facts.number: (offers[at], offers[at].at(asked.uses)) for at in places}
    found = score(
        asked, [by_number[offers[at].facts.number][1] for at in places], rules.data, clock.today(), corpus, places
    )
    answering = set(demand.responses.filter(living=True).values_list("product__number", flat=True))
    kept = _best(found, rules.data)
    kept += [r for r in found if r.number in answering and r not in kept]
    with transaction.atomic():
        told = [(explained(r, asked, by_number[r.number][1]), *by_number[r.number]) for r in kept]
        return _record(demand, told, rules, only is None)


def _best(found: list[Result], rules: dict[str, Any]) -> list[Result]:
    """Those that pass and are near enough, and the nearest of those that a filter stops."""
    near = [r for r in found if r.score >= rules["least"]]
    return [r for r in near if not r.refusals][: rules["keep"]] + [r for r in near if r.refusals][
        : rules["keep_filtered"]
    ]

"""Events become notices, in the transaction of the event; what the clock brings near, in the worker's.

A step that is rolled back has told nobody anything, a crash loses nothing, and a key is told once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from shugang.kernel import clock, procedure, workdays
from shugang.kernel.models import CaseClock, Event, EventRef
from shugang.kernel.profiles import current_profile
from shugang.kernel.reactions import listen
from shugang.policy.text import Text

from . import audience
from .audience import About, Answers
from .models import Notice
from .rules import Rule, rules_of, watches

PROFILE = "notices"
AWAITS, CLOSED, MOVED, NEAR, PASSED = "case.awaits", "case.closed", "case.moved", "clock.near", "clock.expired"
# Told to the programs of parties: what to which parties, and when. Set by the wing that pushes.
Push = Callable[["list[tuple[Said, set[int]]]", datetime], None]
_push: list[Push] = []


class Said:
    """A rule put into words for one object. `key` is the same whenever the same thing is told again."""

    def __init__(self, rule: Rule, refs: dict[str, str], key: str, facts: dict[str, Text | str], event: Event | None):
        self.rule, self.key, self.event = rule, key, event
        self.number = refs.get(rule.of, "")
        self.zh, self.en = _filled(rule.text, {"number": self.number, **facts})


def _filled(text: Text, facts: dict[str, Text | str]) -> tuple[str, str]:
    zh = {k: v.zh if isinstance(v, Text) else v for k, v in facts.items()}
    en = {k: v.en if isinstance(v, Text) else v for k, v in facts.items()}
    return text.zh.format_map(zh)[:200], text.en.format_map(en)[:240]


def register_push(push: Push) -> None:
    _push[:] = [push]


def rules_of_the_day() -> dict[str, Any]:
    """The profile `notices`: days of warning, what may not be refused, the hour of the digest."""
    data: dict[str, Any] = current_profile(PROFILE, clock.today()).data
    return data


def heard(events: Sequence[Event]) -> None:
    """Every event passes here; most concern nobody and cost no question, and many at once cost no more than one."""
    concerned = [(event, rules) for event in events if (rules := [*rules_of(event.kind), *_of_step(event)])]
    if not concerned:
        return
    refs: dict[int, dict[str, str]] = {event.pk: {} for event, _ in concerned}
    for pk, kind, key in EventRef.objects.filter(event__in=list(refs)).values_list("event_id", "kind", "key"):
        refs[pk][kind] = key
    answers, told = Answers(), []
    for event, rules in concerned:
        about = About(refs[event.pk], event.case, event.person_id, answers=answers)
        facts = _case_facts(about)
        for nth, rule in enumerate(rules):
            told.append((Said(rule, about.refs, f"{event.pk}:{rule.code}:{nth}", facts, event), about))
    tell(told, answers)


def _of_step(event: Event) -> list[Rule]:
    """The rules of any procedure's step: the case waits for somebody, or has ended."""
    if event.case is None or not event.kind.startswith(f"{event.case.procedure}.") or event.kind.endswith(".vote"):
        return []
    spec = procedure.get(event.case.procedure)
    final = spec.state(event.case.state).final
    return [*rules_of(CLOSED if final else AWAITS), *rules_of(MOVED)]


def _case_facts(about: About) -> dict[str, Text | str]:
    if about.case is None or about.spec is None:
        return {}
    steps = audience.awaited_steps(about.case)
    return {
        "procedure": about.spec.label,
        "state": about.spec.state(about.case.state).label,
        "step": Text("、".join(s.label.zh for s in steps[:2]), ", ".join(s.label.en for s in steps[:2])),
    }


def tell(told: Sequence[tuple[Said, About]], answers: Answers) -> int:
    """Write the notices of some rules and hand them to the programs. Returns how many people are told."""
    audience.prepare([(said.rule, about) for said, about in told], answers)
    moment = clock.now()
    rows = [row for said, about in told for row in _notices(said, about, moment)]
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=rows[0].event_id is None)
    concerned = [(said, parties) for said, about in told if _push and (parties := audience.parties(said.rule, about))]
    if concerned:
        _push[0](concerned, moment)
    return len(rows)


def _notices(said: Said, about: About, moment: datetime) -> list[Notice]:
    rule = said.rule
    return [] if rule.pushed_only else [
        Notice(person_id=person, party_id=party, event_id=said.event.pk if said.event else None, group=rule.group,
               code=rule.code, zh=said.zh, en=said.en, ref_kind=rule.of, ref_key=said.number, page=rule.page,
               key=f"{said.key}:{person}:{party or 0}", at=moment)
        for person, party in sorted(audience.people(rule, about), key=lambda r: (r[0], r[1] or 0))
    ]  # fmt: skip


def near_clocks(now: datetime) -> int:
    """Warn of running deadlines; each deadline once, and once more when it was moved."""
    days = int(rules_of_the_day()["clock_warning_days"])
    until = now + timedelta(days=days + 14)  # holidays lie between: the exact days are counted below
    rows = CaseClock.objects.filter(state=CaseClock.State.RUNNING, due_at__gt=now, due_at__lt=until)
    told = 0
    for row in rows.select_related("case").order_by("due_at", "id")[:1000]:
        left = workdays.working_days_left(now, row.due_at)
        if left > days or row.days <= days:
            continue
        about = About({"case": row.case.number}, row.case)
        facts = {
            **_case_facts(about),
            "clock": procedure.get(row.case.procedure).clock(row.name).label,
            "days": str(left),
        }
        for rule in rules_of(NEAR):
            told += _once(Said(rule, about.refs, f"clock:{row.pk}:{row.due_at:%Y%m%d}", facts, None), about)
    return told


def _once(said: Said, about: About) -> int:
    """Tell what no event tells, unless it was told before."""
    if Notice.objects.filter(key__startswith=f"{said.key}:").exists():
        return 0
    with transaction.atomic():
        return tell([(said, about)], about.answers)


def watch(now: datetime) -> int:
    """Ask each wing what comes near."""
    told = 0
    for _, found in _found(now):
        for rule in rules_of(found.code):
            about = About({rule.of: found.number}, person_id=found.person_id, party_id=found.party_id)
            told += _once(Said(rule, about.refs, f"{found.code}:{found.key}", dict(found.facts), None), about)
    return told


def _found(now: datetime) -> Iterable[tuple[str, Any]]:
    return ((name, found) for name, ask in watches() for found in ask(now))


def near(now: datetime) -> int:
    """The worker's hourly job: clocks and watches."""
    return near_clocks(now) + watch(now)


listen(heard)

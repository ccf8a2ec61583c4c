"""From a rule's audience to people and parties."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shugang.kernel import procedure
from shugang.kernel.models import Case
from shugang.kernel.permissions import members
from shugang.kernel.procedure import Procedure, Transition

from ..accounts.models import Membership
from ..organisations.models import Party
from ..posts.models import Post
from .rules import Admitted, Audience, Awaited, InPost, Involved, Oneself, Rule, Side, sides_of

Reader = tuple[int, int | None]  # person, party


class Answers:
    """What notices that are written together ask, each once: an object's sides, a party's people, who is admitted."""

    def __init__(self) -> None:
        self._sides: dict[tuple[str, str], Mapping[str, int]] = {}
        self._staff: dict[int, list[tuple[int, set[str]]]] = {}
        self._admitted: dict[str, list[int]] = {}

    def ask_sides(self, objects: Iterable[tuple[str, str]]) -> None:
        """In one question for each kind, where the wing that has it answers for many."""
        missing: dict[str, dict[str, None]] = defaultdict(dict)
        for kind, number in objects:
            if (kind, number) not in self._sides:
                missing[kind][number] = None
        for kind, numbers in missing.items():
            found = sides_of(kind, list(numbers))
            self._sides |= {(kind, number): found.get(number, {}) for number in numbers}

    def sides(self, kind: str, number: str) -> Mapping[str, int]:
        self.ask_sides([(kind, number)])
        return self._sides[kind, number]

    def staff(self, wanted: Iterable[int]) -> dict[int, list[tuple[int, set[str]]]]:
        """Party → its people with their duties."""
        missing = [party for party in wanted if party not in self._staff]
        if missing:
            self._staff |= {party: [] for party in missing}
            rows = Membership.objects.filter(
                party_id__in=missing, active=True, person__is_active=True, person__authorised=True
            ).values_list("person_id", "party_id", "duties")
            for person, party, duties in rows:
                self._staff[party].append((person, set(duties)))
        return self._staff

    def admitted(self, role: str) -> list[int]:
        if role not in self._admitted:
            rows = Party.objects.filter(status=Party.Status.ACTIVE, **{f"is_{role}": True})
            self._admitted[role] = list(rows.values_list("pk", flat=True))
        return self._admitted[role]


@dataclass
class About:
    """What a notice is about. `by`: who did it, and is told nothing."""

    refs: dict[str, str]
    case: Case | None = None
    by: int | None = None
    person_id: int | None = None
    party_id: int | None = None
    _members: list[tuple[str, int]] | None = field(default=None, repr=False)
    answers: Answers = field(default_factory=Answers, repr=False)

    @property
    def spec(self) -> Procedure | None:
        return procedure.get(self.case.procedure) if self.case else None

    def side(self, kind: str, name: str) -> int | None:
        return self.answers.sides(kind, self.refs[kind]).get(name)

    @property
    def parties(self) -> list[tuple[str, int]]:
        if self._members is None:
            self._members = members(self.case) if self.case else []
        return self._members


def awaited_steps(case: Case) -> list[Transition]:
    return [t for t in procedure.get(case.procedure).transitions if t.awaited_in(case.state)]


def people(rule: Rule, about: About) -> set[Reader]:
    """Whom the rule tells; never who did it himself."""
    found: set[Reader] = set()
    for audience in rule.audience:
        found |= _people(audience, about)
    return {(person, party) for person, party in found if person != about.by}


def prepare(told: Sequence[tuple[Rule, About]], answers: Answers) -> None:
    """Ask for the sides of all objects and the people of every party that these rules mean, in a few questions."""
    meant = [(a, about) for rule, about in told for a in rule.audience]
    answers.ask_sides((a.of, about.refs[a.of]) for a, about in meant if isinstance(a, Side) and a.of in about.refs)
    people = [(a, about) for rule, about in told if not rule.pushed_only for a in rule.audience]
    answers.staff({party for a, about in people for party in _wanted(a, about)})


def parties(rule: Rule, about: About) -> set[int]:
    """The parties concerned, for their programs."""
    found: set[int] = set()
    for audience in rule.audience:
        found |= set(_wanted(audience, about))
    return found


def _people(audience: Audience, about: About) -> set[Reader]:
    match audience:
        case InPost():
            return {(p, None) for p in Post.objects.filter(post=audience.post).values_list("person_id", flat=True)}
        case Oneself():
            return {(about.person_id, about.party_id)} if about.person_id else set()
        case Involved():
            return _involved(audience, about)
        case Awaited():
            return _awaited(about)
    return _with_duties(_wanted(audience, about), about)


def _wanted(audience: Audience, about: About) -> dict[int, set[str]]:
    """Party → the duties whose holders are meant."""
    wanted: dict[int, set[str]] = defaultdict(set)
    match audience:
        case Awaited() if about.case is not None:
            for step in awaited_steps(about.case):
                _add(wanted, about, step)
        case Involved() if about.spec is not None:
            for step in about.spec.all_steps():
                _add(wanted, about, step, audience.capacities)
        case Side() if audience.of in about.refs:
            party = about.side(audience.of, audience.side)
            if party:
                wanted[party] |= set(audience.duties)
        case Admitted():
            wanted |= {pk: set(audience.duties) for pk in about.answers.admitted(audience.role)}
        case Oneself() if about.party_id:
            wanted[about.party_id] = set()
    return wanted


def _add(wanted: dict[int, set[str]], about: About, step: Transition, only: Iterable[str] = ()) -> None:
    for role in step.by:
        for capacity, party in about.parties:
            if capacity == role.capacity and (not only or capacity in only):
                wanted[party].add(role.duty)


def _with_duties(wanted: dict[int, set[str]], about: About) -> set[Reader]:
    staff = about.answers.staff(wanted) if wanted else {}
    return {(person, party) for party in wanted for person, duties in staff[party] if wanted[party] & duties}


def _awaited(about: About) -> set[Reader]:
    """Step by step where the rule of recusal may exclude somebody, else all steps in one question."""
    if about.case is None:
        return set()
    steps = awaited_steps(about.case)
    if not any(step.distinct_from for step in steps):
        return _with_duties(_wanted(Awaited(), about), about)
    took = list(about.case.votes.values_list("transition", "person_id"))
    found: set[Reader] = set()
    for step in steps:
        wanted: dict[int, set[str]] = defaultdict(set)
        _add(wanted, about, step)
        recused = {person for name, person in took if name in step.distinct_from}
        found |= {reader for reader in _with_duties(wanted, about) if reader[0] not in recused}
    return found


def _involved(audience: Involved, about: About) -> set[Reader]:
    if about.case is None:
        return set()
    wanted = _wanted(audience, about)
    took = {
        (person, party)
        for person, party in about.case.votes.values_list("person_id", "party_id")
        if person and party in wanted
    }
    acted = {party for _, party in took}
    return took | _with_duties({party: duties for party, duties in wanted.items() if party not in acted}, about)

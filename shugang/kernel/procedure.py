"""The vocabulary of procedures. One table drives permission, buttons, API, timers, notices, diagram, tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shugang.policy.text import Text

from .forms import EMPTY, Form

if TYPE_CHECKING:
    from .actors import Actor
    from .models import Case

EACH = "each"


@dataclass(frozen=True)
class Role:
    """Who may act: the acting party's capacity in the case, and the person's duty for that party."""

    capacity: str
    duty: str


TIMER = Role("system", "timer")


@dataclass(frozen=True)
class State:
    name: str
    label: Text
    tone: str = "run"
    final: bool = False


@dataclass(frozen=True)
class ClockSpec:
    """A named deadline. `days_key` is looked up in the case's rule profile under `clocks`.

    `expires_if` names a yes or no of the profile: where it says no, the end of the time is told and nothing more.
    `agreed` names an answer of the opening form that gives the days instead, where the parties agreed on their own;
    an answer of the name of `expires_if` goes before the profile's likewise.
    """

    name: str
    label: Text
    days_key: str
    unit: str = "wd"
    on_expiry: str | None = None
    expires_if: str = ""
    agreed: str = ""


@dataclass
class Context:
    """What a guard or an effect works with. `outputs` goes into the event's payload."""

    case: Case
    actor: Actor
    data: dict[str, Any]
    transition: Transition
    votes: list[dict[str, Any]] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    refs: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Transition:
    """One step. `by` holds alternatives; with quorum EACH every capacity in `by` that somebody holds in the case has to act once.

    `optional`: may be taken but is not awaited (a withdrawal, say), so it makes no case a to-do; `optional_in`
    says this of single states (a supplier may improve a quotation that the buyer has not answered).
    """

    name: str
    label: Text
    sources: tuple[str, ...]
    target: str
    by: tuple[Role, ...]
    form: Form = EMPTY
    quorum: int | str = 1
    distinct_from: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()
    guard: Callable[[Context], None] | None = None
    effect: Callable[[Context], None] | None = None
    confirm: Text | None = None
    done: Text | None = None
    danger: bool = False
    optional: bool = False
    optional_in: tuple[str, ...] = ()

    def awaited_in(self, state: str) -> bool:
        return state in self.sources and not self.optional and state not in self.optional_in


@dataclass(frozen=True)
class Procedure:
    """A procedure as data. `number_prefix` numbers its cases; `profile` names its rule profile.

    `page` is where people handle its cases best; the generic case page serves every procedure.
    """

    code: str
    label: Text
    number_prefix: str
    opening: Transition
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    clocks: tuple[ClockSpec, ...] = ()
    profile: str | None = None
    capacities: tuple[tuple[str, Text], ...] = ()
    page: str = "/cases/{}"

    def __post_init__(self) -> None:
        names = [s.name for s in self.states]
        clocks = {c.name for c in self.clocks}
        for step in self.all_steps():
            missing = {step.target, *step.sources} - set(names)
            missing |= {c for c in (*step.starts, *step.stops, *step.pauses, *step.resumes) if c not in clocks}
            if missing:
                raise ValueError(f"{self.code}.{step.name}: unknown state or clock {sorted(missing)}")
            if any(s.final for s in self.states if s.name in step.sources):
                raise ValueError(f"{self.code}.{step.name}: leaves a final state")
        for clock in self.clocks:
            if clock.on_expiry and clock.on_expiry not in {t.name for t in self.transitions}:
                raise ValueError(f"{self.code}: clock {clock.name} expires into unknown {clock.on_expiry}")
        unreachable = set(names) - self.reachable()
        if unreachable:
            raise ValueError(f"{self.code}: unreachable states {sorted(unreachable)}")

    def all_steps(self) -> Iterator[Transition]:
        yield self.opening
        yield from self.transitions

    def reachable(self) -> set[str]:
        seen = {self.opening.target}
        grew = True
        while grew:
            grew = False
            for step in self.transitions:
                if step.target not in seen and seen & set(step.sources):
                    seen.add(step.target)
                    grew = True
        return seen

    def state(self, name: str) -> State:
        return next(s for s in self.states if s.name == name)

    def transition(self, name: str) -> Transition | None:
        return next((t for t in self.transitions if t.name == name), None)

    def clock(self, name: str) -> ClockSpec:
        return next(c for c in self.clocks if c.name == name)

    def event_kind(self, transition: str) -> str:
        return f"{self.code}.{transition}"


_registry: dict[str, Procedure] = {}


def register(procedure: Procedure) -> Procedure:
    """Make a procedure known; each room does this at import of its `process.py`."""
    if procedure.code in _registry and _registry[procedure.code] is not procedure:
        raise ValueError(f"procedure {procedure.code} is registered twice")
    _registry[procedure.code] = procedure
    return procedure


def get(code: str) -> Procedure:
    return _registry[code]


def all_procedures() -> list[Procedure]:
    return [_registry[code] for code in sorted(_registry)]


def event_label(kind: str) -> Text | None:
    """The words for an event that a procedure's step made; None for others."""
    code, _, step = kind.rpartition(".")
    procedure = _registry.get(code)
    if procedure is None:
        return None
    if step == procedure.opening.name:
        return Text(
            f"{procedure.label.zh}：{procedure.opening.label.zh}",
            f"{procedure.label.en}: {procedure.opening.label.en}",
        )
    found = procedure.transition(step)
    return Text(f"{procedure.label.zh}：{found.label.zh}", f"{procedure.label.en}: {found.label.en}") if found else None

"""Which event becomes a notice for whom, as data. Each wing registers its own rules, like the doors of its menu.

A rule's text holds the object's number and labels of procedures only: it may stand in the subject of an e-mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from shugang.kernel.actors import Actor
from shugang.policy.text import Text

# What people choose by: at once, once a day or never. Profile `notices` says which may not be never.
GROUPS: dict[str, Text] = {
    "tasks": Text("等您办理的事", "What waits for you"),
    "results": Text("办理结果", "Results of cases"),
    "rulings": Text("暂停、吊销与恢复", "Suspensions, revocations, resumptions"),
    "deals": Text("合同与授权", "Contracts and grants"),
    "money": Text("账单与款项", "Bills and payments"),
    "data": Text("数据、凭证与额度", "Data, certificates and quotas"),
    "security": Text("密钥与安全", "Keys and security"),
}


@dataclass(frozen=True)
class Awaited:
    """Whoever may take a step that the case waits for, by the procedure's own table."""


@dataclass(frozen=True)
class Involved:
    """Who took a step of the case; of a party that took none, whoever could have."""

    capacities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Side:
    """People with one of `duties` in the party that stands on `side` of the object of kind `of`."""

    of: str
    side: str
    duties: tuple[str, ...]


@dataclass(frozen=True)
class Admitted:
    """People with one of `duties` in every party that is admitted as `role` (the operator, the regulator)."""

    role: str
    duties: tuple[str, ...]


@dataclass(frozen=True)
class InPost:
    """Holders of an administrator's post."""

    post: str


@dataclass(frozen=True)
class Oneself:
    """The person whom the watch names."""


Audience = Awaited | Involved | Side | Admitted | InPost | Oneself


@dataclass(frozen=True)
class Rule:
    """`code` is the kind of the event, or a name of the clock's own. `of`: the kind of object that the notice leads to
    and that gives {number}; "" leads to the address `page`. `pushed_only`: told to programs (webhooks), not to people."""

    code: str
    group: str
    text: Text
    audience: tuple[Audience, ...]
    of: str = ""
    page: str = ""
    pushed_only: bool = False

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise ValueError(f"notice {self.code}: unknown group {self.group}")
        if "{number}" in self.text.zh and not self.of:
            raise ValueError(f"notice {self.code}: names a number but no kind of object")


@dataclass(frozen=True)
class Found:
    """What a watch found: `key` is told once for ever, `facts` fill the rule's text."""

    code: str
    number: str
    key: str
    person_id: int | None = None
    party_id: int | None = None
    facts: tuple[tuple[str, str], ...] = ()


Sides = Callable[[str], Mapping[str, int]]
ManySides = Callable[[Collection[str]], Mapping[str, Mapping[str, int]]]
Pair = tuple[str, str]
# (actor, objects) → address of each that he may see; what he may not see is missing.
Reading = Callable[[Actor, Iterable[Pair]], Mapping[Pair, str]]
Watch = Callable[[datetime], Iterator[Found]]

_rules: dict[str, list[Rule]] = defaultdict(list)
_sides: dict[str, Sides] = {}
_many_sides: dict[str, ManySides] = {}
_watches: dict[str, Watch] = {}
_reading: list[Reading] = []


def register(*rules: Rule) -> None:
    """Add rules; the same rule again changes nothing."""
    for rule in rules:
        if rule not in _rules[rule.code]:
            _rules[rule.code].append(rule)


def register_sides(kind: str, sides: Sides) -> None:
    """`sides` maps an object's number to its parties by name: {"buyer": 3, "supplier": 7}; {} when there is none."""
    _sides[kind] = sides


def register_many_sides(kind: str, sides: ManySides) -> None:
    """As `register_sides`, for objects of which many are told at once: one question for all of their numbers."""
    _many_sides[kind] = sides


def register_watch(name: str, watch: Watch) -> None:
    """`watch` is asked every hour what comes near: a certificate's last day, a quota's end."""
    _watches[name] = watch


def register_reading(reading: Reading) -> None:
    """What a person may see of numbered objects, and where: one answer, set by the uppermost wing."""
    _reading[:] = [reading]


def rules_of(code: str) -> list[Rule]:
    return _rules.get(code, [])


def all_rules() -> list[Rule]:
    return [rule for code in sorted(_rules) for rule in _rules[code]]


def sides_of(kind: str, numbers: Collection[str]) -> Mapping[str, Mapping[str, int]]:
    """Number → its parties by name."""
    if kind in _many_sides:
        return _many_sides[kind](numbers)
    return {number: _sides[kind](number) for number in numbers} if kind in _sides else {}


def watches() -> list[tuple[str, Watch]]:
    return sorted(_watches.items())


def addresses(actor: Actor, pairs: Iterable[Pair]) -> Mapping[Pair, str]:
    return _reading[0](actor, pairs) if _reading else {}

"""What was counted, in a form that adds up: the state of a whole is the merge of the states of its parts; pure.

Counts add; the newest moment is the later one; failing keys are the first ones up to a bound; keys are kept as 128-bit
digests in segment files (one for each part), so that a new part only looks up its own keys in those of the parts before
it; the estimate of distinct keys is HyperLogLog's registers, merged register by register (Flajolet et al. 2007).
A state made by another engine version does not merge: its digests might differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb

FORM = 1
ENGINE = f"quality {FORM}, duckdb {duckdb.__version__}"
REGISTER_BITS = 12
MOST_FAILING = 100


@dataclass
class Counted:
    """Of one rule. `a`, `b`: as in X = A/B. `keys`: (rows, distinct, single) of a rule by keys; `registers`: register →
    smallest value, of an estimate; `newest`: ISO moment; `failing`: keys of rows, or row numbers."""

    a: int = 0
    b: int = 0
    keys: list[int] | None = None
    registers: dict[str, int] | None = None
    newest: str | None = None
    failing: list[list[str | None]] = field(default_factory=list)


@dataclass
class Profile:
    """Of one column: filled cells, smallest and largest value as text (numbers and dates only)."""

    filled: int = 0
    low: float | str | None = None
    high: float | str | None = None


@dataclass
class State:
    rows: int
    rules: dict[str, Counted]
    profile: dict[str, Profile]
    engine: str = ENGINE

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        rules = {name: Counted(**said) for name, said in data["rules"].items()}
        return cls(data["rows"], rules, {n: Profile(**p) for n, p in data["profile"].items()}, data["engine"])


def merged(earlier: State, later: State) -> State:
    """Both parts as one, `earlier` first. Rules by keys hold digests outside: `Counted.keys` of `later` must already be
    what it adds to `earlier` (`engine.added_keys`)."""
    if earlier.engine != later.engine or set(earlier.rules) != set(later.rules):
        raise ValueError("states of different rules or engines do not merge")
    rules = {name: _counted(earlier.rules[name], later.rules[name]) for name in earlier.rules}
    profile = {n: _profile(p, later.profile.get(n, Profile())) for n, p in earlier.profile.items()}
    return State(earlier.rows + later.rows, rules, profile, earlier.engine)


def _counted(x: Counted, y: Counted) -> Counted:
    return Counted(
        x.a + y.a,
        x.b + y.b,
        [p + q for p, q in zip(x.keys, y.keys, strict=True)] if x.keys and y.keys else x.keys or y.keys,
        _registers(x.registers, y.registers),
        max(filter(None, (x.newest, y.newest)), default=None),
        (x.failing + [f for f in y.failing if f not in x.failing])[:MOST_FAILING],
    )


def _registers(x: dict[str, int] | None, y: dict[str, int] | None) -> dict[str, int] | None:
    if x is None or y is None:
        return x if y is None else y
    return {j: min(x.get(j, y.get(j, 0)), y.get(j, x.get(j, 0))) for j in {**x, **y}}


def _profile(x: Profile, y: Profile) -> Profile:
    lows = [v for v in (x.low, y.low) if v is not None]
    highs = [v for v in (x.high, y.high) if v is not None]
    return Profile(x.filled + y.filled, min(lows, default=None), max(highs, default=None))


def estimate(registers: Mapping[str, int], bits: int = REGISTER_BITS) -> int:
    """Distinct keys from the registers: HyperLogLog with linear counting for small numbers; standard error 1.6 % (1.04/√4096).

    A register holds the smallest of the hashes' upper bits, of which the leading zeros are what HyperLogLog asks for.
    """
    size = 1 << bits
    width = 64 - bits
    ranks = [width - int(v).bit_length() + 1 for v in registers.values()]
    empty = size - len(ranks)
    alpha = 0.7213 / (1 + 1.079 / size)
    raw = alpha * size * size / (empty + math.fsum(2.0**-r for r in ranks))
    if raw <= 2.5 * size and empty:
        return round(size * math.log(size / empty))
    return round(raw)

"""Uncertainty of a value: Monte-Carlo with declared distributions and a seed, and the tornado of single inputs.

Inputs vary independently (stated in the report). Values are floats here and become whole 分 in the results; the same
seed, runs and distributions give the same numbers (Mersenne Twister of the standard library).
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

from shugang.policy.text import Text

from .inputs import BadInput

KINDS = {
    "triangular": Text("三角分布", "Triangular"),
    "normal": Text("正态分布", "Normal"),
    "uniform": Text("均匀分布", "Uniform"),
}
TAIL = 4.0  # a normal is cut off at so many standard deviations
LEAST_RUNS, MOST_RUNS, BINS = 1_000, 50_000, 24
Evaluate = Callable[[Mapping[str, float]], float]


@dataclass(frozen=True)
class Distribution:
    """triangular(low, mode, high) · normal(mean, standard deviation) · uniform(low, high)."""

    kind: str
    a: float
    b: float
    c: float = 0.0

    def __post_init__(self) -> None:
        ordered = {
            "triangular": self.a <= self.b <= self.c and self.a < self.c,
            "normal": self.b > 0,
            "uniform": self.a < self.b,
        }
        if not ordered.get(self.kind, False) or not all(map(math.isfinite, (self.a, self.b, self.c))):
            raise BadInput(
                "bad_distribution",
                "分布参数不对：三角分布为“最小 最可能 最大”，正态分布为“均值 标准差”，均匀分布为“最小 最大”。",
                "Wrong parameters: triangular takes low, mode, high; normal mean, deviation; uniform low, high.",
            )

    @property
    def support(self) -> tuple[float, float]:
        if self.kind == "normal":
            return self.a - TAIL * self.b, self.a + TAIL * self.b
        return self.a, self.c if self.kind == "triangular" else self.b

    def draw(self, rng: random.Random) -> float:
        if self.kind == "triangular":
            return rng.triangular(self.a, self.c, self.b)
        if self.kind == "uniform":
            return rng.uniform(self.a, self.b)
        low, high = self.support
        while not low <= (value := rng.gauss(self.a, self.b)) <= high:
            pass
        return value

    def quantile(self, p: float) -> float:
        """The value below which the share p of the distribution lies."""
        if self.kind == "normal":
            return NormalDist(self.a, self.b).inv_cdf(p)
        if self.kind == "uniform":
            return self.a + p * (self.b - self.a)
        width, rise = self.c - self.a, self.b - self.a
        if p * width <= rise:
            return self.a + math.sqrt(p * width * rise)
        return self.c - math.sqrt((1 - p) * width * (self.c - self.b))


def check_support(name: Text, distribution: Distribution, low: float, high: float) -> None:
    """The whole distribution has to stay where the formula means something."""
    least, most = distribution.support
    if least < low or most > high:
        raise BadInput(
            "distribution_reaches_absurd",
            f"“{name.zh}”的分布取到{least:.4g}至{most:.4g}，应在{low:.4g}至{high:.4g}之内。",
            f"“{name.en}” would range from {least:.4g} to {most:.4g}; it must stay within {low:.4g} and {high:.4g}.",
        )


@dataclass(frozen=True)
class Simulation:
    """All in 分. `edges` has one more entry than `counts`; percentiles by (share, value)."""

    runs: int
    seed: int
    mean: int
    deviation: int
    percentiles: tuple[tuple[int, int], ...]
    edges: tuple[int, ...]
    counts: tuple[int, ...]


def monte_carlo(evaluate: Evaluate, inputs: Mapping[str, Distribution], runs: int, seed: int) -> Simulation:
    """`evaluate` gets one drawn value for each name and returns 分."""
    if not LEAST_RUNS <= runs <= MOST_RUNS:
        raise BadInput(
            "runs",
            f"模拟次数应在{LEAST_RUNS:,}至{MOST_RUNS:,}之间。",
            f"Runs lie between {LEAST_RUNS:,} and {MOST_RUNS:,}.",
        )
    rng = random.Random(seed)  # noqa: S311 a simulation, reproducible on purpose
    names = sorted(inputs)
    found = sorted(evaluate({name: inputs[name].draw(rng) for name in names}) for _ in range(runs))
    mean = math.fsum(found) / runs
    deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in found) / (runs - 1))
    edges = [found[0] + (found[-1] - found[0]) * k / BINS for k in range(BINS + 1)]
    below = [0, *(bisect_right(found, edge) for edge in edges[1:-1]), runs]
    return Simulation(
        runs, seed, round(mean), round(deviation),
        tuple((p, round(found[min(runs - 1, runs * p // 100)])) for p in (5, 25, 50, 75, 95)),
        tuple(round(e) for e in edges),
        tuple(b - a for a, b in pairwise(below)),
    )  # fmt: skip


@dataclass(frozen=True)
class Swing:
    """One bar of the tornado: the value (分) with this input at its 10 % and its 90 % quantile, others at their base."""

    name: str
    low_input: float
    high_input: float
    low: int
    high: int

    @property
    def width(self) -> int:
        return abs(self.high - self.low)


def tornado(evaluate: Evaluate, base: Mapping[str, float], inputs: Mapping[str, Distribution]) -> list[Swing]:
    """The widest first."""
    swings = []
    for name in sorted(inputs):
        low, high = inputs[name].quantile(0.1), inputs[name].quantile(0.9)
        values = (evaluate({**base, name: low}), evaluate({**base, name: high}))
        swings.append(Swing(name, low, high, round(values[0]), round(values[1])))
    return sorted(swings, key=lambda s: (-s.width, s.name))

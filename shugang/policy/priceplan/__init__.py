"""Price plans as versioned data (`plan`), quantities (`quantities`), and `rate`: exact lines of a service period.

Kinds: `free`; `one_off` (the price of the whole, rated once per agreement); `per_unit`; `by_outcome` (each outcome
at its own price); `package` (whole packages, begun ones count; with a validity, what is left lapses); `tiered`
(graduated: each bracket at its own price); `volume` (all units at the bracket reached); `period` (each begun month,
quarter or year in full); `revenue` (a share of what the buyer reports). Only `billable` outcomes are charged: with
`("found",)` a lookup that finds nothing costs nothing (查得计费).
"""

from shugang.policy.priceplan.plan import OutcomePrice, PricePlan, Tier, check_plan
from shugang.policy.priceplan.quantities import CONTINUED, DELIVERED, REVENUE, day_key, priced_as, recorded_as, totals
from shugang.policy.priceplan.rating import RatedLine, rate, total
from shugang.policy.priceplan.words import EVERY, KINDS, MONTHS, PRICE_UNITS, REASONS, UNIT_WORDS

__all__ = [
    "CONTINUED",
    "DELIVERED",
    "EVERY",
    "KINDS",
    "MONTHS",
    "PRICE_UNITS",
    "REASONS",
    "REVENUE",
    "UNIT_WORDS",
    "OutcomePrice",
    "PricePlan",
    "RatedLine",
    "Tier",
    "check_plan",
    "day_key",
    "priced_as",
    "rate",
    "recorded_as",
    "total",
    "totals",
]

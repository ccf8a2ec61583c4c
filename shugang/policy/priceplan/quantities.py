"""What is rated: outcome → quantity; for plans that ask for days, `outcome@2026-11-26` → quantity of that local day."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date

# A file is delivered with its first bytes; further bytes of it are priced alike and are no further call.
DELIVERED, CONTINUED = "delivered", "continued"
REVENUE = "revenue"  # what the buyer reports, in 分


def priced_as(outcome: str) -> str:
    """The outcome by which a price plan knows this one."""
    return DELIVERED if outcome == CONTINUED else outcome


def recorded_as(outcomes: Collection[str]) -> list[str]:
    """The outcomes of records that these of a price plan stand for."""
    return [*outcomes, *([CONTINUED] if DELIVERED in outcomes else [])]


def day_key(outcome: str, day: date | str) -> str:
    """The key of one outcome's quantity on one local day."""
    return f"{outcome}@{day}"


def totals(quantities: Mapping[str, int]) -> dict[str, int]:
    """Outcome → quantity over all days."""
    found: dict[str, int] = {}
    for key, quantity in quantities.items():
        outcome = key.partition("@")[0]
        found[outcome] = found.get(outcome, 0) + quantity
    return found


def days(quantities: Mapping[str, int]) -> Iterator[tuple[date, dict[str, int]]]:
    """(day, its quantities), oldest first. Raises ValueError where a key names no day."""
    found: dict[date, dict[str, int]] = {}
    for key, quantity in quantities.items():
        outcome, _, day = key.partition("@")
        found.setdefault(date.fromisoformat(day), {})[outcome] = quantity
    yield from sorted(found.items())

"""Exact money: integer 分 (`fen`), unit prices in integer 1e-8 元 (`e8`). No binary fraction ever touches
an amount.

Rounding is half-up, away from zero for negative amounts, so that a correction is the exact negation of a
charge.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

E8_PER_FEN = 1_000_000


def round_half_up(numerator: int, denominator: int) -> int:
    """The whole number nearest to numerator/denominator (denominator > 0); a half goes away from zero."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    size = (2 * abs(numerator) + denominator) // (2 * denominator)
    return size if numerator >= 0 else -size


def e8_times_qty_to_fen(unit_price_e8: int, quantity: int, unit_size: int = 1) -> int:
    """分 for `quantity` units at `unit_price_e8` per `unit_size` units: one exact product, rounded once."""
    return round_half_up(unit_price_e8 * quantity, E8_PER_FEN * unit_size)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` by weight, summing to it exactly (largest remainder).

    Each share lies within 1 of its exact value. Remainders that tie go to the larger weight, then to the
    earlier place, so the shares do not depend on order except between equals. Raises ValueError without a
    positive weight.
    """
    if not weights or min(weights) < 0 or sum(weights) == 0:
        raise ValueError("weights must not be negative and one must be positive")
    if total < 0:
        return [-share for share in allocate(-total, weights)]
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), -weights[i], i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def split_vat(gross: int, rate_bp: int) -> tuple[int, int]:
    """(net, tax) of a price that includes VAT at `rate_bp` basis points: tax = gross·r/(1+r), rounded per
    line."""
    if rate_bp < 0:
        raise ValueError("a tax rate is not negative")
    tax = round_half_up(gross * rate_bp, 10_000 + rate_bp)
    return gross - tax, tax


def format_yuan(fen: int) -> str:
    """¥1,234.50"""
    sign, size = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}¥{size // 100:,}.{size % 100:02d}"


def format_e8(e8: int) -> str:
    """A unit price in 元 with as many decimals as it has, at least two: 1_500_000 → 0.015."""
    sign, size = ("-" if e8 < 0 else ""), abs(e8)
    decimals = f"{size % 10**8:08d}".rstrip("0").ljust(2, "0")
    return f"{sign}{size // 10**8:,}.{decimals}"


def _parse(text: str, places: int) -> int:
    try:
        value = Decimal(text.strip().replace(",", "").replace("¥", "", 1)).scaleb(places)
    except InvalidOperation:
        raise ValueError(f"not an amount: {text!r}") from None
    if not value.is_finite() or value != value.to_integral_value() or value.adjusted() > 18:
        raise ValueError(f"not an exact amount with {places} decimals: {text!r}")
    return int(value)


def parse_yuan(text: str) -> int:
    """元 as typed → 分, exact or ValueError."""
    return _parse(text, 2)


def parse_e8(text: str) -> int:
    """元 as typed → 1e-8 元, exact or ValueError."""
    return _parse(text, 8)

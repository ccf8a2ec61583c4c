"""How a paid bill is divided: supplier, broker, commission, and the VAT inside the commission. Pure, exact."""

from __future__ import annotations

from typing import NamedTuple

from shugang.policy.money import allocate, split_vat


class Shares(NamedTuple):
    """分; they sum to the bill's total. `vat` is the tax on the platform's own service, a line of its own; the broker's fee
    includes its own tax, which the broker pays."""

    supplier: int
    commission: int
    vat: int
    broker: int = 0


def shares(total_fen: int, commission_bp: int, vat_bp: int, broker_bp: int = 0, broker_fen: int = 0) -> Shares:
    """Largest remainder between supplier, platform and broker; the platform's part includes its tax (含税). A fixed fee
    comes out of the supplier's part, at most all of it."""
    weights = [10_000 - commission_bp - broker_bp, commission_bp, broker_bp]
    supplier, platform, broker = allocate(total_fen, weights)
    fixed = min(supplier, broker_fen)
    net, tax = split_vat(platform, vat_bp)
    return Shares(supplier - fixed, net, tax, broker + fixed)

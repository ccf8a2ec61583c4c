"""How a paid bill is divided: supplier, commission, and the VAT inside the commission. Pure, exact."""

from __future__ import annotations

from typing import NamedTuple

from shugang.policy.money import allocate, split_vat


class Shares(NamedTuple):
    """分; the three sum to the bill's total. `vat` is the tax on the platform's own service, a line of its own."""

    supplier: int
    commission: int
    vat: int


def shares(total_fen: int, commission_bp: int, vat_bp: int) -> Shares:
    """Largest remainder between supplier and platform; the platform's part includes its tax (含税)."""
    supplier, platform = allocate(total_fen, [10_000 - commission_bp, commission_bp])
    net, tax = split_vat(platform, vat_bp)
    return Shares(supplier, net, tax)

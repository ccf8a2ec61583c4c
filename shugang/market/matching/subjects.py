"""The two sides of a comparison as plain facts. Pure: what a score was computed from is exactly this, and has a digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shugang.policy.codec import canonical

FRESHNESS = ("realtime", "hourly", "daily", "weekly", "monthly", "yearly", "irregular", "none")
Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Wanted:
    """A demand: budget in 分 a year, `uses` calls a year, columns (name, meaning)."""

    title: str
    text: str
    sector: str
    purpose: str
    modes: tuple[str, ...]
    columns: Columns = ()
    region: str = ""
    period_from: str = ""
    period_until: str = ""
    freshness: str = ""
    volume: int | None = None
    uses: int | None = None
    budget_low: int | None = None
    budget_high: int | None = None
    buyer: bool = True

    @classmethod
    def read(cls, content: Mapping[str, Any], buyer: bool = True) -> Wanted:
        """From a demand's content (`demand.forms.content`); `buyer`: whether the demander is an admitted buyer now."""
        columns = tuple((c["name"], c["meaning"]) for c in content.get("columns", ()))
        said: dict[str, Any] = {k: content.get(k, "") for k in ("region", "period_from", "period_until", "freshness")}
        said |= {k: content.get(k) for k in ("volume", "uses", "budget_low", "budget_high")}
        return cls(
            content["title"], content["text"], content["sector"], content["purpose"], tuple(content["modes"]), columns,
            **said, buyer=buyer,
        )  # fmt: skip


@dataclass(frozen=True)
class Offered:
    """A listed product. `cost_fen`: what a year of the demand's use costs, None where that cannot be said;
    `level`: its grade, None where it has none; `personal`: personal columns are delivered unmasked."""

    number: str
    title: str
    text: str
    sector: str
    mode: str
    purposes: tuple[str, ...]
    columns: Columns = ()
    coverage: str = ""
    freshness: str = ""
    rows: int | None = None
    cost_fen: int | None = None
    level: int | None = None
    personal: bool = False
    licence: str = ""


def digest(wanted: Wanted, offered: Offered, rules: str) -> str:
    """SHA-256 of everything that a result depends on; `rules` is the profile's digest."""
    said = {"wanted": asdict(wanted), "offered": asdict(offered), "rules": rules}
    return hashlib.sha256(canonical(_plain(said))).hexdigest()


def _plain(value: Any) -> Any:
    """Tuples as lists, so that the codec takes them."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value

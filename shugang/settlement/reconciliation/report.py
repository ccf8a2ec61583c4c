"""What a reconciliation found. Pure data; amounts in 分."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from shugang.policy.text import Text


class Check(NamedTuple):
    """Two sides that have to be equal; `subject` is the number of what was compared."""

    kind: str
    subject: str
    left: Text
    left_fen: int
    right: Text
    right_fen: int

    @property
    def difference_fen(self) -> int:
        return self.left_fen - self.right_fen

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "subject": self.subject,
            "left": self.left.to_json(),
            "left_fen": self.left_fen,
            "right": self.right.to_json(),
            "right_fen": self.right_fen,
            "difference_fen": self.difference_fen,
        }


class Open(NamedTuple):
    """An amount on its way, which is no difference: unbilled use, an unpaid bill, an unmatched receipt."""

    kind: str
    subject: str
    amount_fen: int
    since: datetime | None


KINDS: dict[str, Text] = {
    "use": Text("用量与账单", "Use and bills"),
    "lines": Text("账单与明细", "Bills and their lines"),
    "receipt": Text("账单与到账", "Bills and receipts"),
    "split": Text("账单与分账", "Bills and splits"),
    "ledger": Text("账本自身", "The ledger itself"),
    "bank": Text("账本与存管银行", "Ledger and bank"),
}
OPEN_KINDS: dict[str, Text] = {
    "unbilled": Text("应计未出账", "Accrued, not billed"),
    "unpaid": Text("已出账未付", "Billed, not paid"),
    "unsettled": Text("已付未结清", "Paid, not settled"),
    "suspense": Text("待查到账", "Unmatched receipt"),
    "returning": Text("退款办理中", "Being returned"),
}


@dataclass(frozen=True)
class Report:
    """`scope` is a contract's number, or "" for the whole platform."""

    scope: str
    as_of: datetime
    checks: list[Check] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)

    @property
    def differences(self) -> list[Check]:
        return [check for check in self.checks if check.difference_fen]

    @property
    def total_difference_fen(self) -> int:
        """The sum of the absolute differences: two errors never cancel out."""
        return sum(abs(check.difference_fen) for check in self.checks)

    def by_kind(self) -> list[tuple[str, int, int, int, int]]:
        """(kind, checks, left 分, right 分, difference 分), in the order of `KINDS`."""
        rows = []
        for kind in KINDS:
            found = [check for check in self.checks if check.kind == kind]
            if found:
                left, right = sum(c.left_fen for c in found), sum(c.right_fen for c in found)
                rows.append((kind, len(found), left, right, sum(abs(c.difference_fen) for c in found)))
        return rows

    def to_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "as_of": self.as_of.isoformat(),
            "checks": len(self.checks),
            "total_difference_fen": self.total_difference_fen,
            "kinds": [
                {"kind": k, "checks": n, "left_fen": left, "right_fen": right, "difference_fen": d}
                for k, n, left, right, d in self.by_kind()
            ],
            "differences": [check.to_json() for check in self.differences],
            "open": [
                {
                    "kind": o.kind,
                    "subject": o.subject,
                    "amount_fen": o.amount_fen,
                    "since": o.since.isoformat() if o.since else None,
                }
                for o in self.open
            ],
        }

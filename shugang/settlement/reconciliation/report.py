"""What a reconciliation found. Pure data; money in 分, use in its own units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from shugang.policy.text import Text

FEN = "fen"


class Check(NamedTuple):
    """Two sides that have to be equal; `subject` is the number of what was compared.

    `unit` is `fen`, `records`, `calls`, `rows` or `bytes`; `contract` and `period` say whose and when, `look` where to
    look for the cause."""

    kind: str
    subject: str
    left: Text
    left_amount: int
    right: Text
    right_amount: int
    unit: str = FEN
    contract: str = ""
    period: str = ""
    look: str = ""

    @property
    def difference(self) -> int:
        return self.left_amount - self.right_amount

    def to_json(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "left": self.left.to_json(),
            "right": self.right.to_json(),
            "difference": self.difference,
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Check:
        values = {name: told[name] for name in cls._fields}
        return cls(**{**values, "left": Text(**told["left"]), "right": Text(**told["right"])})


class Open(NamedTuple):
    """What is on its way, which is no difference: unbilled use, an unpaid bill, records that nobody signed yet."""

    kind: str
    subject: str
    amount: int
    since: datetime | None
    unit: str = FEN

    def to_json(self) -> dict[str, Any]:
        return {**self._asdict(), "since": self.since.isoformat() if self.since else None}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Open:
        since = datetime.fromisoformat(told["since"]) if told["since"] else None
        return cls(told["kind"], told["subject"], told["amount"], since, told["unit"])


KINDS: dict[str, Text] = {
    "journal": Text("节点账与用量记录", "The plane's books and use records"),
    "sequence": Text("用量记录的编号与哈希链", "Numbers and chain of use records"),
    "signed": Text("用量记录与需方签收", "Use records and what the buyer signed"),
    "use": Text("用量与账单", "Use and bills"),
    "lines": Text("账单与明细", "Bills and their lines"),
    "receipt": Text("账单与到账", "Bills and receipts"),
    "split": Text("账单与分账", "Bills and splits"),
    "ledger": Text("账本自身", "The ledger itself"),
    "bank": Text("账本与存管银行", "Ledger and bank"),
}
OPEN_KINDS: dict[str, Text] = {
    "unsigned": Text("需方尚未签收", "Not yet signed by the buyer"),
    "unstated": Text("节点尚未报账", "Not yet in the plane's books"),
    "unbilled": Text("应计未出账", "Accrued, not billed"),
    "unpaid": Text("已出账未付", "Billed, not paid"),
    "unsettled": Text("已付未结清", "Paid, not settled"),
    "suspense": Text("待查到账", "Unmatched receipt"),
    "returning": Text("退款办理中", "Being returned"),
}
UNITS: dict[str, Text] = {
    FEN: Text("元", "CNY"),
    "records": Text("条", "records"),
    "calls": Text("次", "calls"),
    "rows": Text("行", "rows"),
    "bytes": Text("字节", "bytes"),
}


@dataclass
class Kind:
    """One kind of comparison: how many, how many differ, and the sums where they are money."""

    kind: str
    checks: int = 0
    differing: int = 0
    left_fen: int = 0
    right_fen: int = 0
    difference_fen: int = 0

    def add(self, check: Check) -> None:
        self.checks += 1
        self.differing += check.difference != 0
        if check.unit == FEN:
            self.left_fen += check.left_amount
            self.right_fen += check.right_amount
            self.difference_fen += abs(check.difference)

    @property
    def money(self) -> bool:
        return self.kind not in ("journal", "sequence", "signed")


@dataclass
class Report:
    """`scope` is a contract's number, or "" for the whole platform. Checks that agree are counted, not kept."""

    scope: str
    as_of: datetime
    kinds: list[Kind] = field(default_factory=list)
    differences: list[Check] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)

    @classmethod
    def of(cls, scope: str, as_of: datetime, checks: Iterable[Check], on_the_way: Iterable[Open]) -> Report:
        kinds = {name: Kind(name) for name in KINDS}
        differences = []
        for check in checks:
            kinds[check.kind].add(check)
            if check.difference:
                differences.append(check)
        return cls(scope, as_of, [kind for kind in kinds.values() if kind.checks], differences, list(on_the_way))

    @property
    def checks(self) -> int:
        return sum(kind.checks for kind in self.kinds)

    @property
    def total_difference_fen(self) -> int:
        """The sum of the absolute differences: two errors never cancel out."""
        return sum(kind.difference_fen for kind in self.kinds)

    @property
    def not_money(self) -> int:
        """How many differences are of records, calls, rows or bytes: no amount stands for them."""
        return sum(check.unit != FEN for check in self.differences)

    def to_json(self) -> dict[str, Any]:
        return {
            "scope": self.scope,
            "as_of": self.as_of.isoformat(),
            "checks": self.checks,
            "total_difference_fen": self.total_difference_fen,
            "kinds": [vars(kind).copy() for kind in self.kinds],
            "differences": [check.to_json() for check in self.differences],
            "open": [o.to_json() for o in self.open],
        }

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Report:
        return cls(
            told["scope"],
            datetime.fromisoformat(told["as_of"]),
            [Kind(**kind) for kind in told["kinds"]],
            [Check.from_json(check) for check in told["differences"]],
            [Open.from_json(o) for o in told["open"]],
        )

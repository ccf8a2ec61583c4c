"""A declared check that cannot be read or may not be run: which rule it breaks, in words for who declared it."""

from __future__ import annotations

from shugang.policy.text import Text


class PlanError(ValueError):
    """`rule` is a name to look up in the guide; `text` says what to do next."""

    def __init__(self, rule: str, text: Text) -> None:
        super().__init__(text.en)
        self.rule, self.text = rule, text


class TooManyPairs(PlanError):
    """Counted before anything was compared."""

    def __init__(self, block: str, pairs: int, cap: int) -> None:
        super().__init__(
            "pair_cap",
            Text(
                f"按“{block}”分块要比较{pairs:,}对，超过上限{cap:,}对，未开始比较。请把分块条件写得更细，或先用精确键关联。",
                f"Blocking by “{block}” makes {pairs:,} pairs, over the cap of {cap:,}; nothing was compared. Please block more "
                "finely, or link by exact keys first.",
            ),
        )
        self.pairs, self.cap = pairs, cap

"""Why a rule set is not one: the rule and the part of it, named; pure."""

from __future__ import annotations

from shugang.policy.text import Text


class RuleError(ValueError):
    """`code` is stable; `where` is the path in the document, such as `rules[2].column`."""

    def __init__(self, code: str, where: str, zh: str, en: str) -> None:
        super().__init__(f"{code} at {where}: {en}")
        self.code, self.where = code, where
        self.text = Text(f"{where}：{zh}", f"{where}: {en}")

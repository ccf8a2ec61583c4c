"""Why a backup or a restore stopped, in words for the person who runs it."""

from __future__ import annotations

from shugang.policy.text import Text


class Stopped(RuntimeError):
    """Nothing was left half done. `text` says what is wrong and what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)

"""Bilingual text as data: every word that a person reads exists in both languages from the start."""

from typing import NamedTuple


class Text(NamedTuple):
    """One sentence or label, Chinese and English."""

    zh: str
    en: str

    def to_json(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}

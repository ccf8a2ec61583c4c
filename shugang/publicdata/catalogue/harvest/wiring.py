"""What the room adds to the platform."""

from __future__ import annotations

from shugang.kernel import words
from shugang.policy.text import Text


def register() -> None:
    words.register({"catalogue.harvested": Text("收割外部目录", "Another catalogue harvested")})

"""Answers of a form as typed, into whole numbers and amounts; everything that is wrong is told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text


class Wrong:
    """Collects what is wrong, so that everything is told at once."""

    def __init__(self) -> None:
        self.fields: dict[str, Text] = {}

    def add(self, name: str, zh: str, en: str) -> None:
        self.fields.setdefault(name, Text(zh, en))

    def check(self) -> None:
        if self.fields:
            count = len(self.fields)
            raise Refusal(
                "invalid_form",
                Text(f"有{count}处需要补正，请逐项修改后再提交。", f"{count} answer(s) need correction."),
                422,
                self.fields,
            )


def whole(post: Mapping[str, Any], name: str, wrong: Wrong) -> int | None:
    text = str(post.get(name, "")).strip().replace(",", "")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,16}", text):
        wrong.add(name, "请填写整数。", "Please enter a whole number.")
        return None
    return int(text)


def decimal(post: Mapping[str, Any], name: str, places: int, wrong: Wrong) -> int:
    """元 as text → integer of 10^-places 元."""
    text = str(post.get(name, "")).strip().replace(",", "")
    if not text:
        return 0
    match = re.fullmatch(rf"(\d{{1,9}})(?:\.(\d{{1,{places}}}))?", text)
    if match is None:
        wrong.add(name, f"请填写金额，小数最多{places}位。", f"Please enter an amount with at most {places} decimals.")
        return 0
    return int(match[1]) * 10**places + int((match[2] or "").ljust(places, "0"))

"""Cursor paging: newest first by primary key, stable while rows are added."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from shugang.policy.text import Text

from .errors import Refusal

SIZE = 20


@dataclass(frozen=True)
class Page:
    """`items` at most `size`; `next` is the cursor of the following page or ""; `total` counts all."""

    items: list[Any]
    next: str
    total: int


def encode(pk: int) -> str:
    return base64.urlsafe_b64encode(f"pk:{pk}".encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("pk:"))
    except ValueError:
        raise Refusal(
            "bad_cursor",
            Text(
                "翻页标记无效，请从第一页重新开始。", "The page cursor is not valid. Please start from the first page."
            ),
        ) from None


def page(rows: QuerySet[Any], cursor: str = "", size: int = SIZE) -> Page:
    """One page of `rows`, newest first. Raises Refusal `bad_cursor`."""
    size = max(1, min(size, 100))
    total = rows.count()
    if cursor:
        rows = rows.filter(pk__lt=decode(cursor))
    found = list(rows.order_by("-pk")[: size + 1])
    more = len(found) > size
    return Page(found[:size], encode(found[size - 1].pk) if more else "", total)

"""What the administrators' desks list. Callers have checked the post."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from shugang.kernel.clock import zone
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.policy.text import Text

from ..accounts.models import Person
from .models import Post

EXPORT_ROWS = 50_000


def accounts(waiting: bool = False) -> QuerySet[Person]:
    """Accounts with their posts and memberships; those that wait for the security administrator first if asked."""
    rows = Person.objects.select_related("post").prefetch_related("memberships__party")
    return rows.filter(authorised=False) if waiting else rows


def acts_of(post: str) -> QuerySet[Event, Any]:
    people = Post.objects.filter(post=post).values("person_id")
    return Event.objects.filter(person_id__in=people)


def _day(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), tzinfo=zone())
    except ValueError:
        wrong = Text("日期请写成2026-11-23的样子。", "Please write days like 2026-11-23.")
        raise Refusal("invalid_form", wrong, 422) from None


def audit_rows(filters: dict[str, str]) -> QuerySet[Event, Any]:
    """Events of every kind; pages show who, when, what, about what, and never the business content."""
    rows = Event.objects.prefetch_related("refs")
    if filters.get("kind"):
        rows = rows.filter(kind__startswith=filters["kind"])
    if filters.get("person"):
        name = filters["person"]
        found = Person.objects.filter(username=name).values("pk")
        rows = rows.filter(Q(person_id__in=found) | Q(payload__person=name))
    if filters.get("since"):
        rows = rows.filter(at__gte=_day(filters["since"]))
    if filters.get("until"):
        rows = rows.filter(at__lt=_day(filters["until"]) + timedelta(days=1))
    return rows

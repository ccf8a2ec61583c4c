"""From view to inquiry to deal: how often a product or a demand is looked at and what came of it. Counts, no personal data.

Views are gathered in the process and added to the day's row at most every `SHUGANG_VIEW_SECONDS`: a page waits for no write, and
a process that is killed loses at most that much. A view by the owner does not count.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F, Q, Sum

from shugang.kernel import clock
from shugang.policy.text import Text

from ..contracts.models import Contract
from ..products.models import DataProduct
from ..trade.models import Inquiry
from .models import Demand, ViewCount

RECENT_DAYS = 30
_lock = threading.Lock()
_seen: Counter[tuple[str, str]] = Counter()
_since = time.monotonic()


def seen(kind: str, number: str) -> None:
    """Note one view of a public page."""
    with _lock:
        _seen[kind, number] += 1
        due = time.monotonic() - _since >= settings.SHUGANG_VIEW_SECONDS
    if due:
        flush()


def flush() -> int:
    """Add what was gathered to the day's rows; returns how many views. What cannot be written now waits for the next time."""
    global _since
    with _lock:
        counts, _since = Counter(_seen), time.monotonic()
        _seen.clear()
    try:
        with transaction.atomic():
            for (kind, number), n in sorted(counts.items()):
                row, _ = ViewCount.objects.get_or_create(kind=kind, number=number, day=clock.today())
                ViewCount.objects.filter(pk=row.pk).update(views=F("views") + n)
    except DatabaseError:
        with _lock:
            _seen.update(counts)
        return 0
    return sum(counts.values())


@dataclass(frozen=True)
class Funnel:
    """`recent` counts the last 30 days of `views`; the other numbers are of all time."""

    views: int
    recent: int
    invitations: int
    inquiries: int
    deals: int

    def tiles(self) -> list[dict[str, Any]]:
        """For `ui.kpi`."""
        return [
            {"label": Text("浏览", "Views"), "value": self.views, "detail": Text(f"近{RECENT_DAYS}天{self.recent}次", f"{self.recent} in {RECENT_DAYS} days")},
            {"label": Text("受邀报价", "Invitations"), "value": self.invitations},
            {"label": Text("询价", "Inquiries"), "value": self.inquiries, "detail": _share(self.inquiries, self.views)},
            {"label": Text("成交", "Deals"), "value": self.deals, "detail": _share(self.deals, self.inquiries)},
        ]  # fmt: skip


def _share(part: int, whole: int) -> Text | str:
    return Text(f"前一步的{part / whole:.1%}", f"{part / whole:.1%} of the step before") if whole else ""


def public_views(number: str) -> tuple[int, int]:
    """Views of a product's public page: ever, and in the last 30 days."""
    return _views("product", number)


def _views(kind: str, number: str) -> tuple[int, int]:
    newer = Q(day__gt=clock.today() - timedelta(days=RECENT_DAYS))
    rows = ViewCount.objects.filter(kind=kind, number=number)
    found = rows.aggregate(ever=Sum("views"), recent=Sum("views", filter=newer))
    return found["ever"] or 0, found["recent"] or 0


def _deals(inquiries: Any) -> int:
    """Contracts that both sides signed."""
    signed = Contract.objects.filter(inquiry__in=inquiries.values("pk")).exclude(
        state__in=[Contract.State.PENDING, Contract.State.DECLINED]
    )
    return signed.count()


def of_product(product: DataProduct) -> Funnel:
    """For the product's supplier, who has read it through the gate."""
    inquiries = Inquiry.objects.filter(product=product)
    invitations = product.supplier.invitations.filter(product=product)
    return Funnel(*_views("product", product.number), invitations.count(), inquiries.count(), _deals(inquiries))


def of_demand(demand: Demand) -> Funnel:
    """For the demander, who has read it through the gate."""
    inquiries = Inquiry.objects.filter(Q(invitation__demand=demand) | Q(response__demand=demand))
    return Funnel(*_views("demand", demand.number), demand.invitations.count(), inquiries.count(), _deals(inquiries))

"""One grant's records and what they sum to; the caller has shown that its reader may see the grant."""

from __future__ import annotations

from django.db.models import Count, Max, Q, QuerySet, Sum

from ..grants.models import Grant
from ..metering.models import UsageRecord
from . import statement as form
from .models import Acknowledgement

DELIVERED = Q(state__in=("answered", "aborted"))


def last_signed(grant: Grant) -> int:
    return int(Acknowledgement.objects.filter(grant=grant).aggregate(last=Max("last_seq"))["last"] or 0)


def records(grant: Grant) -> QuerySet[UsageRecord]:
    """The grant's records as its plane numbered them."""
    return UsageRecord.objects.filter(grant=grant, plane_id=grant.plane_id, grant_number=grant.number, grant_seq__gt=0)


def measured(rows: QuerySet[UsageRecord]) -> dict[str, int]:
    """The counts that a statement has, of these records."""
    found = rows.aggregate(
        records=Count("id"),
        delivered=Count("id", filter=DELIVERED),
        charged=Count("id", filter=Q(charged=True)),
        rows_=Sum("rows", filter=DELIVERED),
        bytes_=Sum("bytes", filter=DELIVERED),
    )
    return {name: int(found.get(name, found.get(f"{name}_")) or 0) for name in form.COUNTS}

"""What the front page shows: live counts that lead to their rows, open notices, newest products."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from shugang.assets.registration import queries as registration
from shugang.assets.registration.models import Certificate
from shugang.delivery.models import UsageRecord
from shugang.kernel import clock, sequencer
from shugang.market.contracts.models import Contract
from shugang.market.products.models import DataProduct
from shugang.parties.organisations.queries import public_parties


def public_counts() -> dict[str, int]:
    """Public aggregates: numbers of things, nothing about anyone."""
    return {
        "products": DataProduct.objects.filter(state="listed").count(),
        "certificates": Certificate.objects.filter(state="valid").count(),
        "contracts": Contract.objects.filter(state="active").count(),
        "uses": UsageRecord.objects.count(),
        "parties": public_parties().count(),
    }


def front_page() -> dict[str, Any]:
    newest = DataProduct.objects.filter(state="listed").select_related("supplier").order_by("-listed_at")[:4]
    return {
        "counts": public_counts(),
        "products": list(newest),
        "notices": registration.public_open_notices()[:5],
        "log": sequencer.status(),
        "today": clock.today(),
    }


def counts_for_metrics() -> list[str]:
    """Prometheus lines of the trade's counts by state."""
    lines: list[str] = []
    for name, model in (("products", DataProduct), ("contracts", Contract)):
        lines.append(f"# TYPE shugang_{name} gauge")
        for row in model.objects.values("state").annotate(n=Count("pk")).order_by("state"):
            lines.append(f'shugang_{name}{{state="{row["state"]}"}} {row["n"]}')
    lines += ["# TYPE shugang_usage_records gauge", f"shugang_usage_records {UsageRecord.objects.count()}"]
    return lines

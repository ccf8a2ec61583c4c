"""Update cycles: by when an entry's data has to be brought up to date again, who is told when it is not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from shugang.kernel import clock, workdays
from shugang.kernel.actors import SYSTEM
from shugang.kernel.events import Told, emit, emit_many
from shugang.kernel.models import Event, RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.kernel.reactions import on
from shugang.policy.text import Text

from .models import PublicResource

STEP = 200
FRESH, SOON, OVERDUE, NONE = "fresh", "soon", "overdue", "none"
LABELS: dict[str, tuple[Text, str]] = {
    FRESH: (Text("按期更新", "Up to date"), "ok"),
    SOON: (Text("即将到期", "Due soon"), "warn"),
    OVERDUE: (Text("逾期未更新", "Overdue"), "bad"),
    NONE: (Text("不定期", "No fixed cycle"), "off"),
}


def rules() -> Mapping[str, Any]:
    try:
        return dict(current_profile("public-catalogue", clock.today()).data)
    except RuleProfile.DoesNotExist:
        return {}


class Terms:
    """Last moments by cycle and day; each is worked out once."""

    def __init__(self) -> None:
        self._days: Mapping[str, int] = rules().get("overdue_after", {})
        self._known: dict[tuple[str, Any], datetime | None] = {}

    def due(self, cycle: str, data_at: datetime | None) -> datetime | None:
        """The end of the working day by which data of that cycle is updated again; None where nothing is due."""
        days = int(self._days.get(cycle, 0))
        if data_at is None or not days:
            return None
        key = (cycle, data_at.astimezone(clock.zone()).date())
        if key not in self._known:
            self._known[key] = workdays.due(data_at, days, "wd")[0]
        return self._known[key]


def set_due(resource: PublicResource, terms: Terms) -> None:
    """After new data or another cycle; the caller saves."""
    resource.data_due_at = terms.due(resource.update_cycle, resource.data_at)
    resource.overdue_told = False


def standing(resource: PublicResource) -> str:
    due, now = resource.data_due_at, clock.now()
    if resource.state != PublicResource.State.PUBLISHED or due is None:
        return NONE
    if due < now:
        return OVERDUE
    return SOON if workdays.working_days_left(now, due) <= int(rules().get("due_soon", 3)) else FRESH


def find_overdue(now: datetime) -> int:
    """Tell each lapse once, in the order in which they fell due; how many were told."""
    told = 0
    while True:
        with transaction.atomic():
            rows = list(
                PublicResource.objects.select_for_update()
                .filter(state="published", data_due_at__lt=now, overdue_told=False)
                .order_by("pk")[:STEP]
            )
            if not rows:
                return told
            for row in rows:
                row.overdue_told = True
            PublicResource.objects.bulk_update(rows, ["overdue_told"])
            emit_many(SYSTEM, [
                Told("catalogue.data_overdue", [("public_resource", r.number)],
                     {"cycle": r.update_cycle, "due": r.data_due_at.isoformat() if r.data_due_at else ""}) for r in rows])  # fmt: skip
            told += len(rows)


@on("dataset.version_added")
def new_version(event: Event) -> None:
    """A new version of its data set brings an entry up to date."""
    numbers = [ref.key for ref in event.refs.all() if ref.kind == "dataset"]
    rows = list(PublicResource.objects.filter(dataset__number__in=numbers, state="published").order_by("pk"))
    terms = Terms()
    for row in rows:
        row.data_at = clock.now()
        set_due(row, terms)
    PublicResource.objects.bulk_update(rows, ["data_at", "data_due_at", "overdue_told"])
    for row in rows:
        emit("catalogue.data_updated", SYSTEM, [("public_resource", row.number)], {"by": "version"})

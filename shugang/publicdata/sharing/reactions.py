"""What happens elsewhere reaches the grants of public data in the same transaction.

A security review that is re-opened holds every grant of its data that rests on a decision of this wing (decision 0008: a hold of
kind `security_review` with the review's number). The review's pass lifts exactly those holds: the market's reaction does so for
every grant that the review held.
"""

from __future__ import annotations

from shugang.assets.review import queries as reviews
from shugang.delivery.grants.services import suspend_grant
from shugang.delivery.models import DatasetVersion, Grant
from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..granting import BASES, REVIEW


def _living(**conditions: object) -> list[Grant]:
    rows = Grant.objects.filter(bases__kind__in=list(BASES), **conditions).exclude(state=Grant.State.ENDED)
    return list(rows.distinct().order_by("id"))


def review_lost(event: Event) -> None:
    refs = {r.kind: r.key for r in event.refs.all()}
    for grant in _living(source__dataset=refs["dataset"]):
        version = DatasetVersion.objects.get(dataset__number=refs["dataset"], version=grant.source["version"])
        if reviews.standing(version) is None:
            reason = f"安全审查须重新办理：{event.payload['reason']}"[:400]
            suspend_grant(SYSTEM, grant.number, reason, REVIEW, refs["case"])


def register() -> None:
    on("security_review.reopened")(review_lost)

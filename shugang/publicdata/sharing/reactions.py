"""What happens elsewhere reaches the grants of public data in the same transaction.

A security review that is re-opened holds every grant of its data that rests on a decision of this wing (decision 0008: a hold of
kind `security_review` with the review's number). The review's pass lifts exactly those holds: the market's reaction does so for
every grant that the review held. An entry that is suspended in the catalogue or withdrawn from it holds them likewise, until it is resumed.
"""

from __future__ import annotations

from shugang.assets.review import queries as reviews
from shugang.delivery.grants.services import resume_grant, suspend_grant
from shugang.delivery.models import DatasetVersion, Grant
from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from ..granting import BASES, REVIEW

RESOURCE = "public_resource"


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


def entry_stopped(event: Event) -> None:
    number = event.refs.get(kind=RESOURCE).key
    zh = "暂停" if event.kind == "catalogue.suspended" else "撤销"
    for grant in _living(product=number):
        if not grant.holds.filter(kind=RESOURCE, reference=number, lifted_at=None).exists():
            suspend_grant(SYSTEM, grant.number, f"公共数据目录{number}已{zh}。", RESOURCE, number)


def entry_resumed(event: Event) -> None:
    number = event.refs.get(kind=RESOURCE).key
    for grant in _living(product=number, holds__kind=RESOURCE, holds__reference=number, holds__lifted_at=None):
        resume_grant(SYSTEM, grant.number, RESOURCE, number)


def register() -> None:
    on("security_review.reopened")(review_lost)
    on("catalogue.suspended")(entry_stopped)
    on("catalogue.withdrawn")(entry_stopped)
    on("catalogue.resumed")(entry_resumed)

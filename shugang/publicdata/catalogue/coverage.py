"""应汇尽汇: by department what is still missing of its published entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from shugang.kernel import clock
from shugang.kernel.actors import Actor, sees_every_record
from shugang.kernel.errors import forbidden
from shugang.parties.models import Party
from shugang.policy.text import Text

from .models import InformationItem, PublicResource

# What can be missing, in the order in which an entry is counted by its first lack.
LACKS: dict[str, Text] = {
    "no_dataset": Text("未挂接数据集", "No data set attached"),
    "unmapped": Text("信息项未对应字段", "Items without a column"),
    "overdue": Text("逾期未更新", "Data overdue"),
    "refused": Text("不予共享", "Not shared"),
}


def lack(name: str) -> Q:
    """Published entries with that lack."""
    unmapped = Exists(InformationItem.objects.filter(resource=OuterRef("pk"), column=""))
    found = {
        "no_dataset": Q(dataset__isnull=True), "unmapped": Q(dataset__isnull=False) & Q(unmapped),
        "overdue": Q(data_due_at__lt=clock.now()), "refused": Q(sharing="refused"),
    }[name]  # fmt: skip
    return Q(state="published") & found


@dataclass(frozen=True)
class Line:
    """One department: its entries, how many have each lack, how many have none."""

    department: Party
    published: int
    drafts: int
    lacks: dict[str, int]
    first: dict[str, int]
    whole: int

    @property
    def share(self) -> int:
        """Entries without a lack, in per cent."""
        return self.whole * 100 // self.published if self.published else 0


def require_reader(actor: Actor) -> None:
    """Departments compare themselves with each other; the data office and the supervisor see all. Raises Refusal `forbidden`."""
    if not ({"department", "data_office"} & set(actor.roles) or sees_every_record(actor)):
        raise forbidden(
            "汇聚情况由政务部门、公共数据主管部门和监管方查看。",
            "The coverage board is for departments, the data office and the supervisor.",
        )


def board(actor: Actor) -> list[Line]:
    """Every department with entries, or without any yet; those with most missing first. Numbers alone, no entry of another."""
    require_reader(actor)
    published = _tally(PublicResource.objects.filter(state="published"))
    drafts = _tally(PublicResource.objects.filter(state="draft"))
    lacks = {name: _tally(PublicResource.objects.filter(lack(name))) for name in LACKS}
    first, seen = {}, Q(pk__in=[])
    for name in LACKS:
        first[name] = _tally(PublicResource.objects.filter(lack(name)).exclude(seen))
        seen |= lack(name)
    departments = Party.objects.filter(is_department=True, status=Party.Status.ACTIVE).order_by("number")
    lines = []
    for d in departments:
        n, own = published.get(d.pk, 0), {k: t.get(d.pk, 0) for k, t in first.items()}
        lines.append(
            Line(d, n, drafts.get(d.pk, 0), {k: t.get(d.pk, 0) for k, t in lacks.items()}, own, n - sum(own.values()))
        )
    return sorted(lines, key=lambda line: (-(line.published - line.whole), line.department.number))


def _tally(rows: QuerySet[PublicResource]) -> dict[int, int]:
    return {row["department_id"]: row["n"] for row in rows.order_by().values("department_id").annotate(n=Count("pk"))}


def as_json(lines: list[Line]) -> dict[str, Any]:
    return {"items": [
        {"department": {"number": x.department.number, "name": x.department.name}, "published": x.published, "drafts": x.drafts,
         "whole": x.whole, "share_percent": x.share, "missing": x.lacks} for x in lines]}  # fmt: skip

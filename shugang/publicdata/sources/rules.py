"""The rules of one source: what stands in the way of a claim, named."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from .models import SourceClaim, SourceOfTruth


def standing(element: str, region: str, on: date | None = None) -> SourceOfTruth | None:
    """The open source; on a day, the one whose period holds it."""
    rows = SourceOfTruth.objects.filter(element=element, region=region).select_related("department")
    if on is None:
        return rows.filter(valid_until__isnull=True).first()
    return rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=on), valid_from__lte=on).first()


def free(element: str, region: str, since: date) -> None:
    """Raises Refusal `one_source` where a department leads, `period_overlaps` where one led on that day or after.

    Rows are locked in id order, so that two decisions wait for each other; the database has the last word.
    """
    rows = SourceOfTruth.objects.select_for_update(of=("self",)).filter(element=element, region=region)
    for row in rows.select_related("department").order_by("id"):
        if row.valid_until is None:
            raise Refusal("one_source", Text(
                f"一数一源：“{row.name}”（{element}，{region}）已由{row.department.name}自{row.valid_from}起负责，不能再确定其他部门。请登记为引用，或请数据主管部门先终止原源头。",
                f"One datum, one source: {row.department.name} answers for “{row.name}” ({element}, {region}) since {row.valid_from}. Please register a "
                "reference, or ask the data office to end that source first."), 409)  # fmt: skip
        if row.valid_until >= since:
            raise Refusal("period_overlaps", Text(
                f"期间重叠：{row.department.name}负责到{row.valid_until}，请把起始日期改到之后。",
                f"The periods overlap: {row.department.name} answers until {row.valid_until}. Please begin after that day."), 409)  # fmt: skip


def unclaimed(element: str, region: str) -> None:
    """Raises Refusal `competing_claim`."""
    other = (
        SourceClaim.objects.filter(element=element, region=region, open=True)
        .select_related("department", "case")
        .first()
    )
    if other is not None:
        raise Refusal("competing_claim", Text(
            f"{other.department.name}已申报这个数据元（{other.case.number}），一个数据元同时只受理一个申报。请等待决定，或与其协商。",
            f"{other.department.name} has claimed this element ({other.case.number}); one claim is heard at a time. Please wait, or talk to them."),
            409)  # fmt: skip

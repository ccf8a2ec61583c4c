"""Reads of encumbrances: what stands on an asset now, in words for certificate and /verify, and what it forbids."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.policy.text import Text

from .models import DataAsset, Encumbrance
from .rights import RIGHT_NAMES

KINDS: dict[str, Text] = {
    "seizure": Text("查封", "Seizure"),
    "pledge": Text("质押", "Pledge"),
    "term": Text("期限限制", "Limit of time"),
    "condition": Text("条件限制", "Condition"),
    "control": Text("行政管制", "Administrative control"),
}
# What forbids disposal of the right on which it stands.
FORBIDDING = ("seizure", "pledge", "control")


def standing(asset: DataAsset) -> QuerySet[Encumbrance]:
    """Encumbrances in force now. They are public: a certificate's remarks must carry them."""
    now = clock.now()
    return asset.encumbrances.filter(Q(until__isnull=True) | Q(until__gte=now), lifted_at__isnull=True).order_by("pk")


def words(row: Encumbrance) -> Text:
    what = KINDS[row.kind]
    on = RIGHT_NAMES[row.right] if row.right else Text("全部权利", "all rights")
    until = row.until.astimezone(clock.zone()).date().isoformat() if row.until else ""
    return Text(
        f"{on.zh}{what.zh}：{row.authority}，{row.document}"
        + (f"，至{until}" if until else "")
        + (f"，{row.note}" if row.note else ""),
        f"{what.en} of {on.en}: {row.authority}, {row.document}"
        + (f", until {until}" if until else "")
        + (f", {row.note}" if row.note else ""),
    )


def line(asset: DataAsset) -> Text:
    found = [words(row) for row in standing(asset)]
    return Text("；".join(t.zh for t in found), "; ".join(t.en for t in found))


def require_free(asset: DataAsset, rights: set[str], verb: Text) -> None:
    """Raises Refusal `encumbered` where one of the rights is seized, pledged or under control."""
    for row in standing(asset):
        if row.kind in FORBIDDING and (not row.right or row.right in rights):
            told = words(row)
            raise Refusal(
                "encumbered",
                Text(
                    f"权利上有负担，不能{verb.zh}。{told.zh}。请先向登记机构提交解除文件。",
                    f"The right is encumbered, so {verb.en} is not possible. {told.en}. Please bring the registrar the "
                    "document that lifts it.",
                ),
                409,
            )

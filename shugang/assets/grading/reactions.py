"""A new version takes over the grades of unchanged columns; when nothing else changes it is graded at once, by rule."""

from __future__ import annotations

from shugang.delivery.models import DatasetVersion
from shugang.kernel import engine
from shugang.kernel.actors import PlainActor
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from . import effects, lineage
from .models import Grading
from .process import GRADING


@on("dataset.version_added")
def grade_again(event: Event) -> None:
    """Open the grading of the new version of a graded dataset; carry it into force where no column and no level changed."""
    number = event.refs.get(kind="dataset").key
    version = DatasetVersion.objects.select_related("dataset").get(
        dataset__number=number, version=event.payload["version"]
    )
    before = effects.last_grading(version)
    if before is None or before.version_id == version.pk:
        return
    holder = version.dataset.party_id
    system = PlainActor(party_id=holder, duties=frozenset({"timer"}), label="system")
    case = engine.open_case(
        GRADING.code, system, [("holder", holder)], f"{version.dataset.name} v{version.version}",
        {"dataset": number, "version": version.version},
    )  # fmt: skip
    grading = Grading.objects.select_related("version").get(case=case)
    _, ungraded = lineage.inherited(version)
    whole = grading.columns.count() == before.columns.count() and not grading.columns.filter(level=None).exists()
    if whole and not ungraded and effects.evaluate(grading)[0].level <= (before.level or 0):
        engine.fire(case.number, "carry")

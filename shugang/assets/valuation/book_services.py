"""The verbs of a cost sheet: opened by finance, saved as versions. No appraisal is read here, and none reads this."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.codec import canonical
from shugang.policy.text import Text

from . import queries
from .book_form import BOOK, compute
from .models import BookSheet, BookSheetVersion
from .paper import PaperErrors


def computed(answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(checked answers, result). Raises Refusal `invalid_form`."""
    checked = clean(BOOK, {k: v for k, v in answers.items() if v not in ("", None)})
    try:
        return checked, compute(checked, clock.today())
    except PaperErrors as error:
        raise Refusal("invalid_form", Text(f"成本表有{len(error.errors)}处需要改正。", f"{len(error.errors)} entries of the sheet need correction."), 422, error.errors) from None  # fmt: skip


def _finance(actor: Actor) -> None:
    if actor.party_id is None or "finance" not in actor.duties:
        raise forbidden("成本表由本机构的财务岗位编制。", "A cost sheet is made by the organisation's finance duty.")


def _save(actor: Actor, sheet: BookSheet, version: int, answers: Mapping[str, Any]) -> BookSheetVersion:
    checked, result = computed(answers)
    digest = hashlib.sha256(canonical({"form": checked, "result": result})).hexdigest()
    saved = BookSheetVersion.objects.create(
        sheet=sheet,
        version=version,
        form=checked,
        result=result,
        digest=digest,
        saved_by=actor.person_id or 0,
        saved_at=clock.now(),
    )
    sheet.title = checked["title"]
    sheet.save(update_fields=["title"])
    emit("book_cost.saved", actor, [("book_cost", sheet.number)], {"version": version, "digest": digest})
    return saved


@verb
def open_sheet(actor: Actor, answers: Mapping[str, Any]) -> BookSheet:
    """A new sheet with its first version. Raises Refusal `forbidden`, `invalid_form`."""
    _finance(actor)
    checked, _ = computed(answers)
    sheet = BookSheet.objects.create(
        number=yearly_number("RB", clock.today().year),
        party_id=actor.party_id or 0,
        title=checked["title"],
        created_at=clock.now(),
    )
    _save(actor, sheet, 1, answers)
    return sheet


@verb
def save_sheet(
    actor: Actor, number: str, answers: Mapping[str, Any], base_version: int | None = None
) -> BookSheetVersion:
    """A further version. Raises Refusal `not_found`, `forbidden`, `stale_version`, `invalid_form`."""
    found = queries.get_sheet(number, actor)
    _finance(actor)
    if found.party_id != actor.party_id:
        raise forbidden("只能修改本机构的成本表。", "Only your own organisation's sheets can be changed.")
    sheet = BookSheet.objects.select_for_update().get(pk=found.pk)
    last = queries.last_version(sheet, actor)
    if base_version is not None and base_version != last.version:
        raise Refusal(
            "stale_version",
            Text(
                f"成本表已有第{last.version}版，请刷新后再改。",
                f"The sheet is at version {last.version}. Please reload.",
            ),
            409,
        )
    return _save(actor, sheet, last.version + 1, answers)

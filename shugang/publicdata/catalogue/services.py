"""Verbs of the catalogue: filings for new entries, for changes, and for an entry's standing. Further steps are the procedure's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shugang.delivery.models import Dataset
from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.models import Case
from shugang.kernel.numbering import yearly_numbers
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..bodies import require_handler, the_data_office
from . import content as contents
from . import forms, guards, publishing
from .effects import digest
from .freshness import Terms, set_due
from .models import Filing, FilingEntry, PublicResource
from .process import FILING
from .queries import RESOURCE


def _open(actor: Actor, department: int, kind: str, title: str, reason: str = "", source: str = "") -> Filing:
    parties = [("department", department), ("office", the_data_office().pk)]
    answers = {"kind": kind, **({"reason": reason} if reason else {}), **({"source": source} if source else {})}
    case = engine.open_case(FILING.code, actor, parties, title[:200], answers)
    return Filing.objects.create(case=case, department_id=department, kind=kind, source=source, created_at=clock.now())


def _enter(actor: Actor, filing: Filing, rows: Sequence[tuple[PublicResource, dict[str, Any]]]) -> None:
    """Put the entries into a new filing; each stands in one open filing at most. Raises Refusal `in_another_filing`."""
    FilingEntry.objects.bulk_create(
        (FilingEntry(filing=filing, resource=resource, content=content) for resource, content in rows),
        batch_size=publishing.BATCH,
    )
    filing.entries_count = len(rows)
    filing.save(update_fields=["entries_count"])
    refs = [("case", filing.number), *(("public_resource", r.number) for r, _ in rows[: guards.SHOWN])]
    emit("catalogue.entered", actor, refs, {"entries": len(rows), "digest": digest(filing)}, filing.case)


@verb
def draft(actor: Actor, data: Mapping[str, Any]) -> Case:
    """A new entry in a filing of its own. Raises Refusal `forbidden`, `invalid_form`, `not_found` (no data office yet)."""
    require_handler(actor)
    return draft_many(actor, [forms.read(data)])


@verb
def draft_many(actor: Actor, said: Sequence[dict[str, Any]], source: str = "") -> Case:
    """New entries in one filing: all, or none. A content whose `code` is whole keeps it, else a serial is given.

    Raises Refusal `forbidden`, `invalid_form`, `not_found`.
    """
    department = require_handler(actor)
    guards.check(department, [(None, c) for c in said])
    title = str(said[0]["name"]) if len(said) == 1 else f"{said[0]['name']}等{len(said)}条"
    filing = _open(actor, department, "new", title, source=source)
    _enter(actor, filing, _drafts(department, said, filing.case))
    return filing.case


def _drafts(department: int, said: Sequence[dict[str, Any]], case: Case) -> list[tuple[PublicResource, dict[str, Any]]]:
    now = clock.now()
    numbers = yearly_numbers("GM", clock.today().year, len(said))
    coded = publishing.coded(said)
    asked = {c["dataset"] for c in coded if c["dataset"]}
    datasets = dict(Dataset.objects.filter(number__in=asked, party_id=department).values_list("number", "pk"))
    rows = []
    for number, content in zip(numbers, coded, strict=True):
        resource = PublicResource(number=number, department_id=department, created_at=now, case=case)
        contents.apply(resource, content, datasets)
        rows.append((resource, content))
    PublicResource.objects.bulk_create([r for r, _ in rows], batch_size=publishing.BATCH)
    publishing.replace_items(rows, fresh=True)
    return rows


def own_resource(actor: Actor, number: str) -> PublicResource:
    """The acting department's entry under its lock. Raises Refusal `forbidden`, `not_found`."""
    department = require_handler(actor)
    row = PublicResource.objects.select_for_update().filter(number=number, department_id=department).first()
    if row is None:
        raise not_found(RESOURCE)
    return row


def _free(resource: PublicResource, states: Sequence[str]) -> None:
    """Raises Refusal `wrong_standing`, `in_another_filing`."""
    if resource.state not in states:
        raise Refusal(
            "wrong_standing",
            Text("这条目录现在的状态不能办理这项申报。", "The entry's present standing does not allow this filing."),
            409,
        )
    other = FilingEntry.objects.filter(resource=resource, living=True).select_related("filing__case").first()
    if other is not None:
        number = other.filing.number
        raise Refusal(
            "in_another_filing",
            Text(
                f"这条目录正在申报{number}中办理，请先办结或撤回。",
                f"Filing {number} about this entry is open. Please finish it or give it up first.",
            ),
            409,
        )


@verb
def propose_change(actor: Actor, number: str, data: Mapping[str, Any], reason: str) -> Case:
    """The next version of a published entry. Raises Refusal `wrong_standing`, `in_another_filing`, `invalid_form`, `no_change`."""
    content = forms.read(data)
    return propose_content(actor, number, content, reason)


@verb
def propose_content(actor: Actor, number: str, read: Mapping[str, Any], reason: str) -> Case:
    """As `propose_change`, of a content that the form has read already."""
    resource = own_resource(actor, number)
    _free(resource, ("published",))
    content = {**read, "code": resource.code}
    if not contents.differences(contents.of_resource(resource), content):
        raise Refusal(
            "no_change",
            Text(
                "内容与现行版本相同，没有可申报的变更。",
                "The content is that of the present version; there is nothing to file.",
            ),
            409,
        )
    guards.check(resource.department_id, [(resource, content)])
    filing = _open(actor, resource.department_id, "change", resource.name, _reason(reason))
    _enter(actor, filing, [(resource, content)])
    return filing.case


@verb
def propose_standing(actor: Actor, number: str, kind: str, reason: str) -> Case:
    """Suspend, resume or withdraw an entry. Raises Refusal `wrong_standing`, `in_another_filing`, `invalid_form`."""
    wanted = {"suspension": ("published",), "resumption": ("suspended",), "withdrawal": ("published", "suspended")}
    if kind not in wanted:
        text = Text("没有这种申报。", "There is no such kind of filing.")
        raise Refusal("invalid_form", text, 422, {"kind": text})
    resource = own_resource(actor, number)
    _free(resource, wanted[kind])
    filing = _open(actor, resource.department_id, kind, resource.name, _reason(reason))
    _enter(actor, filing, [(resource, {})])
    return filing.case


def _reason(text: str) -> str:
    if not text.strip():
        raise forms.refuse({"reason": Text("请写明理由。", "Please give the reason.")})
    return text.strip()


def revise(actor: Actor, filing: str, resource: str, data: Mapping[str, Any], revision: int | None = None) -> Case:
    """New content of one entry of a filing in preparation. Raises what `engine.act` and `guards.fits` say."""
    return engine.act(filing, "revise", actor, {"resource": resource, "content": dict(data)}, revision)


@verb
def data_updated(actor: Actor, number: str) -> PublicResource:
    """The department says that the data itself is up to date now; a new version of the data set says so by itself.

    Raises Refusal `forbidden`, `not_found`, `wrong_standing`.
    """
    resource = own_resource(actor, number)
    if resource.state != PublicResource.State.PUBLISHED:
        raise Refusal(
            "wrong_standing",
            Text("只有已发布的目录登记数据更新。", "Only a published entry's data is kept up to date."),
            409,
        )
    resource.data_at = clock.now()
    set_due(resource, Terms())
    resource.save(update_fields=["data_at", "data_due_at", "overdue_told"])
    emit("catalogue.data_updated", actor, [("public_resource", number)], {"by": "statement"})
    return resource

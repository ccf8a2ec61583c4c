"""The verb: another catalogue is read whole, and becomes drafts whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ...bodies import require_handler
from .. import forms, importing, kinds, services
from ..content import differences, of_resource
from ..models import Filing, FilingEntry
from ..sheet import Entry
from . import fetching, mapping
from .models import Harvest, HarvestedEntry

REASON = "外部目录已更新（收割）"
FORM = Form(
    1,
    (
        Field("protocol", "choice", Text("对方的接口", "What the other side offers"), required=False, choices=(
            ("ckan", Text("CKAN", "CKAN")), ("dcat", Text("DCAT-AP（Turtle或JSON-LD，逐页）", "DCAT-AP (Turtle or JSON-LD, in pages)")))),
        Field("url", "text", Text("目录的地址", "Address of the catalogue"), Text("CKAN写网站地址，例：https://data.example.gov.cn；DCAT写第一页的地址，例：https://data.example.gov.cn/catalog.ttl", "For CKAN the site, such as https://data.example.gov.cn; for DCAT its first page, such as https://data.example.gov.cn/catalog.ttl"), max_length=300),
        Field("classification", "text", Text("分类码", "Classification code"), Text("部门信息资源，以3开头。例：306001", "Of a department: begins with 3. Example: 306001"), max_length=26),
        *(f for f in forms.FORM.fields if f.name in ("theme", "update_cycle", "sharing", "sharing_method", "opening")),
        Field("condition", "textarea", Text("共享、开放的条件或依据", "Conditions or grounds of sharing and opening"), Text("有条件或不予时填写。", "Where on conditions or refused."), required=False, max_length=800),
    ),
)  # fmt: skip


@dataclass
class _Row:
    entry: Entry
    identifier: str
    digest: str
    known: HarvestedEntry | None
    content: dict[str, Any]


def harvest(actor: Actor, answers: Mapping[str, Any]) -> Harvest:
    """Read, check, draft. Raises Refusal `forbidden`, `invalid_form`, those of `fetching.packages`, `not_found`."""
    department = require_handler(actor)
    given = {"sharing_method": "", "condition": "", **clean(FORM, answers)}
    protocol = given.get("protocol") or "ckan"
    url = fetching.document(given["url"]) if protocol == "dcat" else fetching.site(given["url"])
    # Nothing is locked while a stranger is asked.
    found = fetching.packages(url, current_profile("public-harvest", clock.today()).data, protocol)
    if not found:
        raise fetching.no("harvest_empty", "对方目录里没有条目。", "The other catalogue is empty.")
    return _land(actor, department, url, found, given)


@verb
def _land(
    actor: Actor, department: int, url: str, found: Sequence[dict[str, Any]], given: Mapping[str, str]
) -> Harvest:
    rows, same = _compared(department, url, found, given)
    importing.check_contents(
        department, [(row.entry, row.known.resource if row.known else None, row.content) for row in rows]
    )
    wrong = [row for row in rows if row.entry.wrong]
    digests = "\n".join(sorted(f"{p['id']} {mapping.digest(p)}" for p in found))
    facts: dict[str, Any] = {
        "department_id": department, "person_id": actor.person_id, "url": url, "entries": len(found), "same": same,
        "sha256": hashlib.sha256(digests.encode()).hexdigest(), "created_at": clock.now(), "mistaken": len(wrong),
        "report": [
            {"line": row.entry.line, "name": str(row.entry.values.get("name", ""))[:200],
             "wrong": {key: [text.zh, text.en] for key, text in row.entry.wrong.items()}}
            for row in wrong[: importing.SHOWN]
        ],
    }  # fmt: skip
    if not wrong:
        facts |= _drafted(actor, department, url, rows)
    made = Harvest.objects.create(**facts)
    emit("catalogue.harvested", actor, [("case", number) for number in made.filings[:20]],
         {"url": url, "entries": made.entries, "new": made.new, "changed": made.changed, "mistaken": made.mistaken})  # fmt: skip
    return made


def _compared(
    department: int, url: str, found: Sequence[dict[str, Any]], given: Mapping[str, str]
) -> tuple[list[_Row], int]:
    """What is new or changed, read by the form; how many are as they were."""
    known = {
        h.identifier: h
        for h in HarvestedEntry.objects.filter(department_id=department, url=url)
        .select_related("resource")
        .order_by("pk")
    }
    rows: list[_Row] = []
    for line, package in enumerate(found, 1):
        digest, before = mapping.digest(package), known.get(package["id"])
        if before is not None and before.resource.state == "withdrawn" and not before.resource.version:
            before = None  # a draft that was given up: the entry comes anew
        if before is not None and before.digest == digest:
            continue
        entry = mapping.entry(line, package, given)
        content = importing.content_of(entry) or {}
        rows.append(_Row(entry, package["id"], digest, before, content))
        if before is not None:
            _may_change(entry, before)
    return rows, len(found) - len(rows)


def _may_change(entry: Entry, before: HarvestedEntry) -> None:
    """A draft of the department is not written over, nor what is suspended or withdrawn."""
    filed = FilingEntry.objects.filter(resource=before.resource, living=True).select_related("filing__case").first()
    if filed is not None:
        entry.wrong["name"] = Text(
            f"正在申报{filed.filing.number}中办理，请先办结或撤回。",
            f"It stands in filing {filed.filing.number}; please finish or give it up first.",
        )
    elif before.resource.state != "published":
        label = kinds.STATES[before.resource.state]
        entry.wrong["name"] = Text(
            f"本部门的这条目录现在“{label.zh}”，不能变更。", f"Your entry is “{label.en}” and does not change."
        )


def _drafted(actor: Actor, department: int, url: str, rows: Sequence[_Row]) -> dict[str, Any]:
    new, changed = [row for row in rows if row.known is None], [row for row in rows if row.known is not None]
    filings: list[str] = []
    if new:
        case = services.draft_many(actor, [row.content for row in new], url)
        filing = Filing.objects.get(case=case)
        filings.append(filing.number)
        drafts = filing.entries.order_by("pk").values_list("resource_id", flat=True)
        HarvestedEntry.objects.filter(
            department_id=department, url=url, identifier__in=[r.identifier for r in new]
        ).delete()
        HarvestedEntry.objects.bulk_create(
            HarvestedEntry(
                department_id=department, url=url, identifier=row.identifier, resource_id=pk, digest=row.digest
            )
            for row, pk in zip(new, drafts, strict=True)
        )
    for row in changed:
        assert row.known is not None
        kept = of_resource(row.known.resource)
        # The other side knows nothing of these; what the department has decided stays.
        own = {k: kept[k] for k in ("code", "kind", "base_library", "sharing", "sharing_condition", "sharing_method", "opening",
                                    "opening_condition", "related", "dataset")}  # fmt: skip
        items = {item["name"]: item for item in kept["items"]}
        content = {**row.content, **own, "items": [items.get(item["name"], item) for item in row.content["items"]]}
        if differences(kept, content):
            filings.append(services.propose_content(actor, row.known.resource.number, content, REASON).number)
        row.known.digest = row.digest
        row.known.save(update_fields=["digest"])
    return {"new": len(new), "changed": len(changed), "filings": filings}


def get_harvest(actor: Actor, pk: int) -> Harvest:
    """Raises Refusal `not_found`."""
    found = Harvest.objects.visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise not_found(Text("这次收割", "harvest"))
    return found

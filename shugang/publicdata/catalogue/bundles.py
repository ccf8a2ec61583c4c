"""一件事: a service names the items that it needs, and whether each is there. Kept by the data office, shown to everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import forms, kinds
from .content import digest
from .models import BundleNeed, InformationItem, PublicResource, ServiceBundle

BUNDLE = Text("这件“一件事”", "life-event bundle")
MOST = 200
FORM = Form(
    1,
    (
        Field("name", "text", Text("名称", "Name"), Text("例：新生儿出生一件事", "Example: a child is born"), max_length=120),
        Field("name_en", "text", Text("英文名称", "English name"), required=False, max_length=160),
        Field("summary", "textarea", Text("说明", "Summary"), max_length=800),
        Field("lead", "text", Text("牵头部门编号", "Lead department"), Text("机构编号，例：P-000012", "Number of the party, such as P-000012"), max_length=20),
        Field("needs", "textarea", Text("需要的信息项", "Items needed"),
              Text("一行一项：信息项名称，可在竖线后写数据元代码或目录编号。例：姓名|DE00001；婚姻状况|GM-2026-000003",
                   "One a line: the item, and after a bar its data element or the entry's number. Example: name|DE00001"), max_length=20_000),
    ),
)  # fmt: skip
# Standing of a need → words and tone; the first three mean that the service cannot have the item.
STANDINGS: dict[str, tuple[Text, str]] = {
    "missing": (Text("目录中没有", "In no entry"), "bad"),
    "refused": (Text("不予共享", "Not shared"), "bad"),
    "no_data": (Text("有目录，未挂接数据", "Entry without data"), "warn"),
    "overdue": (Text("有数据，逾期未更新", "Data overdue"), "warn"),
    "conditional": (Text("有条件共享，须申请", "Shared on conditions; apply"), "run"),
    "ready": (Text("可共享", "Shared"), "ok"),
}


@dataclass(frozen=True)
class Found:
    """A need with where it is found best, and what stands in the way."""

    need: BundleNeed
    standing: str
    item: InformationItem | None

    @property
    def there(self) -> bool:
        return self.standing in ("ready", "conditional")


def may_keep(actor: Actor) -> bool:
    return actor.party_id is not None and "data_office" in actor.roles and "handler" in actor.duties


def require_keeper(actor: Actor) -> None:
    """Raises Refusal `forbidden`."""
    if not may_keep(actor):
        raise forbidden(
            "“一件事”由公共数据主管部门的经办维护。", "Life-event bundles are kept by the data office's handler."
        )


def read_needs(text: str) -> list[dict[str, str]]:
    """Lines → needs. Raises Refusal `invalid_form` with the line that cannot be read."""
    found: dict[str, dict[str, str]] = {}
    for at, line in enumerate(text.replace("｜", "|").splitlines(), 1):
        name, _, where = (part.strip() for part in line.partition("|"))
        if not name:
            continue
        element, number = ("", where) if where.startswith("GM-") else (where.upper(), "")
        if len(name) > 120 or (element and not kinds.ELEMENT.fullmatch(element)):
            raise forms.refuse({"needs": Text(f"第{at}行无法识别，请写作“名称|数据元代码”或“名称|目录编号”。",
                                              f"Line {at} cannot be read; write “item|data element” or “item|entry number”.")})  # fmt: skip
        found.setdefault(name, {"name": name, "element": element, "resource": number})
    if not found or len(found) > MOST:
        raise forms.refuse({"needs": Text(f"请写1至{MOST}项。", f"Please give 1 to {MOST} items.")})
    return list(found.values())


def _read(data: Mapping[str, Any]) -> tuple[dict[str, Any], Party, list[tuple[dict[str, str], PublicResource | None]]]:
    answers = clean(FORM, data)
    lead = Party.objects.filter(number=answers["lead"], is_department=True, status=Party.Status.ACTIVE).first()
    if lead is None:
        raise forms.refuse({"lead": Text("没有这个编号的部门。", "No department has this number.")})
    needs = read_needs(answers["needs"])
    numbers = {n["resource"] for n in needs if n["resource"]}
    held = {r.number: r for r in PublicResource.objects.filter(number__in=numbers).exclude(state="draft")}
    for number in sorted(numbers - set(held)):
        raise forms.refuse({"needs": Text(f"没有编号为“{number}”的目录。", f"No entry has the number “{number}”.")})
    return answers, lead, [(n, held.get(n["resource"])) for n in needs]


@verb
def keep(actor: Actor, data: Mapping[str, Any], number: str = "") -> ServiceBundle:
    """Make a bundle, or change the one of that number. Raises Refusal `forbidden`, `not_found`, `invalid_form`."""
    require_keeper(actor)
    answers, lead, needs = _read(data)
    facts = {"name": answers["name"], "name_en": answers.get("name_en", ""), "summary": answers["summary"], "lead": lead,
             "changed_at": clock.now()}  # fmt: skip
    if number:
        bundle = ServiceBundle.objects.select_for_update().filter(number=number).first()
        if bundle is None:
            raise not_found(BUNDLE)
        ServiceBundle.objects.filter(pk=bundle.pk).update(**facts)
        bundle.refresh_from_db()
        bundle.needs.all().delete()
    else:
        bundle = ServiceBundle.objects.create(number=yearly_number("YJS", clock.today().year), **facts)
    BundleNeed.objects.bulk_create(
        BundleNeed(bundle=bundle, position=at, name=n["name"], element=n["element"], resource=resource)
        for at, (n, resource) in enumerate(needs, 1)
    )
    emit(
        "catalogue.bundle_kept",
        actor,
        [("service_bundle", bundle.number)],
        {"needs": len(needs), "digest": digest({"needs": [n for n, _ in needs]})},
    )
    return bundle


@verb
def remove(actor: Actor, number: str) -> None:
    """Raises Refusal `forbidden`, `not_found`."""
    require_keeper(actor)
    bundle = public_bundle(number)
    emit("catalogue.bundle_removed", actor, [("service_bundle", number)], {"name": bundle.name})
    bundle.needs.all().delete()
    bundle.delete()


def public_bundle(number: str) -> ServiceBundle:
    """Raises Refusal `not_found`."""
    found = ServiceBundle.objects.select_related("lead").filter(number=number).first()
    if found is None:
        raise not_found(BUNDLE)
    return found


def found_of(bundles: Iterable[ServiceBundle]) -> dict[int, list[Found]]:
    """Each bundle's needs with what stands of them now; a few questions for all."""
    needs = list(
        BundleNeed.objects.filter(bundle__in=[b.pk for b in bundles])
        .select_related("resource")
        .order_by("bundle_id", "position")
    )
    candidates = _candidates(needs)
    result: dict[int, list[Found]] = defaultdict(list)
    for need in needs:
        result[need.bundle_id].append(_best(need, candidates))
    return result


def _candidates(needs: list[BundleNeed]) -> dict[tuple[str, Any], list[InformationItem]]:
    """Published items by element, by name, and by (entry, name)."""
    shown = InformationItem.objects.filter(resource__state="published").select_related(
        "resource__department", "resource__dataset"
    )
    elements = {n.element for n in needs if n.element}
    names = {n.name for n in needs}
    found: dict[tuple[str, Any], list[InformationItem]] = defaultdict(list)
    for item in shown.filter(element__in=elements).order_by("pk")[:5000] if elements else ():
        found["element", item.element].append(item)
    for item in shown.filter(name__in=names).order_by("pk")[:5000]:
        found["name", item.name].append(item)
        found["entry", (item.resource_id, item.name)].append(item)
    return found


def _best(need: BundleNeed, candidates: Mapping[tuple[str, Any], list[InformationItem]]) -> Found:
    """Of all entries that hold the item the one that helps most."""
    if need.resource_id:
        items = candidates.get(("entry", (need.resource_id, need.name)), [])
    elif need.element:
        items = candidates.get(("element", need.element), [])
    else:
        items = candidates.get(("name", need.name), [])
    order = list(STANDINGS)
    ranked = sorted(((order.index(_standing(i)), -i.pk, i) for i in items), reverse=True)
    return Found(need, order[ranked[0][0]], ranked[0][2]) if ranked else Found(need, "missing", None)


def _standing(item: InformationItem) -> str:
    resource = item.resource
    sharing = item.sharing or resource.sharing
    if sharing == "refused":
        return "refused"
    if resource.dataset_id is None:
        return "no_data"
    if resource.data_due_at is not None and resource.data_due_at < clock.now():
        return "overdue"
    return "conditional" if sharing == "conditional" else "ready"


def spelled(bundle: ServiceBundle) -> dict[str, Any]:
    """Answers of the form."""
    lines = [
        "|".join(filter(None, (n.name, n.resource.number if n.resource else n.element)))
        for n in bundle.needs.select_related("resource").order_by("position")
    ]
    return {
        "name": bundle.name,
        "name_en": bundle.name_en,
        "summary": bundle.summary,
        "lead": bundle.lead.number,
        "needs": "\n".join(lines),
    }


def as_json(bundle: ServiceBundle, found: list[Found]) -> dict[str, Any]:
    return {
        "number": bundle.number, "name": bundle.name, "name_en": bundle.name_en, "summary": bundle.summary, "lead": bundle.lead.number,
        "needs": [
            {"name": f.need.name, "element": f.need.element, "standing": f.standing, "there": f.there,
             "entry": f.item.resource.number if f.item else None, "department": f.item.resource.department.number if f.item else None}
            for f in found
        ],
        "url": f"/public-data/bundles/{bundle.number}",
    }  # fmt: skip


__all__ = [
    "FORM",
    "STANDINGS",
    "Found",
    "Refusal",
    "as_json",
    "found_of",
    "keep",
    "may_keep",
    "public_bundle",
    "read_needs",
    "remove",
    "spelled",
]

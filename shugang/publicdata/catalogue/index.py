"""What of an entry can be found, its items folded into it. The text index follows the change feed."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import transaction

from shugang.kernel import textindex

from . import kinds
from .models import CatalogueChange, CatalogueIndex, InformationItem, PublicResource

KIND = "public"
AT_ONCE = 200  # so many changes are indexed in the transaction that makes them; more are left to the worker
_STEP = 500
_ITEM = ("name", "name_en", "element", "column", "description")


def document(resource: PublicResource, items: str) -> textindex.Document:
    """`items`: the words of its items."""
    department = resource.department
    labels = [kinds.KINDS[resource.kind], kinds.THEMES[resource.theme], kinds.BASE_LIBRARIES.get(resource.base_library)]
    return textindex.Document(
        key=resource.number,
        title=f"{resource.name} {resource.name_en}".strip(),
        keywords=" ".join([resource.code, resource.number, department.name, department.name_en,
                           *(f"{t.zh} {t.en}" for t in labels if t)]),
        summary=resource.summary,
        body=items,
        filters=tuple(f"public.{name}" for name in facet_names(resource)),
    )  # fmt: skip


def facet_names(resource: PublicResource) -> list[str]:
    """`facet:value` of everything that lists narrow by."""
    return facet_names_of(
        resource.department.number, resource.kind, resource.base_library, resource.theme, resource.sharing, resource.opening,
        resource.update_cycle, resource.format,
    )  # fmt: skip


def facet_names_of(
    department: str, kind: str, library: str, theme: str, sharing: str, opening: str, cycle: str, format: str
) -> list[str]:
    found = [f"department:{department}", f"kind:{kind}", f"theme:{theme}", f"sharing:{sharing}", f"opening:{opening}",
             f"cycle:{cycle}", f"medium:{format}"]  # fmt: skip
    return [*found, f"library:{library}"] if library else found


def catch_up(most: int = 2000) -> int:
    """Index what the feed tells beyond what is indexed, at most `most` changes; returns how many lines were followed."""
    with transaction.atomic():
        CatalogueIndex.objects.get_or_create(pk=1, defaults={"epoch": secrets.token_hex(8)})
        state = CatalogueIndex.objects.select_for_update().get(pk=1)
        lines = list(
            CatalogueChange.objects.filter(sequence__gt=state.sequence)
            .order_by("sequence")
            .values_list("sequence", "resource_id")[:most]
        )
        if not lines:
            return 0
        write(sorted({resource for _, resource in lines}))
        state.sequence = lines[-1][0]
        state.save(update_fields=["sequence"])
    return len(lines)


def write(ids: Sequence[int]) -> None:
    """Index these entries as they stand now; what is not published is found no more."""
    for shown, hidden in documents(ids):
        for number in hidden:
            textindex.remove(KIND, number)
        if shown:
            textindex.put_many(KIND, shown)


def documents(ids: Sequence[int]) -> Iterator[tuple[list[textindex.Document], list[str]]]:
    """These entries as they stand now, some at a time: what is found, and the numbers of what is not published."""
    for start in range(0, len(ids), _STEP):
        part = ids[start : start + _STEP]
        rows = PublicResource.objects.filter(pk__in=part).select_related("department").order_by("pk")
        words = _words(part)
        public = [r for r in rows if r.state == PublicResource.State.PUBLISHED]
        hidden = [r.number for r in rows if r.state != PublicResource.State.PUBLISHED]
        yield [document(resource, words.get(resource.pk, "")) for resource in public], hidden


def _words(ids: Sequence[int]) -> dict[int, str]:
    """The words of each entry's items, in order, read without making objects of them: there are ten million in a city."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = InformationItem.objects.filter(resource_id__in=ids).order_by("resource_id", "position")
    for resource, *said in rows.values_list("resource_id", *_ITEM):
        found[resource] += [word for word in said if word]
    return {resource: " ".join(said) for resource, said in found.items()}


def follow() -> int:
    """The worker's pass: nothing to do is one small question."""
    last = CatalogueChange.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    known = CatalogueIndex.objects.values_list("sequence", flat=True).first() or 0
    return catch_up() if last > known else 0


def rebuild() -> int:
    """Index every published entry anew, as after a change of what is indexed; how many. Searches go on meanwhile."""
    last = CatalogueChange.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    ids = list(PublicResource.objects.filter(state="published").order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), 2000):
        with transaction.atomic():
            write(ids[start : start + 2000])
    with transaction.atomic():
        CatalogueIndex.objects.update_or_create(pk=1, defaults={"sequence": last, "epoch": secrets.token_hex(8)})
    return len(ids)

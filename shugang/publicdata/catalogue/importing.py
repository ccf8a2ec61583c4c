"""Many entries at once, from a sheet or a database's description: every row is checked, then all land in one filing, or none.

What lands is drafts: the handler still looks at the filing and hands it in, and the chief data officer signs it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..bodies import require_handler
from . import described, forms, freshness, guards, kinds, services, sheet
from .models import CatalogueImport, Filing, PublicResource
from .sheet import Entry

SHOWN = 1000  # so many entries with mistakes are kept in the report
SHEET = Text("这次导入", "import")


def upload(actor: Actor, file_name: str, content: bytes) -> CatalogueImport:
    """Read a file, check every entry, and draft all of them in one filing; with a single mistake none.

    Raises Refusal `forbidden`, `bad_sheet` (the file as a whole cannot be read), `not_found` (no data office yet).
    """
    department = require_handler(actor)
    most = int(freshness.rules()["import_rows"])
    entries = described.read(content) if described.is_description(content) else sheet.read(content, most)
    contents = _checked(department, entries)
    wrong = [e for e in entries if e.wrong]
    report = [
        {"line": e.line, "code": e.values.get("code", ""), "name": str(e.values.get("name", ""))[:200],
         "wrong": {key: [text.zh, text.en] for key, text in e.wrong.items()}}
        for e in wrong[:SHOWN]
    ]  # fmt: skip
    facts = {
        "department_id": department, "person_id": actor.person_id, "file_name": file_name[-200:], "sha256": hashlib.sha256(content).hexdigest(),
        "entries": len(entries), "items_read": sum(len(e.items) for e in entries), "mistaken": len(wrong), "report": report,
        "created_at": clock.now(),
    }  # fmt: skip
    if wrong:
        return CatalogueImport.objects.create(**facts)
    return _land(actor, contents, facts)


@verb
def _land(actor: Actor, contents: Sequence[dict[str, Any]], facts: dict[str, Any]) -> CatalogueImport:
    case = services.draft_many(actor, contents, facts["file_name"])
    return CatalogueImport.objects.create(filing=Filing.objects.get(case=case), **facts)


def _checked(department: int, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The contents of the entries that read well; what is wrong of the others is noted in them."""
    rows: list[tuple[Entry, PublicResource | None, dict[str, Any]]] = []
    for entry in entries:
        content = content_of(entry)
        if content is not None:
            rows.append((entry, None, content))
    _codes(entries)
    check_contents(department, rows)
    return [content for _, _, content in rows]


def check_contents(department: int, rows: Sequence[tuple[Entry, PublicResource | None, dict[str, Any]]]) -> None:
    """Note in each entry what does not fit the catalogue; the resource is the one that the content is for, if there is one."""
    read = [row for row in rows if row[2]]
    for (entry, _, _), found in zip(read, guards.misfits(department, [(r, c) for _, r, c in read]), strict=True):
        entry.wrong |= found


def content_of(entry: Entry) -> dict[str, Any] | None:
    """By the form itself; a whole code stands in for its classification, and is kept."""
    values = dict(entry.values)
    code = values.pop("code", "")
    if code:
        classification = kinds.classification_of(code)
        if not classification:
            entry.wrong.setdefault(
                "code",
                Text(
                    "代码应为“类项目细目/六位顺序码”，例：306001/000001。",
                    "A code is class, “/” and six digits, such as 306001/000001.",
                ),
            )
        elif values.get("classification", classification) != classification:
            entry.wrong.setdefault(
                "code", Text("代码与分类码不符。", "The code does not begin with the classification.")
            )
        values.setdefault("classification", classification or "306001")
    try:
        content = forms.read({**values, "items": entry.items})
    except Refusal as refusal:
        for key, text in refusal.fields.items():
            entry.wrong.setdefault(key, text)
        return None
    return {**content, "code": code or content["code"]} if not entry.wrong else content


def _codes(entries: Iterable[Entry]) -> None:
    """A code stands once: in the file, and in the catalogue."""
    lines: dict[str, int] = {}
    asked: dict[str, Entry] = {}
    for entry in entries:
        code = entry.values.get("code", "")
        if not code:
            continue
        if code in lines:
            entry.wrong["code"] = Text(f"与第{lines[code]}行的代码重复。", f"The same code as in row {lines[code]}.")
        lines.setdefault(code, entry.line)
        asked.setdefault(code, entry)
    listed = list(asked)
    for start in range(0, len(listed), 500):
        taken = PublicResource.objects.filter(code__in=listed[start : start + 500]).exclude(
            state="withdrawn", version=0
        )
        for code, name in taken.values_list("code", "name"):
            asked[code].wrong["code"] = Text(f"代码已由“{name}”使用。", f"The code is “{name}”'s already.")


def get_import(actor: Actor, pk: int) -> CatalogueImport:
    """Raises Refusal `not_found`."""
    found = CatalogueImport.objects.visible_to(actor).select_related("filing__case").filter(pk=pk).first()
    if found is None:
        raise not_found(SHEET)
    return found

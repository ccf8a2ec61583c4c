"""What a step of a filing asks beyond duty and state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shugang.delivery.models import Column, DatasetVersion
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.procedure import Context
from shugang.policy.text import Text

from . import forms
from .models import Filing, FilingEntry, PublicResource

ENTRY = Text("这条目录", "entry")
SHOWN = 20


def filing_of(ctx: Context) -> Filing:
    return Filing.objects.get(case=ctx.case)


def entry_of(ctx: Context) -> FilingEntry:
    found = (
        FilingEntry.objects.select_related("resource", "filing")
        .filter(filing__case=ctx.case, resource__number=ctx.data["resource"])
        .first()
    )
    if found is None:
        raise not_found(ENTRY)
    return found


def fits(ctx: Context) -> None:
    """The new content of one entry."""
    entry = entry_of(ctx)
    if not entry.content:
        raise Refusal(
            "nothing_to_edit", Text("这类申报不修改目录内容。", "This kind of filing does not change the content."), 409
        )
    content = read_content(ctx.data["content"])
    check(entry.filing.department_id, [(entry.resource, content)])


def read_content(data: Any) -> dict[str, Any]:
    """Raises Refusal `invalid_form`."""
    if not isinstance(data, Mapping):
        text = Text("目录内容应当是一个对象。", "The content is an object.")
        raise Refusal("invalid_form", text, 422, {"content": text})
    return forms.read(data)


def leaves_some(ctx: Context) -> None:
    entry = entry_of(ctx)
    if entry.filing.entries.count() == 1:
        raise Refusal(
            "last_entry",
            Text(
                "申报中只剩这一条；不再需要时请撤回申报。",
                "It is the filing's only entry. Give the filing up if it is needed no more.",
            ),
            409,
        )


def still_fits(ctx: Context) -> None:
    """A draft may have lain for weeks: its data sets, columns and related entries are looked at again."""
    filing = filing_of(ctx)
    rows = [(e.resource, e.content) for e in filing.entries.select_related("resource").order_by("pk") if e.content]
    check(filing.department_id, rows)
    wanted = {"suspension": ["published"], "resumption": ["suspended"], "withdrawal": ["published", "suspended"]}.get(
        filing.kind
    )
    if wanted and filing.entries.exclude(resource__state__in=wanted).exists():
        raise Refusal(
            "wrong_standing",
            Text(
                "目录的状态已改变，请撤回本申报后重新办理。",
                "The entry's standing has changed. Give this filing up and begin again.",
            ),
            409,
        )


def check(department: int, rows: Sequence[tuple[PublicResource | None, Mapping[str, Any]]]) -> None:
    """Whether the contents fit what is there. Raises Refusal `invalid_form`; of several entries each is named."""
    wrong: dict[str, Text] = {}
    for at, (content, found) in enumerate(zip((c for _, c in rows), misfits(department, rows), strict=True), 1):
        name = str(content["name"])[:40]
        for field, text in found.items():
            key = field if len(rows) == 1 else f"{at}.{field}"
            wrong[key] = text if len(rows) == 1 else Text(f"“{name}”：{text.zh}", f"“{name}”: {text.en}")
            if len(wrong) >= SHOWN:
                raise forms.refuse(wrong)
    if wrong:
        raise forms.refuse(wrong)


def misfits(
    department: int, rows: Sequence[tuple[PublicResource | None, Mapping[str, Any]]]
) -> Iterable[dict[str, Text]]:
    """For each content what of it is not so: data set, columns, related codes. A few questions for all of them."""
    contents = [content for _, content in rows]
    columns = _columns(department, {c["dataset"] for c in contents if c["dataset"]})
    asked = {code for c in contents for code in c["related"]}
    known = {c["code"] for c in contents}
    listed = list(asked - known)
    for start in range(0, len(listed), 500):
        known |= set(PublicResource.objects.filter(code__in=listed[start : start + 500]).values_list("code", flat=True))
    for content in contents:
        yield {**_data(content, columns), **_related(content, known)}


def _columns(department: int, numbers: set[str]) -> dict[str, dict[str, bool]]:
    """Data set of the department → its newest version's columns, and whether each is personal."""
    found: dict[str, dict[str, bool]] = {}
    listed = sorted(numbers)
    for start in range(0, len(listed), 500):
        part = listed[start : start + 500]
        newest: dict[str, int] = {}
        for number, pk in (
            DatasetVersion.objects.filter(dataset__party_id=department, dataset__number__in=part)
            .order_by("version")
            .values_list("dataset__number", "pk")
        ):
            newest[number] = pk
        names = {pk: number for number, pk in newest.items()}
        found |= {number: {} for number in newest}
        for version, name, personal in Column.objects.filter(version_id__in=names).values_list(
            "version_id", "name", "personal"
        ):
            found[names[version]][name] = personal
    return found


def _data(content: Mapping[str, Any], columns: Mapping[str, Mapping[str, bool]]) -> dict[str, Text]:
    number = content["dataset"]
    if number and number not in columns:
        return {
            "dataset": Text(
                f"本部门没有数据集“{number}”，或它还没有数据。",
                f"The department has no data set “{number}”, or it holds no data yet.",
            )
        }
    known, wrong = columns.get(number, {}), {}
    for at, item in enumerate(content["items"], 1):
        column = item["column"]
        if not column:
            continue
        if column not in known:
            wrong[f"items.{at}.column"] = Text(
                f"第{at}项：数据集中没有字段“{column}”。", f"Item {at}: the data set has no column “{column}”."
            )
        elif known[column] and (item["opening"] or content["opening"]) == "unconditional":
            wrong[f"items.{at}.opening"] = Text(f"第{at}项：字段“{column}”标为个人信息，不得无条件开放（个人信息保护法第25条）。",
                                                f"Item {at}: column “{column}” holds personal information and may not be opened unconditionally (PIPL art. 25).")  # fmt: skip
    return wrong


def _related(content: Mapping[str, Any], known: set[str]) -> dict[str, Text]:
    for code in content["related"]:
        if code not in known:
            return {"related": Text(f"没有代码为“{code}”的目录。", f"No entry has the code “{code}”.")}
    return {}

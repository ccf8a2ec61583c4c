"""Verbs of data sets: declare one, add a version, say which columns hold personal information."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import rfc8785

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..gates import DATASET, require_supply
from .models import Column, Dataset, DatasetVersion

HOSTING = {
    "hosted": Text("托管：文件存放在平台", "Hosted: the file is kept by the platform"),
    "connected": Text("连接：数据留在您的系统", "Connected: the data stays in your system"),
}
FACTS = Form(
    1,
    (
        Field("name", "text", Text("名称", "Name"), max_length=120),
        Field("name_en", "text", Text("英文名称", "English name"), required=False, max_length=160),
        Field(
            "description", "textarea", Text("说明", "Description"),
            Text("数据是什么、覆盖范围、多久更新一次。", "What it holds, its coverage, how often it is updated."),
            required=False, max_length=4000,
        ),
        Field(
            "origin", "text", Text("来源", "Origin"),
            Text("数据从哪里来、依据什么取得。", "Where the data comes from and on what ground it was obtained."),
            required=False,
        ),
        Field("licence", "text", Text("原始许可", "Original licence"), required=False, max_length=200),
        Field("hosting", "choice", Text("存放方式", "Hosting"), choices=tuple(HOSTING.items())),
    ),
)  # fmt: skip


class ColumnFact(NamedTuple):
    name: str
    type: str
    comment: str = ""
    personal: bool = False


def schema_digest(columns: Iterable[ColumnFact]) -> str:
    """SHA-256 (hex) of names and types in order: equal for versions that a reader can treat alike."""
    return hashlib.sha256(rfc8785.dumps([[c.name, c.type] for c in columns])).hexdigest()


@verb
def create_dataset(actor: Actor, /, **facts: Any) -> Dataset:
    """Declare a data set of the acting supplier. `facts`: fields of `FACTS`; hosting defaults to hosted.

    Raises Refusal `forbidden`, `invalid_form`.
    """
    party = require_supply(actor)
    answers = clean(FACTS, {"hosting": "hosted", **facts})
    now = clock.now()
    row = Dataset.objects.create(
        number=yearly_number("DS", clock.today().year), party_id=party, created_at=now, **answers
    )
    emit("dataset.created", actor, [("dataset", row.number)], {"name": row.name, "hosting": row.hosting})
    return row


def own_dataset(actor: Actor, number: str) -> Dataset:
    """The acting supplier's data set under its lock. Raises Refusal `forbidden`, `not_found`."""
    party = require_supply(actor)
    row = Dataset.objects.select_for_update().filter(number=number, party_id=party).first()
    if row is None:
        raise not_found(DATASET)
    return row


def add_version(actor: Actor, dataset: Dataset, columns: list[ColumnFact], facts: Mapping[str, Any]) -> DatasetVersion:
    """Record the next version of a locked data set, with its event. Part of the vault's and connectors' verbs."""
    last = dataset.versions.order_by("-version").values_list("version", flat=True).first() or 0
    row = DatasetVersion.objects.create(
        dataset=dataset,
        version=last + 1,
        schema_digest=schema_digest(columns),
        created_at=clock.now(),
        created_by=actor.person_id,
        **facts,
    )
    Column.objects.bulk_create(
        Column(version=row, position=i, name=c.name, type=c.type, comment=c.comment, personal=c.personal)
        for i, c in enumerate(columns)
    )
    payload = {
        "version": row.version,
        "sha256": row.sha256,
        "rows": row.rows,
        "bytes": row.bytes,
        "schema_digest": row.schema_digest,
        "columns": [[c.name, c.type] for c in columns],
        "key_columns": row.key_columns,
        "appends": row.appends,
    }
    emit("dataset.version_added", actor, [("dataset", dataset.number)], payload)
    return row


@verb
def describe_columns(
    actor: Actor, number: str, version: int, comments: Mapping[str, str], personal: Iterable[str]
) -> DatasetVersion:
    """Set the words and the personal-information flags of a version's columns; its data does not change.

    Raises Refusal `forbidden`, `not_found`, `no_such_column`.
    """
    dataset = own_dataset(actor, number)
    row = dataset.versions.filter(version=version).first()
    if row is None:
        raise not_found(DATASET)
    columns = {c.name: c for c in row.columns.all()}
    flagged = set(personal)
    unknown = sorted((set(comments) | flagged) - set(columns))
    if unknown:
        raise Refusal(
            "no_such_column",
            Text(f"数据中没有字段“{unknown[0]}”。", f"The data has no column “{unknown[0]}”."),
            422,
        )
    for column in columns.values():
        column.comment = str(comments.get(column.name, column.comment))[:200]
        column.personal = column.name in flagged
    Column.objects.bulk_update(columns.values(), ["comment", "personal"])
    payload = {"version": version, "personal": sorted(flagged), "comments": {n: c.comment for n, c in columns.items()}}
    emit("dataset.described", actor, [("dataset", number)], payload)
    return row

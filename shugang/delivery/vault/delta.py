"""A data set's folder in the vault as a Delta table: Delta version n is our version n, version 0 the empty beginning.

The log (https://github.com/delta-io/delta/blob/master/PROTOCOL.md) follows from the rows of the database and the stored
files, and is written after a version has committed; what a crash left out is written at the next chance. A commit is
made whole under another name and then linked, so that a reader sees all of it or none, and none is ever replaced.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings

from ..datasets.models import Dataset, DatasetVersion
from .store import store

TYPES = {
    "BOOLEAN": "boolean", "TINYINT": "byte", "SMALLINT": "short", "INTEGER": "integer", "BIGINT": "long",
    "FLOAT": "float", "DOUBLE": "double", "VARCHAR": "string", "DATE": "date", "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}  # fmt: skip
# What we publish is never vacuumed nor forgotten by a tool that honours the table's own settings.
_KEPT = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}
_PLAIN = {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}
_WITH_LOCAL_TIMES = {
    "protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["timestampNtz"],
                 "writerFeatures": ["timestampNtz"]}
}  # fmt: skip


class NoDelta(ValueError):
    """A column of a version of before has a type that Delta does not know."""


def write_log(dataset: Dataset) -> int:
    """Write the commits that are missing; how many. A data set with a type that Delta has not gets none."""
    versions = list(dataset.versions.exclude(path="").order_by("version").prefetch_related("columns"))
    try:
        commits = list(_commits(dataset, versions))
    except NoDelta:
        return 0
    kept = store()
    written = 0
    for number, actions in commits:
        body = "".join(json.dumps(action, ensure_ascii=False, separators=(",", ":")) + "\n" for action in actions)
        written += kept.write_once(f"{dataset.number}/_delta_log/{number:020d}.json", body.encode())
    return written


def write_missing() -> None:
    """Every hosted data set; for the worker's first pass after a crash."""
    for dataset in Dataset.objects.filter(hosting=Dataset.Hosting.HOSTED, versions__isnull=False).distinct():
        write_log(dataset)


def _commits(dataset: Dataset, versions: list[DatasetVersion]) -> Iterable[tuple[int, list[dict[str, Any]]]]:
    if not versions:
        return
    schema, local = _schema(versions[0]), _has_local_times(versions[0])
    started = _milliseconds(versions[0].created_at)
    begin = [_info("CREATE TABLE", started), _WITH_LOCAL_TIMES if local else _PLAIN, _about(dataset, schema, started)]
    yield 0, begin
    before: DatasetVersion | None = None
    for row in versions:
        moment = _milliseconds(row.created_at)
        actions = [_info("WRITE", moment)]
        if _has_local_times(row) and not local:
            actions.append(_WITH_LOCAL_TIMES)
            local = True
        if (now := _schema(row)) != schema:
            actions.append(_about(dataset, now, started))
            schema = now
        if before is not None:
            actions.append({"remove": {**_file(before), "deletionTimestamp": moment,
                                       "extendedFileMetadata": True}})  # fmt: skip
        stats = json.dumps({"numRecords": row.rows})
        actions.append({"add": {**_file(row), "modificationTime": moment, "stats": stats}})
        yield row.version, actions
        before = row


def _file(row: DatasetVersion) -> dict[str, Any]:
    return {
        "path": store().delta_path(row.path, row.sha256),
        "partitionValues": {},
        "size": row.bytes,
        "dataChange": True,
    }


def _info(operation: str, moment: int) -> dict[str, Any]:
    return {"commitInfo": {"timestamp": moment, "operation": operation, "engineInfo": "Shugang"}}


def _about(dataset: Dataset, schema: str, moment: int) -> dict[str, Any]:
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.SHUGANG_LOG_ORIGIN}/datasets/{dataset.number}")
    return {
        "metaData": {
            "id": str(identity), "name": dataset.number, "format": {"provider": "parquet", "options": {}},
            "schemaString": schema, "partitionColumns": [], "configuration": _KEPT, "createdTime": moment,
        }
    }  # fmt: skip


def _schema(row: DatasetVersion) -> str:
    fields = [
        {"name": c.name, "type": _type(c.type), "nullable": True, "metadata": {}}
        for c in sorted(row.columns.all(), key=lambda c: c.position)
    ]
    return json.dumps({"type": "struct", "fields": fields}, ensure_ascii=False)


def _type(name: str) -> str:
    if name.startswith("DECIMAL("):
        return name.lower()
    if name not in TYPES:
        raise NoDelta(name)
    return TYPES[name]


def _has_local_times(row: DatasetVersion) -> bool:
    return any(c.type == "TIMESTAMP" for c in row.columns.all())


def _milliseconds(moment: Any) -> int:
    return int(moment.timestamp() * 1000)

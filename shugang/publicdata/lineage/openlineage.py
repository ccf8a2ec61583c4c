"""OpenLineage run events: read with limits, and written. Pure: what the names stand for is decided in `services`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from shugang.kernel.errors import Refusal
from shugang.policy.lineage import SUBTYPES
from shugang.policy.text import Text

SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACET = "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"
TYPES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
TELLING = ("COMPLETE", "OTHER")  # a run that failed or still goes on has made nothing
MOST_TABLES, MOST_FIELDS, MOST_INPUTS = 100, 2_000, 20_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Name(NamedTuple):
    namespace: str
    name: str


class Told(NamedTuple):
    """One edge as the event tells it; an empty column stands for the whole table."""

    source: Name
    source_column: str
    target: Name
    target_column: str
    subtype: str
    masking: bool


@dataclass(frozen=True)
class RunEvent:
    type: str
    run: uuid.UUID
    job: str
    edges: tuple[Told, ...]


def _wrong(place: str, zh: str, en: str) -> Refusal:
    message = Text(f"事件的{place}{zh}", f"{place} of the event {en}")
    return Refusal("invalid_lineage_event", message, 422, {place: message})


def _text(value: Any, place: str, most: int = 200) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > most or _CONTROL.search(value):
        raise _wrong(place, f"须是1至{most}字的文字。", f"must be text of 1 to {most} characters.")
    return value


def _mapping(value: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(place, "须是一个对象。", "must be an object.")
    return value


def _list(value: Any, place: str, most: int) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise _wrong(place, f"须是不超过{most}项的列表。", f"must be a list of at most {most}.")
    return value


def _name(value: Any, place: str) -> Name:
    given = _mapping(value, place)
    return Name(_text(given.get("namespace"), f"{place}.namespace"), _text(given.get("name"), f"{place}.name", 300))


def read(event: Mapping[str, Any]) -> RunEvent:
    """The event, checked. Raises Refusal `invalid_lineage_event` with the place that is wrong."""
    kind = event.get("eventType", "OTHER")
    if kind not in TYPES:
        raise _wrong("eventType", f"须是{'、'.join(TYPES)}之一。", f"must be one of {', '.join(TYPES)}.")
    try:
        if datetime.fromisoformat(str(event.get("eventTime"))).tzinfo is None:
            raise ValueError
    except ValueError:
        raise _wrong(
            "eventTime", "须是带时区的时间（RFC 3339）。", "must be a time with its zone (RFC 3339)."
        ) from None
    run = _mapping(event.get("run"), "run").get("runId")
    try:
        run_id = uuid.UUID(str(run))
    except ValueError:
        raise _wrong("run.runId", "须是UUID。", "must be a UUID.") from None
    job = _name(event.get("job"), "job")
    inputs = [_name(i, f"inputs[{n}]") for n, i in enumerate(_list(event.get("inputs"), "inputs", MOST_TABLES))]
    edges: list[Told] = []
    for place, output in enumerate(_list(event.get("outputs"), "outputs", MOST_TABLES)):
        edges += _output(output, inputs, f"outputs[{place}]")
        if len(edges) > MOST_INPUTS:
            raise _wrong("outputs", f"合计最多{MOST_INPUTS}条来源。", f"hold at most {MOST_INPUTS} inputs together.")
    return RunEvent(kind, run_id, f"{job.namespace}:{job.name}"[:500], tuple(dict.fromkeys(edges)))


def _output(value: Any, inputs: list[Name], place: str) -> list[Told]:
    target = _name(value, place)
    facets = _mapping(value.get("facets") or {}, f"{place}.facets")
    if facets.get("columnLineage") is None:
        return [Told(source, "", target, "", "", False) for source in inputs]
    place = f"{place}.facets.columnLineage"
    facet = _mapping(facets["columnLineage"], place)
    fields = _mapping(facet.get("fields"), f"{place}.fields")
    if len(fields) > MOST_FIELDS:
        raise _wrong(f"{place}.fields", f"最多{MOST_FIELDS}个字段。", f"holds at most {MOST_FIELDS} columns.")
    found: list[Told] = []
    for column, how in fields.items():
        at = f"{place}.fields.{column}"[:200]
        _text(column, at)
        for n, source in enumerate(_list(_mapping(how, at).get("inputFields"), f"{at}.inputFields", MOST_FIELDS)):
            found += _edges(source, target, column, f"{at}.inputFields[{n}]")
    for n, source in enumerate(_list(facet.get("dataset"), f"{place}.dataset", MOST_FIELDS)):
        found += _edges(source, target, "", f"{place}.dataset[{n}]")
    return found


def _edges(value: Any, target: Name, column: str, place: str) -> list[Told]:
    source = _name(value, place)
    field = _text(value.get("field"), f"{place}.field")
    kinds: list[tuple[str, bool]] = []
    for n, how in enumerate(_list(value.get("transformations"), f"{place}.transformations", 50)):
        at = f"{place}.transformations[{n}]"
        given = _mapping(how, at)
        direct = given.get("type")
        subtype = given.get("subtype") or ("TRANSFORMATION" if direct == "DIRECT" else "CONDITIONAL")
        if SUBTYPES.get(subtype) is None or SUBTYPES[subtype] != direct:
            raise _wrong(
                at,
                "的type与subtype不合OpenLineage字段血缘的规定。",
                "has a type and subtype that OpenLineage does not pair.",
            )
        masking = given.get("masking", False)
        if not isinstance(masking, bool):
            raise _wrong(f"{at}.masking", "须是true或false。", "must be true or false.")
        kinds.append((subtype, masking))
    if not kinds:
        kinds = [("TRANSFORMATION" if column else "CONDITIONAL", False)]
    return [Told(source, field, target, column, subtype, masking) for subtype, masking in kinds]


def write(run: uuid.UUID, job: Name, at: str, target: Name, edges: list[Told], producer: str) -> dict[str, Any]:
    """A COMPLETE event that tells the same edges; what has no column stands in `inputs` alone."""
    fields: dict[str, dict[tuple[Name, str], list[dict[str, Any]]]] = {}
    for edge in edges:
        if edge.subtype:
            how = {"type": SUBTYPES[edge.subtype], "subtype": edge.subtype, "description": "", "masking": edge.masking}
            fields.setdefault(edge.target_column, {}).setdefault((edge.source, edge.source_column), []).append(how)

    def told(column: str) -> list[dict[str, Any]]:
        return [
            {**source._asdict(), "field": field, "transformations": how}
            for (source, field), how in fields.get(column, {}).items()
        ]

    facet = {
        "_producer": producer, "_schemaURL": FACET, "dataset": told(""),
        "fields": {column: {"inputFields": told(column)} for column in sorted(fields) if column},
    }  # fmt: skip
    return {
        "eventType": "COMPLETE", "eventTime": at, "producer": producer, "schemaURL": SCHEMA, "run": {"runId": str(run)},
        "job": job._asdict(), "inputs": [name._asdict() for name in sorted({edge.source for edge in edges})],
        "outputs": [{**target._asdict(), "facets": {"columnLineage": facet} if fields else {}}],
    }  # fmt: skip

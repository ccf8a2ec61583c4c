"""Verbs of a supplier's own interface and topics: registered as a version of a data set, served by his own plane."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.verbs import verb
from shugang.policy.codec import TermsError
from shugang.policy.sources import ProxySource, StreamSource
from shugang.policy.text import Text

from ..datasets.models import Dataset, DatasetVersion
from ..datasets.services import add_version, own_dataset
from ..plane.governing import MISSING, Unfit, at, loads
from ..vault.tables import check_names
from . import services
from .models import ConnectedSource

MOST_SAMPLE = 100_000
MOST_COLUMNS = 500


@verb
def declare_interface(
    actor: Actor,
    dataset_number: str,
    connector_name: str,
    spec: Mapping[str, Any],
    columns: Iterable[Mapping[str, Any]],
    plane: str = "",
) -> DatasetVersion:
    """A version that is read by calling the supplier's HTTP interface at his own plane.

    `spec` holds `operations`, `code`, `codes`, `statuses` as `policy.sources.ProxySource` explains them; what an operation
    leaves out takes its usual value. `columns`: {name, type, comment, personal} of one record. Raises Refusal
    `forbidden`, `not_found`, `not_connected`, `bad_connector`, `no_plane`, `bad_columns`, `bad_interface`.
    """
    operations = spec.get("operations")
    if not isinstance(operations, list) or not all(isinstance(o, dict) for o in operations):
        raise _bad("bad_interface", "操作须是JSON列表。", "Operations are a JSON list.")
    usual = {"method": "GET", "path": "", "params": [], "body": [], "encoding": "json", "records": ""}
    full = {
        "operations": [{**usual, **operation} for operation in operations],
        "code": spec.get("code", ""),
        "codes": spec.get("codes", {}),
        "statuses": spec.get("statuses", {}),
    }
    return _declare(actor, dataset_number, "proxy", connector_name, full, columns, plane)


@verb
def declare_stream(
    actor: Actor,
    dataset_number: str,
    connector_name: str,
    spec: Mapping[str, Any],
    columns: Iterable[Mapping[str, Any]],
    plane: str = "",
) -> DatasetVersion:
    """A version that is read by subscribing to the supplier's MQTT topics at his own plane.

    `spec` holds `topics`, `topic_column`, `window_seconds` (`policy.sources.StreamSource`). Raises Refusal like
    `declare_interface`, `bad_stream`.
    """
    full = {"topics": [], "topic_column": "", "window_seconds": 1, **spec}
    return _declare(actor, dataset_number, "stream", connector_name, full, columns, plane)


def _declare(
    actor: Actor,
    dataset_number: str,
    mode: str,
    connector_name: str,
    spec: dict[str, Any],
    columns: Iterable[Mapping[str, Any]],
    plane: str,
) -> DatasetVersion:
    dataset = own_dataset(actor, dataset_number)
    if dataset.hosting != Dataset.Hosting.CONNECTED:
        raise services.hosted_here()
    chosen = services.where(dataset.party_id, connector_name, plane, mode)
    facts = [services.column_fact(c) for c in columns]
    check_names([c.name for c in facts])
    declared = [{"name": fact.name, "type": fact.type, "comment": fact.comment} for fact in facts]
    known = _checked(mode, {**spec, "connector": connector_name, "columns": declared})
    version = add_version(actor, dataset, facts, {"source_name": f"{chosen.number}:{connector_name}"})
    kept = {name: value for name, value in known.items() if name not in ("type", "connector", "columns")}
    ConnectedSource.objects.create(
        version=version, plane=chosen, connector=connector_name, mode=mode, dialect="", template="", spec=kept
    )
    return version


def _checked(mode: str, document: dict[str, Any]) -> dict[str, Any]:
    """As the plane will read it. Raises Refusal."""
    code = "bad_interface" if mode == "proxy" else "bad_stream"
    try:
        if mode == "stream":
            return StreamSource.from_json({**document, "type": "stream"}).to_json()
        source = ProxySource.from_json({**document, "type": "proxy"})
    except TermsError as error:
        text = Text(f"{error.text.zh}（{error.field}）", f"{error.text.en} ({error.field})")
        raise Refusal(code, text, 422) from error
    for operation in source.operations:
        services.check_params((*operation.params, *operation.body))
    return source.to_json()


def _bad(code: str, zh: str, en: str) -> Refusal:
    return Refusal(code, Text(zh, en), 422)


def suggest(sample: str, records: str) -> list[dict[str, Any]]:
    """Columns of the records in a sample answer or message, for the supplier to confirm. Nested members are left out.
    Raises Refusal `bad_sample`."""
    try:
        if len(sample) > MOST_SAMPLE:
            raise Unfit("too long")
        found = at(loads(sample.encode()), records.strip())
    except (Unfit, UnicodeEncodeError):
        raise _bad("bad_sample", "样例不是可以读取的JSON。", "The sample cannot be read as JSON.") from None
    rows = found if isinstance(found, list) else [found]
    if found is MISSING or not rows or not all(isinstance(row, dict) for row in rows):
        raise _bad(
            "bad_sample",
            "样例中该位置没有记录，请核对“记录的位置”。",
            "The sample has no records at that place. Please check where the records are.",
        )
    types: dict[str, str] = {}
    for row in rows[:1000]:
        for name, value in row.items():
            kind = _kind(value)
            types[name] = kind if types.get(name, "") in ("", kind) else _wider(types[name], kind)
    return [
        {"name": name, "type": kind or "VARCHAR", "comment": ""}
        for name, kind in list(types.items())[:MOST_COLUMNS]
        if kind != "JSON"
    ]


def _kind(value: Any) -> str:
    """ "" where nothing can be told."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT"
    if isinstance(value, float):
        return "DOUBLE"
    if not isinstance(value, str):
        return "JSON"
    for kind, read in (("DATE", date.fromisoformat), ("TIMESTAMP", datetime.fromisoformat)):
        try:
            moment = read(value)
        except ValueError:
            continue
        if "-" in value and getattr(moment, "tzinfo", None) is None:
            return kind
    return "VARCHAR"


def _wider(one: str, other: str) -> str:
    if not other:
        return one
    if {one, other} == {"BIGINT", "DOUBLE"}:
        return "DOUBLE"
    return "JSON" if "JSON" in (one, other) else "VARCHAR"


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)

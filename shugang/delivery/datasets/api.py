"""Data sets through the API: declare, list, look up, upload a version, register a query."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Body, Router

from shugang.kernel import idempotency, paging

from ..connectors.interfaces import declare_interface, declare_stream
from ..connectors.services import declare_connected_version
from ..vault.services import upload_version
from . import queries, services
from .models import Dataset, DatasetVersion

router = Router(tags=["datasets"])


def _version(row: DatasetVersion) -> dict[str, Any]:
    return {
        "version": row.version,
        "rows": row.rows,
        "bytes": row.bytes,
        "sha256": row.sha256,
        "schema_digest": row.schema_digest,
        "key_columns": row.key_columns,
        "appends": row.appends,
        "source_name": row.source_name,
        "created_at": row.created_at,
        "columns": queries.dictionary(row),
    }


def _dataset(row: Dataset) -> dict[str, Any]:
    return {
        "number": row.number,
        "party": row.party.number,
        "name": row.name,
        "name_en": row.name_en,
        "description": row.description,
        "origin": row.origin,
        "licence": row.licence,
        "hosting": row.hosting,
        "created_at": row.created_at,
    }


@router.get("/datasets", summary="Data sets of the acting party, newest first")
def datasets(request: HttpRequest, after: str = "", q: str = "", hosting: str = "") -> dict[str, Any]:
    found = paging.page(queries.datasets(request.actor, q, hosting), after)  # type: ignore[attr-defined]
    return {"items": [_dataset(d) for d in found.items], "next": found.next, "total": found.total}


@router.post("/datasets", summary="Declare a data set; send Idempotency-Key to make retries safe")
def create(request: HttpRequest, data: Body[dict[str, Any]]) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    return idempotency.once(
        actor,
        request.headers.get("Idempotency-Key"),
        idempotency.fingerprint("dataset", data),
        lambda: {"number": services.create_dataset(actor, **data).number},
    )


@router.get("/datasets/{number}", summary="One data set with its versions and data dictionary")
def dataset(request: HttpRequest, number: str) -> dict[str, Any]:
    found = queries.get_dataset(request.actor, number)  # type: ignore[attr-defined]
    return {**_dataset(found), "versions": [_version(v) for v in found.versions.order_by("-version")]}


@router.post(
    "/datasets/{number}/versions",
    summary="Store a small file as a version and wait for it: the body is the file, its name is `filename`",
)
def upload(
    request: HttpRequest, number: str, filename: str, key_columns: str = "", append: bool = False
) -> dict[str, Any]:
    """Large files go by `/uploads`. `key_columns`: names, comma-separated; `append`: after the newest version's rows.

    A repeated upload of the same content is refused as `unchanged`.
    """
    stream: Any = request
    names = [key.strip() for key in key_columns.split(",") if key.strip()]
    row = upload_version(request.actor, number, stream, filename, keys=names, append=append)  # type: ignore[attr-defined]
    return _version(row)


@router.post("/datasets/{number}/queries", summary="Register a query over connected data as a new version")
def connect(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{connector, template, params, columns, dialect, plane}`; send Idempotency-Key to make retries safe."""
    actor = request.actor  # type: ignore[attr-defined]

    def run() -> dict[str, Any]:
        row = declare_connected_version(
            actor,
            number,
            str(data.get("connector", "")),
            str(data.get("template", "")),
            _objects(data.get("params")),
            _objects(data.get("columns")),
            str(data.get("dialect", "postgres")),
            str(data.get("plane", "")),
        )
        return {"number": number, "version": row.version}

    key = request.headers.get("Idempotency-Key")
    return idempotency.once(actor, key, idempotency.fingerprint("query", number, data), run)


@router.post("/datasets/{number}/interfaces", summary="Register the supplier's own HTTP interface as a new version")
def interface(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{connector, operations, code, codes, statuses, columns, plane}`; send Idempotency-Key to make retries safe."""
    return _register(request, number, data, declare_interface, ("operations", "code", "codes", "statuses"))


@router.post("/datasets/{number}/streams", summary="Register the supplier's own MQTT topics as a new version")
def stream(request: HttpRequest, number: str, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{connector, topics, topic_column, window_seconds, columns, plane}`; send Idempotency-Key to make retries safe."""
    return _register(request, number, data, declare_stream, ("topics", "topic_column", "window_seconds"))


def _register(
    request: HttpRequest, number: str, data: dict[str, Any], verb: Any, names: tuple[str, ...]
) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    spec = {name: data[name] for name in names if name in data}

    def run() -> dict[str, Any]:
        columns = _objects(data.get("columns"))
        row = verb(actor, number, str(data.get("connector", "")), spec, columns, str(data.get("plane", "")))
        return {"number": number, "version": row.version}

    key = request.headers.get("Idempotency-Key")
    return idempotency.once(actor, key, idempotency.fingerprint(verb.__name__, number, data), run)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


@router.put("/datasets/{number}/versions/{version}/columns", summary="Describe columns and mark personal information")
def describe(request: HttpRequest, number: str, version: int, data: Body[dict[str, Any]]) -> dict[str, Any]:
    """`{comments: {column: text}, personal: [column]}`."""
    comments = data.get("comments") if isinstance(data.get("comments"), dict) else {}
    personal = data.get("personal") if isinstance(data.get("personal"), list) else []
    actor = request.actor  # type: ignore[attr-defined]
    return _version(services.describe_columns(actor, number, version, comments or {}, map(str, personal or [])))

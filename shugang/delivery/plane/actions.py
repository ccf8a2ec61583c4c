"""Lines of an answer about a table, in both formats of the protocol (PROTOCOL.md, API Response Format).

`parquet` is the older one; `delta` carries the actions of a Delta log, with an address of ours in place of the path.
Delta's readers take an http address for a pre-signed one by a key of its query that they know (see `files`).
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shugang.delivery.plane import files
from shugang.delivery.plane.index import Access
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.views import Part, TableView
from shugang.policy.sources import TableSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

NDJSON = "application/x-ndjson; charset=utf-8"
FORMATS = ("delta", "parquet")
CAPABILITIES = "delta-sharing-capabilities"
FILE_ID = "fileidhash"
# How a file's id is made from its name: what clients of each format expect.
_IDS = {"parquet": hashlib.md5, "delta": hashlib.sha256}
Line = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What a client can read: the format that we answer in, whether it knows the closing line, whose file ids."""

    format: str
    end_stream: bool
    file_id: str
    echo_file_id: bool

    def headers(self, version: int) -> list[tuple[str, str]]:
        capabilities = f"responseformat={self.format}" + (";includeendstreamaction=true" if self.end_stream else "")
        headers = [
            ("content-type", NDJSON),
            ("cache-control", "no-store"),
            ("delta-table-version", str(version)),
            (CAPABILITIES, capabilities),
        ]
        return [*headers, (FILE_ID, self.file_id)] if self.echo_file_id else headers


def asked(headers: Any) -> Asked:
    """From the request's headers. Raises Denied for a format or a hash that we do not have."""
    given = {}
    for capability in (headers.get(CAPABILITIES) or "").lower().split(";"):
        name, _, value = capability.strip().partition("=")
        given[name.strip()] = value.strip()
    wanted = [item.strip() for item in (given.get("responseformat") or "parquet").split(",")]
    # Delta first: its readers fetch a file once, those of the older format up to a dozen times.
    found = next((name for name in FORMATS if name in wanted), None)
    if found is None:
        note = "this table is offered in the formats delta and parquet"
        raise Denied("bad_request", "responseformat", note, error_code="UNSUPPORTED_OPERATION")
    file_id = (headers.get(FILE_ID) or "").strip().lower()
    if file_id and file_id not in _IDS:
        raise Denied("bad_request", FILE_ID, "parquet or delta")
    return Asked(found, given.get("includeendstreamaction") == "true", file_id or found, bool(file_id))


class Lines:
    """The lines of one answer; addresses in it hold until `expires`."""

    def __init__(self, plane: Plane, scope: Any, asked: Asked) -> None:
        self._secret, self._asked = plane.gate.secret, asked
        self._expires = int(time.time()) + plane.config.file_url_seconds
        base = plane.config.public_url or f"{scope.scheme}://{scope.authority or scope.headers.get('host')}"
        self._base = base.rstrip("/")
        self._delta = asked.format == "delta"
        self.lines: list[Line] = []

    def head(self, access: Access[TableSource], view: TableView) -> None:
        """Protocol and metadata of a table at one version."""
        # Writer version 4 is the first with a change feed; readers need no more than 1.
        protocol: Line = {"minReaderVersion": 1}
        if self._delta:
            protocol = {"deltaProtocol": {**protocol, "minWriterVersion": 4}}
        self.lines.append({"protocol": protocol})
        self.metadata(access, view)

    def metadata(self, access: Access[TableSource], view: TableView) -> None:
        told = {
            "id": table_id(access),
            "name": access.source.table,
            "format": {"provider": "parquet", "options": {}} if self._delta else {"provider": "parquet"},
            "schemaString": schema_string(access, view),
            "partitionColumns": list(view.partitions),
            "configuration": {"delta.enableChangeDataFeed" if self._delta else "enableChangeDataFeed": "true"},
        }
        facts = {"version": access.version, "size": view.size, "numFiles": len(view.parts)}
        self.lines.append({"metaData": {"deltaMetadata": told, **facts} if self._delta else told | facts})

    def file(self, access: Access[TableSource], part: Part, action: str = "file") -> None:
        """A part as `file` (a snapshot), `add`, `remove` or `cdf` (steps between versions)."""
        stepping = action != "file"
        id = _IDS[self._asked.file_id](part.name.encode()).hexdigest()
        url = self._base + files.signed_path(self._secret, access, part.name, self._expires)
        moment = int(access.source.at.timestamp() * 1000) if access.source.at else 0
        known = {"version": access.version, "timestamp": moment} if stepping or access.source.at else {}
        if self._delta:
            single = _single(action, part, url, moment)
            line = {"id": id, "deltaSingleAction": single, **known, "expirationTimestamp": self._expires * 1000}
            self.lines.append({"file": line})
            return
        line = {"url": url, "id": id, "partitionValues": dict(part.values), "size": part.size}
        if action in ("file", "add"):
            line["stats"] = part.stats
        line |= {"version": access.version, **known, "expirationTimestamp": self._expires * 1000}
        self.lines.append({action: line})

    def body(self) -> bytes:
        """NDJSON, ASCII only: clients split the text at every Unicode line break."""
        lines = self.lines
        if self._asked.end_stream:
            lines = [*lines, {"endStreamAction": {"minUrlExpirationTimestamp": self._expires * 1000}}]
        return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


def _single(action: str, part: Part, url: str, moment: int) -> Line:
    """An action of a Delta log (PROTOCOL.md of delta, Actions)."""
    values = {"partitionValues": dict(part.values), "size": part.size}
    if action == "cdf":
        return {"cdc": {"path": url, **values, "dataChange": False}}
    if action == "remove":
        return {
            "remove": {
                "path": url,
                "deletionTimestamp": moment,
                "dataChange": True,
                "extendedFileMetadata": True,
                **values,
            }
        }
    return {"add": {"path": url, **values, "modificationTime": moment, "dataChange": True, "stats": part.stats}}


def schema_string(access: Access[TableSource], view: TableView) -> str:
    comments = {column.name: column.comment for column in access.source.columns}
    fields = [
        {
            "name": name,
            "type": kind,
            "nullable": True,
            "metadata": {"comment": comments[name]} if comments.get(name) else {},
        }
        for name, kind in view.columns
    ]
    return json.dumps({"type": "struct", "fields": fields})


def table_id(access: Access[TableSource]) -> str:
    """A stable UUID-shaped id of the granted table, the same over its versions: a reader takes another id for another
    table. Other terms make another one."""
    terms = access.grant.terms.to_json()
    named = [access.grant.id, access.source.dataset, *(json.dumps(terms[key]) for key in ("fields", "rows", "masks"))]
    text = hashlib.sha256("\x1f".join(named).encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"

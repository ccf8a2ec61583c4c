"""`GET|HEAD /download/v1/{product}[?format=…]`: a granted view as one file, whole or by ranges, so that a broken
download goes on where it stopped.

Opened by a key in a header, or by `ticket`: the secret of a short-lived key (kind `link`) that the buyer's page makes
for one download after he has stated his purpose. How the bytes are counted: `pieces`; each format is a file of its own.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote

from shugang.delivery.plane import pieces
from shugang.delivery.plane.formats import FORMATS, XLSX_ROWS
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access, Holder
from shugang.delivery.plane.replies import Denied, Headers
from shugang.policy.sources import FileSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/download/v1/"
LINK_SECONDS = 3.0


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    given = _given(scope.query_string)
    holder = await _holder(plane, scope, given)
    use = await plane.gate.admit(holder.products["file"].get(scope.path[len(PREFIX) :]), scope, retries=False)
    access: Access[FileSource] = use.access
    format = given.get("format", "parquet")
    if format not in FORMATS:
        raise Rejected(use, Denied("bad_request", "format", f"one of {', '.join(FORMATS)}"))
    if format == "xlsx":
        await _small(plane, use, access)
    file = await plane.views.file(access, format)
    await pieces.serve(plane, use, scope, proto, file, _headers(access.source, format))


def _given(query: str) -> dict[str, str]:
    refused = Denied("bad_request", "format", "format and ticket, each once", journal=False)
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=2)
    except ValueError:
        raise refused from None
    given = dict(pairs)
    if len(given) != len(pairs) or set(given) - {"format", "ticket"}:
        raise refused
    return given


async def _holder(plane: Plane, scope: Any, given: dict[str, str]) -> Holder:
    gate = plane.gate
    if "ticket" not in given:
        return gate.holder(scope.headers)
    gate.check_fresh()
    digest = sha256(given["ticket"].encode()).digest()
    if digest not in gate.index.links:
        # A person follows a link the moment it was made, before this plane has heard of it.
        await plane.follower.next(LINK_SECONDS)
    holder = gate.index.links.get(digest)
    if holder is None or holder.revoked:
        gate.unknown_keys += 1
        raise Denied("unknown_key" if holder is None else "revoked", "ticket", journal=False)
    return holder


async def _small(plane: Plane, use: Use, access: Access[FileSource]) -> None:
    whole = await plane.views.file(access, "parquet")
    if whole.rows > XLSX_ROWS:
        note = f"more than {XLSX_ROWS} rows do not fit into a workbook; choose csv or parquet"
        raise Rejected(use, Denied("bad_request", "format", note))


def _headers(source: FileSource, format: str) -> Headers:
    """RFC 6266: the name in ASCII for old programs, and as it is."""
    kind = FORMATS[format]
    name = f"{source.name}-v{source.version}{kind.ending}"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_. ") else "_" for c in name)
    return [
        ("content-type", kind.content_type),
        ("content-disposition", f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ]

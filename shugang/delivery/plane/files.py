"""Files of granted views behind signed addresses on this plane, each request checked against the grant.

An address says who may fetch what until when; that the grant still stands is asked anew at every HEAD, GET and
Range. A file is metered once per (grant, table version, file) as its manifest says, durable before the first byte:
clients fetch by ranges, some of them twice, so that bytes on the wire measure nothing.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access
from shugang.delivery.plane.records import canonical
from shugang.delivery.plane.replies import Denied, Headers
from shugang.delivery.plane.usage import CHARGED, UNCHARGED
from shugang.delivery.plane.views import TableView
from shugang.policy.sources import TableSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/files/"
DELIVERED = "delivered"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def file_name(access: Access[TableSource]) -> str:
    """Carries the view's digest: other terms under the same grant make another file."""
    return f"{access.view[:24]}-part-00000.parquet"


def _signature(secret: bytes, grant: str, version: str, name: str, credential: str, expires: str) -> str:
    message = "\n".join(("shugang-file-v1", grant, version, name, credential, expires))
    return hmac.new(secret, message.encode(), sha256).hexdigest()


def signed_path(secret: bytes, access: Access[TableSource], expires: int) -> str:
    """The query key X-Amz-Signature is what Delta's readers take for a pre-signed address."""
    grant, version, name = access.grant.id, str(access.version), file_name(access)
    signature = _signature(secret, grant, version, name, access.credential.id, str(expires))
    credential = quote(access.credential.id, safe="")
    query = f"c={credential}&expires={expires}&X-Amz-Signature={signature}"
    return f"{PREFIX}{quote(grant, safe='')}/{version}/{name}?{query}"


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    use = _admit(plane, scope)
    access: Access[TableSource] = use.access
    view = plane.views.tables.get(access.view) or await plane.views.table(access)
    span = _span(scope.headers, view)
    headers = [
        ("content-type", "application/vnd.apache.parquet"),
        ("accept-ranges", "bytes"),
        ("cache-control", "no-store"),
        ("etag", f'"{view.sha256[:32]}"'),
    ]
    if span is None:
        proto.response_empty(416, [*headers, ("content-range", f"bytes */{view.size}")])
        return
    start, end = span
    whole = (start, end) == (0, view.size)
    headers.append(("content-length", str(end - start)))
    if not whole:
        headers.append(("content-range", f"bytes {start}-{end - 1}/{view.size}"))
    if scope.method == "HEAD":
        proto.response_empty(200 if whole else 206, headers)
        return
    await _meter(plane, use, view)
    await _send(plane, proto, use, view, start, end, headers)


async def _send(plane: Plane, proto: Any, use: Use, view: TableView, start: int, end: int, headers: Headers) -> None:
    """Small pieces by the server itself; long ones through a pipe that stops when the grant does."""
    status = 200 if end - start == view.size else 206
    if end - start <= plane.config.whole_answer:
        if status == 200:
            proto.response_file(status, headers, str(view.path))
        else:
            proto.response_file_range(status, headers, str(view.path), start, end)
        return
    source = os.open(view.path, os.O_RDONLY | os.O_CLOEXEC)
    pipe = plane.pipe(use)
    try:
        pipe.answer(proto, status, headers)
        await pipe.splice(source, start, end)
        await pipe.finish()
    finally:
        pipe.close()
        os.close(source)


def _admit(plane: Plane, scope: Any) -> Use:
    """No throttle and no nonce here: one file is one use, fetched in as many pieces as the client likes."""
    gate = plane.gate
    try:
        grant, version, name = scope.path[len(PREFIX) :].split("/")
        given = dict(pair.split("=", 1) for pair in scope.query_string.split("&"))
        credential, expires, signature = unquote(given["c"]), given["expires"], given["X-Amz-Signature"]
    except (ValueError, KeyError) as error:
        raise Denied("not_found", journal=False) from error
    expected = _signature(gate.secret, grant, version, name, credential, expires)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        gate.unknown_keys += 1
        raise Denied("unknown_key", "X-Amz-Signature", journal=False)
    gate.check_fresh()
    access = gate.index.by_key.get((grant, credential))
    if access is None:
        raise Denied("revoked", journal=False)
    moment = gate.clock.now()
    use = Use(access, f"file:{version}:{name}", True, moment)
    if refused := access.refusal(moment.rule):
        raise Rejected(use, Denied(refused.code, refused=refused))
    gate.check_place(use, scope)
    if moment.real > int(expires):
        raise Rejected(use, Denied("expired", "expires", "ask for the table again to get a fresh address"))
    if version != str(access.version) or name != file_name(access):
        raise Rejected(use, Denied("version_gone"))
    return use


def _span(headers: Any, view: TableView) -> tuple[int, int] | None:
    """(start, end) with end excluded; None where the range cannot be satisfied. Several ranges at once and
    If-Range with another tag mean the whole file, as RFC 9110 allows."""
    asked, tag = headers.get("range"), headers.get("if-range")
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or not any(found.groups()) or (tag and tag.strip() != f'"{view.sha256[:32]}"'):
        return 0, view.size
    first, last = found.groups()
    if not first:
        return (max(0, view.size - int(last)), view.size) if int(last) else None
    start, end = int(first), min(int(last) + 1 if last else view.size, view.size)
    if last and int(last) < int(first):
        return 0, view.size
    return (start, end) if start < view.size else None


async def _meter(plane: Plane, use: Use, view: TableView) -> None:
    """Charge the manifest once; later fetches under the same grant, version and file are free."""
    key = (use.access.grant.id, use.request_id)
    if key in plane.delivered or await plane.past(use) is not None:
        plane.delivered.add(key)
        return
    meter = use.access.meter
    template = use.access.template(DELIVERED)
    base = CHARGED if template.charged else UNCHARGED
    code = await meter.charge(use.moment.day, base, view.rows, view.size)
    if code is not None:
        raise Rejected(use, Denied(code))
    detail = canonical({"file": file_name(use.access)})
    entry = plane.gate.entry(use, DELIVERED, view.rows, view.size, view.sha256, detail)
    running: asyncio.Future[None] = plane.journal.submit(entry)
    plane.in_flight[key] = running
    try:
        await running
        plane.delivered.add(key)
    finally:
        del plane.in_flight[key]

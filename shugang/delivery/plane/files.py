"""Files of granted views behind signed addresses on this plane, each request checked against the grant.

An address says who may fetch what until when; that the grant still stands is asked anew at every HEAD, GET and Range.
How the bytes are counted: `pieces`.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from shugang.delivery.plane import pieces
from shugang.delivery.plane.gate import Rejected, Use
from shugang.delivery.plane.index import Access
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.views import Part, changes_digest, steps
from shugang.policy.sources import TableSource

if TYPE_CHECKING:
    from shugang.delivery.plane.app import Plane

PREFIX = "/files/"
PARQUET = "application/vnd.apache.parquet"


def _signature(secret: bytes, grant: str, version: str, name: str, credential: str, expires: str) -> str:
    message = "\n".join(("shugang-file-v1", grant, version, name, credential, expires))
    return hmac.new(secret, message.encode(), sha256).hexdigest()


def signed_path(secret: bytes, access: Access[TableSource], name: str, expires: int) -> str:
    """The query key X-Amz-Signature is what Delta's readers take for a pre-signed address."""
    grant, version = access.grant.id, str(access.version)
    signature = _signature(secret, grant, version, name, access.credential.id, str(expires))
    credential = quote(access.credential.id, safe="")
    query = f"c={credential}&expires={expires}&X-Amz-Signature={signature}"
    return f"{PREFIX}{quote(grant, safe='')}/{version}/{name}?{query}"


async def handle(plane: Plane, scope: Any, proto: Any) -> None:
    use, name = _admit(plane, scope)
    part = await _part(plane, use, name)
    await pieces.serve(plane, use, scope, proto, part, [("content-type", PARQUET)])


async def _part(plane: Plane, use: Use, name: str) -> Part:
    """The file of this name: one of the table's at this version, or of what changed in it."""
    access: Access[TableSource] = use.access
    part = None
    if name.startswith(access.view[:24]):
        part = (await plane.views.table(access)).part(name)
    else:
        whole = plane.gate.index.by_key[access.grant.id, access.credential.id]
        for before, after in steps(whole):
            if after.version == access.version and name.startswith(changes_digest(before, after)[:24]):
                part = (await plane.views.changes(before, after)).part(name)
    if part is None:
        raise Rejected(use, Denied("version_gone"))
    return part


def _admit(plane: Plane, scope: Any) -> tuple[Use, str]:
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
    newest = gate.index.by_key.get((grant, credential))
    if newest is None:
        raise Denied("revoked", journal=False)
    moment = gate.clock.now()
    access = newest.at(int(version))
    use = Use(access or newest, pieces.stem(int(version), name), True, moment)
    if refused := use.access.refusal(moment.rule):
        raise Rejected(use, Denied(refused.code, refused=refused))
    gate.check_place(use, scope)
    if moment.real > int(expires):
        raise Rejected(use, Denied("expired", "expires", "ask for the table again to get a fresh address"))
    if access is None:
        raise Rejected(use, Denied("version_gone"))
    return use, name

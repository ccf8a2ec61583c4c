"""Signed grant bundles: the only way that a plane learns of grants.

Wire form, in bytes: `shugang-bundle-v1\\n`, 128 lower-case hex digits of the Ed25519 signature (RFC 8032),
`\\n`, then the canonical JSON body (RFC 8785). The signature covers the prefix and the body, so that a
signature made for any other purpose is worthless here. Hex has one spelling per signature; base64 would
have several.
"""

import json
import re
from dataclasses import dataclass, fields
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shugang.policy.codec import Fields, Json, TermsError, canonical, to_iso, to_list
from shugang.policy.connections import Connection
from shugang.policy.grant import CompiledGrant

PREFIX = b"shugang-bundle-v1\n"
_FRAME = re.compile(rb"shugang-bundle-v1\n([0-9a-f]{128})\n(\{.*\})", re.DOTALL)


class BadBundle(ValueError):
    """A bundle that may not be used: forged, damaged, signed for something else, or not understood."""


@dataclass(frozen=True)
class Bundle:
    """All grants of a plane at `revision`, and the connections registered with it; `grants=None` is a heartbeat: that
    revision is still current.

    `lease_seconds` runs in real time from `issued_at`; `clock_offset` (seconds) turns real time into
    rule-time.
    """

    plane: str
    revision: int
    issued_at: datetime
    lease_seconds: float
    clock_offset: float
    grants: tuple[CompiledGrant, ...] | None
    connections: tuple[Connection, ...] = ()

    def __post_init__(self) -> None:
        if self.grants is not None:
            object.__setattr__(self, "grants", tuple(self.grants))

    def to_json(self) -> Json:
        document = {
            "plane": self.plane,
            "revision": self.revision,
            "issued_at": to_iso(self.issued_at),
            "lease_seconds": self.lease_seconds,
            "clock_offset": self.clock_offset,
            "grants": None if self.grants is None else to_list(self.grants),
        }
        return document | {"connections": to_list(self.connections)} if self.connections else document

    @classmethod
    def from_json(cls, data: object, where: str = "bundle") -> "Bundle":
        f = Fields(data, where, {item.name for item in fields(cls)})
        grants = None if f.raw("grants") is None else f.items("grants", CompiledGrant.from_json)
        return cls(
            f.text("plane"),
            f.whole("revision"),
            f.instant("issued_at"),
            f.number("lease_seconds"),
            f.number("clock_offset"),
            grants,
            f.items("connections", Connection.from_json) if "connections" in f.data else (),
        )


def sign_bundle(bundle: Bundle, key: Ed25519PrivateKey) -> bytes:
    """The signed bundle; what `open_bundle` would not read is never signed (raises `TermsError`)."""
    document = bundle.to_json()
    Bundle.from_json(document)
    body = canonical(document)
    return PREFIX + key.sign(PREFIX + body).hex().encode() + b"\n" + body


def open_bundle(raw: bytes, key: Ed25519PublicKey) -> Bundle:
    """The bundle if `key` signed exactly these bytes; raises `BadBundle` otherwise."""
    frame = _FRAME.fullmatch(raw)
    if frame is None:
        raise BadBundle("not a shugang-bundle-v1")
    signature, body = bytes.fromhex(frame[1].decode()), frame[2]
    try:
        key.verify(signature, PREFIX + body)
        return Bundle.from_json(json.loads(body))
    except InvalidSignature:
        raise BadBundle("the signature does not fit") from None
    except (TermsError, ValueError) as error:
        raise BadBundle(str(error)) from error

"""One log entry: a commitment to an event, never the event itself, so that the log can be public.

Bytes are canonical JSON (RFC 8785), `{"at":…,"kind":…,"sha256":…,"sm3":…,"v":1}`, at most 65,535 long
(C2SP tlog-tiles, entry bundles)."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from shugang.evidence.errors import FormatError
from shugang.evidence.hashing import HASH_SIZE, Commitment

VERSION = 1
MAX_ENTRY_SIZE = 65_535
_FIELDS = {"v", "kind", "at", "sha256", "sm3"}
_KIND = re.compile(r"[a-z][a-z0-9_.:-]{0,127}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_HEX = re.compile(r"[0-9a-f]{64}")


@lru_cache(maxsize=1024)
def _fits(kind: str) -> bool:
    return _KIND.fullmatch(kind) is not None


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind`: dotted name of the event; `at`: instant at which it took effect; `commitment`: its digests."""

    kind: str
    at: datetime
    commitment: Commitment

    def encode(self) -> bytes:
        """The bytes that are hashed into the tree. FormatError for a naive time or a malformed kind."""
        if self.at.tzinfo is None:
            raise FormatError("entry time must carry a time zone")
        if not _fits(self.kind):
            raise FormatError(f"entry kind {self.kind!r} is not {_KIND.pattern}")
        sha256, sm3 = self.commitment
        if len(sha256) != HASH_SIZE or len(sm3) != HASH_SIZE:
            raise FormatError(f"a commitment is two digests of {HASH_SIZE} bytes")
        utc = self.at if self.at.tzinfo is UTC else self.at.astimezone(UTC)
        at = utc.isoformat("T", "microseconds")[:26]
        # Keys are in order and no value needs escaping, so this is the RFC 8785 form.
        text = f'{{"at":"{at}Z","kind":"{self.kind}","sha256":"{sha256.hex()}","sm3":"{sm3.hex()}","v":{VERSION}}}'
        return text.encode()


def decode(data: bytes) -> Entry:
    """Strict inverse of `Entry.encode`: one event has one encoding. FormatError otherwise."""
    try:
        body = json.loads(data)
        if json.dumps(body, separators=(",", ":"), sort_keys=True).encode() != data:
            raise FormatError("entry is not canonical JSON")
        if set(body) != _FIELDS or type(body["v"]) is not int or body["v"] != VERSION:
            raise FormatError("entry has other fields than version 1 has")
        for key, pattern in (("kind", _KIND), ("at", _AT), ("sha256", _HEX), ("sm3", _HEX)):
            if not pattern.fullmatch(body[key]):
                raise FormatError(f"entry field {key} is not {pattern.pattern}")
        at = datetime.strptime(body["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        digests = Commitment(bytes.fromhex(body["sha256"]), bytes.fromhex(body["sm3"]))
        return Entry(body["kind"], at, digests)
    except FormatError:
        raise
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"entry does not parse: {error}") from error

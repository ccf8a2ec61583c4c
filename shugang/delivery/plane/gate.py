"""The one way in: authenticate, find the grant, decide, refuse repeated nonces, throttle.

Every mode passes here before it touches data; what differs per mode starts after `admit`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from hashlib import blake2b, sha256
from time import monotonic, time
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shugang.delivery.plane import oauth
from shugang.delivery.plane.clock import Clock, Moment
from shugang.delivery.plane.config import PlaneConfig, write_private
from shugang.delivery.plane.index import NO_INDEX, Access, Holder, Index, S, choose
from shugang.delivery.plane.journal import Intent
from shugang.delivery.plane.journals import AnyJournal
from shugang.delivery.plane.places import Network, caller, inside
from shugang.delivery.plane.records import REFUSED, VOID, Entry, canonical
from shugang.delivery.plane.replies import Denied
from shugang.delivery.plane.schema import EMPTY_DETAIL, MADE_HERE

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# Keys remembered beside their digests; beyond them the digest is computed each time.
MOST_KNOWN = 10_000
NONCE = re.compile(r"[\x21-\x7e]{1,128}")
REQUEST_ID_RULE = "1-64 characters of A-Z a-z 0-9 . _ : -, not beginning with sg-"
# An opened use that ends so came to nothing by no fault of the caller: void, not refused.
VOIDS = ("source_unavailable", "source_timeout", "target_unavailable")


class Use:
    """One admitted request. `given` says that the client sent the request id (only then can it be a retry)."""

    __slots__ = ("access", "given", "moment", "opened", "request_id")

    def __init__(self, access: Access[Any], request_id: str, given: bool, moment: Moment) -> None:
        self.access, self.request_id, self.given, self.moment = access, request_id, given, moment
        self.opened = False


class Gate:
    def __init__(self, clock: Clock, journal: AnyJournal, secret: bytes, trusted: tuple[Network, ...] = ()) -> None:
        self.clock, self.journal, self.secret, self.trusted = clock, journal, secret, trusted
        self.meters = journal.meters
        self.index: Index = NO_INDEX
        self.fresh_until = 0.0
        self.unknown_keys = 0
        self._keyed = blake2b(key=secret, digest_size=16)
        self._boot = f"{MADE_HERE}{secrets.token_hex(6)}-"
        self._made = 0
        self._quiet: dict[str, tuple[float, int]] = {}

    # -- who and what -------------------------------------------------------------------------------------

    def holder(self, headers: Any) -> Holder:
        """By digest: the secret itself is compared with nothing, so timing says nothing about it. Keys that were
        found once are remembered by Python's keyed hash (SipHash), until the next bundle."""
        given = headers.get("authorization")
        holder = self.index.known.get(given)
        if holder is not None:
            return holder
        if given is not None:
            token = given[7:] if given[:7].lower() == "bearer " else ""
            if given.startswith("SG-HMAC-"):
                raise Signed
        else:
            token = headers.get("x-api-key") or ""
        holder = self.index.holders.get(sha256(token.encode()).digest())
        if holder is None and token.startswith(oauth.PREFIX):
            holder, given = oauth.token_holder(token, self.index, self.secret, time()), None  # its hour is not cached
        if holder is None or not token:
            self.unknown_keys += 1
            self.check_fresh()
            raise Denied("unknown_key", journal=False)
        if holder.revoked:
            self.check_fresh()
            raise Denied("revoked", journal=False)
        if given is not None and len(self.index.known) < MOST_KNOWN:
            self.index.known[given] = holder
        return holder

    def check_fresh(self) -> None:
        """A plane that has lost sight of control can neither admit nor call a key unknown."""
        if monotonic() >= self.fresh_until:
            raise Denied("bundle_stale", journal=False)

    async def admit(
        self, accesses: Sequence[Access[S]] | None, scope: Any, retries: bool = True, along: Use | None = None
    ) -> Use:
        """The grant that admits this request now, or Rejected. Without `retries` a request id of the client means
        nothing: each call is one use under an id of our own. `along` is a use of the same request under another
        grant: its id is shared, and its nonce is spent."""
        if not accesses:
            raise Denied("not_found", journal=False)
        headers = scope.headers
        moment = self.clock.now()
        if len(accesses) == 1:
            access = accesses[0]
            refused = access.refusal(moment.rule)
        else:
            access, refused = choose(accesses, moment.rule)
        given = headers.get("request-id") if retries else None
        fresh = along.request_id if along is not None else self.new_id()
        use = Use(access, given or fresh, given is not None, moment)
        if refused is not None:
            raise Rejected(use, Denied(refused.code, refused=refused))
        now = monotonic()
        if now >= self.fresh_until:
            raise Rejected(use, Denied("bundle_stale"))
        if access.networks:
            self.check_place(use, scope)
        if given is not None and (not REQUEST_ID.fullmatch(given) or given.startswith(MADE_HERE)):
            use.request_id = self.new_id()
            raise Rejected(use, Denied("bad_request", "Request-Id", REQUEST_ID_RULE))
        nonce = headers.get("x-nonce")
        if nonce is not None and along is None:
            await self._spend(use, nonce)
        if not access.meter.passes(now):
            wait = await access.meter.throttle()
            if wait:
                raise Rejected(use, self._limited(access.grant.id, wait))
        return use

    def check_place(self, use: Use, scope: Any) -> None:
        """Rejected unless the request comes from a network that the terms name."""
        if use.access.networks and not inside(caller(scope, self.trusted), use.access.networks):
            raise Rejected(use, Denied("place_denied"))

    async def _spend(self, use: Use, nonce: str) -> None:
        if not NONCE.fullmatch(nonce):
            raise Rejected(use, Denied("bad_request", "X-Nonce", "1-128 visible ASCII characters"))
        if not await self.journal.spend(use.access.credential.id, nonce):
            raise Rejected(use, Denied("nonce_repeated", "X-Nonce"))

    def _limited(self, grant: str, wait: float) -> Denied:
        """A flood is journalled once a second with the number of refusals since, not refusal by refusal."""
        last, suppressed = self._quiet.get(grant, (0.0, 0))
        now = monotonic()
        if now - last < 1.0:
            self._quiet[grant] = (last, suppressed + 1)
            return Denied("rate_limited", wait=wait, journal=False, policy=self.meters[grant].policy)
        self._quiet[grant] = (now, 0)
        detail = {"suppressed": suppressed} if suppressed else None
        return Denied("rate_limited", wait=wait, detail=detail, policy=self.meters[grant].policy)

    # -- what the journal says ----------------------------------------------------------------------------

    def new_id(self) -> str:
        self._made += 1
        return f"{self._boot}{self._made:x}"

    def fingerprint(self, *parts: str) -> str:
        """What was asked, keyed by the plane's secret: a plain hash of a telephone number is no secret at all."""
        keyed = self._keyed.copy()
        keyed.update("\x1f".join(parts).encode())
        return keyed.hexdigest()

    def entry(
        self, use: Use, outcome: str, rows: int, size: int, digest: str, detail: str, counts: bool | int = True
    ) -> Entry:
        moment = use.moment
        # The generated constructor of a named tuple costs three times as much, on every request.
        return tuple.__new__(
            Entry,
            (
                use.access.outcomes.get(outcome) or use.access.template(outcome),
                use.request_id,
                moment.at,
                moment.received_at,
                rows,
                size,
                digest,
                detail,
                moment.day,
                counts,
            ),
        )

    def _ended(self, use: Use, code: str, state: str, detail: str = EMPTY_DETAIL) -> Entry:
        moment = use.moment
        return Entry(
            use.access.refused_template(code, state),
            use.request_id,
            moment.at,
            moment.received_at,
            0,
            0,
            "",
            detail,
            moment.day,
            False,
        )

    async def refuse(self, use: Use, denied: Denied) -> None:
        """Journal a refusal under its grant, durable before it is told."""
        if not denied.journal or self.journal.failed:
            return
        state = VOID if use.opened and denied.code in VOIDS else REFUSED
        entry = self._ended(use, denied.code, state, canonical(denied.detail) if denied.detail else EMPTY_DETAIL)
        await (self.journal.finish(entry) if use.opened else self.journal.submit(entry))
        use.opened = False

    def void(self, use: Use) -> None:
        """Close the intent of a use that was cut off; nothing waits, since its caller is gone."""
        if use.opened and not self.journal.failed:
            use.opened = False
            self.journal.finish(self._ended(use, "interrupted", VOID))

    async def open(self, use: Use, detail: str) -> None:
        """Write the intent: durable before a source is contacted."""
        access, moment = use.access, use.moment
        await self.journal.intent(
            Intent(
                access.grant.id,
                use.request_id,
                access.credential.id,
                access.mode,
                access.action,
                access.version,
                moment.at,
                moment.received_at,
                moment.day,
                detail,
            )
        )
        use.opened = True

    def stands(self, use: Use) -> bool:
        """Whether the grant still admits this use now: asked before each further piece of a long answer."""
        access = use.access
        current = self.index.by_key.get((access.grant.id, access.credential.id))
        return current is not None and monotonic() < self.fresh_until and current.refusal(self.clock.now().rule) is None


class Signed(Exception):
    """The request carries a signature: it is judged with its body (`plane.signatures`) and comes here again."""


class Rejected(Exception):
    """A Denied that happened under a known grant."""

    def __init__(self, use: Use, denied: Denied) -> None:
        super().__init__(denied.code)
        self.use, self.denied = use, denied


def plane_secret(config: PlaneConfig, key: Ed25519PrivateKey) -> bytes:
    """32 bytes of this plane alone: sign file addresses and tokens, key fingerprints. Random, made at the first start;
    the workers of a fleet, on whatever machine, must agree, so that theirs come from the plane's key (RFC 5869), unless
    the plane had made its own before it became one; joining holds them to one secret."""
    path = config.data_dir / "secret"
    if config.journal_dsn() and not path.exists():
        return HKDF(SHA256(), 32, None, b"shugang-plane-secret-v1").derive(key.private_bytes_raw())
    if not path.exists():
        write_private(path, secrets.token_bytes(32))
    secret = path.read_bytes()
    if len(secret) != 32:
        raise ValueError(f"{path} is damaged; remove it to make a new one (issued file addresses become void)")
    return secret

"""Compiled grants: what a plane needs to serve, and the one decision whether a use may begin.

A grant is compiled once from its terms; it carries its bases, because its life is the intersection of theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shugang.policy.codec import Fields, Json, TermsError, field_names, to_iso, to_list
from shugang.policy.guarantees import MODES, check_mode
from shugang.policy.refusals import Refused, refuse
from shugang.policy.sources import Source, source_from_json
from shugang.policy.text import Text
from shugang.policy.vocabulary import Terms

STATES = ("active", "suspended", "ended")
# `link`: of one download, minutes long; its secret stands in the address.
CREDENTIAL_KINDS = ("bearer", "api_key", "aksk", "oauth", "link")


def _instant_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else to_iso(moment)


@dataclass(frozen=True)
class Credential:
    """A key of a person for one purpose (and environment, where one is agreed); `digest` is the SHA-256 hex of the secret, which is kept nowhere.

    A key that signs (`aksk`) must be recoverable: `sealed` holds its secret, sealed to the plane (`policy.sealing`).

    A revoked key stays in bundles for a while, so that its holder reads why it no longer works.
    """

    id: str
    kind: str
    digest: str
    person: str
    purpose: str
    expires_at: datetime | None = None
    revoked: bool = False
    sealed: str = ""
    environment: str | None = None

    def to_json(self) -> Json:
        document: Json = {
            "id": self.id,
            "kind": self.kind,
            "digest": self.digest,
            "person": self.person,
            "purpose": self.purpose,
            "expires_at": _instant_or_none(self.expires_at),
            "revoked": self.revoked,
            "environment": self.environment,
        }
        return document | {"sealed": self.sealed} if self.sealed else document

    @classmethod
    def from_json(cls, data: object, where: str = "credential") -> "Credential":
        f = Fields(data, where, field_names(cls))
        return cls(
            f.text("id"),
            f.text("kind", CREDENTIAL_KINDS),
            f.text("digest"),
            f.text("person"),
            f.text("purpose"),
            f.optional("expires_at", f.instant),
            f.flag("revoked"),
            f.text("sealed") if "sealed" in f.data else "",
            f.optional("environment", f.text),
        )


@dataclass(frozen=True)
class Basis:
    """Why this grant may exist (用必有据): a contract, an authorisation, a sharing decision, a sample, a
    case."""

    kind: str
    reference: str
    digest: str
    valid_until: datetime | None = None

    def to_json(self) -> Json:
        return {
            "kind": self.kind,
            "reference": self.reference,
            "digest": self.digest,
            "valid_until": _instant_or_none(self.valid_until),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "basis") -> "Basis":
        f = Fields(data, where, field_names(cls))
        return cls(f.text("kind"), f.text("reference"), f.text("digest"), f.optional("valid_until", f.instant))


@dataclass(frozen=True)
class CompiledGrant:
    """A grant as the plane serves it. `outcomes` says for each outcome whether it is charged."""

    id: str
    party: str
    product: str
    mode: str
    state: str
    reason: str
    terms: Terms
    bases: tuple[Basis, ...]
    source: Source
    outcomes: Mapping[str, bool]
    credentials: tuple[Credential, ...]
    # The secret of its mark, sealed to the plane (`policy.sealing`).
    sealed_mark: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bases", tuple(self.bases))
        object.__setattr__(self, "credentials", tuple(self.credentials))

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "party": self.party,
            "product": self.product,
            "mode": self.mode,
            "state": self.state,
            "reason": self.reason,
            "terms": self.terms.to_json(),
            "bases": to_list(self.bases),
            "source": self.source.to_json(),
            "outcomes": dict(self.outcomes),
            "credentials": to_list(self.credentials),
            "sealed_mark": self.sealed_mark,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "grant") -> "CompiledGrant":
        f = Fields(data, where, field_names(cls))
        mode = f.text("mode", MODES)
        source = source_from_json(f.raw("source"), f.path("source"))
        if source.to_json()["type"] != mode:
            text = Text("数据来源与交付方式不符。", "The source does not fit the delivery mode.")
            raise TermsError("bad_source", text, f.path("source"))
        terms = Terms.from_json(f.raw("terms"), f.path("terms"))
        check_mode(terms, mode)
        return cls(
            id=f.text("id"),
            party=f.text("party"),
            product=f.text("product"),
            mode=mode,
            state=f.text("state", STATES),
            reason=f.text("reason"),
            terms=terms,
            bases=f.items("bases", Basis.from_json),
            source=source,
            outcomes=f.mapping("outcomes", lambda inner, name: inner.flag(name)),
            credentials=f.items("credentials", Credential.from_json),
            sealed_mark=f.text("sealed_mark"),
        )


def decide(grant: CompiledGrant, now: datetime, action: str, purpose: str | None = None) -> Refused | None:
    """None when the use may begin at rule-time `now`, otherwise the first refusal.

    `purpose` is the one stated for this use; None means that the request states none of its own and the
    credential's purpose (checked by `decide_credential`) stands.
    """
    terms = grant.terms
    if grant.state == "suspended":
        return refuse("suspended")
    if grant.state != "active" or not grant.bases:
        return refuse("revoked")
    if now < terms.valid_from:
        return refuse("not_started")
    ends = [terms.valid_until, *(b.valid_until for b in grant.bases if b.valid_until is not None)]
    if now >= min(ends):
        return refuse("expired")
    if action not in terms.actions:
        return refuse("action_denied")
    if purpose is not None and purpose != terms.purpose:
        return refuse("purpose_denied")
    return None


def decide_credential(grant: CompiledGrant, credential: Credential, now: datetime) -> Refused | None:
    """None when this key may be used for the grant now: not revoked, unexpired, bound to the granted purpose
    and environment."""
    if credential.revoked:
        return refuse("revoked")
    if credential.expires_at is not None and now >= credential.expires_at:
        return refuse("credential_expired")
    if credential.purpose != grant.terms.purpose:
        return refuse("purpose_denied")
    if credential.environment != grant.terms.environment:
        return refuse("environment_denied")
    return None

"""Compiled grants: what a plane needs to serve, and the one decision whether a use may begin.

A grant is compiled once from its terms; it carries its bases, because its life is the intersection of theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from shugang.policy.codec import Fields, Json, TermsError, UnknownTerm, to_iso, to_list
from shugang.policy.columns import Column, as_columns
from shugang.policy.guarantees import MODES, check_mode
from shugang.policy.refusals import Refused, refuse
from shugang.policy.text import Text
from shugang.policy.vocabulary import Terms

__all__ = [
    "ApiSource",
    "Basis",
    "CompiledGrant",
    "Credential",
    "Param",
    "QuerySource",
    "Refused",
    "TableSource",
    "decide",
    "decide_credential",
]

STATES = ("active", "suspended", "ended")
CREDENTIAL_KINDS = ("bearer", "api_key")


def _names(cls: Any) -> set[str]:
    return {item.name for item in fields(cls)}


def _instant_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else to_iso(moment)


@dataclass(frozen=True)
class Credential:
    """A key of a person for one purpose; `digest` is the SHA-256 hex of the secret, which is kept nowhere.

    A revoked key stays in bundles for a while, so that its holder reads why it no longer works.
    """

    id: str
    kind: str
    digest: str
    person: str
    purpose: str
    expires_at: datetime | None = None
    revoked: bool = False

    def to_json(self) -> Json:
        return {
            "id": self.id,
            "kind": self.kind,
            "digest": self.digest,
            "person": self.person,
            "purpose": self.purpose,
            "expires_at": _instant_or_none(self.expires_at),
            "revoked": self.revoked,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "credential") -> "Credential":
        f = Fields(data, where, _names(cls))
        return cls(
            f.text("id"),
            f.text("kind", CREDENTIAL_KINDS),
            f.text("digest"),
            f.text("person"),
            f.text("purpose"),
            f.optional("expires_at", f.instant),
            f.flag("revoked"),
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
        f = Fields(data, where, _names(cls))
        return cls(f.text("kind"), f.text("reference"), f.text("digest"), f.optional("valid_until", f.instant))


class _Columned:
    """Sources accept columns as objects or as their JSON."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", as_columns(self.columns))


@dataclass(frozen=True)
class TableSource(_Columned):
    """A hosted table served as a share; `path` is relative to the vault root, `sha256` of the stored file."""

    share: str
    schema: str
    table: str
    dataset: str
    version: int
    path: str
    sha256: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "table",
            "share": self.share,
            "schema": self.schema,
            "table": self.table,
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "TableSource":
        f = Fields(data, where, {"type"} | _names(cls))
        return cls(
            f.text("share"),
            f.text("schema"),
            f.text("table"),
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class ApiSource(_Columned):
    """A hosted table answered one key at a time by `key_column`."""

    dataset: str
    version: int
    path: str
    sha256: str
    key_column: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "api",
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "key_column": self.key_column,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "ApiSource":
        f = Fields(data, where, {"type"} | _names(cls))
        return cls(
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.text("key_column"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class Param:
    """A parameter of a supplier's query."""

    name: str
    type: str
    required: bool = True

    def to_json(self) -> Json:
        return {"name": self.name, "type": self.type, "required": self.required}

    @classmethod
    def from_json(cls, data: object, where: str = "param") -> "Param":
        f = Fields(data, where, _names(cls))
        return cls(f.text("name"), f.text("type"), f.flag("required"))


@dataclass(frozen=True)
class QuerySource(_Columned):
    """A supplier's own query at his own source: `template` is one SELECT with `:named` parameters."""

    connector: str
    template: str
    params: tuple[Param, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        params = tuple(p if isinstance(p, Param) else Param.from_json(dict(p)) for p in self.params)
        object.__setattr__(self, "params", params)

    def to_json(self) -> Json:
        return {
            "type": "query",
            "connector": self.connector,
            "template": self.template,
            "params": to_list(self.params),
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "QuerySource":
        f = Fields(data, where, {"type"} | _names(cls))
        return cls(
            f.text("connector"),
            f.text("template"),
            f.items("params", Param.from_json),
            f.items("columns", Column.from_json),
        )


Source = TableSource | ApiSource | QuerySource
_SOURCES: dict[str, type[TableSource] | type[ApiSource] | type[QuerySource]] = {
    "table": TableSource,
    "api": ApiSource,
    "query": QuerySource,
}


def _source(data: object, where: str) -> Source:
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in _SOURCES:
        raise UnknownTerm(f"{where}.type={kind}")
    return _SOURCES[kind].from_json(data, where)


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
        }

    @classmethod
    def from_json(cls, data: object, where: str = "grant") -> "CompiledGrant":
        f = Fields(data, where, _names(cls))
        mode = f.text("mode", MODES)
        source = _source(f.raw("source"), f.path("source"))
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
    """None when this key may be used for the grant now: not revoked, unexpired, bound to the granted purpose."""
    if credential.revoked:
        return refuse("revoked")
    if credential.expires_at is not None and now >= credential.expires_at:
        return refuse("credential_expired")
    if credential.purpose != grant.terms.purpose:
        return refuse("purpose_denied")
    return None

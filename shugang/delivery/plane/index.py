"""The grants of the current bundle, compiled for the hot path: credential digest → what it opens.

`policy.decide` is the only judge. Its verdict can change only at a known moment (a start, an end, an expiry) or with
a new bundle, so it is asked once per such span and not once per request.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import rfc8785

from shugang.delivery.plane.clock import to_datetime
from shugang.delivery.plane.places import networks
from shugang.delivery.plane.records import ANSWERED, REFUSED, Template, template
from shugang.delivery.plane.usage import Meter, Meters
from shugang.policy.grant import CompiledGrant, Credential, decide, decide_credential
from shugang.policy.priceplan import priced_as
from shugang.policy.refusals import Refused
from shugang.policy.sources import HOSTED, SOURCES, Source, SqlSource, TableSource
from shugang.policy.vocabulary import Terms

S = TypeVar("S", bound=Source)
# What a request of each mode does, in the vocabulary of terms. Sharing releases a table by its files, so that
# `read` is the right that both its manifest and its files need.
ACTION = {
    "api": "read",
    "query": "query",
    "table": "read",
    "file": "download",
    "sql": "query",
    "proxy": "query",
    "stream": "read",
    "push": "download",
}


class Access(Generic[S]):
    """One grant opened by one credential."""

    source: S

    __slots__ = (
        "_bounds",
        "_from",
        "_refusal",
        "_states",
        "_until",
        "action",
        "credential",
        "governor",
        "grant",
        "meter",
        "mode",
        "networks",
        "outcomes",
        "source",
        "version",
        "view",
    )

    def __init__(self, grant: CompiledGrant, credential: Credential, source: S, meter: Meter) -> None:
        self.grant, self.credential, self.source, self.meter = grant, credential, source, meter
        self.mode = grant.mode
        # The compiled view of JSON records, made at the first use (`plane.governing`).
        self.governor: Any = None
        self.action = ACTION[grant.mode]
        self.networks = networks(grant.terms.networks)
        self.version: int = getattr(source, "version", 0)
        self.view = view_digest(source, grant.terms, grant.id) if isinstance(source, HOSTED) else ""
        self._states: dict[int, Access[S] | None] = {}
        self.outcomes: dict[str, Template] = {}
        ends = [grant.terms.valid_from, grant.terms.valid_until, credential.expires_at]
        ends += [basis.valid_until for basis in grant.bases]
        self._bounds = sorted(end.timestamp() for end in ends if end is not None)
        self._from, self._until = 1.0, 0.0
        self._refusal: Refused | None = None

    def refusal(self, rule_now: float) -> Refused | None:
        """The verdict at `rule_now`, cached until the next moment that could change it."""
        if not self._from <= rule_now < self._until:
            place = bisect_right(self._bounds, rule_now)
            self._from = self._bounds[place - 1] if place else float("-inf")
            self._until = self._bounds[place] if place < len(self._bounds) else float("inf")
            self._refusal = self._judge(rule_now)
        return self._refusal

    def _judge(self, rule_now: float) -> Refused | None:
        at = to_datetime(rule_now)
        return decide(self.grant, at, self.action) or decide_credential(self.grant, self.credential, at)

    def at(self, version: int) -> Access[S] | None:
        """This access to the table as it stood at one of the versions that the grant covers."""
        if version == self.version:
            return self
        if version not in self._states:
            found: Any = self.source.at_version(version) if isinstance(self.source, TableSource) else None
            self._states[version] = found and Access(self.grant, self.credential, found, self.meter)
        return self._states[version]

    def charged(self, outcome: str) -> bool:
        """An outcome that the price plan does not name is not charged."""
        return bool(self.grant.outcomes.get(priced_as(outcome), False))

    def template(self, outcome: str) -> Template:
        made = self.outcomes.get(outcome)
        if made is None:
            charged = self.charged(outcome)
            made = self.outcomes[outcome] = Template(
                self.grant.id,
                self.credential.id,
                self.mode,
                self.action,
                outcome,
                self.version,
                charged,
                reason_of(outcome, charged),
                ANSWERED,
            )
        return made

    def refused_template(self, code: str, state: str = REFUSED) -> Template:
        return template(
            self.grant.id,
            self.credential.id,
            self.mode,
            self.action,
            code,
            self.version,
            False,
            f"{state}:{code}",
            state,
        )


def reason_of(outcome: str, charged: bool) -> str:
    return f"{'charged' if charged else 'uncharged'}:{outcome}"


def view_digest(source: Source, terms: Terms, grant: str) -> str:
    """Names the granted view: equal source and equal fields, rows and masks give one materialisation, a mark gives
    each grant its own."""
    document, policy = source.to_json(), terms.to_json()
    parts = {key: document[key] for key in ("dataset", "version", "path", "sha256", "columns")}
    parts |= {key: policy[key] for key in ("fields", "rows", "masks")}
    if terms.mark is not None:
        parts["mark"] = {"for": grant, **policy["mark"]}
    if partition := document.get("partition"):
        parts["partition"] = partition
    return hashlib.sha256(rfc8785.dumps(parts)).hexdigest()


class Holder:
    """All that one secret opens. Two grants may serve one product (a renewal): the first that admits is used.

    A revoked secret opens nothing, listings included; it is known only to be told so.
    """

    __slots__ = ("products", "relations", "revoked", "tables")

    def __init__(self, revoked: bool) -> None:
        self.revoked = revoked
        self.products: dict[str, dict[str, list[Access[Any]]]] = {mode: {} for mode in SOURCES}
        self.tables: dict[tuple[str, str, str], list[Access[TableSource]]] = {}
        # What the holder's own SQL may name: (product, table) in lower case.
        self.relations: dict[tuple[str, str], list[Access[SqlSource]]] = {}

    def all(self) -> Iterable[Access[Any]]:
        return (access for found in self.products.values() for accesses in found.values() for access in accesses)


def inside(number: str) -> str:
    """What stands for a verified signature within this process: no header of HTTP can hold a NUL."""
    return f"\0{number}"


def choose(accesses: Iterable[Access[S]], rule_now: float) -> tuple[Access[S], Refused | None]:
    """The first access that admits, else the first one with its refusal. `accesses` is not empty."""
    first: tuple[Access[S], Refused | None] | None = None
    for access in accesses:
        refused = access.refusal(rule_now)
        if refused is None:
            return access, None
        first = first or (access, refused)
    assert first is not None
    return first


class Index:
    """Built anew for each bundle; meters live on, since a revision must not forget what was used."""

    def __init__(self, grants: tuple[CompiledGrant, ...], meters: Meters) -> None:
        self.holders: dict[bytes, Holder] = {}
        # Keys that are named by their id: those that sign, and those that are changed for tokens.
        self.by_id: dict[str, tuple[Credential, Holder]] = {}
        # Short-lived keys that travel in an address; they open that door and no other.
        self.links: dict[bytes, Holder] = {}
        self.known: dict[str | None, Holder] = {}
        self.by_key: dict[tuple[str, str], Access[Any]] = {}
        self.grants = grants
        for grant in grants:
            meter = meters[grant.id]
            meter.set_terms(grant.terms.quotas, grant.terms.rate)
            for credential in grant.credentials:
                self._add(grant, credential, meter)

    def _add(self, grant: CompiledGrant, credential: Credential, meter: Meter) -> None:
        if credential.kind in ("aksk", "oauth"):
            _, holder = self.by_id.setdefault(credential.id, (credential, Holder(credential.revoked)))
            if credential.kind == "aksk" and not credential.revoked:
                self.known[inside(credential.id)] = holder
        else:
            known = self.links if credential.kind == "link" else self.holders
            holder = known.setdefault(bytes.fromhex(credential.digest), Holder(credential.revoked))
        source = grant.source
        access: Access[Any] = Access(grant, credential, source, meter)
        self.by_key[grant.id, credential.id] = access
        holder.products[grant.mode].setdefault(grant.product, []).append(access)
        if isinstance(source, SqlSource):
            holder.relations.setdefault((grant.product.lower(), source.table.lower()), []).append(access)
        if isinstance(source, TableSource):
            name = (source.share.lower(), source.schema.lower(), source.table.lower())
            holder.tables.setdefault(name, []).append(access)


NO_INDEX = Index((), Meters())

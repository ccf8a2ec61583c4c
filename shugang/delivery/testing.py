"""Factories for tests of this wing and those above: built on the real verbs."""

from __future__ import annotations

import base64
import io
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db.models import Max

from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.parties.models import Party
from shugang.parties.testing import make_actor, make_party
from shugang.policy.terms import Terms

from .datasets.models import Dataset, DatasetVersion
from .datasets.services import create_dataset
from .grants import sources
from .grants.models import Credential, Grant
from .grants.services import issue_credential, issue_grant
from .metering.models import UsageRecord
from .plane.records import GENESIS, record_hash
from .planes.models import Plane
from .planes.requests import message
from .planes.services import create_enrolment, enrol
from .vault.services import upload_version

SEGMENTS_CSV = "prefix7,province,city,carrier\n" + "".join(
    f"{1300000 + i},福建,{('厦门', '福州', '泉州')[i % 3]},{('移动', '联通')[i % 2]}\n" for i in range(60)
)


def make_supplier() -> tuple[Party, Actor]:
    party = make_party("supplier")
    return party, make_actor(party, ("handler", "engineer", "manager"))


def make_version(actor: Actor | None = None, text: str = SEGMENTS_CSV, **facts: Any) -> DatasetVersion:
    """A hosted version of a new data set (by a new supplier when no actor is given)."""
    actor = actor or make_supplier()[1]
    dataset = create_dataset(actor, **{"name": "号段归属地", "name_en": "Number segments", **facts})
    return upload_version(actor, dataset.number, io.BytesIO(text.encode()), "segments.csv")


def make_terms(fields: Sequence[str] = ("prefix7", "province", "city"), **changes: Any) -> Terms:
    now = clock.now()
    return Terms(**{
        "actions": ("read", "download"), "purpose": "research", "fields": tuple(fields),
        "valid_from": now - timedelta(days=1), "valid_until": now + timedelta(days=365), **changes,
    })  # fmt: skip


def make_grant(
    version: DatasetVersion | None = None, grantee: Party | None = None, mode: str = "table", **changes: Any
) -> Grant:
    """A standing grant on the platform's plane; `changes` go to `issue_grant`."""
    version = version or make_version()
    terms = changes.pop("terms", None) or (
        make_terms() if mode in ("table", "file", "push") else make_terms(actions=("read", "query"))
    )
    source = {
        "table": lambda: sources.table_source(version, "city", "segments", "segments"),
        "sql": lambda: sources.sql_source(version, "segments"),
        "file": lambda: sources.file_source(version, "号段"),
        "push": lambda: sources.push_source(version, "later"),
    }.get(mode, lambda: sources.api_source(version, terms.fields[0]))()
    number = f"HT-{uuid.uuid4().hex[:8]}"
    values = {
        "grantee": grantee or make_party("buyer"), "supplier": version.dataset.party, "product": "CP-2026-000001",
        "contract": number, "mode": mode, "terms": terms, "source": source,
        "bases": [{"kind": "contract", "reference": number, "digest": "00" * 32, "valid_until": None}],
        "outcomes": {"found": True, "not_found": False, "delivered": True}, **changes,
    }  # fmt: skip
    return issue_grant(SYSTEM, **values)


def make_credential(grant: Grant, actor: Actor | None = None) -> tuple[Credential, str]:
    actor = actor or make_actor(grant.grantee, ("engineer",))
    kind = "bearer" if grant.mode == "table" else "api_key"
    return issue_credential(actor, [grant.number], kind, grant.terms["purpose"])


def make_plane(party: Party | None = None) -> tuple[Plane, Ed25519PrivateKey]:
    """An enrolled plane (the platform's own by default) and its private key."""
    actor = SYSTEM if party is None else make_actor(party, ("engineer",))
    _, code = create_enrolment(actor, "节点", party.pk if party else None, "http://127.0.0.1:8701")
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    return enrol(code, public), key


def signed_headers(
    plane: Plane, key: Ed25519PrivateKey, method: str, target: str, body: bytes = b"", **changes: str
) -> dict[str, str]:
    """Headers of a plane's request; `changes` (moment, nonce) spoil them on purpose."""
    moment, nonce = changes.get("moment") or str(int(time.time())), changes.get("nonce") or str(uuid.uuid4())
    signature = base64.b64encode(key.sign(message(method, target, moment, nonce, body))).decode()
    return {"X-Plane": plane.number, "X-Time": moment, "X-Nonce": nonce, "X-Signature": signature}


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _numbered() -> Iterable[tuple[str, int]]:
    return UsageRecord.objects.values_list("grant_number").annotate(Max("grant_seq"))


def make_records(
    uses: Sequence[Mapping[str, Any]], seq: int = 1, prev: str = GENESIS, at: datetime | None = None
) -> list[dict[str, Any]]:
    """Chained journal records; each use gives what differs from a charged lookup (`grant` at least)."""
    stamp = _stamp(at or clock.now())
    found: list[dict[str, Any]] = []
    numbers = Counter({grant: last or 0 for grant, last in _numbered()})
    for use in uses:
        numbers[use.get("grant", "")] += 1
        record = {
            "seq": seq, "grant": "", "grant_seq": numbers[use.get("grant", "")], "credential": "MY-2026-000001", "request_id": f"r-{seq}", "mode": "api",
            "action": "read", "outcome": "found", "charged": True, "charge_reason": "charged:found", "rows": 1,
            "bytes": 100, "at": stamp, "received_at": _stamp(clock.real_now()), "version": 1,
            "answer_sha256": "00" * 32,
            "state": "answered", "detail": {}, "prev": prev, **use,
        }  # fmt: skip
        record["hash"] = prev = record_hash(record)
        found.append(record)
        seq += 1
    return found


def head(dataset: Dataset) -> DatasetVersion:
    """The newest version. Raises AssertionError when there is none."""
    version = dataset.latest
    assert version is not None
    return version

"""Keys: issued once, shown once, bound to a person and a purpose (the purpose term is attested that way)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit, iso
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.describing import ENVIRONMENT_LABELS
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text

from .. import gates
from ..planes.services import bump
from .models import Credential, Grant
from .sealed import seal_secret

# What may be collected for a mode, the usual kind first.
KINDS_OF_MODE = {
    "table": ("bearer", "oauth"),
    "api": ("api_key", "aksk", "oauth"),
    "query": ("api_key", "aksk", "oauth"),
    "proxy": ("api_key", "aksk", "oauth"),
    "push": ("api_key", "aksk", "oauth"),
    "stream": ("api_key", "aksk"),
    "file": ("api_key", "aksk", "oauth", "link"),
    "sql": ("api_key", "aksk", "oauth"),
}
# A link is a key for one download from the buyer's page: its secret stands in an address, so that it lives for minutes.
LINK_LIFE = timedelta(minutes=15)
KINDS = {
    "bearer": Text(
        "连接文件：下载后用 Delta Sharing 客户端直接打开。",
        "Profile file: download it and open it with a Delta Sharing client.",
    ),
    "api_key": Text("接口密钥：放在请求头里，最简单。", "API key: sent in a header; the simplest."),
    "aksk": Text(
        "签名密钥（AK/SK）：用它给每个请求签名，密钥本身不在网络上传送。",
        "Signing key (AK/SK): signs each request; the secret itself never travels.",
    ),
    "oauth": Text(
        "OAuth 客户端：用它换取一小时有效的令牌，适合支持 OAuth 2.0 的程序，Delta Sharing 客户端也支持。",
        "OAuth client: exchanged for tokens of one hour; for programs that speak OAuth 2.0, Delta Sharing clients too.",
    ),
}
SECRET_PREFIX = "sg_"  # noqa: S105  so that secret scanners can find a leaked key
MAX_GRANTS = 50


def purpose_statement(purpose: str, environment: str = "") -> Text:
    """What the holder states by collecting the key, and again by each use of it."""
    label = PURPOSES[purpose]
    where = ENVIRONMENT_LABELS.get(environment)
    return Text(
        f"本人代表所在机构声明：使用本密钥取得的数据仅用于“{label.zh}”"
        + (f"，且只在{where.zh}中使用。" if where else "。"),
        f"I state for my organisation that data obtained with this key is used for “{label.en}” only"
        + (f", and only in {where.en[0].lower()}{where.en[1:]}." if where else "."),
    )


@verb
def issue_credential(
    actor: Actor,
    grant_numbers: Sequence[str],
    kind: str,
    purpose: str,
    expires_at: datetime | None = None,
    environment: str = "",
) -> tuple[Credential, str]:
    """A new key for grants of the acting party, and its secret, which is never shown again.

    `kind`: one of `KINDS_OF_MODE` for the mode of each grant. Raises Refusal `forbidden`, `not_found`,
    `wrong_state`, `wrong_kind`, `purpose_denied`, `environment_denied`, `other_plane`.
    """
    party, person = gates.require_use(actor)
    grants = _own(party, grant_numbers)
    _fitting(grants, kind, purpose)
    _stated(grants, environment)
    if kind == Credential.Kind.LINK:
        expires_at = clock.now() + LINK_LIFE
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)
    number = yearly_number("MY", clock.today().year)
    row = Credential.objects.create(
        number=number,
        party_id=party,
        person_id=person,
        kind=kind,
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        sealed_secret=seal_secret(number, secret) if kind == Credential.Kind.AKSK else None,
        prefix=secret[:10],
        purpose=purpose,
        environment=environment,
        created_at=clock.now(),
        expires_at=expires_at or max(g.valid_until for g in grants),
    )
    row.grants.set(grants)
    bump(g.plane_id for g in grants)
    payload = {
        "credential": row.number,
        "credential_kind": kind,
        "purpose": purpose,
        "environment": environment,
        "statement": purpose_statement(purpose, environment).zh,
        "expires_at": iso(row.expires_at),
    }
    emit("credential.issued", actor, [("grant", g.number) for g in grants], payload)
    return row, secret


def _own(party: int, numbers: Sequence[str]) -> list[Grant]:
    wanted = set(numbers)
    rows = Grant.objects.select_for_update().filter(number__in=wanted, grantee_id=party).order_by("id")
    grants = list(rows)
    if not wanted or len(wanted) > MAX_GRANTS or len(grants) != len(wanted):
        raise not_found(gates.GRANT)
    return grants


def _fitting(grants: Sequence[Grant], kind: str, purpose: str) -> None:
    for grant in grants:
        if grant.state == Grant.State.ENDED:
            raise Refusal(
                "wrong_state",
                Text(
                    f"授权{grant.number}已经终止，不能领取密钥。", f"Grant {grant.number} has ended; it takes no keys."
                ),
                409,
            )
        if kind not in KINDS_OF_MODE[grant.mode]:
            raise Refusal(
                "wrong_kind",
                Text("这种密钥不适用于该授权的交付方式。", "This kind of key does not fit the grant's delivery mode."),
                422,
            )
        if grant.terms["purpose"] != purpose:
            raise Refusal(
                "purpose_denied",
                Text(
                    f"授权{grant.number}约定的用途是“{_label(grant.terms['purpose']).zh}”，请按该用途声明。",
                    f"Grant {grant.number} is for “{_label(grant.terms['purpose']).en}”. Please state that purpose.",
                ),
                422,
            )
    if kind in (Credential.Kind.BEARER, Credential.Kind.OAUTH) and len({g.plane_id for g in grants}) > 1:
        raise Refusal(
            "other_plane",
            Text(
                "这些授权由不同的节点提供，请分别领取。",
                "These grants are served by different planes. Please collect keys apart.",
            ),
            422,
        )


def _stated(grants: Sequence[Grant], environment: str) -> None:
    """The environment is attested like the purpose: what each grant asks for, and nothing it does not know."""
    for grant in grants:
        agreed = grant.terms["environment"] or ""
        if agreed != environment:
            where = ENVIRONMENT_LABELS.get(agreed, Text("不限环境", "any environment"))
            raise Refusal(
                "environment_denied",
                Text(
                    f"授权{grant.number}约定的使用环境是“{where.zh}”，请按此声明。",
                    f"Grant {grant.number} is for “{where.en}”. Please state that environment.",
                ),
                422,
            )


def _label(purpose: str) -> Text:
    return PURPOSES.get(purpose, Text(purpose, purpose))


@verb
def revoke_credential(actor: Actor, number: str) -> Credential:
    """Withdraw a key of the acting party; a manager may withdraw any, others their own.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`.
    """
    if actor.party_id is None:
        raise not_found(gates.CREDENTIAL)
    row = Credential.objects.select_for_update().filter(number=number, party_id=actor.party_id).first()
    if row is None or (row.person_id != actor.person_id and "manager" not in actor.duties):
        raise not_found(gates.CREDENTIAL)
    if row.revoked_at is not None:
        raise Refusal("wrong_state", Text("这个密钥已经停用。", "This key has been revoked already."), 409)
    row.revoked_at = clock.now()
    row.save(update_fields=["revoked_at"])
    grants = list(row.grants.order_by("id"))
    bump(g.plane_id for g in grants)
    emit("credential.revoked", actor, [("grant", g.number) for g in grants], {"credential": row.number})
    return row


def has_profile(row: Credential) -> bool:
    """Whether the key opens shared tables, so that a profile file can hold it."""
    kinds = (Credential.Kind.BEARER, Credential.Kind.OAUTH)
    return row.kind in kinds and row.grants.filter(mode="table").exists()


def sharing_profile(row: Credential, secret: str) -> dict[str, Any]:
    """The profile file that Delta Sharing clients read: version 1 with a bearer token, version 2 with a client that
    fetches tokens of an hour by itself (`oauth_client_credentials`)."""
    grant = row.grants.select_related("plane").order_by("id").first()
    if grant is None or not has_profile(row):
        raise not_found(gates.CREDENTIAL)
    endpoint = f"{grant.plane.url}/delta-sharing"
    if row.kind == Credential.Kind.OAUTH:
        return {
            "shareCredentialsVersion": 2,
            "type": "oauth_client_credentials",
            "endpoint": endpoint,
            "tokenEndpoint": f"{grant.plane.url}/oauth2/token",
            "clientId": row.number,
            "clientSecret": secret,
        }
    profile: dict[str, Any] = {"shareCredentialsVersion": 1, "endpoint": endpoint, "bearerToken": secret}
    if row.expires_at is not None:
        profile["expirationTime"] = iso(row.expires_at)[:-4] + "Z"
    return profile


def download_address(grant: Grant, secret: str, format: str) -> str:
    """Where a browser fetches the file of a grant with the secret of a link."""
    query = urlencode({"format": format, "ticket": secret})
    return f"{grant.plane.url}/download/v1/{quote(grant.product, safe='')}?{query}"


@verb
def take_over_keys(actor: Actor, former: str, number: str) -> list[str]:
    """Living keys of a grant open its successor instead, so that its holder collects none anew. Returns their numbers.

    For changed terms of one contract; the successor is for the same purpose and environment, as the keys state.
    Raises Refusal `not_found`, `purpose_denied`, `environment_denied`.
    """
    rows = {g.number: g for g in Grant.objects.select_for_update().filter(number__in=[former, number]).order_by("id")}
    if len(rows) < 2 or rows[former].grantee_id != rows[number].grantee_id:
        raise not_found(gates.GRANT)
    old, new = rows[former], rows[number]
    keys = list(old.credentials.filter(revoked_at__isnull=True).order_by("id"))
    for key in keys:
        _fitting([new], key.kind, key.purpose)
        _stated([new], key.environment)
        key.grants.remove(old)
        key.grants.add(new)
    bump([old.plane_id, new.plane_id])
    refs = [("grant", former), ("grant", number), *(("credential", k.number) for k in keys)]
    emit("grant.keys_taken_over", actor, refs, {"from": former, "to": number, "keys": [k.number for k in keys]})
    return [k.number for k in keys]

"""Who may have data assessed, and what of it he reads: the holder all, others what a standing grant lets out."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from shugang.delivery.gates import SUPPLY_DUTIES, USE_DUTIES
from shugang.delivery.grants.sources import standing
from shugang.delivery.models import Dataset, DatasetVersion, Grant
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.policy.lowering import granted_columns, lower_select, parquet
from shugang.policy.text import Text

from .work import DATA_FILE

_MASKED = {"string": "VARCHAR", "long": "BIGINT", "date": "DATE"}  # types that a mask leaves
# Modes whose grant shows whole tables; a look-up by key does not.
TABLES = ("table", "file", "sql", "push")


class Readable(NamedTuple):
    """A version as one actor may read it: `columns` name → type, `grant` None for the holder."""

    version: DatasetVersion
    columns: dict[str, str]
    grant: Grant | None


def no_grant() -> Refusal:
    """The same answer for data that does not exist and data that he may not read."""
    return Refusal(
        "no_standing_grant",
        Text(
            "评价需要读取数据。贵机构不是这个数据集的持有方，也没有生效中的授权；请先取得授权，或核对数据集编号。",
            "An assessment reads the data. You neither hold this data set nor have a standing grant on it. Please get one first, "
            "or check the number.",
        ),
        403,
    )


def require_duty(actor: Actor) -> tuple[int, int]:
    """(party id, person id). Raises Refusal `forbidden`."""
    if actor.party_id is None or actor.person_id is None or not actor.duties & (USE_DUTIES | SUPPLY_DUTIES):
        raise Refusal(
            "forbidden",
            Text(
                "质量评价由本机构的经办、工程师或分析员办理。请联系本机构管理员分配岗位。",
                "Assessments are handled by your handler, engineer or analyst. Please ask your manager for the duty.",
            ),
            403,
        )
    return actor.party_id, actor.person_id


def readable(actor: Actor, number: str, version: int | None = None) -> Readable:
    """A hosted version that the actor's party may read now. Raises Refusal `no_standing_grant`, `no_version`, `not_hosted`."""
    rows = DatasetVersion.objects.filter(dataset__number=number).select_related("dataset")
    if rows.filter(dataset__party_id=actor.party_id or 0).exists():
        return _own(rows, version)
    for grant in standing_grants(actor.party_id or 0, number):
        if found := _granted(grant, rows, version):
            return found
    if not rows.exists() and _holds_empty(actor, number):
        raise _no_version()
    raise no_grant()


def _holds_empty(actor: Actor, number: str) -> bool:
    return bool(Dataset.objects.filter(number=number, party_id=actor.party_id or 0).exists())


def _own(rows: Any, version: int | None) -> Readable:
    found = (rows.filter(version=version) if version else rows.order_by("-version")).first()
    if found is None:
        raise _no_version()
    if not found.path:
        raise Refusal(
            "not_hosted",
            Text(
                "连接数据留在供方系统，平台不能读取；请上传一个托管的版本再评价。",
                "Connected data stays at the supplier's, so the platform cannot read it. Please upload a hosted version.",
            ),
            422,
        )
    return Readable(found, {c.name: c.type for c in found.columns.order_by("position")}, None)


def _no_version() -> Refusal:
    return Refusal(
        "no_version", Text("没有这个数据版本，请核对版本号。", "No such version. Please check its number."), 404
    )


def assessable(actor: Actor) -> list[tuple[Dataset, bool]]:
    """Data sets with a hosted version that the actor's party may have assessed now; whether it holds them itself."""
    party = actor.party_id or 0
    numbers = {grant.source["dataset"] for grant in standing_grants(party)}
    rows = Dataset.objects.filter(Q(party_id=party) | Q(number__in=numbers), versions__in=_stored())
    return [(d, d.party_id == party) for d in rows.distinct().order_by("-pk")]


def _stored() -> QuerySet[DatasetVersion]:
    found: QuerySet[DatasetVersion] = DatasetVersion.objects.exclude(path="")
    return found


def standing_grants(party_id: int, number: str = "") -> list[Grant]:
    """Grants in effect at this moment by which the party sees whole tables (of one data set), newest first."""
    now = clock.now()
    rows = Grant.objects.filter(
        grantee_id=party_id, state=Grant.State.ACTIVE, mode__in=TABLES, valid_from__lte=now, valid_until__gt=now
    )
    if number:
        rows = rows.filter(source__dataset=number)
    return list(rows.order_by("-pk"))


def _granted(grant: Grant, rows: Any, version: int | None) -> Readable | None:
    source = standing(grant.source)
    covered = {source["version"], *(v["version"] for v in source.get("history", []))}
    wanted = version or source["version"]
    found = rows.filter(version=wanted).exclude(path="").first() if wanted in covered else None
    if found is None:
        return None
    terms = grant.read_terms()
    if terms.output is not None:
        return None  # aggregates only: naming failing rows would tell of single ones
    columns = granted_columns(found.policy_columns(), terms)
    return Readable(found, {c.name: _MASKED.get(c.type, c.type) for c in columns}, grant)


def lowered(found: Readable) -> dict[str, Any] | None:
    """The grant's rows, masks and columns as SQL over the child's file; tokens are made with a throw-away key."""
    if found.grant is None:
        return None
    terms = found.grant.read_terms()
    keys = {str(m.args["key_id"]): secrets.token_hex(32) for m in terms.masks if "key_id" in m.args}
    sql, params = lower_select(parquet(DATA_FILE), found.version.policy_columns(), terms, keys=keys)
    return {"sql": sql, "params": params}

"""Grants of public data, made in one way by sharing, opening, authorised operation and scenarios.

No use without a basis: every grant names the decision that it rests on; its purpose is the one that was stated, nothing may be
passed on, and whatever the decision loses (suspended, revoked, at its end) the grants lose in the same transaction.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shugang.assets.review import queries as reviews
from shugang.delivery.grants import sources
from shugang.delivery.grants.services import issue_grant
from shugang.delivery.models import DatasetVersion, Grant
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.parties.models import Party
from shugang.policy.codec import canonical
from shugang.policy.guarantees import MODES as ALL_MODES
from shugang.policy.terms import OutputRule, Terms
from shugang.policy.text import Text

from .catalogue.models import InformationItem, PublicResource

SHARING, OPENING, OPERATION, SCENARIO_CLASS, SCENARIO = (
    "sharing", "opening", "operation", "scenario_class", "scenario",
)  # fmt: skip
BASES: dict[str, Text] = {
    SHARING: Text("共享决定", "Sharing decision"),
    OPENING: Text("开放决定", "Opening decision"),
    OPERATION: Text("授权运营协议", "Agreement of authorised operation"),
    SCENARIO_CLASS: Text("场景类别审定", "Approval of a scenario class"),
    SCENARIO: Text("场景应用批准", "Approval of a scenario"),
}
REVIEW = "security_review"
# The joint approval of a project of public and private data: a basis of the grants of both sides, so not one of public data alone.
FUSION = "fusion"
FUSION_LABEL = Text("融合审定（公共与私有数据）", "Joint approval of public and private data")
# Bases of both sides, and what else may hold a grant of public data.
HOLDS: dict[str, Text] = {
    FUSION: FUSION_LABEL,
    REVIEW: Text("安全审查", "Security review"),
    "public_resource": Text("公共数据目录", "Public catalogue"),
}
ACTIONS = {
    "sql": ("read", "query"),
    "api": ("read", "query"),
    "file": ("read", "download"),
    "table": ("read", "download"),
}
MODES: dict[str, Text] = {mode: ALL_MODES[mode] for mode in ACTIONS}
FREE = {"found": False, "not_found": False, "delivered": False}


def digest_of(facts: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what was decided: the digest that a grant's basis points at."""
    return hashlib.sha256(canonical(dict(facts))).hexdigest()


def split_names(text: str) -> list[str]:
    """Names that people separate by 、 or commas or lines, each once and in order."""
    return list(dict.fromkeys(name.strip() for name in re.split(r"[、,，;；\n]+", text) if name.strip()))


def head(resource: PublicResource) -> DatasetVersion | None:
    """The newest version of the data behind a resource; None while nothing is there to be given."""
    version = resource.dataset.latest if resource.dataset else None
    return version if version is not None and version.path else None


def require_head(resource: PublicResource) -> DatasetVersion:
    """Raises Refusal `not_supplied`."""
    version = head(resource)
    if version is None:
        raise Refusal(
            "not_supplied",
            Text(f"“{resource.name}”还没有挂接托管的数据，请提供部门先在目录中挂接数据集并上传。",
                 f"No hosted data stands behind “{resource.name}” yet. Its department has to link a data set and upload it."),
            409,
        )  # fmt: skip
    return version


def require_published(resource: PublicResource) -> None:
    """Raises Refusal `resource_not_published`."""
    if resource.state != PublicResource.State.PUBLISHED:
        raise Refusal(
            "resource_not_published",
            Text(f"“{resource.name}”不是已发布的目录，不能据以办理。", f"“{resource.name}” is not a published entry."),
            409,
        )


def items_of(resource: PublicResource, names: Sequence[str], way: str) -> list[InformationItem]:
    """The named items, all that `way` (`sharing`, `opening`) does not refuse where none is named.

    Raises Refusal `invalid_form`: an unknown item, or one that is refused by its own condition.
    """
    known = {i.name: i for i in resource.items.all().order_by("position")}
    unknown = [n for n in names if n not in known]
    if unknown:
        raise wrong(
            "items", f"“{resource.name}”没有信息项“{unknown[0][:40]}”。", f"There is no item “{unknown[0][:40]}”."
        )
    asked = [known[n] for n in names] or [i for i in known.values() if _condition(i, way) != "refused"]
    held = [i.name for i in asked if _condition(i, way) == "refused"]
    if held:
        zh, en = ("共享", "shared") if way == "sharing" else ("开放", "opened")
        raise wrong("items", f"信息项“{held[0]}”在目录中标为不予{zh}。", f"By the catalogue “{held[0]}” is not {en}.")
    if not asked:
        raise wrong("items", "没有可以提供的信息项。", "There is no item that could be given.")
    return asked


def _condition(item: InformationItem, way: str) -> str:
    return str(getattr(item, way) or getattr(item.resource, way))


def columns_of(items: Iterable[InformationItem], version: DatasetVersion) -> tuple[str, ...]:
    """The columns of the data that the items stand for. Raises Refusal `item_not_mapped`."""
    have = {c.name for c in version.policy_columns()}
    found = []
    for item in items:
        column = item.column if item.column in have else item.name
        if column not in have:
            raise Refusal(
                "item_not_mapped",
                Text(f"信息项“{item.name}”没有对应到数据集的字段，请提供部门先在目录中对应。",
                     f"The item “{item.name}” is mapped to no column of the data set. Its department has to map it first."),
                409,
            )  # fmt: skip
        found.append(column)
    return tuple(dict.fromkeys(found))


def wrong(field: str, zh: str, en: str) -> Refusal:
    text = Text(zh, en)
    return Refusal(
        "invalid_form", Text("有1处需要修改。", "One answer needs correction."), 422, {field: text}
    )  # one place at a time: what depends on the catalogue is checked after the form itself


def issue(
    actor: Actor,
    *,
    resource: PublicResource,
    grantee: Party,
    mode: str,
    names: Sequence[str],
    way: str,
    purpose: str,
    until: datetime,
    bases: Sequence[Mapping[str, Any]],
    reviewed: bool,
    key: str = "",
    min_group: int | None = None,
    environment: str | None = None,
    attribution: str = "",
    notes: str = "",
) -> Grant:
    """Issue a grant of one resource on the platform's plane, from now on.

    `names`: items; `way`: by which condition of theirs; `reviewed`: whether the data must have passed its security review;
    `key`: the item that an interface is asked by; `min_group`: only aggregates leave. Raises Refusal.
    """
    version = require_head(resource)
    if reviewed:
        reviews.require_standing(version)
    fields = columns_of(items_of(resource, names, way), version)
    if resource.department_id != version.dataset.party_id:
        raise Refusal(
            "not_the_source",
            Text("数据集不属于目录的提供部门，不能据此授权。", "The data set is not the department's own."), 409,
        )  # fmt: skip
    terms = Terms(
        actions=ACTIONS[mode], purpose=purpose, fields=fields, valid_from=clock.now(), valid_until=until, keep_log=True,
        output=OutputRule(min_group) if min_group else None, environment=environment, attribution=attribution, notes=notes,
    )  # fmt: skip
    return issue_grant(
        actor, grantee=grantee, supplier=resource.department, product=resource.number, contract="", mode=mode, terms=terms,
        bases=bases, source=_source(version, mode, resource, key), outcomes=FREE,
    )  # fmt: skip


def _source(version: DatasetVersion, mode: str, resource: PublicResource, key: str) -> dict[str, Any]:
    if mode == "sql":
        return sources.sql_source(version, resource.name)
    if mode == "file":
        return sources.file_source(version, resource.name)
    if mode == "table":
        return sources.table_source(version, resource.department.name, resource.theme, resource.name, "later")
    asked = next(iter(columns_of(items_of(resource, [key], "sharing"), version))) if key else ""
    if not asked:
        raise wrong("key", "接口查询须指定按哪个信息项查询。", "An interface needs the item that it is asked by.")
    return sources.api_source(version, asked)

"""Verbs of connected data: a supplier registers one query over his own source as a version of a data set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.policy.columns import Column as PolicyColumn
from shugang.policy.sources import Param
from shugang.policy.text import Text

from ..connections.models import Connection
from ..datasets.models import Dataset, DatasetVersion
from ..datasets.services import ColumnFact, add_version, own_dataset
from ..plane.templates import DIALECTS, BadTemplate, prepare
from ..planes.models import Plane
from ..vault.tables import check_names
from .models import ConnectedSource

PARAM_TYPES = ("VARCHAR", "BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN")
_CONNECTOR = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PARAM = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def _bad(code: str, zh: str, en: str) -> Refusal:
    return Refusal(code, Text(zh, en), 422)


@verb
def declare_connected_version(
    actor: Actor,
    dataset_number: str,
    connector_name: str,
    template: str,
    params: Iterable[Mapping[str, Any]],
    columns: Iterable[Mapping[str, Any]],
    dialect: str = "postgres",
    plane: str = "",
) -> DatasetVersion:
    """A version that is read by `template` at the supplier's own plane.

    `connector_name` is named in that plane's settings, where its address and secrets stay; or it is the number of a source
    that the supplier registered with the platform's plane. `params`: {name, type,
    required}; `columns`: {name, type, comment, personal} as the query returns them. `plane` defaults to the
    supplier's only one. Raises Refusal `forbidden`, `not_found`, `not_connected`, `bad_template`, `bad_params`,
    `bad_columns`, `bad_connector`, `no_plane`.
    """
    dataset = own_dataset(actor, dataset_number)
    if dataset.hosting != Dataset.Hosting.CONNECTED:
        raise hosted_here()
    chosen = where(dataset.party_id, connector_name, plane)
    asked = _params(params)
    check_template(template, dialect, asked)
    facts = [column_fact(c) for c in columns]
    check_names([c.name for c in facts])
    version = add_version(actor, dataset, facts, {"source_name": f"{chosen.number}:{connector_name}"})
    ConnectedSource.objects.create(
        version=version,
        plane=chosen,
        connector=connector_name,
        dialect=dialect,
        template=template,
        params=[p.to_json() for p in asked],
    )
    emit(
        "dataset.query_declared", actor, [("dataset", dataset.number)], {"version": version.version, "dialect": dialect}
    )
    return version


def check_template(template: str, dialect: str, params: Iterable[Param]) -> None:
    """Exactly one SELECT that reads tables only and uses exactly the declared parameters. Raises Refusal."""
    if dialect not in DIALECTS:
        raise _bad(
            "bad_template",
            "来源类型不支持，请从列出的类型中选择。",
            "This kind of source is not supported. Please choose one of those listed.",
        )
    try:
        prepare(template, dialect, frozenset(p.name for p in params))
    except (BadTemplate, RecursionError) as error:
        raise _bad(
            "bad_template",
            f"查询不能登记：须是一条只读的SELECT，不访问系统表和系统函数，参数写作 :名称 并逐一声明（{error}）。",
            f"The query cannot be registered: {error}.",
        ) from error


def hosted_here() -> Refusal:
    return Refusal(
        "not_connected",
        Text("这个数据集由平台托管，请上传文件。", "This data set is hosted here. Please upload a file."),
        409,
    )


# What a registered source's address begins with, by the delivery mode that reads it.
_SCHEMES = {"query": ("postgresql:", "mysql:", "s3+"), "proxy": ("https:",), "stream": ("mqtts:",)}


def where(party: int, connector_name: str, plane: str, mode: str = "query") -> Plane:
    """The plane that has the connector. Raises Refusal `bad_connector`, `no_plane`."""
    if connector_name.startswith("CN-"):
        rows = Connection.objects.filter(party_id=party, number=connector_name, purpose="source", state="active")
        registered = rows.select_related("plane").first()
        if registered is None or not registered.url.startswith(_SCHEMES[mode]):
            raise _bad(
                "bad_connector",
                "没有这个已核准的来源，请先在“存储与数据库”登记。",
                "There is no such approved source. Please register it under Stores and databases first.",
            )
        return registered.plane
    if not _CONNECTOR.fullmatch(connector_name):
        raise _bad(
            "bad_connector",
            "连接名以小写字母开头，只含小写字母、数字和下划线。",
            "A connector is named a-z, 0-9 and _.",
        )
    return _own_plane(party, plane)


def _own_plane(party: int, number: str) -> Plane:
    rows = Plane.objects.filter(party_id=party, state=Plane.State.ACTIVE)
    found = list((rows.filter(number=number) if number else rows).order_by("id")[:2])
    if len(found) != 1:
        raise _bad(
            "no_plane",
            "请先在“数据连接”页面接入您的节点；有多个节点时请选择其一。",
            "Please enrol your plane on the Connections page first; with several, choose one.",
        )
    return found[0]


def _params(given: Iterable[Mapping[str, Any]]) -> list[Param]:
    found = [Param(str(p.get("name", "")), str(p.get("type", "")), p.get("required", True) is True) for p in given]
    check_params(found)
    return found


def check_params(found: Sequence[Param]) -> None:
    """Raises Refusal `bad_params`."""
    names = [p.name for p in found]
    if len(set(names)) != len(names) or any(not _PARAM.fullmatch(p.name) or p.type not in PARAM_TYPES for p in found):
        raise _bad(
            "bad_params",
            f"参数须有不重复的英文名称，类型为{'、'.join(PARAM_TYPES)}之一。",
            f"Parameters have distinct names and one of the types {', '.join(PARAM_TYPES)}.",
        )


def column_fact(given: Mapping[str, Any]) -> ColumnFact:
    name, kind = str(given.get("name", "")), str(given.get("type", ""))
    if PolicyColumn(name, kind).family == "other" or len(kind) > 40:
        raise _bad(
            "bad_columns", f"字段“{name}”的类型“{kind}”不支持。", f"Column “{name}” has the unsupported type “{kind}”."
        )
    return ColumnFact(name, kind, str(given.get("comment", ""))[:200], given.get("personal") is True)

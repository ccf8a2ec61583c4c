"""What a grant reads, from a data set's version: the `source` of `issue_grant`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shugang.kernel.errors import Refusal
from shugang.policy.columns import Column
from shugang.policy.guarantees import MODES
from shugang.policy.sources import (
    MOST_VERSIONS,
    VERSIONS,
    ApiSource,
    FileSource,
    ProxySource,
    PushSource,
    QuerySource,
    SqlSource,
    StreamSource,
    TableSource,
    TableVersion,
)
from shugang.policy.text import Text

from ..datasets.models import DatasetVersion

_SHARING_NAME = re.compile(r"[A-Za-z0-9_\u3400-\u9fff-]{1,255}")


def _stored(version: DatasetVersion) -> None:
    if not version.path:
        raise Refusal(
            "not_hosted",
            Text("连接数据不在平台存放，只能以查询方式提供。", "Connected data is not kept here; offer it by query."),
            422,
        )


def sharing_name(text: str) -> str:
    """A share, schema or table name that Delta Sharing clients accept: no space, slash or dot."""
    name = re.sub(r"[^A-Za-z0-9_\u3400-\u9fff-]+", "_", text).strip("_")[:255]
    return name if _SHARING_NAME.fullmatch(name) else "data"


def table_source(
    version: DatasetVersion,
    share: str,
    schema: str,
    table: str,
    versions: str = "this",
    partition: Sequence[str] = (),
) -> dict[str, Any]:
    """A hosted version as a shared table. `versions`: which states of the data are covered (`policy.sources`);
    `partition`: columns by whose values the files are cut. Raises Refusal `not_hosted`, `no_such_column`,
    `unknown_versions`."""
    _stored(version)
    columns = version.policy_columns()
    for name in partition:
        _known(name, columns)
    if versions not in VERSIONS:
        raise Refusal(
            "unknown_versions",
            Text("请选择所含的数据版本。", "Please choose which versions of the data are included."),
            422,
        )
    return TableSource(
        share=sharing_name(share),
        schema=sharing_name(schema),
        table=sharing_name(table),
        dataset=version.dataset.number,
        version=version.version,
        path=version.path,
        sha256=version.sha256,
        columns=tuple(columns),
        at=version.created_at,
        versions=versions,
        key_columns=tuple(version.key_columns),
        partition=tuple(dict.fromkeys(partition)),
    ).to_json()


def file_source(version: DatasetVersion, name: str) -> dict[str, Any]:
    """A hosted version as a file to download; `name` without ending. Raises Refusal `not_hosted`."""
    _stored(version)
    return FileSource(
        name=file_name(name),
        dataset=version.dataset.number,
        version=version.version,
        path=version.path,
        sha256=version.sha256,
        columns=tuple(version.policy_columns()),
    ).to_json()


def push_source(version: DatasetVersion, versions: str = "this") -> dict[str, Any]:
    """A hosted version written to the buyer's own place. Raises Refusal `not_hosted`, `unknown_versions`."""
    _stored(version)
    if versions not in ("this", "later"):
        raise Refusal(
            "unknown_versions",
            Text("推送可含本版本，或本版本及此后的版本。", "A push covers this version, or this and later ones."),
            422,
        )
    return PushSource(
        versions=versions,
        dataset=version.dataset.number,
        version=version.version,
        path=version.path,
        sha256=version.sha256,
        columns=tuple(version.policy_columns()),
        at=version.created_at,
    ).to_json()


def file_name(text: str) -> str:
    """A name that every system of files accepts: no separators, no control characters, no dots at the ends."""
    name = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]+', "_", text).strip(" ._")[:80]
    return name or "data"


def _known(name: str, columns: Sequence[Column]) -> None:
    if name not in {c.name for c in columns}:
        raise Refusal(
            "no_such_column",
            Text(f"数据中没有字段“{name}”，请另选。", f"The data has no column “{name}”."),
            422,
        )


def standing(source: Mapping[str, Any]) -> dict[str, Any]:
    """The source of a grant as it reads now: the versions that its contract covers, and no others (fail closed). A
    version of another shape is not what was agreed; of very many the newest are kept."""
    scope = source.get("versions", "this")
    if source["type"] not in ("table", "push") or scope == "this":
        return dict(source)
    known = DatasetVersion.objects.filter(dataset__number=source["dataset"])
    agreed = known.get(version=source["version"])
    rows = known.filter(schema_digest=agreed.schema_digest).exclude(path="")
    if scope == "later":
        rows = rows.filter(version__gte=agreed.version)
    found = list(rows.order_by("-version")[:MOST_VERSIONS])[::-1]
    states = [TableVersion(row.version, row.path, row.sha256, row.created_at).to_json() for row in found]
    newest = states.pop()
    if source["type"] == "push":
        return {**source, **{name: newest[name] for name in ("version", "path", "sha256", "at")}}
    return {**source, **newest, "history": states}


def api_source(version: DatasetVersion, key_column: str) -> dict[str, Any]:
    """A hosted version answered by key. Raises Refusal `not_hosted`, `no_such_column`."""
    _stored(version)
    columns = version.policy_columns()
    _known(key_column, columns)
    return ApiSource(
        dataset=version.dataset.number,
        version=version.version,
        path=version.path,
        sha256=version.sha256,
        key_column=key_column,
        columns=tuple(columns),
    ).to_json()


def sql_name(text: str) -> str:
    """A table name that needs no quotes in SQL: letters of any script, digits and _, in lower case."""
    name = re.sub(r"[^A-Za-z0-9_\u3400-\u9fff]+", "_", text).strip("_").lower()[:63]
    return name if re.match(r"[a-z_\u3400-\u9fff]", name) else f"data_{name}".rstrip("_")


def sql_source(version: DatasetVersion, table: str) -> dict[str, Any]:
    """A hosted version that the buyer's own SQL names as `table`. Raises Refusal `not_hosted`."""
    _stored(version)
    return SqlSource(
        table=sql_name(table),
        dataset=version.dataset.number,
        version=version.version,
        path=version.path,
        sha256=version.sha256,
        columns=tuple(version.policy_columns()),
    ).to_json()


def query_source(version: DatasetVersion) -> dict[str, Any]:
    """A connected version's own query. Raises Refusal `not_connected`."""
    connected = _connected(version, "query")
    source = QuerySource(
        connector=connected.connector,
        template=connected.template,
        params=tuple(connected.params),
        columns=tuple(version.policy_columns()),
    )
    return source.to_json()


def proxy_source(version: DatasetVersion) -> dict[str, Any]:
    """The interface that a connected version registers. Raises Refusal `not_connected`."""
    connected = _connected(version, "proxy")
    document = {**connected.spec, "type": "proxy", "connector": connected.connector, "columns": _columns(version)}
    return ProxySource.from_json(document).to_json()


def stream_source(version: DatasetVersion) -> dict[str, Any]:
    """The topics that a connected version registers. Raises Refusal `not_connected`."""
    connected = _connected(version, "stream")
    document = {**connected.spec, "type": "stream", "connector": connected.connector, "columns": _columns(version)}
    return StreamSource.from_json(document).to_json()


def _columns(version: DatasetVersion) -> list[dict[str, Any]]:
    return [column.to_json() for column in version.policy_columns()]


def _connected(version: DatasetVersion, mode: str) -> Any:
    connected = getattr(version, "connected", None)
    if connected is None or connected.mode != mode:
        label = MODES[mode]
        raise Refusal(
            "not_connected",
            Text(
                f"这个版本没有按“{label.zh}”登记数据连接，请先在数据集页面登记。",
                f"This version is not registered for “{label.en}”. Please register it on the data set's page.",
            ),
            422,
        )
    return connected

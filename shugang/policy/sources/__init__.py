"""What a grant reads, one class per delivery mode. `SOURCES` maps the mode's name to its class.

A source is data for the plane alone: where the base lies and which columns it has. What of it a buyer may see is
said by the terms, never here.
"""

from shugang.policy.codec import UnknownTerm
from shugang.policy.sources.connected import Param, QuerySource
from shugang.policy.sources.hosted import ApiSource, FileSource, PushSource, SqlSource
from shugang.policy.sources.proxy import PROXY_OUTCOMES, Operation, ProxySource
from shugang.policy.sources.stream import StreamSource
from shugang.policy.sources.tables import MOST_VERSIONS, VERSIONS, TableSource, TableVersion

__all__ = [
    "HOSTED",
    "MODE_NAMES",
    "MOST_VERSIONS",
    "PROXY_OUTCOMES",
    "SOURCES",
    "VERSIONS",
    "ApiSource",
    "FileSource",
    "Operation",
    "Param",
    "ProxySource",
    "PushSource",
    "QuerySource",
    "Source",
    "SqlSource",
    "StreamSource",
    "TableSource",
    "TableVersion",
    "source_from_json",
]

Hosted = TableSource | ApiSource | SqlSource | FileSource | PushSource
HOSTED = (TableSource, ApiSource, SqlSource, FileSource, PushSource)
Source = Hosted | QuerySource | ProxySource | StreamSource
SOURCES: dict[str, type[Source]] = {
    "table": TableSource,
    "api": ApiSource,
    "query": QuerySource,
    "sql": SqlSource,
    "file": FileSource,
    "proxy": ProxySource,
    "push": PushSource,
    "stream": StreamSource,
}
# Tables of the database are constrained to these; `guarantees.MODES` are those that are offered.
MODE_NAMES = tuple(SOURCES)


def source_from_json(data: object, where: str = "source") -> Source:
    """The source by its `type`; raises `UnknownTerm` for a type that no class stands for."""
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in SOURCES:
        raise UnknownTerm(f"{where}.type={kind}")
    return SOURCES[kind].from_json(data, where)

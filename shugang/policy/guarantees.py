"""How each term is held in each delivery mode: one table (`held`), read by the plane, the pages and the documents.

`MODES` are the modes on offer: `table` is Delta Sharing of a materialised granted view, `api` a key lookup on the
platform's plane, `query` the supplier's parameterised query, `proxy` his HTTP interface, `stream` his
MQTT topics, `file` a granted view as one file. Guarantees: *prevented* (the plane refuses), *metered* (counted
and billed), *attested* (a signed statement), *legal* (only the contract). What the table does not know
cannot be agreed to.
"""

from collections.abc import Iterator

from shugang.policy.codec import UnknownTerm
from shugang.policy.held import HELD, Held
from shugang.policy.text import Text
from shugang.policy.vocabulary import Terms

MODES: dict[str, Text] = {
    "table": Text("共享表", "Shared table"),
    "api": Text("接口查询", "Lookup interface"),
    "query": Text("托管查询", "Supplier's query"),
    "proxy": Text("接口代理", "Proxied interface"),
    "push": Text("推送", "Push"),
    "stream": Text("实时数据流", "Event stream"),
    "file": Text("文件下载", "File download"),
    "sql": Text("自助查询（SQL）", "Own queries (SQL)"),
}
GUARANTEE_LABELS: dict[str, Text] = {
    "prevented": Text("系统拦截", "Prevented"),
    "metered": Text("系统计量", "Metered"),
    "attested": Text("签署声明", "Attested"),
    "legal": Text("合同约定", "Legal only"),
}

GUARANTEES: dict[str, dict[str, str]] = {
    key: {mode: held[0] for mode, held in row.items()} for key, row in HELD.items()
}


def held(key: str, mode: str) -> Held:
    """(guarantee, explanation) of one term in one mode; raises `UnknownTerm` naming the pair the table
    lacks."""
    if mode not in HELD.get(key, {}):
        raise UnknownTerm(f"{key}@{mode}")
    return HELD[key][mode]


def used_keys(terms: Terms) -> Iterator[str]:
    """The rows of the table that these terms use, in reading order."""
    yield "subject"
    yield from (f"action.{action}" for action in terms.actions)
    yield from ("purpose", "period", "fields")
    yield from (name for name in ("rows", "masks") if getattr(terms, name))
    yield from (f"quota.{unit}" for unit in dict.fromkeys(q.unit for q in terms.quotas))
    if terms.rate:
        yield "rate"
    if terms.networks:
        yield "place"
    if terms.environment is not None:
        yield f"environment.{terms.environment}"
    yield from (name for name in ("output", "mark") if getattr(terms, name) is not None)
    yield "redistribute"
    if terms.keep_log:
        yield "log"
    yield from (f"notify.{notice}" for notice in terms.notify)
    if terms.delete_after_days is not None:
        yield "delete_after"
    yield from (name for name in ("attribution", "notes") if getattr(terms, name))


def check_mode(terms: Terms, mode: str) -> None:
    """Raises `UnknownTerm` when any term has no known way to be held in `mode`."""
    if mode not in MODES:
        raise UnknownTerm(f"mode={mode}")
    for key in used_keys(terms):
        held(key, mode)

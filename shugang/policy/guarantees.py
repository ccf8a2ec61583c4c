"""How each term is held in each delivery mode: one table, read by the plane, the pages and the documents.

Modes: `table` is Delta Sharing of a materialised granted view, `api` a key lookup on the platform's plane,
`query` the supplier's parameterised query. Guarantees: *prevented* (the plane refuses), *metered* (counted
and billed), *attested* (a signed statement), *legal* (only the contract). What the table does not know
cannot be agreed to.
"""

from collections.abc import Iterator

from shugang.policy.codec import UnknownTerm
from shugang.policy.text import Text
from shugang.policy.vocabulary import Terms

MODES: dict[str, Text] = {
    "table": Text("共享表", "Shared table"),
    "api": Text("接口查询", "Lookup interface"),
    "query": Text("托管查询", "Supplier's query"),
}
GUARANTEE_LABELS: dict[str, Text] = {
    "prevented": Text("系统拦截", "Prevented"),
    "metered": Text("系统计量", "Metered"),
    "attested": Text("签署声明", "Attested"),
    "legal": Text("合同约定", "Legal only"),
}

Held = tuple[str, Text]


def _same(guarantee: str, zh: str, en: str, modes: str = "table api query") -> dict[str, Held]:
    return {mode: (guarantee, Text(zh, en)) for mode in modes.split()}


_OUTSIDE = (
    "数据交付后由需方掌握，平台无法从技术上阻止，以合同责任约束。",
    "Once delivered the data is in the buyer's hands; no technique prevents this, the contract binds.",
)

HELD: dict[str, dict[str, Held]] = {
    "action.read": _same("prevented", "未授权读取的请求会被拒绝。", "Requests without the right to read are refused."),
    "action.query": {
        **_same(
            "prevented",
            "只能按约定的键逐条查询。",
            "Records are found one by one by the agreed key only.",
            "api",
        ),
        **_same(
            "prevented",
            "只能运行供方预先登记的查询，其他语句一律拒绝。",
            "Only the query registered by the supplier runs; any other statement is refused.",
            "query",
        ),
    },
    "action.compute": {
        **_same(
            "prevented",
            "计算在供方查询内完成，只返回约定结果。",
            "Computation happens inside the supplier's query; only the agreed result leaves.",
            "query",
        ),
        **_same("legal", *_OUTSIDE, modes="table api"),
    },
    "action.download": {
        **_same(
            "prevented",
            "文件下载须持有效授权，链接短时有效。",
            "Files are released under a standing grant only; their links are short-lived.",
            "table",
        ),
        **_same(
            "prevented",
            "结果只在授权有效期间按请求生成。",
            "Results are made on request, while the grant stands.",
            "query",
        ),
    },
    "action.redistribute": _same("legal", *_OUTSIDE),
    "action.train": _same("legal", *_OUTSIDE),
    "purpose": _same(
        "attested",
        "用途与密钥绑定，持有人每次使用即声明符合该用途，并记录在案。",
        "The purpose is bound to the key; each use by its holder attests it and is recorded.",
    ),
    "period": _same("prevented", "约定期间以外的请求会被拒绝。", "Requests outside the agreed period are refused."),
    "fields": {
        **_same(
            "prevented",
            "文件中只含授权字段，其余字段不写入。",
            "The files hold granted columns only; the others are never written to them.",
            "table",
        ),
        **_same(
            "prevented",
            "答复只含授权字段，未授权字段不离开数据服务。",
            "Answers hold granted columns only; the others never leave the data service.",
            "api query",
        ),
    },
    "rows": {
        **_same(
            "prevented",
            "文件中只含授权范围内的数据行。",
            "The files hold rows inside the granted scope only.",
            "table",
        ),
        **_same(
            "prevented",
            "范围以外的数据行视同不存在。",
            "Rows outside the granted scope are answered as if they did not exist.",
            "api query",
        ),
    },
    "masks": {
        **_same(
            "prevented",
            "脱敏在生成文件时完成，文件中没有原值。",
            "Masking happens when the files are made; they hold no raw value.",
            "table",
        ),
        **_same(
            "prevented",
            "脱敏在答复离开数据服务之前完成。",
            "Masking happens before an answer leaves the data service.",
            "api query",
        ),
    },
    "quota.calls": _same(
        "prevented",
        "先占用额度再取数，额度用完即拒绝。",
        "Quota is reserved before data is fetched; when it is used up, requests are refused.",
        "api query",
    ),
    "quota.rows": {
        **_same(
            "prevented",
            "先占用额度再取数，额度用完即拒绝。",
            "Quota is reserved before data is fetched; when it is used up, requests are refused.",
            "api query",
        ),
        **_same(
            "metered",
            "按授权文件清单计量计费，同一版本的同一文件只计一次。",
            "Metered by the manifest of granted files; one file of one version counts once.",
            "table",
        ),
    },
    "quota.bytes": {
        **_same(
            "prevented",
            "先占用额度再取数，额度用完即拒绝。",
            "Quota is reserved before data is fetched; when it is used up, requests are refused.",
            "api query",
        ),
        **_same(
            "metered",
            "按授权文件清单计量计费，同一版本的同一文件只计一次。",
            "Metered by the manifest of granted files; one file of one version counts once.",
            "table",
        ),
    },
    "rate": _same(
        "prevented",
        "超过约定速率的请求会被要求稍后重试。",
        "Requests above the agreed rate are told to wait.",
    ),
    "redistribute": _same("legal", *_OUTSIDE),
    "delete_after": _same(
        "attested",
        "到期后需方须提交签名的删除声明，逾期未交时双方均可看到。",
        "When the time is up a signed statement of deletion is due from the buyer; both parties see when it is late.",
    ),
    "attribution": _same("legal", *_OUTSIDE),
    "notes": _same(
        "legal",
        "补充约定由双方按合同履行。",
        "Further agreements are performed by the parties under the contract.",
    ),
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
    yield from (f"action.{action}" for action in terms.actions)
    yield from ("purpose", "period", "fields")
    yield from (name for name in ("rows", "masks") if getattr(terms, name))
    yield from (f"quota.{unit}" for unit in dict.fromkeys(q.unit for q in terms.quotas))
    if terms.rate:
        yield "rate"
    yield "redistribute"
    if terms.delete_after_days is not None:
        yield "delete_after"
    yield from (name for name in ("attribution", "notes") if getattr(terms, name))


def check_mode(terms: Terms, mode: str) -> None:
    """Raises `UnknownTerm` when any term has no known way to be held in `mode`."""
    if mode not in MODES:
        raise UnknownTerm(f"mode={mode}")
    for key in used_keys(terms):
        held(key, mode)

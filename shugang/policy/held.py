"""The table of guarantees: term → mode → (guarantee, how). `guarantees` reads it for everybody."""

from shugang.policy.text import Text

Held = tuple[str, Text]
ALL = "table api query sql file proxy push stream"
# Modes whose data lies in files that are made beforehand, and those that answer each request by itself.
FILES = "table file push"
ANSWERS = "api query sql proxy stream"


def _same(guarantee: str, zh: str, en: str, modes: str = ALL) -> dict[str, Held]:
    return {mode: (guarantee, Text(zh, en)) for mode in modes.split()}


_OUTSIDE = (
    "数据交付后由需方掌握，平台无法从技术上阻止，以合同责任约束。",
    "Once delivered the data is in the buyer's hands; no technique prevents this, the contract binds.",
)
_RESERVED = (
    "先占用额度再取数，额度用完即拒绝。",
    "Quota is reserved before data is fetched; when it is used up, requests are refused.",
)
_FIRST_BYTE = (
    "取得文件的首个字节时，该文件的行数一次计入；超出额度即拒绝，同一版本的同一文件只计一次。",
    "A file's rows count once, with its first byte; what goes beyond the quota is refused.",
)
_NEW_BYTES = (
    "按文件中首次取得的字节计量，重复取得的部分不再计；超出额度即拒绝。",
    "Bytes of a file count when first released, repeats do not; what goes beyond the quota is refused.",
)

HELD: dict[str, dict[str, Held]] = {
    "subject": {
        **_same(
            "prevented",
            "只有需方人员领取的密钥能够使用，每次使用记到密钥和人。",
            "Only keys collected by the buyer's people work; each use is recorded with key and person.",
            "table api query sql file proxy stream",
        ),
        **_same(
            "prevented",
            "数据只写入需方登记的目标。",
            "Data is written only to the place that the buyer registered.",
            "push",
        ),
    },
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
        **_same(
            "prevented",
            "语句经解析、逐列核对授权后改写执行，不能证明合规的语句一律拒绝。",
            "A statement is parsed, every column checked and the whole rewritten; what cannot be shown to comply is refused.",
            "sql",
        ),
        **_same(
            "prevented",
            "只能调用供方登记的接口操作和参数。",
            "Only the operations and parameters that the supplier registered can be called.",
            "proxy",
        ),
    },
    "action.compute": {
        **_same(
            "prevented",
            "计算在供方查询内完成，只返回约定结果。",
            "Computation happens inside the supplier's query; only the agreed result leaves.",
            "query",
        ),
        **_same(
            "prevented",
            "计算在平台的隔离进程内完成，只有结果离开。",
            "Computation happens in an isolated process of the platform; only its result leaves.",
            "sql",
        ),
        **_same("legal", *_OUTSIDE, modes="table api file proxy push stream"),
    },
    "action.download": {
        **_same(
            "prevented",
            "文件下载须持有效授权，链接短时有效。",
            "Files are released under a standing grant only; their links are short-lived.",
            "table file",
        ),
        **_same(
            "prevented",
            "结果只在授权有效期间按请求生成。",
            "Results are made on request, while the grant stands.",
            "query sql",
        ),
        **_same(
            "prevented",
            "授权有效期间才写入，吊销后停止写入。",
            "Data is written while the grant stands and no longer.",
            "push",
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
            FILES,
        ),
        **_same(
            "prevented",
            "答复只含授权字段，未授权字段不离开数据服务。",
            "Answers hold granted columns only; the others never leave the data service.",
            ANSWERS,
        ),
    },
    "rows": {
        **_same(
            "prevented",
            "文件中只含授权范围内的数据行。",
            "The files hold rows inside the granted scope only.",
            FILES,
        ),
        **_same(
            "prevented",
            "范围以外的数据行视同不存在。",
            "Rows outside the granted scope are answered as if they did not exist.",
            ANSWERS,
        ),
    },
    "masks": {
        **_same(
            "prevented",
            "脱敏在生成文件时完成，文件中没有原值。",
            "Masking happens when the files are made; they hold no raw value.",
            FILES,
        ),
        **_same(
            "prevented",
            "脱敏在答复离开数据服务之前完成。",
            "Masking happens before an answer leaves the data service.",
            ANSWERS,
        ),
    },
    "quota.calls": _same("prevented", *_RESERVED, modes="api query sql file proxy push"),
    "quota.rows": {
        **_same("prevented", *_RESERVED, modes="api query sql proxy push stream"),
        **_same("prevented", *_FIRST_BYTE, modes="table file"),
    },
    "quota.bytes": {
        **_same("prevented", *_RESERVED, modes="api query sql proxy push stream"),
        **_same("prevented", *_NEW_BYTES, modes="table file"),
    },
    "quota.seconds": _same(
        "prevented",
        "数据流接通的时间逐段计量，没有消息的时间也计；时间用完，数据流随即断开。",
        "The time that a stream is open is metered span by span, silence included; when it is used up, the stream ends.",
        "stream",
    ),
    "rate": _same(
        "prevented",
        "超过约定速率的请求会被要求稍后重试。",
        "Requests above the agreed rate are told to wait.",
        "table api query sql file proxy",
    ),
    "place": _same(
        "prevented",
        "来自约定网段以外的请求会被拒绝。",
        "Requests from outside the agreed networks are refused.",
        "table api query sql file proxy stream",
    ),
    "environment.isolated": _same(
        "attested",
        "领取密钥时声明只在专用隔离环境中使用，声明与密钥绑定并记录在案。",
        "Use in a dedicated, isolated environment is stated when the key is collected; the statement is bound to the key.",
    ),
    "output": _same(
        "prevented",
        "只放行汇总结果，行数不足的分组不输出。",
        "Only aggregates leave; groups of too few rows are left out.",
        "sql",
    ),
    "mark": _same(
        "prevented",
        "文件生成时写入接收方标记，没有标记的文件不放行；诱饵行不计行数。",
        "The mark is put in when the files are made; no file leaves without it. Canary rows are not counted.",
        "table file push",
    ),
    "redistribute": _same("legal", *_OUTSIDE),
    "log": _same(
        "legal",
        "使用登记由需方保存，供方可依合同查阅；平台另有逐次计量记录。",
        "The buyer keeps the log for the supplier to inspect; the platform's own record of each use stands beside it.",
    ),
    "notify.first_use": _same(
        "metered",
        "首次使用由平台记录，供方即时可见。",
        "The platform records the first use, and the supplier sees it at once.",
    ),
    "notify.incident": _same("legal", *_OUTSIDE),
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

"""Every refusal by one table: code → HTTP status and what the caller reads (what happened, why, what to
do)."""

from typing import NamedTuple

from shugang.policy.text import Text


class Refused(NamedTuple):
    """A refusal with its HTTP status."""

    code: str
    status: int
    text: Text


def _row(status: int, zh: str, en: str) -> tuple[int, Text]:
    return status, Text(zh, en)


REFUSALS: dict[str, tuple[int, Text]] = {
    "unknown_key": _row(
        401,
        "未能识别您的密钥。请检查是否完整复制，或在“我的授权”中重新领取。",
        "Your key was not recognised. Please check that it was copied in full, or collect a new one under My grants.",
    ),
    "signature_stale": _row(
        401,
        "签名时间与服务器相差超过5分钟。请校准本机时钟后重新签名。",
        "The signature's time is more than 5 minutes off. Please set your clock and sign again.",
    ),
    "credential_expired": _row(
        401,
        "您的密钥已过有效期。请在“我的授权”中重新领取。",
        "Your key is past its validity. Please collect a new one under My grants.",
    ),
    "revoked": _row(
        403,
        "此授权已终止，不能再使用数据。如有疑问请联系供方或平台。",
        "This grant has ended and the data can no longer be used. Please ask the supplier or the platform.",
    ),
    "suspended": _row(
        403,
        "此授权已暂停使用。恢复后无需重新领取密钥，原因见“我的授权”。",
        "This grant is suspended. Your key will work again once it resumes; the reason is shown under My grants.",
    ),
    "expired": _row(
        403,
        "此授权或其依据已到期。如需继续使用，请办理续约。",
        "This grant, or a basis of it, has expired. Please renew it to go on.",
    ),
    "not_started": _row(
        403,
        "此授权尚未生效。请在约定的起始时间之后使用。",
        "This grant is not yet in force. Please come back after the agreed start.",
    ),
    "quota_exhausted": _row(
        403,
        "约定用量已用完。请等待下一周期，或与供方协商增加用量。",
        "The agreed quota is used up. Please wait for the next period or agree on more with the supplier.",
    ),
    "uncharged_quota_exhausted": _row(
        403,
        "不计费调用的次数已达约定上限。请检查查询条件后于下一周期重试。",
        "The agreed number of uncharged calls is used up. Please check your inputs and retry in the next period.",
    ),
    "rate_limited": _row(
        429,
        "请求过于频繁，已超过约定速率。请按响应中的等待时间稍后重试。",
        "Requests exceed the agreed rate. Please retry after the waiting time stated in the answer.",
    ),
    "purpose_denied": _row(
        403,
        "所声明的用途不在授权范围内。请使用与约定用途一致的密钥。",
        "The stated purpose is not granted. Please use a key bound to the agreed purpose.",
    ),
    "environment_denied": _row(
        403,
        "此密钥未声明约定的使用环境。请重新领取密钥并作出声明。",
        "This key does not state the agreed environment. Please collect a new key and state it.",
    ),
    "action_denied": _row(
        403,
        "此授权不包含该操作。可用操作见授权条款。",
        "This grant does not include the action. The terms list what is allowed.",
    ),
    "column_hidden": _row(
        403,
        "所请求的字段不在授权范围内。可用字段见授权条款。",
        "A requested column is not granted. The terms list the columns that are.",
    ),
    "row_outside": _row(
        403,
        "所请求的数据行不在授权范围内。可用范围见授权条款。",
        "The requested rows lie outside the grant. The terms state its scope.",
    ),
    "place_denied": _row(
        403,
        "当前网络位置不在授权范围内。请从约定的环境访问。",
        "This network location is not granted. Please connect from the agreed environment.",
    ),
    "bundle_stale": _row(
        503,
        "数据服务暂时无法确认授权是否仍然有效，因此停止提供。请稍后重试。",
        "The data service cannot confirm that grants still stand, so it has stopped serving. Please retry shortly.",
    ),
    "nonce_repeated": _row(
        409,
        "该请求已收到过一次，未重复执行。重试时请更换一次性编号，并保持请求编号不变。",
        "This request was already received and was not run again. Retry with a fresh nonce and the same request id.",
    ),
    "result_gone": _row(
        409,
        "原答复已不再保存，且数据版本已变化，无法重现。请使用新的请求编号重新查询。",
        "The first answer is no longer kept and cannot be reproduced. Please ask again with a new request id.",
    ),
    "request_in_flight": _row(
        409,
        "同一请求编号的请求正在处理中。请稍候以同一编号重试。",
        "A request with this id is still being answered. Please retry shortly with the same id.",
    ),
    "request_changed": _row(
        409,
        "同一请求编号曾用于内容不同的请求。请更换请求编号。",
        "This request id was used before for a different request. Please choose a new request id.",
    ),
    "answer_too_large": _row(
        413,
        "结果超过单次答复的上限。请缩小查询范围后重试。",
        "The result exceeds the limit of one answer. Please narrow the query.",
    ),
    "not_found": _row(
        404,
        "没有找到该地址对应的数据。请核对名称。",
        "Nothing was found at this address. Please check the name.",
    ),
    "bad_request": _row(
        400,
        "请求内容不完整或格式有误。请对照接口说明修改后重试。",
        "The request is incomplete or malformed. Please correct it with the interface description.",
    ),
    "sql_syntax": _row(
        400,
        "SQL 语句无法解析。请检查语法（DuckDB 方言）后重试。",
        "The SQL cannot be read. Please check its syntax (DuckDB's dialect).",
    ),
    "sql_one_select": _row(
        400,
        "每次只能提交一条 SELECT 查询。请去掉其他语句后重试。",
        "Only one SELECT at a time can be run. Please leave out any other statement.",
    ),
    "sql_too_long": _row(
        413,
        "查询过长或嵌套过深。请拆分或简化后重试。",
        "The query is too long or nested too deeply. Please split or simplify it.",
    ),
    "sql_not_allowed": _row(
        403,
        "查询中含有不允许的语法。可用语法见使用说明。",
        "The query holds syntax that is not allowed. The guide lists what is.",
    ),
    "sql_function": _row(
        403,
        "查询中含有不允许的函数。可用函数见使用说明。",
        "The query calls a function that is not allowed. The guide lists those that are.",
    ),
    "sql_no_table": _row(
        403,
        "查询中的表不在授权范围内。可用的表见“我的授权”。",
        "A table of the query is not granted. My grants lists the tables that are.",
    ),
    "sql_ambiguous": _row(
        400,
        "查询中有名称含义不唯一。请用表的别名加以区分。",
        "A name in the query could mean two things. Please qualify it with an alias of its table.",
    ),
    "sql_output_rule": _row(
        403,
        "约定只允许输出汇总结果，此查询可能透露单条记录。请改用分组汇总，写法见使用说明。",
        "Only aggregates may leave, and this query could tell of a single record. Please group it as the guide shows.",
    ),
    "sql_failed": _row(
        422,
        "查询在执行中出错，本次未计费。请检查类型转换、日期格式等后重试。",
        "The query failed while running; nothing was charged. Please check casts, date formats and the like.",
    ),
    "sql_memory": _row(
        413,
        "查询所需内存超过上限，本次未计费。请缩小范围或减少关联后重试。",
        "The query needs more memory than allowed; nothing was charged. Please narrow it or join less.",
    ),
    "sql_time": _row(
        504,
        "查询时间超过上限，本次未计费。请缩小范围后重试。",
        "The query took longer than allowed; nothing was charged. Please narrow it.",
    ),
    "sql_stopped": _row(
        409,
        "此查询已停止，本次未计费。如仍需要，请使用新的请求编号重新提交。",
        "This query was stopped; nothing was charged. If you still need it, submit it under a new request id.",
    ),
    "sql_busy": _row(
        503,
        "同时运行的查询已达上限。请稍后重试。",
        "As many queries as allowed are running. Please retry shortly.",
    ),
    "sql_interrupted": _row(
        503,
        "运行此查询的服务进程已中断，查询未完成，未计费。请重新提交。",
        "The process that ran this query has ended before it was done; nothing was charged. Please submit it again.",
    ),
    "sql_elsewhere": _row(
        503,
        "运行此查询的服务器暂时联系不上，本次未计费。请稍后重试；所在服务器见 fields。",
        "The machine that runs this query cannot be reached from here; nothing was charged. Please retry shortly; fields"
        " name the machine.",
    ),
    "not_acceptable": _row(
        406,
        "不支持所要求的返回格式。可用格式见接口说明。",
        "The requested format is not offered. The interface description lists the formats.",
    ),
    "source_unavailable": _row(
        502,
        "供方的数据源暂时没有响应，本次未计费。请稍后重试。",
        "The supplier's source did not answer; nothing was charged. Please retry later.",
    ),
    "source_timeout": _row(
        504,
        "供方的数据源响应超时，本次未计费。请稍后重试。",
        "The supplier's source took too long; nothing was charged. Please retry later.",
    ),
    "target_unavailable": _row(
        502,
        "您登记的接收地址没有接受数据，只有已写出的部分计量。请检查该地址后重试。",
        "The destination that you registered did not take the data; only what had been written counts. Please check it and retry.",
    ),
    "slow_consumer": _row(
        429,
        "接收速度跟不上数据到达的速度，连接已断开，未发出的数据没有计费。请加快处理后重新订阅。",
        "You take messages more slowly than they come; the connection was closed and what had not left was not charged.",
    ),
    "grant_changed": _row(
        409,
        "授权条款已更新，请重新订阅。",
        "The terms of the grant were updated. Please subscribe again.",
    ),
    "version_gone": _row(
        410,
        "所请求的数据版本已不再提供。请改用当前版本。",
        "The requested data version is no longer offered. Please use the current version.",
    ),
    "journal_unavailable": _row(
        503,
        "用量记录暂时无法写入，因此未提供数据。请稍后重试。",
        "The meter cannot be written, so no data was released. Please retry shortly.",
    ),
}


def refuse(code: str) -> Refused:
    """The refusal of that code; an unknown code is a programming error (KeyError)."""
    status, text = REFUSALS[code]
    return Refused(code, status, text)

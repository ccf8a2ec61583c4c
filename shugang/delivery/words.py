"""Labels of states, modes and outcomes, with the tone in which a page shows them."""

from __future__ import annotations

from collections.abc import Mapping

from shugang.policy.text import Text

GRANT_STATES = {
    "active": ("ok", Text("可使用", "In use")),
    "suspended": ("warn", Text("已暂停", "Suspended")),
    "ended": ("off", Text("已终止", "Ended")),
}
UPLOAD_STATES = {
    "receiving": ("run", Text("正在接收", "Receiving")),
    "waiting": ("run", Text("排队等待转换", "Waiting to be converted")),
    "converting": ("run", Text("正在转换", "Converting")),
    "stored": ("ok", Text("已入库", "Stored")),
    "refused": ("bad", Text("未通过检查", "Refused")),
    "cancelled": ("off", Text("已取消", "Cancelled")),
    "expired": ("off", Text("中断过久，已清除", "Abandoned and removed")),
}
PLANE_STATES = {
    "waiting": ("run", Text("等待接入", "Waiting to enrol")),
    "active": ("ok", Text("已接入", "Enrolled")),
    "suspended": ("bad", Text("已停用", "Suspended")),
}
BASIS_LABELS = {
    "contract": Text("合同", "Contract"),
    "amendment": Text("补充协议", "Amendment"),
    "agreement": Text("委托处理合同", "Processing contract"),
    "certificate": Text("登记凭证", "Certificate"),
    "listing": Text("上架产品", "Listing"),
    "sample": Text("样本", "Sample"),
    "product": Text("上架产品", "Product"),
    "asset": Text("数据资产", "Data asset"),
    "case": Text("办理事项", "Case"),
    "dispute": Text("争议", "Dispute"),
    "authorisation": Text("授权书", "Authorisation"),
    "decision": Text("处置决定", "Decision"),
}


def register_bases(labels: Mapping[str, Text]) -> None:
    """In `AppConfig.ready`: what a wing above calls the bases on which its grants rest."""
    BASIS_LABELS.update(labels)


REASONS = {
    "expired": Text("授权期限已满", "The period is over"),
    "found": Text("查得", "Found"),
    "not_found": Text("未查得", "Not found"),
    "delivered": Text("已交付", "Delivered"),
    "continued": Text("续传字节", "Further bytes"),
    "rows": Text("已返回", "Returned"),
    "metadata": Text("读取表结构", "Table description read"),
    "manifest": Text("取得文件清单", "File list given"),
    "changes": Text("取得变更清单", "Changes listed"),
    "duplicate_billing_key": Text("重复请求，不再计费", "Repeated request, not charged again"),
    "unknown_grant": Text("无对应授权，不计费", "No such grant, not charged"),
    "outside_window": Text("超出授权期间，不计费", "Outside the period, not charged"),
    "outcome_not_charged": Text("该结果不计费", "This outcome is not charged"),
}
USE_STATES = {
    "answered": ("ok", Text("已答复", "Answered")),
    "aborted": ("warn", Text("中途断开", "Broken off")),
    "refused": ("bad", Text("已拒绝", "Refused")),
    "void": ("off", Text("未交付", "Nothing delivered")),
}


def word(code: str) -> Text:
    """The label of an outcome or reason; refusals speak by their code's label, unknown codes as they are."""
    if code in REASONS:
        return REASONS[code]
    return REFUSAL_LABELS.get(code, Text(code, code))


REFUSAL_LABELS = {
    "revoked": Text("授权已终止", "Grant ended"),
    "suspended": Text("授权已暂停", "Grant suspended"),
    "expired": Text("已到期", "Expired"),
    "not_started": Text("尚未生效", "Not started"),
    "quota_exhausted": Text("用量已用完", "Quota used up"),
    "uncharged_quota_exhausted": Text("不计费次数已用完", "Uncharged quota used up"),
    "rate_limited": Text("超过速率", "Too fast"),
    "purpose_denied": Text("用途不符", "Purpose not granted"),
    "action_denied": Text("操作未授权", "Action not granted"),
    "column_hidden": Text("字段未授权", "Column not granted"),
    "row_outside": Text("范围未授权", "Rows not granted"),
    "bundle_stale": Text("授权状态未确认", "Grants not confirmed"),
    "nonce_repeated": Text("请求重复", "Request repeated"),
    "result_gone": Text("原答复已不存", "Answer gone"),
    "bad_request": Text("请求有误", "Bad request"),
    "source_unavailable": Text("数据源无响应", "Source unavailable"),
    "source_timeout": Text("数据源超时", "Source too slow"),
    "target_unavailable": Text("接收地址无响应", "Destination unavailable"),
    "slow_consumer": Text("接收过慢", "Too slow to receive"),
    "grant_changed": Text("条款已更新", "Terms updated"),
    "mismatch": Text("不一致", "No match"),
    "failed": Text("接口报错", "The interface reported an error"),
    "credential_expired": Text("密钥已过期", "Key expired"),
    "interrupted": Text("服务中断", "Interrupted"),
    "unknown_key": Text("密钥不识别", "Key not recognised"),
    "signature_stale": Text("签名时间偏差", "Signature out of time"),
    "environment_denied": Text("未声明使用环境", "Environment not stated"),
    "place_denied": Text("网络位置未授权", "Place not granted"),
    "request_in_flight": Text("同一请求处理中", "Same request under way"),
    "request_changed": Text("请求编号已用于别的内容", "Request id used for another content"),
    "answer_too_large": Text("结果过大", "Answer too large"),
    "sql_syntax": Text("SQL无法解析", "SQL not understood"),
    "sql_one_select": Text("不是一条SELECT查询", "Not one SELECT"),
    "sql_too_long": Text("查询过长或过深", "Query too long or too deep"),
    "sql_not_allowed": Text("含不允许的语法", "Syntax not allowed"),
    "sql_function": Text("含不允许的函数", "Function not allowed"),
    "sql_no_table": Text("表未授权", "Table not granted"),
    "sql_ambiguous": Text("名称含义不唯一", "Ambiguous name"),
    "sql_output_rule": Text("可能透露单条记录，只给统计结果", "Might tell of single records; aggregates only"),
    "sql_failed": Text("查询执行出错", "Query failed"),
    "sql_memory": Text("查询内存超限", "Query out of memory"),
    "sql_time": Text("查询超时", "Query too slow"),
    "sql_stopped": Text("查询已停止", "Query stopped"),
    "sql_busy": Text("查询已满", "Too many queries"),
    "sql_interrupted": Text("查询中断", "Query interrupted"),
    "sql_elsewhere": Text("查询所在服务器失联", "The query's server is out of reach"),
    "not_acceptable": Text("返回格式不支持", "Format not supported"),
    "version_gone": Text("版本不再提供", "Version gone"),
    "journal_unavailable": Text("用量无法记录", "Use could not be recorded"),
}


def charge_word(charged: bool, reason: str) -> Text:
    """Whether and why: `charged:found` as the plane says it, or control's own finding."""
    _, _, tail = reason.partition(":")
    if reason in REASONS:
        return REASONS[reason]
    label = word(tail or reason)
    if charged:
        return Text(f"计费（{label.zh}）", f"Charged ({label.en})")
    return Text(f"不计费（{label.zh}）", f"Not charged ({label.en})")

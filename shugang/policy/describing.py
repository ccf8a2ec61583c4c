"""Terms in words, each with how it is held, as people see them before they sign."""

from collections.abc import Iterator
from typing import NamedTuple

from shugang.policy.guarantees import GUARANTEE_LABELS, check_mode, held
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text
from shugang.policy.vocabulary import CHINA, Mark, Mask, OutputRule, Quota, RowFilter, Terms


class TermLine(NamedTuple):
    """One term: what it says, how it is held, and by what means."""

    key: str
    label: Text
    value: Text
    guarantee: str
    guarantee_label: Text
    explanation: Text


LABELS: dict[str, Text] = {
    "subject": Text("使用者", "Who may use it"),
    "action": Text("允许的操作", "Allowed action"),
    "purpose": Text("用途", "Purpose"),
    "period": Text("有效期间", "Period"),
    "fields": Text("授权字段", "Granted columns"),
    "rows": Text("数据范围", "Rows in scope"),
    "masks": Text("脱敏", "Masking"),
    "quota": Text("用量上限", "Quota"),
    "rate": Text("速率上限", "Rate limit"),
    "place": Text("网络位置", "Place (network)"),
    "environment": Text("使用环境", "Environment"),
    "output": Text("输出规则", "Output rule"),
    "mark": Text("溯源标记", "Mark of the recipient"),
    "redistribute": Text("转授", "Redistribution"),
    "log": Text("使用登记", "Log of use"),
    "notify": Text("通知", "Notice"),
    "delete_after": Text("删除", "Deletion"),
    "attribution": Text("署名", "Attribution"),
    "notes": Text("补充约定", "Further agreements"),
}
ACTION_LABELS: dict[str, Text] = {
    "read": Text("读取", "Read"),
    "query": Text("查询", "Query"),
    "compute": Text("计算", "Compute"),
    "download": Text("下载", "Download"),
    "redistribute": Text("转授", "Redistribute"),
    "train": Text("训练模型", "Train models"),
}
UNIT_LABELS: dict[str, Text] = {
    "calls": Text("次", "calls"),
    "rows": Text("行", "rows"),
    "bytes": Text("字节", "bytes"),
    "seconds": Text("秒", "seconds"),
}
VERSION_LABELS: dict[str, Text] = {
    "this": Text("仅此版本", "This version only"),
    "later": Text("此版本及此后发布的版本", "This version and those published later"),
    "all": Text("全部版本，含历史版本", "All versions, earlier ones included"),
}
PERIOD_LABELS: dict[str, Text] = {
    "day": Text("每日", "per day"),
    "month": Text("每月", "per month"),
    "total": Text("合计", "in total"),
}
COUNT_LABELS: dict[str, Text] = {
    "charged": Text("计费", "charged"),
    "uncharged": Text("不计费", "uncharged"),
    "all": Text("全部", "all"),
}
ENVIRONMENT_LABELS: dict[str, Text] = {"isolated": Text("专用隔离环境", "A dedicated, isolated environment")}
NOTICE_LABELS: dict[str, Text] = {
    "first_use": Text("首次使用时告知供方", "The supplier learns of the first use"),
    "incident": Text(
        "发生泄露或超范围使用时立即通知供方", "The supplier is told at once of a leak or use beyond the terms"
    ),
}
_SIGNS = {"eq": "=", "ne": "≠", "ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_DATE_UNITS = {"month": Text("月", "month"), "quarter": Text("季度", "quarter"), "year": Text("年", "year")}


def describe(terms: Terms, mode: str) -> list[TermLine]:
    """Every term in force with its guarantee in `mode`; raises `UnknownTerm` where one has none."""
    check_mode(terms, mode)
    return [_line(key, value, mode) for key, value in _values(terms)]


def _line(key: str, value: Text, mode: str) -> TermLine:
    guarantee, explanation = held(key, mode)
    return TermLine(key, LABELS[key.split(".")[0]], value, guarantee, GUARANTEE_LABELS[guarantee], explanation)


def _values(terms: Terms) -> Iterator[tuple[str, Text]]:
    yield "subject", Text("需方及其领取密钥的人员", "The buyer and those of its people who hold keys")
    for action in terms.actions:
        yield f"action.{action}", ACTION_LABELS[action]
    yield "purpose", PURPOSES[terms.purpose]
    first, last = (f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}" for moment in (terms.valid_from, terms.valid_until))
    yield "period", Text(f"{first} 至 {last}（北京时间）", f"{first} to {last} (UTC+8)")
    yield "fields", Text("、".join(terms.fields), ", ".join(terms.fields))
    for row in terms.rows:
        yield "rows", row_text(row)
    for mask in terms.masks:
        yield "masks", mask_text(mask)
    for quota in terms.quotas:
        yield f"quota.{quota.unit}", quota_text(quota)
    if terms.rate:
        yield (
            "rate",
            Text(
                f"每秒 {terms.rate.per_second} 次，瞬时最多 {terms.rate.burst} 次",
                f"{terms.rate.per_second} calls a second, bursts of up to {terms.rate.burst}",
            ),
        )
    if terms.networks:
        yield "place", Text("、".join(terms.networks), ", ".join(terms.networks))
    if terms.environment is not None:
        yield f"environment.{terms.environment}", ENVIRONMENT_LABELS[terms.environment]
    if terms.output:
        yield "output", output_text(terms.output)
    if terms.mark:
        yield "mark", mark_text(terms.mark)
    yield (
        "redistribute",
        Text("可以转授", "Allowed") if terms.redistribute else Text("不得转授", "Not allowed"),
    )
    if terms.keep_log:
        yield "log", Text("需方登记每次使用，供方可查阅", "The buyer logs each use; the supplier may inspect it")
    for notice in terms.notify:
        yield f"notify.{notice}", NOTICE_LABELS[notice]
    if terms.delete_after_days is not None:
        days = terms.delete_after_days
        yield "delete_after", Text(f"期满后 {days} 日内删除", f"Within {days} days after the period ends")
    if terms.attribution:
        yield "attribution", Text(terms.attribution, terms.attribution)
    if terms.notes:
        yield "notes", Text(terms.notes, terms.notes)


def quota_text(quota: Quota) -> Text:
    """每日 10,000 次(计费) / 10,000 calls per day (charged)."""
    unit, per, counts = UNIT_LABELS[quota.unit], PERIOD_LABELS[quota.per], COUNT_LABELS[quota.counts]
    return Text(
        f"{per.zh} {quota.limit:,} {unit.zh}（{counts.zh}）",
        f"{quota.limit:,} {unit.en} {per.en} ({counts.en})",
    )


def output_text(rule: OutputRule) -> Text:
    """The output rule in words."""
    return Text(
        f"只输出汇总结果，每组不少于 {rule.min_group} 行", f"Aggregates only, each over {rule.min_group} rows or more"
    )


def mark_text(mark: Mark) -> Text:
    """What a mark does to the data, in words; the keys and columns are names and stay as they are."""
    parts = []
    if mark.columns:
        names = Text(*(mark_of.join(marked.column for marked in mark.columns) for mark_of in ("、", ", ")))
        parts.append(
            Text(
                f"{names.zh}的最低位在少量行中按接收方微调",
                f"the last digit of {names.en} is moved in a few rows by recipient",
            )
        )
    if mark.canaries:
        parts.append(Text(f"另加 {mark.canaries} 行诱饵行，不计费", f"{mark.canaries} uncharged canary rows are added"))
    return Text("；".join(p.zh for p in parts), "; ".join(p.en for p in parts))


def row_text(row: RowFilter) -> Text:
    """A condition in words; the column's name and values are data and stay as they are."""
    if row.op == "not_null":
        return Text(f"{row.column} 非空", f"{row.column} is not empty")
    if isinstance(row.value, tuple):
        values = [str(value) for value in row.value]
        return Text(f"{row.column} 属于 {'、'.join(values)}", f"{row.column} is one of {', '.join(values)}")
    return Text(*[f"{row.column} {_SIGNS[row.op]} {row.value}"] * 2)


def mask_text(mask: Mask) -> Text:
    """A mask in words."""
    column, args = mask.column, mask.args
    if mask.function == "keep_ends":
        return Text(
            f"{column}：保留前 {args['prefix']} 位和后 {args['suffix']} 位",
            f"{column}: the first {args['prefix']} and last {args['suffix']} characters are kept",
        )
    if mask.function == "redact":
        return Text(f"{column}：不提供内容", f"{column}: the content is withheld")
    if mask.function == "band":
        return Text(f"{column}：按 {args['width']} 分档取下限", f"{column}: rounded down to bands of {args['width']}")
    if mask.function == "truncate_date":
        unit = _DATE_UNITS[str(args["unit"])]
        return Text(f"{column}：日期精确到{unit.zh}", f"{column}: dates to the {unit.en}")
    if mask.function == "ff1":
        return Text(f"{column}：以 FF1 保形加密代替", f"{column}: encrypted in its own form (FF1)")
    if mask.function == "sm3_token":
        return Text(f"{column}：以 HMAC-SM3 不可逆标识代替", f"{column}: replaced by a keyed token (HMAC-SM3)")
    return Text(f"{column}：以不可逆标识代替", f"{column}: replaced by a keyed token")

"""The kinds of price plan, the units that they count, and why a line costs what it costs; in words."""

from shugang.policy.text import Text

KINDS: dict[str, Text] = {
    "free": Text("免费", "Free"),
    "one_off": Text("一次性", "One-off"),
    "per_unit": Text("按量", "Per unit"),
    "package": Text("套餐", "Package"),
    "tiered": Text("阶梯（分段累进）", "Graduated tiers"),
    "volume": Text("阶梯（全量同价）", "Volume tiers"),
    "by_outcome": Text("按结果分别计价", "By outcome"),
    "period": Text("按期订阅", "Subscription"),
    "revenue": Text("收益分成", "Revenue share"),
}
# What a plan may count. `seconds` are those of a stream's windows, `revenue` is what the buyer reports, in 分.
PRICE_UNITS = ("calls", "rows", "bytes", "seconds", "revenue")
UNIT_WORDS: dict[str, tuple[Text, Text]] = {
    "calls": (Text("次", "calls"), Text("次", "call")),
    "rows": (Text("行", "rows"), Text("行", "row")),
    "bytes": (Text("字节", "bytes"), Text("字节", "byte")),
    "seconds": (Text("秒", "seconds"), Text("秒", "second")),
    "revenue": (Text("分收入", "fen of revenue"), Text("分收入", "fen of revenue")),
}
EVERY: dict[str, Text] = {
    "month": Text("月", "month"),
    "quarter": Text("季", "quarter"),
    "year": Text("年", "year"),
}
MONTHS = {"month": 1, "quarter": 3, "year": 12}

REASONS: dict[str, Text] = {
    "free": Text("免费提供", "Provided free of charge"),
    "one_off": Text("一次性价款", "One-off price"),
    "in_one_off": Text("已含在一次性价款中", "Covered by the one-off price"),
    "period": Text("本期订阅费", "Subscription of the period"),
    "in_period": Text("已含在订阅费中", "Covered by the subscription"),
    "share": Text("按申报收入分成", "Share of the reported revenue"),
    "in_share": Text("按收入分成，使用不另计费", "Paid by revenue share, not by use"),
    "unit": Text("按量计费", "Charged per unit"),
    "outcome": Text("按结果计费", "Charged by outcome"),
    "included": Text("在免费额度内", "Within the included units"),
    "package": Text("按套餐计费", "Charged by package"),
    "tier": Text("按阶梯计费", "Charged in this bracket"),
    "volume": Text("按所达阶梯全量计费", "All units at the bracket reached"),
    "day_capped": Text("超过每日封顶部分减免", "Reduced to the maximum of the day"),
    "not_billable": Text("该结果约定不计费", "This outcome is agreed to be uncharged"),
    "minimum": Text("补足最低消费", "Made up to the minimum charge"),
    "capped": Text("超过封顶金额部分减免", "Reduced to the maximum charge"),
}

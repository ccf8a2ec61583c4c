"""What an engagement and a working paper ask: forms as data, for page, API and check alike.

Order of the paper's sections: 《资产评估执业准则——资产评估档案》 asks that inputs, choices and their reasons can be followed.
"""

from __future__ import annotations

from dataclasses import dataclass

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

from .formulas import cost, income, quality

PURPOSES = (
    ("transfer", Text("转让或许可", "Transfer or licence")),
    ("contribution", Text("作价出资", "Contribution in kind")),
    ("pledge", Text("质押融资", "Pledge")),
    ("restructuring", Text("企业重组", "Restructuring")),
    ("litigation", Text("司法", "Litigation")),
    ("internal", Text("内部管理参考", "Internal reference")),
)
VALUE_TYPES = (
    ("market", Text("市场价值", "Market value")),
    ("investment", Text("投资价值", "Investment value")),
    ("in_use", Text("在用价值", "Value in use")),
    ("liquidation", Text("清算价值", "Liquidation value")),
)
ENGAGEMENT = Form(
    1,
    (
        Field("purpose", "choice", Text("评估目的", "Purpose"), choices=PURPOSES),
        Field("value_type", "choice", Text("价值类型", "Type of value"), choices=VALUE_TYPES),
        Field("base_date", "date", Text("评估基准日", "Base date"),
              Text("价格和数据都以这一天为准；不晚于今天，不早于一年前。", "Prices and data are of this day: not later than today, not earlier than a year ago.")),
        Field("scenario", "textarea", Text("应用场景", "Scenario of use"),
              Text("数据给谁、怎样用、以什么方式产生收益。场景不同，价值不同。", "Who uses the data, how, and how it earns. Another scenario has another value."), max_length=800),
        Field("statutory", "bool", Text("属于法定评估业务（国有资产等）", "Statutory appraisal (state assets and the like)"),
              Text("法定评估的档案保存三十年。", "Its archive is kept for thirty years."), required=False),
        Field("supersedes", "text", Text("替代的评估报告编号", "Report that this one replaces"),
              Text("仅在重新评估同一资产时填写。", "Only when the same asset is appraised anew."), required=False, max_length=20),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    key: str
    label: Text
    hint: Text
    fields: tuple[Field, ...]


def _yes(name: str, label: Text) -> Field:
    return Field(name, "bool", label, required=False)


def _text(name: str, label: Text, hint: Text | None = None, length: int = 12) -> Field:
    return Field(name, "text", label, hint, required=False, max_length=length)


def _area(name: str, label: Text, hint: Text, length: int = 4000, required: bool = False) -> Field:
    return Field(name, "textarea", label, hint, required=required, max_length=length)


PERCENT = Text("百分数，例：2.5", "A percentage, such as 2.5")
USE = Text("选用这种方法", "Use this method")
WHY = Text("为什么适用，或为什么不选用；报告中会写明。", "Why it fits, or why it is not used; the report says so.")
GENERAL = Section(
    "general", Text("评估假设与质量评价", "Assumptions and quality"),
    Text("报告的前提，和质量系数的来源。", "What the report rests on, and where the quality factor comes from."),
    (
        _area("assumptions", Text("评估假设", "Assumptions"), Text("一行一条。例：数据资产按现有用途继续使用。", "One a line. Example: the asset goes on being used as it is."), required=True),
        Field("quality_way", "choice", Text("质量系数的取得", "How the quality factor is found"), choices=(
            ("direct", Text("引用质量评价报告", "From a quality report")),
            ("ahp", Text("层次分析法", "Analytic hierarchy process")),
            ("fuzzy", Text("模糊综合评价法", "Fuzzy evaluation")),
            ("delphi", Text("层次分析法和德尔菲法", "Hierarchy and Delphi")))),
        _text("quality_evaluator", Text("质量评价机构或专家", "Quality evaluator"), length=80),
        _text("quality_factor", Text("质量系数", "Quality factor"), Text("引用质量评价报告时填写，0至1。", "From the quality report, 0 to 1.")),
        _area("quality_matrix", Text("判断矩阵", "Judgement matrix"),
              Text("六行六列，依次为" + "、".join(d.zh for d in quality.DIMENSIONS.values()) + "；值为1/9至9，可写1/3。",
                   "Six rows of six, in the order " + ", ".join(d.en.lower() for d in quality.DIMENSIONS.values()) + "; 1/9 to 9.")),
        _area("quality_scores", Text("得分", "Scores"),
              Text("层次分析法：一行六个0至1的得分。模糊评价：六行五个隶属度（优良中差劣）。德尔菲法：一位专家一行，每行六个得分。",
                   "Hierarchy: one row of six scores 0 to 1. Fuzzy: six rows of five memberships. Delphi: a row of six for each expert.")),
    ),
)  # fmt: skip
INCOME = Section(
    "income", income_label := Text("收益法", "Income approach"),
    Text("未来收益折现。期限取各期限中最短的。", "Future income, discounted. The shortest life counts."),
    (
        _yes("income_use", USE),
        _area("income_reason", Text("收益法的适用性", "Whether income applies"), WHY, 800, True),
        Field("income_way", "choice", Text("收益的口径", "Kind of income"), required=False, choices=tuple(income.WAYS.items())),
        Field("income_timing", "choice", Text("折现时点", "Timing"), required=False, choices=tuple(income.TIMINGS.items())),
        _area("income_flows", Text("逐年预测（元）", "Forecast a year (yuan)"),
              Text("一年一行，用逗号或制表符分列，可从表格粘贴。直接收益：收益。分成收益：收益，分成率%。超额收益：收益，各贡献资产的回报……。增量收益：有数据时，无数据时。",
                   "A year a row, commas or tabs. Direct: income. Share: income, share %. Excess: income, charges of other assets …. Incremental: with, without.")),
        *(Field(f"life_{name}", "int", Text(f"{label.zh}（年）", f"{label.en} (years)"), required=False, minimum=1, maximum=50)
          for name, label in income.LIVES.items()),
        _text("rate_free", Text("无风险报酬率（%）", "Risk-free rate (%)"), PERCENT),
        *(_text(f"rate_{name}", Text(f"{label.zh}报酬率（%）", f"{label.en} premium (%)"), PERCENT) for name, label in income.PREMIUMS.items()),
    ),
)  # fmt: skip
COST = Section(
    "cost", Text("成本法", "Cost approach"),
    Text("重新取得这项数据要花多少，再按质量、期限、场景调整。", "What it costs to have the data again, adjusted."),
    (
        _yes("cost_use", USE),
        _area("cost_reason", Text("成本法的适用性", "Whether cost applies"), WHY, 800, True),
        Field("cost_way", "choice", Text("公式", "Formula"), required=False, choices=tuple(cost.WAYS.items())),
        *(Field(f"cost_{name}", "money", label, required=False) for name, label in cost.PARTS.items()),
        _text("delta_term", Text("期限系数", "Term factor"), Text("用于P＝C×δ，0至3。质量系数取自上面。", "For P = C × δ, up to 3. Quality comes from above.")),
        _text("delta_scenario", Text("应用场景系数", "Scenario factor")),
        _text("u_profit", Text("成本投资回报率R（%）", "Return on cost R (%)"), Text("以下用于P＝TC×（1＋R）×U。", "From here on for P = TC × (1 + R) × U.")),
        _area("u_circulation", Text("数据流通量", "Volumes in circulation"),
              Text("一行四个数：开放量，公开量，共享量，总量。第二行三个权重a，b，c（0至1）。", "One row: open, public, shared, total. Second row: weights a, b, c (0 to 1)."), 400),
        _text("u_own", Text("本数据集的数据量", "Own volume"), length=16),
        _text("u_industry", Text("行业同类数据总量", "Volume of the industry"), length=16),
        _area("u_risk", Text("风险系数r（%）", "Risk r (%)"), Text("一行四个数：管理，流通，增值开发，安全；合计为r。", "One row: management, circulation, development, security; their sum is r."), 400),
    ),
)  # fmt: skip
MARKET = Section(
    "market", Text("市场法", "Market approach"),
    Text("按可比交易的价格修正。每个子集至少三个案例。", "Prices of comparable deals, corrected; at least three for each sub-dataset."),
    (
        _yes("market_use", USE),
        _area("market_reason", Text("市场法的适用性", "Whether market applies"), WHY, 800, True),
        _area("market_comparables", Text("可比案例", "Comparables"),
              Text("一个案例一行：子集，名称，成交日期（2025-06-30），价格（元），质量、供求、期日、容量、其他五个系数。",
                   "One a row: sub-dataset, name, day (2025-06-30), price (yuan), then five coefficients: quality, supply, date, volume, other.")),
    ),
)  # fmt: skip
RECONCILIATION = Section(
    "reconciliation", Text("结论的形成", "From methods to the conclusion"),
    Text("选用的方法各占多少，合计100%，各写理由。", "How much each method counts, 100% in all, each with its reason."),
    tuple(
        field
        for name, label in (("income", income_label), ("cost", COST.label), ("market", MARKET.label))
        for field in (
            _text(f"weight_{name}", Text(f"{label.zh}的权重（%）", f"Weight of the {label.en.lower()} (%)")),
            _text(f"weight_{name}_reason", Text(f"{label.zh}取此权重的理由", f"Reason for the weight of the {label.en.lower()}"), length=400),
        )
    ),
)  # fmt: skip
UNCERTAINTY = Section(
    "uncertainty", Text("不确定性分析", "Uncertainty"),
    Text("声明每个输入的分布，得到敏感性和蒙特卡洛模拟。", "Declare distributions of inputs; sensitivity and simulation follow."),
    (
        _area("distributions", Text("输入的分布", "Distributions of inputs"),
              Text("一行一个：输入 分布 参数。输入：rate折现率（%）、flows收益倍数、cost成本倍数、factor成本系数倍数、price市价倍数。例：rate triangular 10 12 15；flows normal 1 0.1；cost uniform 0.9 1.2",
                   "One a row: input, kind, parameters. Inputs: rate (%), flows, cost, factor, price (multiples). Example: rate triangular 10 12 15; flows normal 1 0.1; cost uniform 0.9 1.2"), 800),
        Field("runs", "int", Text("模拟次数", "Runs"), required=False, minimum=1000, maximum=50000),
        Field("seed", "int", Text("随机数种子", "Seed"), Text("相同的种子得到相同的结果。", "The same seed gives the same result."), required=False, minimum=0, maximum=2**31 - 1),
        _area("special", Text("特别事项说明", "Special matters"), Text("影响结论而报告使用人须知道的事项；没有写“无”。", "What readers of the report must know; write “none” if none."), 2000, True),
    ),
)  # fmt: skip
SECTIONS = (GENERAL, INCOME, COST, MARKET, RECONCILIATION, UNCERTAINTY)
PAPER = Form(1, tuple(field for section in SECTIONS for field in section.fields))
METHODS = {"income": INCOME.label, "cost": COST.label, "market": MARKET.label}

"""The forms of authorised operation."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.market.products.kinds import FIELDS
from shugang.policy.text import Text

from ..sharing.forms import OPINION, OWN_SIGNATURE, WHY

__all__ = ["BID", "CRITERIA", "MODES", "NAMED", "OBJECTION", "OPINION", "PLAN", "SCORE", "SIGN", "TERMINATE", "WHY"]
MODES: tuple[tuple[str, Text], ...] = (
    ("whole", Text("整体授权", "The whole")),
    ("field", Text("分领域授权", "One field")),
    ("scenario", Text("依场景授权", "One scenario")),
)
PLAN = Form(
    1,
    (
        Field("title", "text", Text("授权运营项目", "Project"), max_length=80),
        Field("mode", "choice", Text("授权方式", "Way of authorisation"), choices=MODES),
        Field("field", "choice", Text("领域", "Field"), choices=tuple(FIELDS.items())),
        Field("resources", "textarea", Text("公共数据目录编号", "Numbers of the resources"),
              Text("每行一个，须是已发布的目录。", "One a line, each a published entry."), max_length=2000),
        Field("aims", "textarea", Text("目标与应用方向", "Aims and uses"), max_length=800),
        Field("years", "int", Text("期限（年）", "Term (years)"), minimum=1, maximum=10),
        Field("products", "textarea", Text("产品清单与上限收费", "Products and fee caps"),
              Text("每行一个：产品名称｜上限单价（元，免费填0）｜计价单位。单位写次、行、条（可写1000次、万条），月、季、年，或份（一次性）。例：街道人口指数｜0.50｜次。",
                   "One a line: name | highest price in CNY (0 if free) | unit: call or row (also 1000 rows), month, quarter, year, or one-off. Such as: Street index | 0.50 | call."),
              max_length=2000),
        Field("security", "textarea", Text("安全要求", "Security"), max_length=800),
        Field("duties", "textarea", Text("运营机构的义务", "Duties of the developer"), max_length=800),
        Field("exit", "textarea", Text("退出机制", "Exit"), Text("何时退出、数据和系统怎样交接。", "When, and how data and systems are handed over."),
              max_length=800),
    ),
)  # fmt: skip
BID = Form(
    1,
    (
        Field("proposal", "textarea", Text("运营方案", "Proposal"), max_length=4000),
        Field("capability", "textarea", Text("技术与运营能力", "Capability"), max_length=2000),
        Field("security", "textarea", Text("安全保障", "Security measures"), max_length=2000),
        Field("fees", "textarea", Text("收费设想", "Fees"), Text("不高于方案所列的上限。", "Not above the caps of the plan."), max_length=800),
        Field("declaration", "bool", Text("所述属实，与评审人员没有利害关系", "It is true, and no scorer has an interest in us")),
    ),
)  # fmt: skip
NAMED = Form(
    1,
    (
        Field("agreed", "text", Text("协议产品清单中的名称", "Name in the agreement's list of products"), Text("一字不差。", "To the letter."), max_length=80),
        Field("product", "text", Text("市场产品编号", "Number of the product"), Text("本机构的产品，上架前登记；价格不得高于协议上限。", "One of yours, before it is listed; its price stays below the cap."),
              max_length=20),
    ),
)  # fmt: skip
# What is scored, and the most points for it; together 100.
CRITERIA: tuple[tuple[str, Text, int], ...] = (
    ("capability", Text("技术与运营能力", "Capability"), 35),
    ("security", Text("安全保障", "Security"), 30),
    ("proposal", Text("运营方案", "Proposal"), 25),
    ("fees", Text("收费", "Fees"), 10),
)
SCORE = Form(1, (Field("scores", "json", Text("评分", "Scores"), max_length=20_000),))
SIGN = Form(1, (OWN_SIGNATURE,))
OBJECTION = Form(1, (Field("text", "textarea", Text("异议与理由", "Objection and reasons"), max_length=800),))
TERMINATE = Form(
    1,
    (
        Field("rule", "choice", Text("终止依据", "Ground"), choices=(
            ("security", Text("发生数据安全事件或拒不整改", "A security incident, or a refusal to mend")),
            ("beyond", Text("超出协议使用或转授权", "Use beyond the agreement, or passing it on")),
            ("fees", Text("收费超过上限", "Fees above the cap")),
            ("law", Text("法律、政策或公共利益需要", "Law, policy or public interest")),
        )),
        Field("reason", "textarea", Text("理由", "Reason"), max_length=400),
    ),
)  # fmt: skip

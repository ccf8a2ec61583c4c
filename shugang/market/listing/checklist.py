"""The compliance checklist of a listing: asked of the supplier, answered item by item by the third party.

Sources: 数据安全法 §33 (explain the source, keep the review), GB/T 37932, 深圳经济特区数据条例 §67 (what may not be traded).
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

COMPLIANCE = "compliance"  # the kind of report that an opinion is
SOURCES = (
    ("generated", Text("自行生产或采集", "Generated or collected by ourselves")),
    ("public", Text("合法获取的公开数据", "Public data lawfully obtained")),
    ("agreement", Text("协议取得", "Obtained by agreement")),
    ("operation", Text("公共数据授权运营", "Authorised operation of public data")),
    ("derived", Text("衍生加工", "Derived")),
)
PERSONAL = (
    ("none", Text("不含个人信息", "No personal information")),
    ("masked", Text("含个人信息字段，交付前已脱敏或不提供", "Personal columns are masked or left out before delivery")),
    ("consent", Text("含个人信息，已取得单独同意", "Personal information with separate consent")),
    ("law", Text("含个人信息，依法律规定处理", "Personal information processed under a statute")),
)
# What an answer here may rest on in the data set's security review (个保法 §13).
BASIS_OF: dict[str, frozenset[str]] = {
    "consent": frozenset({"consent"}),
    "law": frozenset({"contract", "law", "emergency", "news", "public", "other"}),
}
EXPORT = (
    ("no", Text("不向境外提供", "Not provided abroad")),
    ("rules", Text("可能向境外提供，按出境规定办理", "May be provided abroad, by the rules on export")),
)
APPLICATION = Form(
    3,
    (
        Field("source_class", "choice", Text("来源类别", "Source"), choices=SOURCES),
        Field("source_proof", "textarea", Text("来源证明", "Proof of source"),
              Text("写明出处、取得方式和证明材料。", "Where it comes from, how it was obtained, and what proves it.")),
        Field("proof_file", "file", Text("来源证明材料", "Proof document"), required=False),
        Field("licence_chain", "textarea", Text("许可链条", "Chain of licences"),
              Text("每一环的许可或合同、期限、是否允许再提供。例：CC BY 4.0，署名即可再提供。",
                   "Each licence or contract, its end, and whether passing on is allowed. Example: CC BY 4.0, with attribution.")),
        Field("licence_until", "date", Text("许可到期日", "Last day of the licence"),
              Text("链条中最早到期的一环的最后一天；都没有期限的不填。到期后暂停上架和使用。",
                   "The last day of the link that ends first; empty if none ends. Listing and use stop after it."), required=False),
        Field("personal", "choice", Text("个人信息", "Personal information"), choices=PERSONAL),
        Field("personal_basis", "textarea", Text("个人信息处理依据", "Basis for personal information"),
              Text("含个人信息字段时必填：同意方式、脱敏做法或法律条文。", "Required with personal columns: consent, masking or statute."),
              required=False),
        Field("no_important_data", "bool", Text("声明不含重要数据和核心数据", "We state that it holds no important or core data"),
              Text("定为重要数据、已通过安全审查的不勾选；其余未声明的不能上架。",
                   "Leave it unticked for important data that passed their security review; otherwise it is required.")),
        Field("quality", "textarea", Text("质量说明", "Quality statement"),
              Text("写明已知缺失、重复和不准确之处。", "Known gaps, duplicates and inaccuracies.")),
        Field("restrictions", "textarea", Text("使用限制", "Restrictions"),
              Text("对需方、用途、环境、地域的限制；没有写“无”。", "On buyers, purposes, environment, place; write “none” if none.")),
        Field("export", "choice", Text("出境", "Export"), choices=EXPORT),
        Field("sample_rows", "int", Text("公开样例行数", "Public sample rows"),
              Text("0至5行，按所提供条款脱敏后公开；0为不提供。", "0 to 5 rows, masked by the offered terms; 0 for none."),
              required=False, minimum=0, maximum=5),
        Field("trial_size", "int", Text("可申请的样本量", "Size of the sample on request"),
              Text("合格需方一键免费领取、单独计量的样本：文件类填行数，接口和查询类填调用次数；0为不提供。",
                   "What a qualified buyer may take with one click, free and metered by itself: rows of files, calls of interfaces; 0 for none."),
              required=False, minimum=0, maximum=10_000),
        Field("declaration", "bool", Text("以上内容真实，愿承担法律责任", "The above is true, and we answer for it")),
    ),
)  # fmt: skip

ANSWERS = (
    ("pass", Text("符合", "Complies")),
    ("na", Text("不适用", "Not applicable")),
    ("fail", Text("不符合", "Does not comply")),
)
ITEMS: dict[str, Text] = {
    "subject": Text("主体合法存续，无失信记录", "The subject is lawful and in good standing"),
    "source": Text("来源类别有证明，取得方式合法", "The source is proven and lawfully obtained"),
    "licence": Text(
        "许可链条完整、未到期、允许再提供", "The chain of licences is complete, in force, and allows passing on"
    ),
    "personal": Text("个人信息有处理依据，或已脱敏", "Personal information has a basis or is masked"),
    "important": Text("不含核心数据，重要数据已经风险评估", "No core data; important data with a risk assessment"),
    "rights": Text("登记凭证有效，经营权清晰，无争议", "Certificate valid, right to trade clear, no dispute"),
    "quality": Text("质量说明与数据相符", "The quality statement fits the data"),
    "restrictions": Text("使用限制已写入条款", "The restrictions are in the terms"),
}
OPINION = Form(
    1,
    (
        *(Field(f"item_{name}", "choice", label, choices=ANSWERS) for name, label in ITEMS.items()),
        Field("opinion", "textarea", Text("合规意见", "Compliance opinion"),
              Text("写明核查了哪些材料、发现的问题和结论。", "What was examined, what was found, and the conclusion."), max_length=2000),
    ),
)  # fmt: skip


def counts(answers: dict[str, str]) -> dict[str, int]:
    """How many items comply, do not apply, do not comply."""
    values = [answers[f"item_{name}"] for name in ITEMS]
    return {code: values.count(code) for code, _ in ANSWERS}

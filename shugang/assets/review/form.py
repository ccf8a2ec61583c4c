"""What a holder states for the security review of a version."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

NONE, ANONYMISED = "none", "anonymised"
BASES = (
    (NONE, Text("不含个人信息", "No personal information")),
    ("consent", Text("个人单独同意（个保法第13条第1项、第23条）", "Separate consent (PIPL art. 13(1), 23)")),
    ("contract", Text("履行合同或人力资源管理所必需（第13条第2项）", "Necessary for a contract or staff management (art. 13(2))")),
    ("law", Text("履行法定职责或义务（第13条第3项）", "Statutory duty (art. 13(3))")),
    ("emergency", Text("应对突发公共卫生事件或紧急情况（第13条第4项）", "Public health emergency or urgent protection (art. 13(4))")),
    ("news", Text("为公共利益的新闻报道、舆论监督（第13条第5项）", "News reporting and supervision in the public interest (art. 13(5))")),
    ("public", Text("合理处理已合法公开的信息（第13条第6项、第27条）", "Reasonable use of lawfully public information (art. 13(6), 27)")),
    ("other", Text("法律、行政法规规定的其他情形（第13条第7项）", "Other cases stated by law (art. 13(7))")),
    (ANONYMISED, Text("已匿名化（第4条），附匿名性检查", "Anonymised (art. 4), with a check of anonymity")),
)  # fmt: skip
APPLICATION = Form(
    1,
    (
        Field("measures", "textarea", Text("安全措施", "Security measures"),
              Text("写明存放、访问、脱敏、留痕和到期删除的做法。", "Storage, access, masking, records, deletion."), max_length=1000),
        Field("personal_basis", "choice", Text("个人信息处理依据", "Basis for personal information"), choices=BASES),
        Field("basis_text", "textarea", Text("依据说明", "The basis in words"),
              Text("含个人信息时必填：同意的方式与范围、合同或条文。", "Required with personal information: how consent was given, contract or statute."),
              required=False, max_length=1000),
        Field("basis_file", "file", Text("依据材料", "Proof of the basis"),
              Text("以单独同意为依据时必须上传同意书样本。", "With consent, a sample of the form is required."), required=False),
        Field("risk_file", "file", Text("风险评估报告", "Risk assessment"),
              Text("重要数据必须上传；有第三方签署、仍有效的风险评估报告时不用。", "Required for important data, unless a signed risk assessment by a third party stands."), required=False),
        Field("risk_until", "date", Text("风险评估有效期至", "Risk assessment valid until"), required=False),
        Field("declaration", "bool", Text("以上内容真实，愿承担法律责任", "The above is true, and we answer for it")),
    ),
)  # fmt: skip

"""The forms of offers and orders."""

from __future__ import annotations

from dataclasses import replace

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

from .kinds import LEVELS, RESULTS, shipped_labels

WHY = Form(
    1,
    (
        Field("reason", "textarea", Text("理由", "Reason"),
              Text("对方看到的就是这段文字，请一次写全。", "The other side reads exactly this; say everything at once."),
              max_length=800),
    ),
)  # fmt: skip
NOTE = Form(1, (Field("note", "textarea", Text("说明", "Note"), required=False, max_length=800),))

_WHAT = (
    Field("title", "text", Text("服务名称", "Name of the service"), max_length=80),
    Field("title_en", "text", Text("英文名称", "Name in English"), required=False, max_length=120),
    Field("scope", "textarea", Text("服务范围", "Scope"),
          Text("做什么、不做什么、交付什么报告、按什么标准。", "What you do and do not do, which report, by which standard."),
          max_length=800),
    Field("scope_en", "textarea", Text("英文服务范围", "Scope in English"), required=False, max_length=1200),
    Field("price_fen", "money", Text("价格（元，含税）", "Price in yuan, tax included"),
          Text("不填表示逐单报价。", "Leave empty to quote order by order."), required=False),
    Field("days", "int", Text("办理期限（工作日）", "Days of work (working days)"), minimum=1, maximum=365),
)  # fmt: skip
QUALIFICATION = (
    Field("qualification_name", "text", Text("资质名称", "Qualification"), max_length=120),
    Field("qualification_number", "text", Text("资质编号", "Its number"), max_length=60),
    Field("qualification_issuer", "text", Text("发证机关", "Issued by"), max_length=120),
    Field("valid_from", "date", Text("有效期自", "Valid from")),
    Field("valid_until", "date", Text("有效期至", "Valid until"),
          Text("到期当日仍有效，次日服务自动暂停。", "Valid on that day; the service is suspended on the next."),),
    Field("document", "file", Text("资质文件", "Document"), Text("PDF、图片或ZIP，不超过20 MB。", "PDF, picture or ZIP, 20 MB at most.")),
)  # fmt: skip
OFFER = Form(
    1,
    (
        Field("kind", "choice", Text("服务类别", "Kind of service"), choices=tuple(shipped_labels().items())),
        *_WHAT,
        *QUALIFICATION,
        Field("declaration", "bool", Text("以上内容真实，资质未被吊销", "The above is true and the qualification stands")),
    ),
)  # fmt: skip
# Only what was wrong is filled in again; the kind stays as applied for.
CORRECTION = Form(
    1,
    (
        Field("explanation", "textarea", Text("补正说明", "What was corrected"), max_length=800),
        *(replace(field, required=False) for field in (*_WHAT, *QUALIFICATION)),
    ),
)
RENEWAL = Form(1, QUALIFICATION)
CHECKED = Form(
    1,
    (
        Field("document_checked", "bool", Text("已核对资质原件或发证机关公示", "Original or issuer's public record checked")),
        Field("opinion", "textarea", Text("意见", "Opinion"), required=False, max_length=800),
    ),
)  # fmt: skip

OBJECTS = (
    ("dataset", Text("数据集", "Data set")),
    ("asset", Text("数据资产", "Data asset")),
    ("product", Text("数据产品", "Data product")),
    ("case", Text("登记事项", "Registration case")),
)
ORDER = Form(
    1,
    (
        Field("object_kind", "choice", Text("委托对象", "What it is about"),
              Text("数据集、数据资产、数据产品、登记事项；培训、经纪等可不填。",
                   "A data set, asset, product or registration case; may be empty for training, brokerage and the like."),
              required=False, choices=OBJECTS),
        Field("object_number", "text", Text("对象编号", "Its number"), required=False, max_length=40),
        Field("purpose", "text", Text("委托目的", "Purpose"),
              Text("报告给谁用、用来办什么。例：上架前质量评价。", "Who will use the report, for what. Example: evaluation before listing."),
              max_length=200),
        Field("need", "textarea", Text("具体要求", "What you need"), required=False, max_length=800),
        Field("materials", "file", Text("委托材料", "Materials"), required=False),
    ),
)  # fmt: skip
QUOTE = Form(
    1,
    (
        Field("fee_fen", "money", Text("报价（元，含税）", "Quotation in yuan, tax included")),
        Field("days", "int", Text("办理期限（工作日）", "Days of work (working days)"), minimum=1, maximum=365),
        Field("note", "textarea", Text("说明", "Note"), required=False, max_length=800),
    ),
)  # fmt: skip
ASK = Form(
    1,
    (
        Field("reason", "textarea", Text("需要哪些数据、为什么", "Which data you need, and why"),
              Text("数据持有方看到的就是这段文字。", "The holder of the data reads exactly this."), max_length=800),
    ),
)  # fmt: skip
MODES = (
    ("sql", Text("自助查询，数据不离开平台", "Own queries; the data stays on the platform")),
    ("file", Text("文件下载", "File download")),
)
GIVE = Form(
    1,
    (
        Field("mode", "choice", Text("提供方式", "How"), choices=MODES),
        Field("columns", "textarea", Text("提供的字段", "Columns"),
              Text("每行一个字段名；不填表示全部字段。", "One name a line; empty means every column."), required=False, max_length=4000),
    ),
)  # fmt: skip
REPORT = Form(
    1,
    (
        Field("assessment", "text", Text("质量评价编号", "Assessment"),
              Text("质量评价可填本机构已签署的评价（ZP开头），得分和报告文件由评价带入。",
                   "For a quality evaluation: an assessment that your agency signed (ZP-…); score and file come from it."),
              required=False, max_length=20),
        Field("file", "file", Text("报告文件", "Report file"),
              Text("签名覆盖这份文件的摘要；填了评价编号可不传。", "The signature covers its digest; not needed with an assessment."), required=False),
        Field("result", "choice", Text("结论", "Result"), choices=tuple((k, t) for k, (t, _) in RESULTS.items())),
        Field("summary", "textarea", Text("结论摘要", "Conclusion"),
              Text("做了什么、依据什么标准、发现什么、有哪些保留。", "What was done, by which standard, what was found, and reservations."),
              max_length=2000),
        Field("score", "int", Text("得分（0至100）", "Score, 0 to 100"), Text("质量评价必填。", "Required of a quality evaluation."),
              required=False, minimum=0, maximum=100),
        Field("amount", "money", Text("评估值（元）", "Appraised value in yuan"), Text("资产评估必填。", "Required of an appraisal."),
              required=False),
        Field("level", "choice", Text("风险等级", "Risk level"), Text("风险评估必填。", "Required of a risk assessment."),
              required=False, choices=tuple(LEVELS.items())),
        Field("valid_until", "date", Text("报告有效期至", "Report valid until"),
              Text("不填按规则档案的最长期限。", "Empty means the longest that the rules allow."), required=False),
    ),
)  # fmt: skip
SIGN = Form(
    1,
    (
        Field("own_signature", "textarea", Text("自有密钥的签名值", "Signature by your own key"),
              Text("密钥由平台托管的不用填；自己保管的，对办理页所示摘要签名后粘贴（Base64）。",
                   "Leave empty when the platform keeps your key; with a key of your own, sign the digest shown and paste (base64)."),
              required=False, max_length=200),
    ),
)  # fmt: skip

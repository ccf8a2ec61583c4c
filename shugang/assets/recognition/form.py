"""What is asked of who submits a certificate from elsewhere, and of who checks it by hand."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

from ..registration.industries import CHOICES as INDUSTRIES
from ..registration.rights import RIGHT_SHORT, SOURCES

METHODS = (
    ("receipt", Text("存证回执（JSON）", "Receipt (JSON)")),
    ("code", Text("凭证二维码的内容", "Text of the certificate's code")),
    ("pdf", Text("签名的PDF凭证", "Signed PDF")),
    ("paper", Text("其他凭证，人工核验", "Another certificate, checked by a person")),
)
SUBMIT = Form(
    1,
    (
        Field("method", "choice", Text("核验方式", "Proof"), choices=METHODS),
        Field("proof", "code", Text("回执或二维码的内容", "Receipt or text of the code"),
              Text("从签发平台的核验页下载回执，打开后完整粘贴；或粘贴扫码得到的全部文字。",
                   "Download the receipt from the issuer's verification page and paste it whole; or paste all the text of the code."),
              required=False, max_length=100_000),
        Field("paper", "file", Text("凭证文件", "The certificate"), Text("签名PDF方式必须上传；其他方式建议上传。",
              "Required for a signed PDF, recommended otherwise."), required=False),
        Field("number", "text", Text("凭证编号", "Number"), Text("例：SJ3512026070001", "Example: SJ3512026070001"), required=False, max_length=40),
        Field("issuer", "text", Text("签发的登记机构", "Registrar that issued it"), required=False, max_length=120),
        Field("data_name", "text", Text("数据名称", "Name of the data"), required=False, max_length=40),
        Field("summary", "textarea", Text("数据概述", "Summary"), required=False),
        Field("industry", "choice", Text("所属行业门类", "Industry section"), choices=INDUSTRIES, required=False),
        Field("division", "int", Text("行业大类代码", "Industry division"), required=False, minimum=1, maximum=97),
        Field("source_kind", "choice", Text("数据来源", "Source of the data"), choices=SOURCES, required=False),
        Field("rights", "multi", Text("凭证上的权利", "Rights on the certificate"), choices=tuple(RIGHT_SHORT.items()), required=False),
        Field("valid_until", "date", Text("有效期至", "Valid until"), required=False),
        Field("limits", "textarea", Text("限制和备注", "Limits and remarks"), Text("照凭证填写。", "As on the certificate."), required=False),
        Field("declaration", "bool", Text("声明：凭证现在有效，未被暂停、撤销或转让，数据与凭证所载一致",
              "I declare: the certificate stands, not suspended, revoked or transferred, and the data are those it names")),
    ),
)  # fmt: skip
# With a receipt these come from the proof itself.
TYPED = ("number", "issuer", "data_name", "summary", "industry", "division", "source_kind", "rights", "valid_until")
CHANNELS = (
    ("site", Text("签发机构网站", "The issuer's site")),
    ("telephone", Text("电话核实", "By telephone")),
    ("letter", Text("函件核实", "By letter")),
    ("interface", Text("查询接口", "Query interface")),
)
CONFIRM = Form(
    1,
    (
        Field("channel", "choice", Text("核验渠道", "How it was checked"), choices=CHANNELS),
        Field("where", "text", Text("核验处", "Where"), Text("网址、电话或文号。例：某登记机构查询页。", "Address, telephone or letter."), max_length=200),
        Field("finding", "textarea", Text("核验结论", "Finding"),
              Text("写明编号、权利人、权利、期限是否一致，现在是否有效。", "Whether number, holder, rights and term agree, and whether it stands.")),
    ),
)  # fmt: skip

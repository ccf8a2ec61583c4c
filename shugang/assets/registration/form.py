"""The form of a first registration (国数综政策〔2026〕35号, application form), in the topics of the step pages.

The applicant's own facts (name, code, contact, address, status) come from the party's record and are not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

from .industries import CHOICES as INDUSTRIES
from .rights import RIGHTS, SOURCES

RIGHT_CHOICES = (
    ("HOLD", Text("数据资源持有权", "Right to hold the data")),
    ("USE", Text("数据加工使用权", "Right to process and use")),
    ("OPERATE", Text("数据产品经营权", "Right to trade data products")),
)
FREQUENCIES = (
    ("realtime", Text("实时", "Real time")),
    ("hourly", Text("每小时", "Hourly")),
    ("daily", Text("每日", "Daily")),
    ("weekly", Text("每周", "Weekly")),
    ("monthly", Text("每月", "Monthly")),
    ("yearly", Text("每年", "Yearly")),
    ("irregular", Text("不定期", "Irregular")),
    ("none", Text("不更新", "Not updated")),
)
SHAPES = (
    ("table", Text("表格", "Table")),
    ("text", Text("文本", "Text")),
    ("image", Text("图像", "Images")),
    ("audio", Text("音视频", "Audio or video")),
    ("spatial", Text("空间数据", "Spatial data")),
    ("mixed", Text("混合", "Mixed")),
)
STRUCTURES = (
    ("structured", Text("结构化", "Structured")),
    ("semi", Text("半结构化", "Semi-structured")),
    ("unstructured", Text("非结构化", "Unstructured")),
)
PERMISSIONS = (
    ("no", Text("不允许", "Not allowed")),
    ("consent", Text("须另行同意", "Only with separate consent")),
    ("yes", Text("允许", "Allowed")),
)


def _field(name: str, kind: str, label: tuple[str, str], hint: tuple[str, str], **options: object) -> Field:
    return Field(name, kind, Text(*label), Text(*hint), **options)  # type: ignore[arg-type]


DATA = (
    _field(
        "data_name",
        "text",
        ("数据名称", "Name of the data"),
        (
            "由时间、地域、行业、内容、类型组成，不超过40字。例：2013至2017年北京市空气质量逐时监测数据集",
            "Period, place, trade, content and type, at most 40 characters. Example: Beijing hourly air quality 2013–17",
        ),
        max_length=40,
    ),
    _field(
        "summary",
        "textarea",
        ("数据概述", "Summary"),
        (
            "写明内容、用途和主要字段，不超过400字，将在公示中公开。例：12个站点逐时的PM2.5、PM10等六项浓度及气象要素，可用于环境研究。",
            "Content, use and main fields, at most 400 characters; shown in the public notice. Example: hourly PM2.5, PM10 and "
            "weather of 12 stations, for environmental studies.",
        ),
        max_length=400,
    ),
    _field(
        "industry",
        "choice",
        ("所属行业门类", "Industry section"),
        ("按GB/T 4754选择一个门类。例：N 水利、环境和公共设施管理业", "One section of GB/T 4754. Example: N"),
        choices=INDUSTRIES,
    ),
    _field(
        "division",
        "int",
        ("行业大类代码", "Industry division"),
        ("GB/T 4754的两位大类代码。例：77（生态保护和环境治理业）", "Two digits of GB/T 4754. Example: 77"),
        minimum=1,
        maximum=97,
    ),
    _field(
        "region",
        "text",
        ("地域范围", "Places covered"),
        ("写到能够区分的一级。例：北京市12个国控站点", "As precise as it helps. Example: 12 stations in Beijing"),
        max_length=100,
    ),
    _field(
        "period",
        "text",
        ("时域范围", "Period covered"),
        (
            "数据说明的时间，不是上传时间。例：2013-03-01至2017-02-28",
            "What the data tells about. Example: 2013-03-01 to 2017-02-28",
        ),
        max_length=60,
    ),
    _field(
        "frequency",
        "choice",
        ("更新频率", "Update frequency"),
        ("按实际更新填写，历史数据选“不更新”。", "As it is in fact; choose “Not updated” for closed series."),
        choices=FREQUENCIES,
    ),
    _field(
        "volume",
        "text",
        ("数据量", "Volume"),
        ("行数或字节数，注明单位。例：420,768行", "Rows or bytes, with the unit. Example: 420,768 rows"),
        max_length=60,
    ),
    _field(
        "shape",
        "choice",
        ("数据形态", "Shape of the data"),
        ("占比最大的一种。例：表格", "The prevailing one. Example: table"),
        choices=SHAPES,
    ),
    _field(
        "structure",
        "choice",
        ("结构化程度", "Degree of structure"),
        ("有固定字段的表格是结构化数据。", "A table with fixed columns is structured."),
        choices=STRUCTURES,
    ),
)
SOURCE = (
    _field(
        "source_kind",
        "choice",
        ("数据来源", "Source of the data"),
        (
            "来源决定可以登记哪些权利。受托处理人不享有权利，不能申请。",
            "The source decides which rights can be registered. A processor acting for others holds none.",
        ),
        choices=SOURCES,
    ),
    _field(
        "source_statement",
        "textarea",
        ("来源说明", "How it came about"),
        (
            "写明采集方式、时间和依据。例：由本单位自建站点仪器逐时采集，经校准后入库。",
            "How, when and on what basis. Example: recorded hourly by our own instruments and calibrated before storage.",
        ),
        max_length=400,
    ),
    _field(
        "source_certificates",
        "text",
        ("来源凭证编号", "Certificates of the sources"),
        (
            "数据来自已登记的数据时填写，多个用逗号分开。权利不超出来源，来源失效时随之失效。例：SJ9912026070001",
            "Where the data comes from registered data; separate by commas. Rights go no further than the sources' and "
            "lapse with them. Example: SJ9912026070001",
        ),
        required=False,
        max_length=200,
    ),
    _field(
        "source_proof",
        "file",
        ("来源证明材料", "Proof of source"),
        (
            "协议取得和衍生创造必须上传，例：数据采购协议。其他来源建议上传，例：采集方案。",
            "Required when obtained by agreement or derived, such as the agreement; recommended otherwise.",
        ),
        required=False,
    ),
    _field(
        "not_substitute",
        "bool",
        (
            "声明：以产品形式经营，且不实质性替代来源方的产品",
            "I declare: traded as a product that does not replace the source's own",
        ),
        (
            "仅自动化程序收集公开数据并登记经营权时需要。",
            "Only for public data collected by a program with the right to trade.",
        ),
        required=False,
    ),
    _field(
        "consent",
        "bool",
        ("声明：协议各方均同意登记经营权", "I declare: all parties to the agreement consent to the right to trade"),
        (
            "仅协议取得并登记经营权时需要，并上传同意文件。",
            "Only when obtained by agreement with the right to trade; attach the consent.",
        ),
        required=False,
    ),
    _field(
        "consent_proof",
        "file",
        ("各方同意文件", "Consent of all parties"),
        ("各方盖章的同意书扫描件。", "A scan of the consent with all seals."),
        required=False,
    ),
    _field(
        "derivation",
        "textarea",
        ("实质性改变与价值说明", "Substantive change and value"),
        (
            "仅衍生创造需要。例：由原始轨迹计算出路段逐时平均车速，原始点位不可还原。",
            "Only for derived data. Example: hourly mean speed per road, from which single tracks cannot be restored.",
        ),
        required=False,
        max_length=400,
    ),
    _field(
        "public_object",
        "choice",
        ("公共数据", "Public data"),
        (
            "党政机关、事业单位履职产生的数据，或由其授权运营形成的产品，在这里说明；其他数据选“不是”。",
            "Say here whether a public body made the data in duty, or it is a product of authorised operation.",
        ),
        choices=(
            ("no", Text("不是公共数据", "No public data")),
            ("resource", Text("公共数据资源", "Public data resource")),
            ("product", Text("公共数据产品和服务", "Product or service of public data")),
        ),
        required=False,
    ),
    _field(
        "authorisation_proof",
        "file",
        ("授权运营依据", "Authorisation to operate"),
        (
            "公共数据须上传，例：授权运营协议。",
            "Required for public data, such as the agreement of authorised operation.",
        ),
        required=False,
    ),
    _field(
        "authorised_until",
        "date",
        ("授权到期日", "Authorised until"),
        ("公共数据须填写，登记有效期不超过这一天。", "Required for public data; the registration ends with it."),
        required=False,
    ),
)
RIGHT = (
    _field(
        "rights",
        "multi",
        ("申请登记的权利", "Rights applied for"),
        (
            "三项权利相互独立、互不排斥，可以只登记一项。",
            "The three are independent and not exclusive; one alone may be registered.",
        ),
        choices=RIGHT_CHOICES,
    ),
    _field(
        "validity_years",
        "int",
        ("有效期（年）", "Validity (years)"),
        ("自存证之日起，最长5年，到期前可续期。例：5", "From the deposit, at most 5 years, renewable. Example: 5"),
        minimum=1,
        maximum=5,
    ),
    _field(
        "right_until",
        "date",
        ("权利到期日", "The right ends on"),
        (
            "权利来自有期限的协议时填写，凭证有效期不超过这一天。",
            "If the right comes from an agreement with an end; the certificate ends with it.",
        ),
        required=False,
    ),
    *(
        _field(
            f"{right.lower()}_until",
            "date",
            (f"{zh}到期日", f"{en} ends on"),
            ("这一项权利早于凭证到期时填写。", "If this right ends before the certificate does."),
            required=False,
        )
        for right, zh, en in (
            ("HOLD", "持有权", "Right to hold"),
            ("USE", "使用权", "Right to use"),
            ("OPERATE", "经营权", "Right to trade"),
        )
    ),
    _field(
        "right_limits",
        "textarea",
        ("权利限制", "Limits of the rights"),
        (
            "逐项写明期限、条件。例：经营权仅限境内机构客户。",
            "Terms and conditions by right. Example: trade with domestic organisations only.",
        ),
        required=False,
        max_length=400,
    ),
    _field(
        "co_holders",
        "textarea",
        ("其他权利主体", "Other holders of rights"),
        (
            "同一数据上还有谁、享有哪项权利、期限和限制。例：某研究院享有使用权，至2028-12-31。没有则不填。",
            "Who else holds which right on this data, until when. Example: an institute, right to use, until 2028-12-31.",
        ),
        required=False,
        max_length=400,
    ),
)
LIMITS = (
    _field(
        "limit_buyers",
        "text",
        ("对使用方的限制", "Limits on users"),
        (
            "使用方类型或资质。例：依法设立的企业和科研机构",
            "Type or qualification. Example: companies and research bodies",
        ),
        required=False,
        max_length=200,
    ),
    _field(
        "limit_environment",
        "text",
        ("使用环境限制", "Limits on the environment"),
        ("例：仅限平台的受控接口，不得下载原始表", "Example: only through the platform's interface, no raw download"),
        required=False,
        max_length=200,
    ),
    _field(
        "limit_region",
        "text",
        ("使用地域限制", "Limits on the place"),
        ("例：仅限中国境内", "Example: inside China only"),
        required=False,
        max_length=100,
    ),
    _field(
        "resale",
        "choice",
        ("转售或再许可", "Resale or sub-licence"),
        ("会写入凭证，并带入之后的合同条款。", "Stands on the certificate and flows into later contracts."),
        choices=PERMISSIONS,
    ),
    _field(
        "export",
        "choice",
        ("向境外提供", "Providing abroad"),
        ("选“允许”不免除数据出境安全评估等法定程序。", "“Allowed” does not waive the statutory outbound procedures."),
        choices=PERMISSIONS,
    ),
    _field(
        "encumbrances",
        "textarea",
        ("查封、管制等负担", "Seizures and other burdens"),
        (
            "有法院查封、行政管制的，写明机关和文号，会写入凭证备注。",
            "Court seizures or administrative controls, with authority and number.",
        ),
        required=False,
        max_length=400,
    ),
)
DECLARATION = (
    _field(
        "nonpublication_reason",
        "textarea",
        ("申请不公开内容的理由", "Reason for not publishing the content"),
        (
            "公示默认公开申请人、数据名称、概述和权利限制。涉及商业秘密的，可以说明理由申请不公开，由登记机构决定。",
            "The notice shows applicant, name, summary and limits. You may ask to withhold content, with reasons; the "
            "registrar decides.",
        ),
        required=False,
        max_length=400,
    ),
    _field(
        "declaration",
        "bool",
        (
            "声明：以上内容真实、合法，无权属争议，不含国家秘密和核心数据",
            "I declare: true, lawful, undisputed, no state secret and no core data",
        ),
        (
            "隐瞒或提供虚假材料的，不予登记；已登记的予以撤销。",
            "Concealment or false proof leads to refusal, or to revocation after registration.",
        ),
    ),
)


@dataclass(frozen=True)
class Topic:
    """One page of the step form."""

    key: str
    label: Text
    hint: Text
    fields: tuple[Field, ...]


TOPICS = (
    Topic(
        "data",
        Text("数据基本情况", "About the data"),
        Text("名称、概述、行业、范围", "Name, summary, industry, extent"),
        DATA,
    ),
    Topic(
        "source", Text("数据来源", "Source"), Text("来源类型、说明与证明", "Kind of source, explanation, proof"), SOURCE
    ),
    Topic("rights", Text("权利配置", "Rights"), Text("登记哪些权利、多久", "Which rights, for how long"), RIGHT),
    Topic("limits", Text("限制范围", "Limits"), Text("给谁用、能否转售和出境", "For whom; resale; abroad"), LIMITS),
    Topic(
        "declaration",
        Text("公示与声明", "Notice and declaration"),
        Text("公示方式与真实性声明", "Publication and declaration"),
        DECLARATION,
    ),
)
FIRST_REGISTRATION = Form(2, tuple(field for topic in TOPICS for field in topic.fields))
assert {code for code, _ in RIGHT_CHOICES} == set(RIGHTS)


def topic(key: str) -> Topic | None:
    return next((t for t in TOPICS if t.key == key), None)

"""The standing clauses of a contract to provide data (数据提供合同, model of 国家数据局 and 市场监管总局, 2025-07-04)."""

from __future__ import annotations

from shugang.policy.text import Text

CLAUSES: tuple[tuple[Text, Text], ...] = (
    (
        Text("交付与验收", "Delivery and acceptance"),
        Text(
            "合同生效时由平台签发授权，即为交付条件成就。数据质量只有使用才能判断的，使用本身不视为验收。",
            "The grant issued when the contract takes effect is delivery. Where quality can be judged only by use, use alone "
            "is not acceptance.",
        ),
    ),
    (
        Text("计量与价款", "Metering and price"),
        Text(
            "使用量以平台计量记录为准，双方均可逐条核对；价款按本合同计价方案计算，未使用不产生按量费用。",
            "Use is what the platform metered, and both parties may check every record; the price follows this contract's plan, "
            "and without use there is no charge by amount.",
        ),
    ),
    (
        Text("数据安全", "Security"),
        Text(
            "需方应按声明的用途使用，采取必要的安全措施；发生泄露应立即通知供方和平台并采取补救措施。",
            "The buyer uses the data for the stated purpose with due security; a leak is reported to supplier and platform at once.",
        ),
    ),
    (
        Text("暂停与终止", "Suspension and end"),
        Text(
            "登记凭证失效、监管责令或双方协商一致时暂停或终止，授权同时停止；此前已发生的使用照常结算。",
            "When the certificate falls, an authority so orders, or both agree, the contract is suspended or ended and the grant "
            "stops with it; earlier use is still settled.",
        ),
    ),
    (
        Text("争议解决", "Disputes"),
        Text(
            "先协商，协商不成的提交平台调解，仍不成的依法申请仲裁或起诉。存证日志和计量记录可作为证据。",
            "By negotiation, then mediation by the platform, then arbitration or court. The evidence log and the metering records "
            "may serve as evidence.",
        ),
    ),
)

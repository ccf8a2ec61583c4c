"""What the steps of a dispute ask."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.policy.text import Text

KINDS: dict[str, Text] = {
    "quality": Text("数据质量", "Quality of the data"),
    "delivery": Text("交付", "Delivery"),
    "billing": Text("计费与账单", "Charges and bills"),
    "use": Text("超出约定使用", "Use beyond the terms"),
    "confidentiality": Text("保密与泄露", "Confidentiality and leaks"),
}
REMEDIES: dict[str, Text] = {
    "refund": Text("退还部分价款", "Refund part of the price"),
    "resume": Text("恢复访问", "Resume access"),
    "terminate": Text("终止合同", "End the contract"),
    "deletion": Text("删除数据并出具声明", "Delete the data and state so"),
}
ACCESS: dict[str, Text] = {
    "continue": Text("合同继续履行", "The contract goes on"),
    "terminate": Text("合同终止", "The contract ends"),
}
STANCES: dict[str, Text] = {
    "deny": Text("不同意", "Denied"),
    "partly": Text("部分同意", "Agreed in part"),
    "agree": Text("同意，愿意协商具体办法", "Agreed, to be settled in detail"),
}
RESULTS: dict[str, Text] = {
    "upheld": Text("支持请求", "Upheld"),
    "partly": Text("部分支持", "Upheld in part"),
    "dismissed": Text("驳回请求", "Dismissed"),
}
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=800),))
CLAIM = Form(
    1,
    (
        Field("kind", "choice", Text("争议事项", "What about"), choices=tuple(KINDS.items())),
        Field("remedies", "multi", Text("请求", "What you ask for"), choices=tuple(REMEDIES.items())),
        Field("claim_fen", "money", Text("请求退款（元）", "Refund asked for (CNY)"),
              Text("只在请求退款时填写，不超过该合同已出账的金额。", "Only with a refund, and at most what was billed under the contract."),
              required=False, minimum=1),
        Field("statement", "textarea", Text("事实与理由", "Facts and reasons"),
              Text("写明发生了什么、什么时候、依据合同哪一条。对方和调解、仲裁人员都会看到。",
                   "Say what happened, when, and by which term of the contract. The other side, mediator and arbitrator read it."),
              max_length=2000),
    ),
)  # fmt: skip
ORDERED = Form(
    1,
    (*CLAIM.fields,
     Field("side", "choice", Text("申请方", "Claimant"), Text("运营机构依职权发起时，写明替哪一方提出。", "By order: for which side it is opened."),
           required=False, choices=(("buyer", Text("需方", "Buyer")), ("supplier", Text("供方", "Supplier"))))),
)  # fmt: skip
ANSWER = Form(
    1,
    (
        Field("stance", "choice", Text("答复", "Answer"), choices=tuple(STANCES.items())),
        Field("statement", "textarea", Text("事实与理由", "Facts and reasons"), max_length=2000),
    ),
)
REQUEST = Form(
    1,
    (
        Field("offer", "text", Text("仲裁服务编号", "Number of the arbitration service"),
              Text("在“第三方服务”中选择一家争议仲裁机构，填写其服务编号（FW开头）。", "Choose an agency of dispute arbitration under “Third-party services” and give its number (FW-…)."),
              max_length=20),
        Field("reason", "textarea", Text("申请仲裁的理由", "Why arbitration"), max_length=800),
    ),
)  # fmt: skip
_DECIDED = (
    Field("refund_fen", "money", Text("退款（元）", "Refund (CNY)"), Text("不退填0。", "0 for none."), minimum=0),
    Field("access", "choice", Text("合同", "The contract"), choices=tuple(ACCESS.items())),
    Field(
        "deletion", "bool", Text("需方删除数据并签署声明", "The buyer deletes the data and states so"), required=False
    ),
)
OWN_SIGNATURE = Field(
    "own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
    Text("密钥由平台托管的不填；由本人保管的，请对页面所示摘要签名后粘贴（Base64）。",
         "Leave empty if the platform keeps your key; otherwise sign the digest shown (base64)."),
    required=False, max_length=200,
)  # fmt: skip
AWARD = Form(
    1,
    (
        Field("result", "choice", Text("结论", "Result"), choices=tuple(RESULTS.items())),
        *_DECIDED,
        Field("opinion", "textarea", Text("认定的事实与理由", "Findings and reasons"), max_length=4000),
        OWN_SIGNATURE,
    ),
)  # fmt: skip
PROPOSAL = Form(1, (*_DECIDED, Field("text", "textarea", Text("和解内容", "What is agreed"), max_length=2000)))
SIGN = Form(1, (OWN_SIGNATURE,))
MEASURES: dict[str, Text] = {
    "access": Text("暂停访问", "Access suspended"),
    "funds": Text("暂停付款给供方", "Pay-out to the supplier held"),
}
MEASURE = Form(
    1,
    (
        Field("kind", "choice", Text("措施", "Measure"), choices=tuple(MEASURES.items())),
        Field("reason", "textarea", Text("理由", "Reason"), Text("双方看到的就是这段文字。", "Both sides read exactly this."), max_length=400),
    ),
)  # fmt: skip
EVIDENCE = Form(
    1,
    (
        Field("file", "file", Text("证据文件", "Evidence file"), Text("PDF、PNG、JPG、ZIP或UTF-8文本，不超过20 MB。", "PDF, PNG, JPG, ZIP or UTF-8 text, at most 20 MB.")),
        Field("proves", "text", Text("证明什么", "What it shows"), max_length=400),
    ),
)  # fmt: skip

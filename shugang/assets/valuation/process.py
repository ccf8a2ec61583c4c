"""The procedure of an appraisal as data (资产评估法 §§23–29; 《数据资产评估指导意见》中评协〔2023〕17号).

委托 → 接受 → 评定估算 → 内部复核 → 两名评估人员签名 → 出具; later replaced, withdrawn or past its validity.
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .form import ENGAGEMENT

CLIENT = (Role("client", "handler"),)
HANDLER = (Role("appraiser", "handler"),)
REVIEWER = (Role("appraiser", "reviewer"),)
SIGNER = (Role("appraiser", "signer"),)
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"),
                     Text("对方看到的就是这段文字，请写明事实。", "The other side reads exactly this; state the facts."), max_length=800),))  # fmt: skip
ACCEPT = Form(
    1,
    (
        Field("independent", "bool", Text("声明本机构与委托人、权利人没有利害关系", "We state that we have no interest in client or holder")),
    ),
)  # fmt: skip
REVIEW = Form(1, (Field("opinion", "textarea", Text("复核意见", "Review"),
                        Text("就方法选择、参数依据、计算和结论各写一句。", "A sentence each on methods, figures, computation and conclusion."), max_length=800),))  # fmt: skip
SIGN = Form(
    1,
    (
        Field("name", "text", Text("评估专业人员姓名", "Name of the appraiser"), Text("与职业资格证书一致，印在报告上。", "As on the certificate of qualification; printed in the report."), max_length=40),
        Field("qualification", "text", Text("职业资格登记编号", "Registration of the qualification"), max_length=40),
        Field("took_part", "bool", Text("声明本人承办了这项业务，独立、客观、公正", "I did this work myself, independently and impartially")),
        Field("own_signature", "text", Text("自管密钥的签名值", "Signature by a key in your own custody"),
              Text("密钥由平台托管的不填。", "Leave empty when the platform keeps your key."), required=False, max_length=200),
    ),
)  # fmt: skip

STATES = (
    State("requested", Text("待接受委托", "Awaiting acceptance")),
    State("working", Text("评定估算中", "Being appraised")),
    State("reviewing", Text("内部复核中", "In internal review")),
    State("signing", Text("待签名", "Awaiting signatures"), "law"),
    State("issued", Text("报告有效", "Report in force"), "ok"),
    State("lapsed", Text("报告已过有效期", "Past its validity"), "off", True),
    State("superseded", Text("已被新报告替代", "Replaced"), "off", True),
    State("revoked", Text("报告已撤回", "Report withdrawn"), "bad", True),
    State("declined", Text("未接受委托", "Declined"), "off", True),
    State("cancelled", Text("委托已解除", "Engagement ended"), "off", True),
)
CLOCKS = (
    ClockSpec("acceptance", Text("接受委托期限", "Acceptance"), "acceptance"),
    ClockSpec("work", Text("评估期限", "Appraisal"), "work"),
    ClockSpec("review", Text("复核期限", "Review"), "review"),
    ClockSpec("signing", Text("签名期限", "Signatures"), "signing"),
)
STEPS = (
    Transition("accept", Text("接受委托", "Accept the engagement"), ("requested",), "working", HANDLER, ACCEPT,
               stops=("acceptance",), starts=("work",), guard=guards.may_accept, effect=effects.told),
    Transition("decline", Text("不接受委托", "Decline"), ("requested",), "declined", HANDLER, WHY,
               guard=guards.independent, effect=effects.told, danger=True),
    Transition("complete", Text("提交复核", "Submit for review"), ("working",), "reviewing", HANDLER,
               pauses=("work",), starts=("review",), guard=guards.paper_stands, effect=effects.told),
    Transition("return", Text("退回修改", "Return for correction"), ("reviewing",), "working", REVIEWER, WHY,
               distinct_from=("complete",), stops=("review",), resumes=("work",), guard=guards.independent, effect=effects.told),
    Transition("pass_review", Text("复核通过", "Pass the review"), ("reviewing",), "signing", REVIEWER, REVIEW,
               distinct_from=("complete",), stops=("review", "work"), starts=("signing",), guard=guards.may_pass, effect=effects.told),
    Transition("reopen", Text("退回修改底稿", "Return to the working paper"), ("signing",), "working", REVIEWER, WHY,
               stops=("signing",), starts=("work",), guard=guards.independent, effect=effects.reopened, optional=True),
    Transition("sign", Text("签名出具", "Sign the report"), ("signing",), "issued", SIGNER, SIGN, quorum=2,
               distinct_from=("pass_review",), stops=("signing",), guard=guards.sign, effect=effects.issued,
               confirm=Text("您以评估专业人员身份签名，承担法律责任。第二人签名后报告即出具，不能修改。",
                            "You sign as the appraiser and answer for it. With the second signature the report is issued and final.")),
    Transition("revoke", Text("撤回报告", "Withdraw the report"), ("issued",), "revoked", REVIEWER, WHY,
               guard=guards.independent, effect=effects.revoked, danger=True, optional=True,
               confirm=Text("撤回后不能恢复，公开核验页显示已撤回。", "This cannot be undone; the public page shows it.")),
    Transition("supersede", Text("被新报告替代", "Replaced by a new report"), ("issued",), "superseded", (TIMER,), effect=effects.superseded),
    Transition("lapse", Text("超过有效期", "Validity ended"), ("issued",), "lapsed", (TIMER,), effect=effects.lapsed),
    Transition("cancel", Text("解除委托", "End the engagement"), ("requested", "working", "reviewing", "signing"), "cancelled", CLIENT, WHY,
               effect=effects.told, danger=True, optional=True),
)  # fmt: skip

APPRAISAL = register(
    Procedure(
        code="assets.appraisal",
        label=Text("数据资产评估", "Appraisal of a data asset"),
        number_prefix="PG",
        opening=Transition("engage", Text("委托评估", "Engage an appraiser"), (), "requested", CLIENT, ENGAGEMENT,
                           starts=("acceptance",), effect=effects.opened),
        states=STATES,
        transitions=STEPS,
        clocks=CLOCKS,
        profile="valuation",
        capacities=(("client", Text("委托人", "Client")), ("appraiser", Text("评估机构", "Appraiser"))),
        page="/desk/appraisals/{}",
    )
)  # fmt: skip

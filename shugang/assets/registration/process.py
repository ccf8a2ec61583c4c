"""The registration procedure as data, one for every type. Days come from the case's own rule profile: `registration-local`
where nobody said otherwise, `registration-national` or `registration-public`.

申请 → 受理 → 审查 → 公示 → 异议处理 → 信息存证 → 凭证核发 (国数综政策〔2026〕35号).
"""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .form import FIRST_REGISTRATION

APPLICANT = (Role("applicant", "handler"),)
EXAMINER = (Role("registrar", "examiner"),)
REVIEWER = (Role("registrar", "reviewer"),)

REFUSAL_RULES = (
    ("harm", Text("危害国家安全、公共利益或他人权益", "Harm to security, the public or others")),
    ("source", Text("数据来源不合法", "Unlawful source")),
    ("dispute", Text("权属争议未解决", "Unresolved dispute about the rights")),
    ("false", Text("隐瞒事实或提供虚假材料", "Concealment or false proof")),
    ("law", Text("法律法规规定的其他情形", "Other cases by law")),
)


def _reason(label: Text, hint: Text) -> Field:
    return Field("reason", "textarea", label, hint)


REASON = _reason(
    Text("理由", "Reason"),
    Text(
        "申请人看到的就是这段文字，请写明事实和依据。",
        "The applicant reads exactly this text: state the facts and the rule.",
    ),
)
WHY = Form(1, (REASON,))
ITEMS = Form(
    1,
    (
        Field(
            "items",
            "textarea",
            Text("需要补正的内容", "What has to be corrected"),
            Text(
                "请一次列全，逐条写明问题和改法。例：1. 地域范围过宽，请写到区。",
                "List everything at once: what is wrong and how "
                "to mend it. Example: 1. The place is too wide; name the district.",
            ),
        ),
    ),
)
REFUSE = Form(1, (Field("rule", "choice", Text("依据的规则", "Rule relied on"), choices=REFUSAL_RULES), REASON))
PASS = Form(
    1,
    (
        Field(
            "opinion",
            "textarea",
            Text("审查意见", "Opinion"),
            Text(
                "就描述准确性、来源合规性、权利清晰性各写一句。", "One sentence each on description, source and rights."
            ),
        ),
        Field(
            "remarks",
            "textarea",
            Text("凭证备注", "Remarks on the certificate"),
            Text(
                "期限与条件限制、查封、管制，会印在凭证上。没有则不填。",
                "Terms, conditions, seizures, controls; printed on the certificate.",
            ),
            required=False,
        ),
        Field(
            "withhold",
            "bool",
            Text("同意不公开数据名称和概述", "Withhold name and summary from the notice"),
            Text("仅在申请人说明了理由时生效。", "Takes effect only where the applicant gave reasons."),
            required=False,
        ),
    ),
)
RESOLVE = Form(
    1,
    (
        _reason(
            Text("处理结论", "Conclusion"),
            Text(
                "写明调查的事实和结论，申请人和异议人都会看到。",
                "Facts found and conclusion; applicant and objector both read it.",
            ),
        ),
    ),
)

STATES = (
    State("submitted", Text("待受理", "Awaiting acceptance")),
    State("correcting", Text("待补正", "Correction requested"), "warn"),
    State("accepted", Text("审查中", "Under examination")),
    State("supplementing", Text("待补充材料", "Supplement requested"), "warn"),
    State("notice", Text("公示中", "In public notice")),
    State("objection", Text("异议处理中", "Objection under review"), "warn"),
    State("deposited", Text("已存证", "Deposited as evidence"), "ev"),
    State("certified", Text("已核发凭证", "Certified"), "ok", True),
    State("not_accepted", Text("不予受理", "Not accepted"), "bad", True),
    State("not_filed", Text("逾期未补正，视为未申请", "Deemed never filed"), "off", True),
    State("rejected", Text("不予登记", "Not approved"), "bad", True),
    State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
)
CLOCKS = (
    ClockSpec(
        "acceptance",
        Text("受理期限", "Acceptance"),
        "acceptance",
        on_expiry="accept_by_silence",
        expires_if="silence_accepts",
    ),
    ClockSpec("correction", Text("补正期限", "Correction"), "correction", on_expiry="deem_not_filed"),
    ClockSpec("examination", Text("审查期限", "Examination"), "examination"),
    ClockSpec("notice", Text("公示期", "Public notice"), "notice", on_expiry="deposit"),
    ClockSpec("objection", Text("异议处理期限", "Objection"), "objection"),
)
OPENING = Transition(
    "apply",
    Text("申请登记", "Apply for registration"),
    (),
    "submitted",
    APPLICANT,
    FIRST_REGISTRATION,
    starts=("acceptance",),
    effect=effects.opened,
)
ACCEPTANCE = (
    Transition(
        "accept",
        Text("受理", "Accept"),
        ("submitted",),
        "accepted",
        EXAMINER,
        stops=("acceptance",),
        starts=("examination",),
        guard=guards.independent,
        effect=effects.accepted,
    ),
    Transition(
        "accept_by_silence",
        Text("逾期未答复，视为受理", "Accepted by silence"),
        ("submitted",),
        "accepted",
        (TIMER,),
        starts=("examination",),
        effect=effects.accepted_by_silence,
    ),
    Transition(
        "request_correction",
        Text("退回补正", "Request correction"),
        ("submitted",),
        "correcting",
        EXAMINER,
        ITEMS,
        stops=("acceptance",),
        starts=("correction",),
        guard=guards.told_once,
        effect=effects.correction_requested,
    ),
    Transition(
        "resubmit",
        Text("提交补正", "Submit the correction"),
        ("correcting",),
        "submitted",
        APPLICANT,
        FIRST_REGISTRATION,
        stops=("correction",),
        starts=("acceptance",),
        guard=guards.fits_the_rules,
        effect=effects.corrected,
    ),
    Transition(
        "not_accept",
        Text("不予受理", "Decline to accept"),
        ("submitted",),
        "not_accepted",
        EXAMINER,
        WHY,
        guard=guards.independent,
        effect=effects.refused,
        danger=True,
    ),
    Transition(
        "deem_not_filed",
        Text("逾期未补正", "Correction overdue"),
        ("correcting", "supplementing"),
        "not_filed",
        (TIMER,),
        effect=effects.withdrawn,
    ),
)
EXAMINATION = (
    Transition(
        "request_supplement",
        Text("要求补充材料", "Request a supplement"),
        ("accepted",),
        "supplementing",
        EXAMINER,
        ITEMS,
        distinct_from=("accept",),
        pauses=("examination",),
        starts=("correction",),
        guard=guards.independent,
        effect=effects.correction_requested,
    ),
    Transition(
        "supplement",
        Text("提交补充材料", "Submit the supplement"),
        ("supplementing",),
        "accepted",
        APPLICANT,
        FIRST_REGISTRATION,
        stops=("correction",),
        resumes=("examination",),
        guard=guards.fits_the_rules,
        effect=effects.corrected,
    ),
    Transition(
        "extend",
        Text("延长审查期限", "Extend the examination"),
        ("accepted",),
        "accepted",
        EXAMINER,
        WHY,
        distinct_from=("accept",),
        guard=guards.not_yet_extended,
        effect=effects.extended,
        optional=True,
    ),
    Transition(
        "pass_examination",
        Text("审查通过，公示", "Pass and post the notice"),
        ("accepted",),
        "notice",
        EXAMINER,
        PASS,
        distinct_from=("accept",),
        pauses=("examination",),
        starts=("notice",),
        guard=guards.has_a_basis,
        effect=effects.notice_posted,
    ),
    Transition(
        "reject",
        Text("不予登记", "Do not approve"),
        ("accepted",),
        "rejected",
        EXAMINER,
        REFUSE,
        distinct_from=("accept",),
        guard=guards.may_decide,
        effect=effects.refused,
        danger=True,
    ),
)
NOTICE = (
    Transition(
        "object",
        Text("收到异议，公示停止计时", "Objection received, notice clock stopped"),
        ("notice",),
        "objection",
        (TIMER,),
        pauses=("notice",),
        starts=("objection",),
    ),
    Transition(
        "dismiss_objection",
        Text("异议不成立，恢复公示", "Dismiss and resume the notice"),
        ("objection",),
        "notice",
        REVIEWER,
        RESOLVE,
        distinct_from=("pass_examination",),
        stops=("objection",),
        resumes=("notice",),
        guard=guards.has_open_objection,
        effect=effects.dismissed,
    ),
    Transition(
        "uphold_objection",
        Text("异议成立，不予登记", "Uphold and do not approve"),
        ("objection",),
        "rejected",
        REVIEWER,
        RESOLVE,
        distinct_from=("pass_examination",),
        guard=guards.has_open_objection,
        effect=effects.upheld,
        danger=True,
    ),
    Transition(
        "deposit",
        Text("公示期满，存证生效", "Deposit as evidence"),
        ("notice",),
        "deposited",
        (TIMER,),
        effect=effects.deposited,
    ),
    Transition(
        "certify",
        Text("核发凭证", "Issue the document"),
        ("deposited",),
        "certified",
        (TIMER,),
        effect=effects.certified,
    ),
)
OPEN = ("submitted", "correcting", "accepted", "supplementing", "notice", "objection")
WITHDRAW = Transition(
    "withdraw", Text("撤回申请", "Withdraw"),
    OPEN, "withdrawn", APPLICANT, WHY,
    effect=effects.withdrawn, danger=True, optional=True,
    confirm=Text("撤回后不能恢复，需要时可以重新申请。", "This cannot be undone; you may apply again."),
)  # fmt: skip
LOSE_BASIS = Transition(
    "lose_basis", Text("所依凭证失效或权利被查封，终止办理", "Its certificate was lost, or the right seized: ended"), OPEN, "rejected",
    (TIMER,), effect=effects.refused,
)  # fmt: skip

REGISTRATION = register(
    Procedure(
        code="assets.registration",
        label=Text("数据资产登记", "Registration of a data asset"),
        number_prefix="DJ",
        opening=OPENING,
        states=STATES,
        transitions=(*ACCEPTANCE, *EXAMINATION, *NOTICE, WITHDRAW, LOSE_BASIS),
        clocks=CLOCKS,
        profile="registration-local",
        capacities=(
            ("applicant", Text("申请人", "Applicant")),
            ("transferor", Text("转让方或许可方", "Transferor or licensor")),
            ("registrar", Text("登记机构", "Registrar")),
        ),
    )
)

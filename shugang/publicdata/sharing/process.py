"""The procedure of a sharing request: checked by the data office, answered by the department that provides, and where it
refuses, negotiated and decided; then used, and reported on."""

from __future__ import annotations

from shugang.kernel.procedure import TIMER, ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from . import effects, guards
from .forms import AGREE, OPINION, REFUSE, REQUEST, RESULT, SIGN, WHY

APPLICANT = (Role("applicant", "handler"),)
OFFICE = (Role("office", "handler"), Role("office", "reviewer"))
PROVIDER = (Role("provider", "handler"),)
CDO = (Role("provider", "chief_data_officer"),)
RULER = (Role("office", "reviewer"),)
MAY_STOP = (*CDO, *RULER)
AT_ONCE = Text(
    "授权随即签发，申请方可以领取密钥使用。", "The grant is issued at once; whoever asked can collect a key."
)
REACHES = Text("授权在同一时刻停用。", "The grant stops at the same moment.")

STATES = (
    State("checking", Text("待公共数据主管部门审核", "Awaiting the data office's check")),
    State("correcting", Text("待补正", "Awaiting correction")),
    State("providing", Text("待提供部门答复", "Awaiting the department's answer")),
    State("refusing", Text("拟不予共享，待首席数据官签署", "Refusal awaits the chief data officer"), "warn"),
    State("refused", Text("不予共享，可申请协商", "Refused; negotiation may be asked for"), "bad"),
    State("negotiating", Text("协商中", "Under negotiation"), "warn"),
    State("agreed", Text("同意共享，待提供", "Agreed, awaiting supply")),
    State("granted", Text("使用中", "In use"), "ok"),
    State("suspended", Text("已暂停使用", "Suspended"), "warn"),
    State("finished", Text("已办结并报告成效", "Finished and reported"), "ok", True),
    State("expired", Text("已到期", "Expired"), "off", True),
    State("stopped", Text("已停止共享", "Stopped"), "bad", True),
    State("closed", Text("不予共享", "Not shared"), "bad", True),
    State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
)
BEFORE_USE = ("checking", "correcting", "providing", "refusing", "refused", "negotiating", "agreed")
STEPS = (
    Transition("grant", Text("核准共享", "Grant"), ("checking",), "granted", OFFICE, stops=("check", "answer"), starts=("term",),
               guard=guards.unconditional_and_supplied, effect=effects.granted, confirm=AT_ONCE),
    Transition("await_supply", Text("核准，待部门挂接数据", "Grant once the data is there"), ("checking",), "agreed", OFFICE,
               stops=("check", "answer"), starts=("supply",), guard=guards.unconditional_not_supplied, effect=effects.told),
    Transition("forward", Text("转提供部门", "Forward to the department"), ("checking",), "providing", OFFICE, stops=("check",),
               starts=("reply",), guard=guards.conditional_and_supplied, effect=effects.told),
    Transition("forward_unpublished", Text("转提供部门（尚未挂接数据）", "Forward to the department (no data yet)"), ("checking",), "providing",
               OFFICE, stops=("check",), starts=("reply_unpublished",), guard=guards.conditional_not_supplied, effect=effects.told),
    Transition("send_back", Text("退回补正", "Send back"), ("checking",), "correcting", OFFICE, WHY, stops=("check",), pauses=("answer",),
               effect=effects.told),
    Transition("revise", Text("补正并重新提交", "Correct and submit again"), ("correcting",), "checking", APPLICANT, REQUEST, starts=("check",),
               resumes=("answer",), guard=guards.consistent, effect=effects.revised),
    Transition("agree", Text("同意共享", "Agree"), ("providing",), "agreed", PROVIDER, AGREE, stops=("reply", "reply_unpublished", "answer"),
               starts=("supply",), guard=guards.aggregates_by_query, effect=effects.agreed),
    Transition("refuse", Text("拟不予共享", "Propose to refuse"), ("providing",), "refusing", PROVIDER, REFUSE, effect=effects.refusing,
               danger=True, confirm=Text("须由首席数据官签署后才生效。", "It takes effect with the chief data officer's signature.")),
    Transition("sign_refusal", Text("签署不予共享", "Sign the refusal"), ("refusing",), "refused", CDO, SIGN,
               stops=("reply", "reply_unpublished", "answer"), starts=("accept",), guard=guards.sign, effect=effects.refused,
               confirm=Text("申请方可以申请协商，协商不成由公共数据主管部门裁定。",
                            "Whoever asked may negotiate; failing that the data office decides.")),
    Transition("return_refusal", Text("不同意拒绝，退回经办", "Do not sign, send back"), ("refusing",), "providing", CDO, WHY,
               effect=effects.told, optional=True),
    Transition("negotiate", Text("申请协商", "Ask to negotiate"), ("refused",), "negotiating", APPLICANT, WHY, stops=("accept",),
               starts=("ruling",), effect=effects.told),
    Transition("accept_refusal", Text("接受不予共享", "Accept the refusal"), ("refused",), "closed", APPLICANT, stops=("accept",),
               effect=effects.told, optional=True),
    Transition("lapse", Text("未申请协商", "No negotiation asked for"), ("refused",), "closed", (TIMER,), effect=effects.told),
    Transition("settle", Text("协商后同意共享", "Agree after negotiation"), ("negotiating",), "agreed", PROVIDER, AGREE, stops=("ruling",),
               starts=("supply",), guard=guards.aggregates_by_query, effect=effects.agreed),
    Transition("rule_share", Text("裁定共享", "Decide to share"), ("negotiating",), "agreed", RULER, OPINION, stops=("ruling",),
               starts=("supply",), effect=effects.told),
    Transition("rule_refuse", Text("裁定不予共享", "Decide not to share"), ("negotiating",), "closed", RULER, OPINION, stops=("ruling",),
               effect=effects.told, danger=True),
    Transition("supply", Text("提供数据", "Supply the data"), ("agreed",), "granted", (*PROVIDER, Role("provider", "engineer")),
               stops=("supply",), starts=("term",), guard=guards.supplied, effect=effects.granted, confirm=AT_ONCE),
    Transition("suspend", Text("暂停使用", "Suspend"), ("granted",), "suspended", MAY_STOP, WHY, effect=effects.suspended, danger=True,
               optional=True, confirm=REACHES),
    Transition("resume", Text("恢复使用", "Resume"), ("suspended",), "granted", MAY_STOP, effect=effects.resumed),
    Transition("stop", Text("停止共享", "Stop sharing"), ("granted", "suspended"), "stopped", MAY_STOP, WHY, effect=effects.stopped,
               danger=True, optional=True, confirm=REACHES),
    Transition("finish", Text("办结并报告成效", "Finish and report"), ("granted", "suspended"), "finished", APPLICANT, RESULT,
               effect=effects.finished, optional=True, confirm=REACHES),
    Transition("withdraw", Text("撤回申请", "Withdraw"), BEFORE_USE, "withdrawn", APPLICANT, WHY, effect=effects.told, danger=True,
               optional=True),
    Transition("expire", Text("到期", "Expire"), ("granted", "suspended"), "expired", (TIMER,), effect=effects.expired),
)  # fmt: skip
SHARING = register(
    Procedure(
        code="publicdata.sharing",
        label=Text("公共数据共享申请", "Sharing request"),
        number_prefix="GX",
        opening=Transition("ask", Text("申请共享", "Ask for data"), (), "checking", APPLICANT, REQUEST, starts=("check", "answer"),
                           effect=effects.opened),
        states=STATES,
        transitions=STEPS,
        clocks=(
            ClockSpec("check", Text("审核期限", "Check"), "check"),
            ClockSpec("reply", Text("部门答复期限", "Department's answer"), "reply"),
            ClockSpec("reply_unpublished", Text("部门答复期限（尚未挂接数据）", "Department's answer (no data yet)"), "reply_unpublished"),
            ClockSpec("answer", Text("总答复期限", "Answer in all"), "answer"),
            ClockSpec("supply", Text("提供期限", "Supply"), "supply"),
            ClockSpec("accept", Text("申请协商期限", "Time to ask for negotiation"), "accept", on_expiry="lapse"),
            ClockSpec("ruling", Text("裁定期限", "Ruling"), "ruling"),
            ClockSpec("term", Text("使用期限", "Term of use"), "term", "d", on_expiry="expire", agreed="days"),
        ),
        profile="sharing",
        capacities=(
            ("applicant", Text("申请方", "Applicant")),
            ("office", Text("公共数据主管部门", "Data office")),
            ("provider", Text("提供部门", "Providing department")),
        ),
        page="/desk/sharing/{}",
    )
)  # fmt: skip

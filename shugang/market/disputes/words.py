"""Events of disputes that no step of a procedure names, in words."""

from __future__ import annotations

from shugang.policy.text import Text

EVENTS: dict[str, Text] = {
    "dispute.opened": Text("争议立案", "Dispute opened"),
    "dispute.evidence_filed": Text("提交证据", "Evidence filed"),
    "dispute.measure_ordered": Text("采取临时措施", "Interim measure ordered"),
    "dispute.measure_lifted": Text("解除临时措施", "Interim measure lifted"),
    "dispute.bundle_exported": Text("导出证据包", "Evidence bundle exported"),
    "rule.published": Text("公示平台规则", "Platform rule published"),
    "rule.commented": Text("对规则提意见", "Rule commented"),
    "rule.answered": Text("答复意见", "Comment answered"),
    "rule.withdrawn": Text("撤回未生效的规则", "Rule withdrawn before it held"),
    "funds.held": Text("冻结付款", "Pay-out held"),
    "funds.released": Text("解除付款冻结", "Pay-out released"),
    "deletion.demanded": Text("要求删除数据", "Deletion demanded"),
}

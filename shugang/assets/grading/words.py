"""States and events of grading and security review in words."""

from __future__ import annotations

from shugang.kernel.procedure import Procedure
from shugang.policy.text import Text

# Tone of a level's badge.
TONES = {1: "ok", 2: "ok", 3: "run", 4: "warn", 5: "bad", 6: "bad"}
EVENTS: dict[str, Text] = {
    "grading.in_force": Text("数据分级生效", "Grades in force"),
    "grading.inherited": Text("衍生数据随来源升级", "Derived data rose with their input"),
    "grading.column_decided": Text("确认字段级别", "A column's grade decided"),
    "grading.proposals_accepted": Text("采纳分级建议", "Proposed grades accepted"),
    "grading.acceptance_undone": Text("撤销采纳", "Acceptance undone"),
    "grading.facts_stated": Text("填写规模与精度", "Scale and precision stated"),
    "grading.input_declared": Text("申报数据来源", "An input declared"),
    "security_review.passed": Text("安全审查通过", "Security review passed"),
    "security_review.reopened": Text("安全审查须重新办理", "Security review re-opened"),
    "personal_basis.withdrawn": Text("撤回个人信息处理依据", "Basis of personal information withdrawn"),
    "security_review.anonymity_checked": Text("匿名性检查", "Anonymity checked"),
}


def states_of(spec: Procedure) -> dict[str, tuple[Text, str]]:
    """State → label and tone."""
    return {s.name: (s.label, s.tone) for s in spec.states}

"""Words for the events of this room that no procedure's step makes."""

from __future__ import annotations

from shugang.kernel import words
from shugang.policy.text import Text

LABELS: dict[str, Text] = {
    "demand.invited": Text("经运营机构转交邀请", "Invitation passed on by the venue"),
    "demand.answered_uninvited": Text("有供方主动应答", "A supplier answers uninvited"),
    "demand.answer_declined": Text("谢绝主动应答", "Uninvited answer declined"),
    "demand.invitation_cancelled": Text("取消邀请", "Invitation cancelled"),
    "matching.done": Text("与已上架的产品比对", "Compared with the listed products"),
}


def register_all() -> None:
    words.register(LABELS)

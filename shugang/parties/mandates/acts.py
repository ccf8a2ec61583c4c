"""What a principal may let a broker do."""

from __future__ import annotations

from shugang.policy.text import Text

ACTS: dict[str, Text] = {
    "demand": Text("代为发布需求", "Post demands"),
    "invite": Text("代为邀请供方报价", "Invite suppliers to quote"),
    "inquire": Text("代为询价", "Inquire"),
    "answer": Text("代为答复报价邀请", "Answer invitations to quote"),
}
# Words for the events of this room.
EVENTS: dict[str, Text] = {
    "mandate.drafted": Text("起草授权委托书", "Mandate drafted"),
    "mandate.signed": Text("签署授权委托书", "Mandate signed"),
    "mandate.revoked": Text("撤销授权委托书", "Mandate revoked"),
}

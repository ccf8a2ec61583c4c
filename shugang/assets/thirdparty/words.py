"""The room's own words: states of offers, orders and reports, events."""

from __future__ import annotations

from shugang.policy.text import Text

OFFER_STATES: dict[str, tuple[Text, str]] = {
    "reviewing": (Text("审核中", "Under review"), "run"),
    "listed": (Text("已公开", "Listed"), "ok"),
    "suspended": (Text("已暂停", "Suspended"), "warn"),
    "ended": (Text("已终止", "Ended"), "off"),
}
REPORT_STATES: dict[str, tuple[Text, str]] = {
    "delivered": (Text("待验收", "Under inspection"), "run"),
    "standing": (Text("有效", "Stands"), "ok"),
    "expired": (Text("已过有效期", "Expired"), "off"),
    "superseded": (Text("已被替换", "Superseded"), "off"),
    "withdrawn": (Text("已撤回", "Withdrawn"), "bad"),
}
EVENTS: dict[str, Text] = {
    "report.signed": Text("签署第三方报告", "Third party's report signed"),
    "report.standing": Text("报告生效", "Report stands"),
    "report.superseded": Text("报告被替换", "Report superseded"),
    "report.withdrawn": Text("报告撤回", "Report withdrawn"),
    "report.published": Text("报告公开", "Report published"),
    "report.withheld": Text("报告不再公开", "Report no longer public"),
    "service.completed": Text("第三方服务完成", "Service completed"),
}

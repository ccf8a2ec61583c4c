"""States, events and stages in words."""

from __future__ import annotations

from shugang.policy.text import Text

STATES: dict[str, tuple[Text, str]] = {
    "waiting": (Text("等待评价", "Waiting"), "run"),
    "running": (Text("评价中", "Running"), "run"),
    "done": (Text("待签署", "To be signed"), "warn"),
    "confirmed": (Text("已签署", "Signed"), "ok"),
    "failed": (Text("没有完成", "Not finished"), "bad"),
    "stopped": (Text("已停止", "Stopped"), "off"),
}
RULE_STATES: dict[str, tuple[Text, str]] = {
    "draft": (Text("草稿", "Draft"), "warn"),
    "published": (Text("已发布", "Published"), "ok"),
    "retired": (Text("已停用", "Retired"), "off"),
}
STAGES = {
    "rows": Text("逐行规则", "Rules of rows"),
    "profile": Text("字段概况", "Profile of columns"),
    "keys": Text("唯一、外键与时效", "Keys, references, age"),
    "done": Text("汇总", "Scores"),
}
NOT_ASSESSABLE = Text("不可评", "not assessable")
EVENTS = {
    "quality_rules.published": Text("发布质量规则集", "Quality rules published"),
    "quality_rules.retired": Text("停用质量规则集", "Quality rules retired"),
    "assessment.ordered": Text("发起质量评价", "Quality assessment ordered"),
    "assessment.finished": Text("质量评价完成", "Quality assessment finished"),
    "assessment.confirmed": Text("签署质量评价报告", "Quality report signed"),
    "assessment.failed": Text("质量评价没有完成", "Quality assessment not finished"),
    "assessment.stopped": Text("停止质量评价", "Quality assessment stopped"),
}


def percent(value: int | None) -> str | Text:
    """Hundredths of a percent as people read them."""
    return NOT_ASSESSABLE if value is None else f"{value // 100}.{value % 100:02d}%"

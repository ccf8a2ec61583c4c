"""Code lists of products: types as traded, sectors, states, and the outcomes that a delivery mode knows."""

from __future__ import annotations

from shugang.assets.registration.industries import SECTIONS
from shugang.policy.text import Text

TYPES: dict[str, Text] = {
    "dataset": Text("数据集", "Dataset"),
    "api": Text("数据接口", "Interface"),
    "report": Text("分析报告", "Report"),
    "index": Text("指数", "Index"),
    "model": Text("模型", "Model"),
    "service": Text("数据服务", "Data service"),
    "tool": Text("数据工具", "Data tool"),
    "app": Text("应用", "Application"),
}
# Fields of the city's plan (一.5, 三.3), and the one in which an industry stands where the supplier names none.
FIELDS: dict[str, Text] = {
    "credit": Text("信用", "Credit"),
    "health": Text("医疗", "Health"),
    "transport": Text("交通", "Transport"),
    "finance": Text("金融", "Finance"),
    "industry": Text("工业", "Industry"),
    "city": Text("智慧城市", "Smart city"),
    "tourism": Text("文旅", "Culture and tourism"),
    "weather": Text("气象", "Weather"),
    "telecom": Text("通信", "Telecommunications"),
    "energy": Text("电力", "Electricity"),
    "trade": Text("商贸", "Commerce"),
    "agriculture": Text("农业", "Agriculture"),
    "education": Text("教育", "Education"),
    "other": Text("其他", "Other"),
}
FIELD_OF_SECTOR: dict[str, str] = {
    "A": "agriculture", "B": "industry", "C": "industry", "D": "energy", "E": "city", "F": "trade", "G": "transport", "H": "tourism",
    "I": "telecom", "J": "finance", "N": "city", "P": "education", "Q": "health", "R": "tourism", "S": "city",
}  # fmt: skip
SECTORS: dict[str, Text] = {letter: label for letter, (label, _, _) in SECTIONS.items()}
STATES: dict[str, tuple[Text, str]] = {
    "draft": (Text("未上架", "Draft"), "off"),
    "reviewing": (Text("上架审查中", "Under listing review"), "run"),
    "listed": (Text("已上架", "Listed"), "ok"),
    "suspended": (Text("暂停交易", "Suspended"), "warn"),
    "delisted": (Text("已下架", "Delisted"), "off"),
}
# What a plane reports of a use, by delivery mode; a price plan may charge these and no others.
OUTCOMES: dict[str, dict[str, Text]] = {
    "table": {"delivered": Text("已交付", "Delivered")},
    "file": {"delivered": Text("已下载", "Downloaded")},
    "api": {"found": Text("查得", "Found"), "not_found": Text("未查得", "Not found")},
    "query": {"found": Text("查得", "Found"), "not_found": Text("未查得", "Not found")},
    "proxy": {
        "found": Text("查得", "Found"),
        "mismatch": Text("不一致", "No match"),
        "not_found": Text("未查得", "Not found"),
    },
    "push": {"delivered": Text("已推送", "Pushed")},
    "stream": {"delivered": Text("已送达", "Delivered")},
    "sql": {"found": Text("有结果", "With rows"), "not_found": Text("无结果", "Without rows")},
}
# The specification sheet (可交易数据产品说明书), in the order in which it is read.
SPEC: dict[str, Text] = {
    "coverage": Text("时间与地域范围", "Period and place"),
    "frequency": Text("更新频率", "Update frequency"),
    "content": Text("内容说明", "Content"),
    "cases": Text("使用案例", "Use cases"),
    "requirements": Text("对需方的要求", "What is asked of the buyer"),
    "technical": Text("使用说明", "How to use it"),
    "quality": Text("质量说明", "Quality statement"),
    "support": Text("服务支持", "Support"),
}
SPEC_MAX = 800

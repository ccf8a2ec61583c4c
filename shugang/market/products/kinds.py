"""Code lists of products: types as traded, sectors, states, and the outcomes that a delivery mode knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
# What the sheet says of where the data comes from, and the answers of a listing's application that agree with each.
ORIGINS: dict[str, Text] = {
    "production": Text("数据生产", "Produced by the supplier"),
    "public": Text("公开数据获取", "Public data obtained"),
    "operation": Text("授权运营", "Authorised operation"),
    "trade": Text("产品交易", "Bought"),
}
ORIGIN_OF_SOURCE: dict[str, str] = {
    "generated": "production", "derived": "production", "public": "public", "operation": "operation", "agreement": "trade",
}  # fmt: skip
# The grade of a deal's delivery; what each asks is for the venue's rules to say.
EXCHANGE_LEVELS: dict[str, Text] = {f"s{n}": Text(f"S{n}级", f"S{n}") for n in (1, 2, 3, 4)}
# What a supplier writes on the specification sheet (可交易数据产品说明书), in the order in which it is read; the rest of the
# sheet follows from the product itself (`sheet.py`).
SPEC: dict[str, Text] = {
    "storage": Text("存储形式与格式", "Storage and format"),
    "language": Text("数据语言", "Language of the data"),
    "coverage": Text("时间与地域范围", "Period and place"),
    "frequency": Text("更新频率", "Update frequency"),
    "content": Text("内容说明", "Content"),
    "inputs": Text("输入说明", "Input"),
    "outputs": Text("输出说明", "Output"),
    "requirements": Text("对需方的要求", "What is asked of the buyer"),
    "restrictions": Text("其他限制", "Other restrictions"),
    "cases": Text("使用案例", "Use cases"),
    "exchange_level": Text("交付交易等级", "Grade of delivery"),
    "technical": Text("使用说明", "How to use it"),
    "documentation": Text("技术文档", "Technical documents"),
    "support": Text("服务支持", "Support"),
    "origin_kind": Text("来源类别", "Kind of source"),
    "origin": Text("来源描述", "Source in words"),
    "quality": Text("质量说明", "Quality statement"),
}
SPEC_CHOICES: dict[str, dict[str, Text]] = {"exchange_level": EXCHANGE_LEVELS, "origin_kind": ORIGINS}
SPEC_HINTS: dict[str, Text] = {
    "storage": Text("例：Parquet，按版本；或：供方数据库，经接口提供。", "Such as: Parquet, by version; or: your database, through an interface."),
    "language": Text("例：中文；字段名为英文。", "Such as: Chinese; column names in English."),
    "coverage": Text("例：厦门市，2023年1月至2025年12月。", "Such as: Xiamen, January 2023 to December 2025."),
    "frequency": Text("不写则按登记的更新频率。", "Left open, it is the registered one."),
    "inputs": Text("需方查询或调用时须给出什么。", "What the buyer has to give with a query or call."),
    "outputs": Text("得到什么、单位和缺值怎样表示；字段另有字典。", "What comes back, units, how gaps are shown; columns have their dictionary."),
    "requirements": Text("资质、技术条件、承诺。没有写“无”。", "Qualification, technical means, undertakings; “none” if none."),
    "restrictions": Text("条款之外的限制，例如地区、行业。没有写“无”。", "Beyond the terms, such as region or industry; “none” if none."),
    "exchange_level": Text("各级的要求见交易场所规则；不确定的不选。", "The venue's rules say what each asks; leave it open if unsure."),
    "documentation": Text("文档名称和获取方式。", "Which documents there are and how to get them."),
    "origin_kind": Text("须与申请上架时的来源类别一致。", "It has to agree with the application for listing."),
    "origin": Text("由谁、怎样、在何时取得。", "By whom, how and when it was obtained."),
    "quality": Text("已知的缺失、重复和不准确之处。", "Known gaps, duplicates and inaccuracies."),
}  # fmt: skip
SPEC_MAX = 800


def spec_words(spec: Mapping[str, Any]) -> str:
    """What a supplier wrote on the sheet, for the search: choices by their labels, not by their codes."""
    found = [SPEC_CHOICES.get(name, {}).get(str(value), str(value)) for name, value in spec.items()]
    return " ".join(f"{said.zh} {said.en}" if isinstance(said, Text) else said for said in found)

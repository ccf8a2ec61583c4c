"""The words that an entry of the catalogue is described with: pure, no Django.

Core metadata after the national guide for catalogues of government information resources (政务信息资源目录编制指南（试行）,
发改高技术〔2017〕1272号); themes after GB/T 21063.4-2007.
"""

from __future__ import annotations

import re

from shugang.policy.text import Text

KINDS: dict[str, Text] = {
    "base": Text("基础信息资源", "Base"),
    "theme": Text("主题信息资源", "Theme"),
    "department": Text("部门信息资源", "Department"),
}
# 类 of the standard code, by kind.
CLASS_OF = {"base": "1", "theme": "2", "department": "3"}
BASE_LIBRARIES: dict[str, Text] = {
    "population": Text("人口库", "Population"),
    "legal_person": Text("法人库", "Legal persons"),
    "natural_resources_geo": Text("自然资源与空间地理库", "Natural resources and geography"),
    "credit": Text("信用库", "Credit"),
    "licence": Text("电子证照库", "Electronic licences"),
}
THEMES: dict[str, Text] = {
    "government": Text("综合政务", "General government"),
    "economy": Text("经济管理", "Economy"),
    "land_energy": Text("国土资源、能源", "Land and energy"),
    "industry_transport": Text("工业、交通", "Industry and transport"),
    "information": Text("信息产业", "Information industry"),
    "construction_environment": Text("城乡建设、环境保护", "Construction and environment"),
    "agriculture_water": Text("农业、水利", "Agriculture and water"),
    "finance": Text("财政、金融", "Finance"),
    "commerce": Text("商业、贸易", "Commerce"),
    "tourism": Text("旅游、服务业", "Tourism and services"),
    "weather_survey": Text("气象、水文、测绘、地震", "Weather, hydrology, survey, earthquakes"),
    "foreign": Text("对外事务", "Foreign affairs"),
    "justice": Text("政法、监察", "Justice"),
    "science_education": Text("科技、教育", "Science and education"),
    "culture_health": Text("文化、卫生、体育", "Culture, health, sport"),
    "labour": Text("劳动、人事", "Labour"),
    "civil": Text("民政、社区", "Civil affairs and communities"),
}
FORMATS: dict[str, Text] = {
    "database": Text("数据库", "Database"),
    "spreadsheet": Text("电子表格", "Spreadsheet"),
    "document": Text("电子文件", "Document"),
    "image": Text("图形图像", "Image"),
    "geo": Text("地理信息", "Geographic data"),
    "stream": Text("流媒体", "Media stream"),
    "structured": Text("自描述格式（XML、JSON）", "Self-describing (XML, JSON)"),
}
CONDITIONS: dict[str, Text] = {
    "unconditional": Text("无条件", "Unconditional"),
    "conditional": Text("有条件", "On conditions"),
    "refused": Text("不予", "Refused"),
}
METHODS: dict[str, Text] = {
    "platform": Text("通过平台查询或核验", "Query or check on the platform"),
    "interface": Text("接口", "Interface"),
    "exchange": Text("库表交换", "Exchange of tables"),
    "file": Text("文件下载", "File"),
    "offline": Text("其他（线下）", "Other, off line"),
}
CYCLES: dict[str, Text] = {
    "real_time": Text("实时", "Real time"),
    "daily": Text("每日", "Daily"),
    "weekly": Text("每周", "Weekly"),
    "monthly": Text("每月", "Monthly"),
    "quarterly": Text("每季度", "Quarterly"),
    "half_yearly": Text("每半年", "Half-yearly"),
    "yearly": Text("每年", "Yearly"),
    "irregular": Text("不定期", "Irregularly"),
}
TYPES: dict[str, Text] = {
    "C": Text("字符型", "Characters"),
    "N": Text("数值型", "Number"),
    "Y": Text("货币型", "Money"),
    "D": Text("日期型", "Date"),
    "T": Text("日期时间型", "Date and time"),
    "L": Text("逻辑型", "Yes or no"),
    "B": Text("二进制型", "Binary"),
    "G": Text("空间型", "Geometry"),
}
STATES: dict[str, Text] = {
    "draft": Text("编制中", "In preparation"),
    "published": Text("已发布", "Published"),
    "suspended": Text("暂停", "Suspended"),
    "withdrawn": Text("已撤销", "Withdrawn"),
}
TONES = {"draft": "run", "published": "ok", "suspended": "warn", "withdrawn": "off"}
CHANGES: dict[str, Text] = {
    "published": Text("发布", "Published"),
    "changed": Text("变更", "Changed"),
    "suspended": Text("暂停", "Suspended"),
    "resumed": Text("恢复", "Resumed"),
    "withdrawn": Text("撤销", "Withdrawn"),
}

# 类 (1 digit) 项 (2) 目 (3) 细目 (any number of digits), then "/" and 顺序码 (6 digits).
CODE = re.compile(r"(?P<cls>[1-9])(?P<section>\d{2})(?P<heading>\d{3})(?P<detail>\d{0,20})/(?P<serial>\d{6})")
CLASSIFICATION = re.compile(r"[1-9]\d{2}\d{3}\d{0,20}")
ELEMENT = re.compile(r"[A-Z]{1,4}\d{4,12}")


def classification_of(code: str) -> str:
    """类项目细目 of a whole code; "" when it is none."""
    found = CODE.fullmatch(code)
    return code.partition("/")[0] if found else ""

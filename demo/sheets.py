"""What the demonstration's supplier writes on the specification sheets of his products."""

from __future__ import annotations

_COMMON = {
    "language": "中文；字段名为英文",
    "requirements": "企业或事业单位，完成入驻审核；约定用途与申请一致",
    "restrictions": "不得用于识别个人；按条款署名",
    "support": "工作日9:00至17:30答复使用问题，数据有误的3个工作日内核实",
    "origin_kind": "production",
    "exchange_level": "s2",
}
SHEETS: dict[str, dict[str, str]] = {
    "air": {
        **_COMMON, "storage": "Parquet，按版本，一次交付整表", "coverage": "厦门市4个国控站点，2020年3月26日至4月8日",
        "content": "逐时的空气质量指数、等级与六项污染物浓度，一行是一个站点一个小时。", "outputs": "浓度单位μg/m³（一氧化碳为mg/m³）；缺测为空",
        "cases": "出行与空气质量关系研究；空气质量模型校验", "technical": "用Delta Sharing客户端或pandas读取，见授权后的接入页",
        "documentation": "字段字典见本页；缺测说明随数据集", "origin": "示例供方声明自行采集；真实出处见来源与权利",
        "quality": "缺2天；缺测保留为空，未插补",
    },
    "clinics": {
        **_COMMON, "storage": "Parquet，按版本，一次交付整表", "coverage": "福建省9个设区市，2020年2月公布的名单",
        "content": "发热门诊与定点医院的名称、地址与脱敏电话，一行是一家机构。", "outputs": "电话保留前3后4位，其余脱敏",
        "cases": "核对就医指引中的机构信息", "technical": "用Delta Sharing客户端或pandas读取", "quality": "1,115家，地址未统一标准化",
        "origin": "各地卫生健康部门公布的名单汇总", "origin_kind": "production",
    },
    "segments": {
        **_COMMON, "storage": "供查询的索引，不提供整表", "coverage": "全国，截至2023年12月",
        "content": "手机号前7位号段对应的省、市、邮编、区号与运营商。", "inputs": "号段前7位，一次一个", "outputs": "查得返回1行，未查得返回空，未查得不计费",
        "cases": "注册环节校验号段归属地", "technical": "HTTPS接口，须带授权密钥；每次回应带回执", "documentation": "开放接口说明见“开放接口”页",
        "quality": "携号转网不改变号段归属",
    },
    "companies": {
        **_COMMON, "storage": "供方自有SQLite数据库，平台不存储", "coverage": "注册地在厦门的A股公司，2023年",
        "content": "公司代码、名称、行业、市场与网站。", "inputs": "行业门类", "outputs": "该行业的公司，每家一行", "cases": "供应链企业分析",
        "technical": "经供方节点运行登记的查询", "quality": "46家；市值档为年末口径",
    },
}  # fmt: skip
SUMMARIES_EN: dict[str, str] = {
    "air": "Six pollutants and the air quality index of 4 stations, hour by hour; for studies of environment and travel.",
    "clinics": "Names, cities and telephones of Fujian's fever clinics and designated hospitals; for guidance and checks.",
    "segments": "Which place and carrier a mobile number segment belongs to; for checking numbers and controlling risk.",
    "companies": "Codes, names and industries of the listed companies of Xiamen; for analyses of credit and risk.",
}

"""Where data is about: provinces by their names and larger cities, as they stand in a product's own words."""

from __future__ import annotations

from shugang.policy.text import Text

_NAMES = (
    ("CN", "全国", "Nationwide", "全国 中国"),
    ("11", "北京", "Beijing", "北京"),
    ("12", "天津", "Tianjin", "天津"),
    ("13", "河北", "Hebei", "河北 石家庄 唐山 保定 雄安"),
    ("14", "山西", "Shanxi", "山西 太原 大同"),
    ("15", "内蒙古", "Inner Mongolia", "内蒙古 呼和浩特 包头 鄂尔多斯"),
    ("21", "辽宁", "Liaoning", "辽宁 沈阳 大连"),
    ("22", "吉林", "Jilin", "吉林 长春"),
    ("23", "黑龙江", "Heilongjiang", "黑龙江 哈尔滨 大庆"),
    ("31", "上海", "Shanghai", "上海"),
    ("32", "江苏", "Jiangsu", "江苏 南京 苏州 无锡 常州 南通"),
    ("33", "浙江", "Zhejiang", "浙江 杭州 宁波 温州 义乌"),
    ("34", "安徽", "Anhui", "安徽 合肥 芜湖"),
    ("35", "福建", "Fujian", "福建 厦门 福州 泉州 漳州 莆田 龙岩 三明 南平 宁德"),
    ("36", "江西", "Jiangxi", "江西 南昌 赣州"),
    ("37", "山东", "Shandong", "山东 济南 青岛 烟台"),
    ("41", "河南", "Henan", "河南 郑州 洛阳"),
    ("42", "湖北", "Hubei", "湖北 武汉 宜昌"),
    ("43", "湖南", "Hunan", "湖南 长沙 株洲"),
    ("44", "广东", "Guangdong", "广东 广州 深圳 佛山 东莞 珠海"),
    ("45", "广西", "Guangxi", "广西 南宁 桂林 柳州"),
    ("46", "海南", "Hainan", "海南 海口 三亚"),
    ("50", "重庆", "Chongqing", "重庆"),
    ("51", "四川", "Sichuan", "四川 成都 绵阳"),
    ("52", "贵州", "Guizhou", "贵州 贵阳 遵义"),
    ("53", "云南", "Yunnan", "云南 昆明 大理"),
    ("54", "西藏", "Tibet", "西藏 拉萨"),
    ("61", "陕西", "Shaanxi", "陕西 西安"),
    ("62", "甘肃", "Gansu", "甘肃 兰州"),
    ("63", "青海", "Qinghai", "青海 西宁"),
    ("64", "宁夏", "Ningxia", "宁夏 银川"),
    ("65", "新疆", "Xinjiang", "新疆 乌鲁木齐"),
    ("71", "台湾", "Taiwan", "台湾 台北 高雄 金门"),
    ("81", "香港", "Hong Kong", "香港"),
    ("82", "澳门", "Macao", "澳门"),
    ("WW", "全球", "Worldwide", "全球 世界 海外 境外"),
)
REGIONS: dict[str, Text] = {code: Text(zh, en) for code, zh, en, _ in _NAMES}
_WORDS = [(code, words.split()) for code, _, _, words in _NAMES]


def regions_of(text: str) -> list[str]:
    """Codes of the places that the text names, at most six; the coverage is written by the supplier and checked in the listing."""
    return [code for code, words in _WORDS if any(word in text for word in words)][:6]

"""Industries by GB/T 4754-2017 (with amendment 1 of 2019): sections, and the divisions that each holds."""

from __future__ import annotations

from shugang.policy.text import Text

# Section letter → (label, first division, last division).
SECTIONS: dict[str, tuple[Text, int, int]] = {
    "A": (Text("农、林、牧、渔业", "Agriculture, forestry, animal husbandry and fishery"), 1, 5),
    "B": (Text("采矿业", "Mining"), 6, 12),
    "C": (Text("制造业", "Manufacturing"), 13, 43),
    "D": (Text("电力、热力、燃气及水生产和供应业", "Electricity, heat, gas and water supply"), 44, 46),
    "E": (Text("建筑业", "Construction"), 47, 50),
    "F": (Text("批发和零售业", "Wholesale and retail trade"), 51, 52),
    "G": (Text("交通运输、仓储和邮政业", "Transport, storage and post"), 53, 60),
    "H": (Text("住宿和餐饮业", "Hotels and catering"), 61, 62),
    "I": (Text("信息传输、软件和信息技术服务业", "Information transmission, software and IT services"), 63, 65),
    "J": (Text("金融业", "Finance"), 66, 69),
    "K": (Text("房地产业", "Real estate"), 70, 70),
    "L": (Text("租赁和商务服务业", "Leasing and business services"), 71, 72),
    "M": (Text("科学研究和技术服务业", "Scientific research and technical services"), 73, 75),
    "N": (Text("水利、环境和公共设施管理业", "Water conservancy, environment and public facilities"), 76, 79),
    "O": (Text("居民服务、修理和其他服务业", "Household services, repair and other services"), 80, 82),
    "P": (Text("教育", "Education"), 83, 83),
    "Q": (Text("卫生和社会工作", "Health and social work"), 84, 85),
    "R": (Text("文化、体育和娱乐业", "Culture, sports and entertainment"), 86, 90),
    "S": (Text("公共管理、社会保障和社会组织", "Public administration, social security and organisations"), 91, 96),
    "T": (Text("国际组织", "International organisations"), 97, 97),
}
CHOICES = tuple(
    (letter, Text(f"{letter} {label.zh}", f"{letter} {label.en}")) for letter, (label, _, _) in SECTIONS.items()
)


def division_error(section: str, division: int) -> Text | None:
    """None when the two-digit division belongs to the section."""
    label, first, last = SECTIONS[section]
    if first <= division <= last:
        return None
    span = f"{first:02d}" if first == last else f"{first:02d}~{last:02d}"
    return Text(
        f"门类{section}（{label.zh}）的大类代码是{span}，请核对GB/T 4754。",
        f"Section {section} holds divisions {span}. Please check GB/T 4754.",
    )

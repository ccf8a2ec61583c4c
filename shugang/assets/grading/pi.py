"""Classes of personal information (GB/T 35273 annex A) by the codes that detection and grading share."""

from __future__ import annotations

from shugang.policy.text import Text

CLASSES: dict[str, Text] = {
    "basic": Text("个人基本资料", "Basic facts"),
    "identity": Text("个人身份信息", "Identity"),
    "biometric": Text("个人生物识别信息", "Biometric"),
    "network": Text("网络身份标识信息", "Network identifiers"),
    "health": Text("个人健康生理信息", "Health"),
    "education": Text("个人教育工作信息", "Education and work"),
    "property": Text("个人财产信息", "Property"),
    "communication": Text("个人通信信息", "Communication"),
    "contacts": Text("联系人信息", "Contacts"),
    "browsing": Text("个人上网记录", "Browsing"),
    "device": Text("个人常用设备信息", "Devices"),
    "location": Text("个人位置信息", "Location"),
    "other": Text("其他个人信息", "Other"),
}

"""The code list of purposes. A purpose is bound to a credential: who uses the key attests it on every
request."""

from shugang.policy.text import Text

PURPOSES: dict[str, Text] = {
    "research": Text("研究分析", "Research and analysis"),
    "model_validation": Text("模型校验", "Model validation"),
    "public_service": Text("公共服务", "Public service"),
    "contact_verification": Text("联系信息核验", "Contact verification"),
    "risk_control": Text("风险控制", "Risk control"),
    "internal_analysis": Text("内部分析", "Internal analysis"),
    "product_development": Text("产品开发", "Product development"),
    "evaluation": Text("交易前试用评估", "Evaluation before purchase"),
    "supervision": Text("监督检查", "Supervision"),
    "public_duty": Text("依法履行职责", "Performance of a public duty"),
    "open_use": Text("公开利用", "Any lawful use of open data"),
    "assessment": Text("第三方评估与审查", "Assessment by a third party"),
}

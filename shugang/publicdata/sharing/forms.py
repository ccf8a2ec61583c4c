"""The forms of sharing and opening."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text

from ..granting import MODES

OWN_SIGNATURE = Field(
    "own_signature", "code", Text("本人保管密钥的签名值", "Signature made with your own key"),
    Text("密钥由平台托管的不填。", "Leave empty if the platform keeps your key."), required=False, max_length=200,
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=400),))
OPINION = Form(1, (Field("opinion", "textarea", Text("意见", "Opinion"), max_length=400),))
REQUEST = Form(
    1,
    (
        Field("resource", "text", Text("目录编号", "Number of the resource"), max_length=40),
        Field("items", "textarea", Text("信息项", "Items"),
              Text("用顿号或换行分开；不填为全部可共享的信息项。", "Separated by commas or lines; all that may be shared if left empty."),
              required=False, max_length=4000),
        Field("purpose", "choice", Text("用途", "Purpose"), Text("取得后只能用于这一用途。", "What is obtained serves this purpose only."),
              choices=tuple(PURPOSES.items())),
        Field("task", "textarea", Text("所办事项与依据", "The task and its legal basis"),
              Text("写明履行什么职责、办理什么事项、依据哪条规定。", "Which duty or service it is for, and by which rule."), max_length=800),
        Field("mode", "choice", Text("提供方式", "Way of supply"), choices=tuple(MODES.items())),
        Field("key", "text", Text("按哪个信息项查询", "Item to ask by"), Text("只用于接口查询。", "For an interface only."),
              required=False, max_length=120),
        Field("days", "int", Text("使用期限（天）", "Days of use"), minimum=1, maximum=3650),
    ),
)  # fmt: skip
AGREE = Form(
    1,
    (
        Field("condition", "textarea", Text("使用条件", "Conditions of use"), required=False, max_length=800),
        Field("min_group", "int", Text("只给统计结果，每组至少（条）", "Aggregates only, at least this many rows a group"),
              Text("只用于自助查询；不填为可看明细。", "For own queries only; rows may be seen if left empty."), required=False, minimum=2, maximum=100_000),
    ),
)  # fmt: skip
REFUSALS: tuple[tuple[str, Text], ...] = (
    ("law", Text("法律、行政法规或者党中央、国务院政策规定不得共享", "Law or national policy forbids it")),
    ("purpose", Text("与所述职责无关，或超出履职所需", "Not needed for the stated task")),
    ("security", Text("可能危害国家安全、公共安全", "It may harm national or public security")),
    ("personal", Text("缺少处理个人信息的法定依据", "No lawful basis for the personal information")),
    ("source", Text("本部门不是该数据的源头", "This department is not the source")),
)
REFUSE = Form(
    1,
    (
        Field("rule", "choice", Text("不予共享的依据", "Ground of refusal"), choices=REFUSALS),
        Field("reason", "textarea", Text("理由", "Reason"), Text("写明具体条款和事实。", "The article and the facts."), max_length=400),
    ),
)  # fmt: skip
SIGN = Form(1, (OWN_SIGNATURE,))
RESULT = Form(
    1,
    (
        Field("result", "textarea", Text("使用成效", "What came of it"),
              Text("写明办成了什么、减少了什么，不写个人信息。", "What was achieved; no personal information."), max_length=2000),
    ),
)  # fmt: skip
OPEN = Form(
    1,
    (
        Field("resource", "text", Text("目录编号", "Number of the resource"), max_length=40),
        Field("items", "textarea", Text("信息项", "Items"),
              Text("用顿号或换行分开；不填为全部可开放的信息项。", "Separated by commas or lines; all that may be opened if left empty."),
              required=False, max_length=4000),
        Field("licence", "text", Text("使用许可", "Licence"), Text("如“可自由使用，须注明来源”。", "Such as “free use with attribution”."),
              max_length=200),
        Field("attribution", "text", Text("来源的写法", "Attribution"), max_length=200),
    ),
)  # fmt: skip

"""The forms of scenarios."""

from __future__ import annotations

from collections.abc import Mapping

from shugang.kernel.forms import Field, Form
from shugang.policy.purposes import PURPOSES
from shugang.policy.text import Text

from ..catalogue.models import PublicResource
from ..granting import MODES, items_of, require_published, split_names, wrong
from ..sharing.forms import OPINION, SIGN, WHY
from .kinds import CLASSES, SUBJECTS

__all__ = ["ANSWER", "CALL", "CLASS", "FINISH", "LISTING", "OPINION", "PROPOSAL", "SIGN", "USE", "WHY", "read_fields"]
_CLASS = Field("scenario_class", "choice", Text("场景类别", "Class of scenario"), choices=tuple(CLASSES.items()))
_DATA = Field(
    "resources", "textarea", Text("数据范围", "Data"),
    Text("每行一项目录：编号：信息项、信息项。不写信息项为全部可提供的。", "One resource a line: number: item, item. All that may be given if none is named."),
    max_length=4000,
)  # fmt: skip
CALL = Form(
    1,
    (
        Field("title", "text", Text("征集主题", "Subject of the call"), max_length=80),
        _CLASS,
        Field("needs", "textarea", Text("征集内容", "What is asked for"), max_length=2000),
    ),
)
PROPOSAL = Form(
    1,
    (
        Field("title", "text", Text("场景名称", "Scenario"), max_length=80),
        Field("text", "textarea", Text("场景说明", "Description"), Text("要解决什么问题，需要哪些数据。", "Which problem, and which data it needs."), max_length=2000),
    ),
)  # fmt: skip
ANSWER = Form(
    1,
    (
        Field("adopted", "bool", Text("采纳", "Adopted"), required=False),
        Field("answer", "textarea", Text("答复", "Answer"), max_length=400),
    ),
)
CLASS = Form(
    1,
    (
        Field("title", "text", Text("审定名称", "Name of the approval"), max_length=80),
        _CLASS,
        Field("uses", "textarea", Text("适用的应用", "Uses that it covers"), max_length=800),
        _DATA,
        Field("subjects", "multi", Text("适用的主体类别", "Kinds of subjects"), choices=tuple(SUBJECTS.items())),
        Field("purpose", "choice", Text("用途", "Purpose"), choices=tuple(PURPOSES.items())),
        Field("mode", "choice", Text("提供方式", "Way of supply"), choices=tuple(MODES.items())),
        Field("key", "text", Text("按哪个信息项查询", "Item to ask by"), Text("只用于接口查询。", "For an interface only."), required=False, max_length=120),
        Field("min_group", "int", Text("只给统计结果，每组至少（条）", "Aggregates only, at least this many rows a group"),
              Text("只用于自助查询。", "For own queries only."), required=False, minimum=2, maximum=100_000),
        Field("most_days", "int", Text("每次使用最长（天）", "Longest use (days)"), minimum=1, maximum=1825),
        Field("operation", "text", Text("所依授权运营编号", "Authorised operation"), Text("在授权运营协议下开发的填写。", "If developed under an agreement of authorised operation."),
              required=False, max_length=20),
    ),
)  # fmt: skip
USE = Form(
    1,
    (
        Field("approval", "text", Text("场景审定编号", "Approval of the class"), max_length=20),
        Field("title", "text", Text("应用名称", "Application"), max_length=80),
        _CLASS,
        Field("text", "textarea", Text("应用说明", "Description"), max_length=2000),
        Field("resources", "textarea", _DATA.label,
              Text("不填为审定的全部数据；只要一部分的，每行一项目录：编号：信息项、信息项。", "All data of the approval if left empty; else one resource a line: number: item, item."),
               required=False, max_length=4000),
        Field("days", "int", Text("使用期限（天）", "Days of use"), minimum=1, maximum=1825),
        Field("bundle", "text", Text("融合的市场项目编号", "Project on the market that it is fused with"),
              Text("与市场上的非公共数据融合开发的填写；项目的合同全部生效后才能批准，两侧的授权同存同停。",
                   "If fused with private data of a project with several suppliers; approved once all its contracts are in force, and the grants of both sides stand and fall together."), required=False, max_length=20),
    ),
)  # fmt: skip
LISTING = Form(
    1, (Field("product", "text", Text("应用产品编号", "Number of the product"), Text("须是本机构已上架的应用。", "A listed application of yours."), max_length=20),)
)  # fmt: skip
FINISH = Form(1, (Field("result", "textarea", Text("使用成效", "What came of it"), max_length=2000),))


def read_fields(text: str) -> tuple[list[PublicResource], dict[str, list[str]]]:
    """`number：item、item` lines → the resources and {number: items}. Raises Refusal."""
    named: dict[str, list[str]] = {}
    for line in (x.strip() for x in text.splitlines() if x.strip()):
        number, _, said = line.replace("：", ":").partition(":")
        named[number.strip()] = split_names(said)
    rows = {
        r.number: r for r in PublicResource.objects.select_related("department", "dataset").filter(number__in=named)
    }
    strange = [n for n in named if n not in rows]
    if strange or not named or len(named) > 20:
        raise wrong("resources", f"没有目录“{strange[0][:40] if strange else ''}”，请填写1至20项目录。",
                    f"There is no resource “{strange[0][:40] if strange else ''}”; name 1 to 20 of them.")  # fmt: skip
    found: dict[str, list[str]] = {}
    for number, items in named.items():
        require_published(rows[number])
        try:
            found[number] = [i.name for i in items_of(rows[number], items, "sharing")]
        except Exception as error:
            fields: Mapping[str, Text] = getattr(error, "fields", {})
            if "items" not in fields:
                raise
            raise wrong("resources", fields["items"].zh, fields["items"].en) from error
    return [rows[n] for n in named], found

"""The procedure of a pricing model: drafted by an association or agency, reviewed by the venue, published, superseded."""

from __future__ import annotations

from shugang.kernel.forms import Field, Form
from shugang.kernel.procedure import ClockSpec, Procedure, Role, State, Transition, register
from shugang.policy.text import Text

from ..products.kinds import SECTORS, TYPES
from . import effects
from .models import BASES

OWNER = (Role("owner", "handler"),)
VENUE = (Role("operator", "reviewer"),)
MODEL = Form(
    1,
    (
        Field("title", "text", Text("名称", "Title"), max_length=120),
        Field("sector", "choice", Text("行业", "Sector"), choices=tuple(SECTORS.items())),
        Field("type", "choice", Text("产品类型", "Type of product"), choices=tuple(TYPES.items())),
        Field("scenario", "text", Text("应用场景", "Scenario"), Text("如“银行贷后风险监测”。", "Such as “monitoring of bank loans”."), max_length=80),
        Field("basis", "choice", Text("估的是什么价", "What is priced"), choices=tuple(BASES.items())),
        Field("factors", "textarea", Text("因素", "Factors"),
              Text("每行一个：代号 | 名称 | 英文名 | 单位 | 下限 | 上限 | 来源。代号用小写字母，公式中使用。",
                   "One a line: code | label | English label | unit | lowest | highest | source. The code is lower case and used in the formula."),
              max_length=4000),
        Field("formula", "text", Text("公式（结果为元）", "Formula (in CNY)"),
              Text("可用 + - * / 括号、min、max、sqrt、ln、exp 和因素代号。", "Use + - * /, brackets, min, max, sqrt, ln, exp and the codes of factors."),
              max_length=1000),
        Field("spread", "int", Text("模型误差（±%）", "Error of the model (±%)"), minimum=0, maximum=90),
        Field("examples", "textarea", Text("算例", "Examples"),
              Text("每行一个，发布时逐个验算：rows=100, quality=0.9 => 1234.50", "One a line, worked through at publication: rows=100, quality=0.9 => 1234.50"),
              max_length=2000),
        Field("valid_from", "date", Text("适用起始日", "Valid from")),
        Field("valid_until", "date", Text("适用最后一日", "Valid until")),
        Field("notes", "textarea", Text("编制说明", "Notes"), Text("样本、方法、适用限制。", "Sample, method, limits."), required=False, max_length=2000),
        Field("replaces", "text", Text("取代的模型编号", "Replaces model"),
              Text("新版本填写已发布模型的编号，发布时原版本即被取代。", "For a new version: the number of the published one, which it replaces at publication."),
              required=False, max_length=20),
    ),
)  # fmt: skip
WHY = Form(1, (Field("reason", "textarea", Text("理由", "Reason"), max_length=800),))
OPINION = Form(1, (Field("opinion", "textarea", Text("评审意见", "Opinion"), max_length=800),))

MODELLING = register(
    Procedure(
        code="market.pricing_model",
        label=Text("定价模型发布", "Publication of a pricing model"),
        number_prefix="DM",
        opening=Transition("draft", Text("起草", "Draft"), (), "draft", OWNER, MODEL, effect=effects.drafted),
        states=(
            State("draft", Text("起草中", "Draft"), "off"),
            State("review", Text("待评审", "Under review")),
            State("published", Text("已发布", "Published"), "ok"),
            State("superseded", Text("已被新版本取代", "Superseded"), "off", True),
            State("withdrawn", Text("已撤回", "Withdrawn"), "off", True),
            State("dropped", Text("已撤稿", "Dropped"), "off", True),
        ),
        transitions=(
            Transition("revise", Text("修改", "Revise"), ("draft",), "draft", OWNER, MODEL, effect=effects.revised, optional=True),
            Transition("submit", Text("提交评审", "Submit for review"), ("draft",), "review", OWNER, starts=("review",),
                       guard=effects.holds, effect=effects.moved),
            Transition("drop", Text("撤稿", "Drop"), ("draft",), "dropped", OWNER, effect=effects.moved, danger=True, optional=True),
            Transition("return", Text("退回修改", "Return"), ("review",), "draft", VENUE, WHY, stops=("review",),
                       guard=effects.independent, effect=effects.moved),
            Transition("publish", Text("发布", "Publish"), ("review",), "published", VENUE, OPINION, stops=("review",),
                       guard=effects.publishable, effect=effects.published,
                       confirm=Text("模型随即公开，供方可以用来测算。", "The model is public at once, and suppliers may apply it.")),
            Transition("supersede", Text("由新版本取代", "Supersede"), ("published",), "superseded", VENUE,
                       guard=effects.has_successor, effect=effects.moved, optional=True),
            Transition("withdraw", Text("撤回", "Withdraw"), ("published",), "withdrawn", OWNER, WHY, effect=effects.moved,
                       danger=True, optional=True),
        ),
        clocks=(ClockSpec("review", Text("评审期限", "Review"), "model_review"),),
        profile="pricing",
        capacities=(("owner", Text("编制单位", "Author")), ("operator", Text("运营机构", "Operator"))),
    )
)  # fmt: skip

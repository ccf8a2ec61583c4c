"""The specification sheet (可交易数据产品说明书) as it is read: what the supplier wrote, and what the product itself says, in parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shugang.kernel import clock
from shugang.policy.terms import MODES, PURPOSES
from shugang.policy.text import Text
from shugang.ui.formats import number, size

from ..demand import funnel
from ..listing.checklist import SOURCES
from . import pricing, queries, trust
from .kinds import FIELDS, SECTORS, SPEC, SPEC_CHOICES, TYPES
from .known import Read
from .models import DataProduct

NONE_YET = Text("暂无", "None yet")


@dataclass(frozen=True)
class Line:
    """One line: `code` names it to programs; `url` leads to its proof; `value` "" where nothing is known; `written` where the
    supplier is the one to fill it in."""

    code: str
    label: Text
    value: Text | str
    url: str = ""
    written: bool = False


@dataclass(frozen=True)
class Part:
    code: str
    title: Text
    lines: list[Line]


def parts(product: DataProduct, read: Read) -> list[Part]:
    """The whole sheet, empty lines included: a reader sees what is not stated."""
    return [
        Part("basics", Text("基本信息", "Basics"), _basics(product)),
        Part("physical", Text("物理信息", "Storage"), _physical(product)),
        Part("content", Text("内容说明", "Content"), _content(product, read)),
        Part("conditions", Text("使用条件", "Conditions of use"), _conditions(product)),
        Part("manual", Text("使用案例与说明", "Use cases and manual"), _manual(product)),
        Part("source", Text("来源描述", "Source"), _source(product, read)),
        Part("credentials", Text("资质信息", "Credentials"), _credentials(product, read)),
        Part("market", Text("价格与热度", "Price and interest"), _market(product)),
    ]


def open_lines(product: DataProduct) -> list[Text]:
    """What the supplier has not written yet."""
    return [label for name, label in SPEC.items() if not product.spec.get(name)]


def as_json(found: list[Part]) -> list[dict[str, Any]]:
    return [
        {"part": p.code, "title": p.title.zh, "title_en": p.title.en, "lines": [_line_json(line) for line in p.lines]}
        for p in found
    ]


def _line_json(line: Line) -> dict[str, Any]:
    zh, en = (line.value.zh, line.value.en) if isinstance(line.value, Text) else (line.value, line.value)
    return {
        "code": line.code, "label": line.label.zh, "label_en": line.label.en, "value": zh or None, "value_en": en or None,
        "proof": line.url or None,
    }  # fmt: skip


def _said(product: DataProduct, name: str) -> Text | str:
    """A line that the supplier wrote, a choice by its label."""
    value = str(product.spec.get(name, ""))
    return SPEC_CHOICES.get(name, {}).get(value, value)


def _written(product: DataProduct, name: str, otherwise: Text | str = "") -> Line:
    return Line(name, SPEC[name], _said(product, name) or otherwise, written=True)


def _day(moment: datetime | None) -> str:
    return moment.astimezone(clock.zone()).date().isoformat() if moment else ""


def _basics(product: DataProduct) -> list[Line]:
    supplier = product.supplier
    return [
        Line("name", Text("产品名称", "Name"), Text(product.name, product.name_en or product.name)),
        Line("number", Text("产品代码", "Code"), product.number),
        Line("supplier", Text("供方", "Supplier"), Text(supplier.name, supplier.name_en or supplier.name), f"/parties/{supplier.number}"),
        Line("field", Text("板块", "Section"), FIELDS[product.plan_field]),
        Line("sector", Text("行业", "Industry"), SECTORS[product.sector]),
        Line("type", Text("标的类型", "Type"), TYPES[product.type]),
        Line("keywords", Text("关键词", "Keywords"), product.keywords),
        Line("listed", Text("挂牌日期", "Listed on"), _day(product.listed_at)),
    ]  # fmt: skip


def _physical(product: DataProduct) -> list[Line]:
    version = product.dataset_version
    kept = Text("托管在平台数据库，按版本保存", "Kept in the platform's vault, by version")
    if not version.path:
        kept = Text("保存在供方处，经连接器取用", "Kept by the supplier, reached through a connector")
    rows = "" if version.rows is None else number(version.rows)
    scale = Text(f"{rows}行", f"{rows} rows") if rows else Text("", "")
    if rows and version.bytes:
        scale = Text(f"{scale.zh}，{size(version.bytes)}", f"{scale.en}, {size(version.bytes)}")
    return [
        _written(product, "storage", kept),
        Line("scale", Text("规模", "Size"), scale if rows else ""),
        _written(product, "language"),
        _written(product, "coverage"),
        Line("frequency", SPEC["frequency"], queries.frequency(product), written=True),
        Line("version", Text("数据版本", "Version of the data"), Text(f"第{version.version}版，{_day(version.created_at)}", f"Version {version.version}, {_day(version.created_at)}")),
    ]  # fmt: skip


def _content(product: DataProduct, read: Read) -> list[Line]:
    names = [c["name"] for c in read.columns]
    shown = "、".join(names[:12])
    more = Text(f"{shown}等{len(names)}个字段", f"{shown} and more, {len(names)} columns")
    columns: Text | str = more if len(names) > 12 else shown
    key = product.source.get("key_column", "") if product.mode == "api" else ""
    asked: Text | str = Text(f"查询键：{key}", f"Lookup key: {key}") if key else ""
    return [
        _written(product, "content", Text(product.summary, product.summary_en or product.summary)),
        _written(product, "inputs", asked),
        _written(product, "outputs"),
        Line("columns", Text("输出字段", "Output columns"), columns, "#data"),
    ]


def _conditions(product: DataProduct) -> list[Line]:
    terms, chosen = product.terms, [PURPOSES[p] for p in product.purposes]
    first, last = _day(terms.valid_from), _day(terms.valid_until)
    days = (terms.valid_until - terms.valid_from).days
    return [
        Line("purposes", Text("使用目的", "Purposes"), Text("、".join(t.zh for t in chosen), ", ".join(t.en for t in chosen))),
        _written(product, "requirements"),
        Line("term", Text("期限", "Term"), Text(f"最长{days}天（{first}至{last}）", f"At most {days} days ({first} to {last})")),
        Line("rules", Text("使用规则", "Rules of use"), Text("见使用条件，逐条写明如何保证", "See the terms, each with how it is held"), "#terms"),
        _written(product, "restrictions"),
    ]  # fmt: skip


def _manual(product: DataProduct) -> list[Line]:
    return [
        _written(product, "cases"),
        _written(product, "exchange_level"),
        Line("mode", Text("交付方式", "Delivery"), MODES[product.mode]),
        _written(product, "technical"),
        _written(product, "documentation"),
        _written(product, "support"),
    ]


def _source(product: DataProduct, read: Read) -> list[Line]:
    dataset = product.dataset_version.dataset
    last = product.licence_until.isoformat() if product.licence_until else ""
    applied = dict(SOURCES).get(read.application.get("source_class", ""), "")
    return [
        _written(product, "origin_kind", applied),
        _written(product, "origin", dataset.origin),
        Line("licence", Text("原始许可", "Original licence"), dataset.licence),
        Line(
            "licence_until",
            Text("许可到期日", "Last day of the licence"),
            last or Text("没有期限", "No end stated") if product.listed_at else "",
        ),
    ]


def _credentials(product: DataProduct, read: Read) -> list[Line]:
    registered, quality, compliance, level = trust.public_trust(product, read)[:4]
    facts = [
        ("certificate", Text("登记凭证", "Certificate of registration"), registered),
        ("compliance", Text("合规评估文件", "Compliance opinion"), compliance),
        ("quality_report", Text("质量评价证书", "Quality certificate"), quality),
        ("level", Text("数据级别", "Level of the data"), level),
    ]
    lines = [Line(code, label, fact.value if fact.proof else NONE_YET, fact.url) for code, label, fact in facts]
    stated = read.application.get("declaration")
    promise = Text(
        "供方在上架申请中声明内容真实并承担法律责任", "Stated by the supplier in the application for listing"
    )
    lines.append(Line("declaration", Text("法律承诺", "Legal undertaking"), promise if stated else NONE_YET))
    appraisal = read.appraisal
    value = (
        Text(f"{appraisal.agency.name}出具", f"By {appraisal.agency.name_en or appraisal.agency.name}")
        if appraisal
        else NONE_YET
    )
    lines.append(
        Line("appraisal", Text("资产评估文件", "Appraisal"), value, f"/reports/{appraisal.number}" if appraisal else "")
    )
    return [*lines, _written(product, "quality", str(read.application.get("quality", "")))]


def _market(product: DataProduct) -> list[Line]:
    seen = funnel.public_views(product.number)
    days = funnel.RECENT_DAYS
    return [
        Line("price", Text("价格", "Price"), pricing.headline(product.plan), "#price"),
        Line("views", Text("热度", "Interest"), Text(f"浏览{seen[0]}次，近{days}天{seen[1]}次", f"{seen[0]} {'view' if seen[0] == 1 else 'views'}, {seen[1]} in {days} days")),
    ]  # fmt: skip

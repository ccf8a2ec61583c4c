"""The report on paper: the page's content, with bars, counts, failing rows and the SQL."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from shugang.kernel import clock
from shugang.policy.text import Text
from shugang.ui import language
from shugang.ui.documents import render_pdf
from shugang.ui.formats import number

from ..registration import sealing
from . import words
from .dimensions import DIMENSIONS, INDICATORS
from .kinds import KINDS
from .models import Assessment

MOST_STATEMENTS = 60
SHOWN_FAILING = 10
LONGEST_STATEMENT = 1500
PASSED = {True: Text("达标", "met"), False: Text("未达标", "missed"), None: Text("不判定", "no verdict")}


def rule_title(line: dict[str, Any]) -> Text:
    """A rule's own title, or its kind with its columns."""
    if line["title"]:
        return Text(line["title"], line["title"])
    label, names = KINDS[line["kind"]].label, line["columns"]
    some = "、".join(names[:3]) + ("…" if len(names) > 3 else "")
    return Text(
        f"{label.zh}：{some}" if some else label.zh, f"{label.en}: {some.replace('、', ', ')}" if some else label.en
    )


def _numbered(line: dict[str, Any]) -> Text:
    title = rule_title(line)
    return Text(f"{line['id']} {title.zh}", f"{line['id']} {title.en}")


def failing_text(line: dict[str, Any]) -> str:
    return "；".join(" ".join("—" if v is None else v for v in row) for row in line["failing"][:SHOWN_FAILING])


def facts(row: Assessment) -> list[tuple[Text, Any]]:
    report = row.report or {}
    data, rules = report["dataset"], report["rule_set"]
    own = Text("数据持有方，读取全部数据", "The holder; all of the data was read")
    return [
        (Text("评价方", "Assessor"), report["assessor"]),
        (Text("数据集与版本", "Data set and version"), f"{data['name']} {data['number']} v{data['version']}"),
        (Text("数据快照SHA-256", "SHA-256 of the snapshot"), data["sha256"]),
        (Text("行数", "Rows"), number(report["rows"])),
        (Text("规则集", "Rule set"), f"{rules['name']} {rules['number']} v{rules['version']}"),
        (Text("规则集SHA-256", "SHA-256 of the rules"), rules["digest"]),
        (Text("读取依据", "Read by"), Text(f"授权{report['read_by']}", f"grant {report['read_by']}") if report["read_by"] else own),
        (Text("总分", "Score"), words.percent(report["score"])),
        (Text("可评维度", "Assessable dimensions"), Text(f"6个中的{report['assessable']}个", f"{report['assessable']} of 6")),
    ]  # fmt: skip


def _columns(*given: tuple[Text, int, bool]) -> list[dict[str, Any]]:
    return [{"label": label, "width": width, "align": "right" if right else "left"} for label, width, right in given]


def _indicators(report: dict[str, Any]) -> dict[str, Any]:
    lines = [
        [DIMENSIONS[i["dimension"]], Text(INDICATORS[i["name"]].label.zh + ("（反向）" if i["inverse"] else ""),
         INDICATORS[i["name"]].label.en + (" (inverse)" if i["inverse"] else "")), words.percent(i["score"])]
        for i in report["indicators"]
    ]  # fmt: skip
    heads = (
        (Text("维度", "Dimension"), 3, False),
        (Text("指标", "Indicator"), 5, False),
        (Text("得分", "Score"), 3, True),
    )
    return {"title": Text("指标", "Indicators"), "columns": _columns(*heads), "lines": lines,
            "text": Text("没有规则或没有依据的指标为“不可评”，不计入得分。", "An indicator without a rule or a basis is not assessable and does not count.")}  # fmt: skip


def _rules(report: dict[str, Any]) -> dict[str, Any]:
    lines = [
        [_numbered(r), number(r["a"]), number(r["b"]),
         words.percent(r["value"]), words.percent(r["at_least"]), PASSED[r["passed"]]]
        for r in report["rules"]
    ]  # fmt: skip
    heads = (
        (Text("规则", "Rule"), 6, False), (Text("A", "A"), 3, True), (Text("B", "B"), 3, True),
        (Text("结果", "Result"), 3, True), (Text("阈值", "Threshold"), 3, True), (Text("判定", "Verdict"), 2, False),
    )  # fmt: skip
    return {"title": Text("规则", "Rules"), "columns": _columns(*heads), "lines": lines,
            "text": Text("A为符合规则的数（反向指标为不符合的数），B为评价的数。", "A: what meets the rule (for inverse ones, what does not); B: what was evaluated.")}  # fmt: skip


def _failing(report: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [[rule_title(r), failing_text(r)] for r in report["rules"] if r["failing"]]
    if not lines:
        return []
    heads = ((Text("规则", "Rule"), 3, False), (Text("不符合的行", "Rows that fail"), 8, False))
    return [{"title": Text("不符合的行（每条规则至多列10行）", "Rows that fail (at most 10 for each rule)"),
             "columns": _columns(*heads), "lines": lines}]  # fmt: skip


def report_pdf(row: Assessment) -> bytes:
    """The report in the reader's language; with the platform's certifying signature once a person signed it. Raises DocumentError."""
    report = row.report or {}
    dimensions = [
        {"label": DIMENSIONS[d["name"]], "value": None if d["score"] is None else d["score"] / 100, "shown": words.percent(d["score"])}
        for d in report["dimensions"]
    ]  # fmt: skip
    stated = [[_numbered(r), r["sql"][:LONGEST_STATEMENT]] for r in report["rules"] if r["sql"]]
    url = f"{settings.SHUGANG_PUBLIC_URL}/desk/quality/{row.number}"
    signed = row.signature or {}
    pdf = render_pdf(
        "quality",
        {
            "lang": "en" if language.is_english() else "zh", "number": row.number, "title": Text("数据质量评价报告", "Data quality report"),
            "issuer": report["assessor"], "facts": facts(row),
            "statement": Text("参照GB/T 36344-2018的六个维度评价，每项结果为A÷B。", "Assessed by the six dimensions after GB/T 36344-2018; every result is A/B."),
            "dimensions": [{**d, "value": "none" if d["value"] is None else d["value"]} for d in dimensions],
            "tables": [_indicators(report), _rules(report), *_failing(report)], "statements": stated[:MOST_STATEMENTS],
            "notes": [
                Text("本报告只说明所示快照按所示规则计算的结果，不构成对数据价值或用途的保证。", "This report tells what the shown rules give over the shown snapshot; it warrants neither value nor fitness."),
                Text(f"计算引擎：{report['engine']}。", f"Counted by {report['engine']}."),
                Text(f"签署人：{signed.get('signer', '')}", f"Signed by {signed.get('signer', '')}") if signed
                else Text("尚未签署，仅供内部使用。", "Not signed yet; for internal use."),
            ],
            "digest": row.digest, "verify_url": url, "short_address": url,
        },
        created=row.confirmed_at or row.finished_at or clock.now(),
    )  # fmt: skip
    return sealing.sign(pdf, "数据质量评价报告") if row.state == Assessment.State.CONFIRMED else pdf

"""What the pages of appraisal show: charts, progress, the working in tables."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from shugang.kernel import clock
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.kernel.models import Case
from shugang.parties.models import Party
from shugang.policy.text import Text
from shugang.ui.jinja import tx

from ..registration.models import DataAsset
from . import guards, queries, working
from .form import ENGAGEMENT, METHODS, SECTIONS
from .models import Appraisal, WorkingPaper
from .process import APPRAISAL
from .uncertainty import RUNS, SEED, VARIABLES

ORDER = ("requested", "working", "reviewing", "signing", "issued")
STAGES = (Text("接受委托", "Acceptance"), Text("评定估算", "Appraisal"), Text("内部复核", "Review"),
          Text("两人签名", "Two signatures"), Text("报告有效", "In force"))  # fmt: skip
YUAN = Text("元", "yuan")


def progress(case: Case) -> list[dict[str, Any]]:
    """The stages and where this case stands."""
    state = APPRAISAL.state(case.state)
    stopped = state.final and case.state in {"declined", "cancelled"}
    reached = [s for s in case.events.values_list("payload__to", flat=True) if s in ORDER]
    now = ORDER.index(case.state) if case.state in ORDER else max((ORDER.index(s) for s in reached), default=0)
    items: list[dict[str, Any]] = []
    for place, label in enumerate(STAGES):
        if place < now or (place == now and case.state == "issued"):
            items.append({"label": label, "state": "ok", "detail": None})
        elif place == now:
            items.append({"label": label, "state": "bad" if stopped else "run", "detail": state.label})
        else:
            items.append({"label": label, "state": "wait", "detail": None})
    return items


def _chart(kind: str, unit: Text, x: list[Any], series: list[tuple[Text, list[Any]]], **more: Any) -> dict[str, Any]:
    return {"type": kind, "unit": tx(unit), "x": [tx(v) for v in x],
            "series": [{"name": tx(name), "data": data} for name, data in series], **more}  # fmt: skip


def _yuan(fen: int) -> float:
    return fen / 100


def charts(result: Mapping[str, Any]) -> list[tuple[str, Text, dict[str, Any], Text]]:
    """(id, title, data, sentence) of every plot that the result allows."""
    found = [_methods(result)]
    if income := result["methods"].get("income"):
        found.append(_flows(income))
    if study := result["uncertainty"]:
        found += [
            _tornado(study, result["conclusion"]["value_fen"]),
            _histogram(study, result["conclusion"]["value_fen"]),
        ]
    return found


def _methods(result: Mapping[str, Any]) -> tuple[str, Text, dict[str, Any], Text]:
    names = list(result["methods"])
    value = result["conclusion"]["value_fen"]
    bars = [_yuan(result["methods"][n]["value_fen"]) for n in names] + [_yuan(value)]
    shown = working.yuan(value)
    data = _chart(
        "bar", YUAN, [METHODS[n] for n in names] + [Text("结论", "Conclusion")], [(Text("评估值", "Value"), bars)]
    )
    return ("chart-methods", Text("各方法与结论", "Methods and conclusion"), data,
            Text(f"{len(names)}种方法的评估值与结论{shown}。", f"Values of {len(names)} method(s) and the conclusion {shown}."))  # fmt: skip


def _flows(income: Mapping[str, Any]) -> tuple[str, Text, dict[str, Any], Text]:
    years = income["years"]
    data = _chart(
        "bar", YUAN, [Text(f"第{y['year']}年", f"Year {y['year']}") for y in years],
        [(Text("收益", "Income"), [_yuan(y["flow_fen"]) for y in years]),
         (Text("现值", "Present value"), [_yuan(y["present_fen"]) for y in years])],
    )  # fmt: skip
    return ("chart-flows", Text("逐年收益与现值", "Income and present value by year"), data,
            Text(f"{len(years)}年的收益，折现后合计{working.yuan(income['value_fen'])}。",
                 f"Income of {len(years)} years; discounted it sums to {working.yuan(income['value_fen'])}."))  # fmt: skip


def _tornado(study: Mapping[str, Any], value: int) -> tuple[str, Text, dict[str, Any], Text]:
    swings = study["tornado"]
    rows = list(reversed(swings))  # the widest on top of a horizontal axis
    data = _chart(
        "bar", YUAN, [VARIABLES[s["input"]].label for s in rows],
        [(Text("输入取10%分位", "Input at its 10%"), [_yuan(s["low_fen"] - value) for s in rows]),
         (Text("输入取90%分位", "Input at its 90%"), [_yuan(s["high_fen"] - value) for s in rows])], flip=True,
    )  # fmt: skip
    for series in data["series"]:
        series["stack"] = "swing"
    top = VARIABLES[swings[0]["input"]].label
    return ("chart-tornado", Text("敏感性（龙卷风图）", "Sensitivity (tornado)"), data,
            Text(f"单个输入变动时结论的增减，影响最大的是{top.zh}。", f"How the conclusion moves when one input does; {top.en.lower()} matters most."))  # fmt: skip


def _histogram(study: Mapping[str, Any], value: int) -> tuple[str, Text, dict[str, Any], Text]:
    edges = study["edges_fen"]
    middles = [f"{(a + b) / 200:,.0f}" for a, b in pairwise(edges)]
    data = _chart("bar", Text("次", "runs"), middles, [(Text("次数", "Runs"), study["counts"])])
    low, high = working.yuan(study["percentiles"]["5"]), working.yuan(study["percentiles"]["95"])
    return ("chart-simulation", Text("蒙特卡洛模拟", "Monte-Carlo simulation"), data,
            Text(f"{study['runs']:,}次模拟，90%的结果在{low}至{high}之间。", f"{study['runs']:,} runs; 90% lie between {low} and {high}."))  # fmt: skip


def result_context(result: Mapping[str, Any] | None, answers: Mapping[str, Any]) -> dict[str, Any]:
    if result is None:
        return {"result": None}
    study = result["uncertainty"]
    return {
        "result": result,
        "value": working.yuan(result["conclusion"]["value_fen"]),
        "conclusion": working.conclusion_table(result),
        "tables": list(working.method_tables(result).values()),
        "quality": working.quality_facts(result["quality"], answers),
        "studies": working.uncertainty_tables(study) if study else (),
        "charts": charts(result),
    }


def engagement_facts(appraisal: Appraisal) -> list[tuple[Text, Any]]:
    form = appraisal.form
    rows: list[tuple[Text, Any]] = [
        (Text("委托人", "Client"), appraisal.client.name),
        (Text("评估机构", "Appraiser"), appraisal.appraiser.name),
        (Text("评估目的", "Purpose"), working.PURPOSE_LABELS[form["purpose"]]),
        (Text("价值类型", "Type of value"), working.VALUE_TYPE_LABELS[form["value_type"]]),
        (Text("评估基准日", "Base date"), appraisal.base_date.isoformat()),
        (Text("法定评估", "Statutory"), Text("是", "Yes") if form["statutory"] else Text("否", "No")),
        (Text("应用场景", "Scenario of use"), form["scenario"]),
    ]
    return rows


def report_facts(appraisal: Appraisal) -> list[tuple[Text, Any]]:
    assert appraisal.valid_until is not None and appraisal.issued_at is not None and appraisal.archive_until is not None
    until = appraisal.valid_until.astimezone(clock.zone()).date()
    return [
        (Text("报告编号", "Report"), appraisal.number),
        (Text("报告日", "Issued on"), appraisal.issued_at.astimezone(clock.zone()).date().isoformat()),
        (Text("有效期至", "Valid until"), until.isoformat()),
        (Text("档案保存至", "Archive kept until"), appraisal.archive_until.isoformat()),
    ]


def appraisal_context(appraisal: Appraisal, actor: Actor) -> dict[str, Any]:
    case = appraisal.case
    paper = queries.paper_of(appraisal, actor)
    view = cases.view(case, actor)
    own = appraisal.appraiser_id == actor.party_id
    return {
        "appraisal": appraisal,
        "case": case,
        "view": view,
        "label": view.state,
        "progress": progress(case),
        "facts": engagement_facts(appraisal),
        "report": report_facts(appraisal) if appraisal.number else [],
        "paper": paper,
        "papers": queries.papers_of(appraisal, actor),
        "signatures": queries.signatures_of(appraisal, actor),
        "signing": (guards.statement_digest(appraisal, paper), guards.signing_context(case.number))
        if own and paper and case.state == "signing" else None,
        "edits": own and case.state == "working" and "handler" in actor.duties,
        **result_context(paper.result if paper else None, paper.form if paper else {}),
    }  # fmt: skip


def editor_context(
    appraisal: Appraisal, paper: WorkingPaper | None, values: Mapping[str, Any], refusal: Refusal | None, key: str
) -> dict[str, Any]:
    start = {"runs": RUNS, "seed": SEED, "income_timing": "end", "quality_way": "direct"}
    return {
        "appraisal": appraisal,
        "case": appraisal.case,
        "version": paper.version if paper else 0,
        "sections": SECTIONS,
        "specs": [f for s in SECTIONS for f in s.fields],
        "values": {**({} if values else start), **values},
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": key,
        **result_context(paper.result if paper and refusal is None else None, paper.form if paper else {}),
    }


def engage_fields(appraisers: list[Party]) -> tuple[Field, ...]:
    """The engagement's questions, with the appraisers to choose from in front."""
    offices = tuple((p.number, Text(p.name, p.name_en or p.name)) for p in appraisers)
    hint = Text(
        "不能是委托人、权利人自己；与它们有任职关系的人不能承办。",
        "Never client or holder; nobody who belongs to them may take part.",
    )
    return (Field("appraiser", "choice", Text("评估机构", "Appraiser"), hint, choices=offices), *ENGAGEMENT.fields)


def engage_context(asset: DataAsset, values: Mapping[str, Any], refusal: Refusal | None, key: str) -> dict[str, Any]:
    return {
        "asset": asset,
        "fields": engage_fields(queries.public_appraisers()),
        "values": dict(values),
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": key,
    }

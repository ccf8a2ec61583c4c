"""What data are worth: two agencies' services, a quality report under a grant, an appraisal by two signers, a model's estimate."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shugang.assets.quality import services as quality_services
from shugang.assets.quality.models import Assessment
from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.services import apply_offer, place_order, publish_report
from shugang.assets.valuation.models import Appraisal
from shugang.assets.valuation.services import engage, save_paper
from shugang.kernel import clock, engine, materials
from shugang.kernel.actors import Actor
from shugang.market.pricing.models import PricingModel
from shugang.market.pricing.services import draft_model, make_estimate

from .calls import until
from .stage import Stage

SERVICES = (
    ("quality", "jiance", "数据质量评价", "Data quality evaluation", "按GB/T 36344的六个维度评价一张表，交付签署的报告。",
     "检验检测机构资质认定（CMA）证书", "800"),
    ("appraisal", "gujia", "数据资产评估", "Appraisal of data assets", "按数据资产评估指导意见评估，两名评估人员签名。",
     "资产评估机构备案公告", "5000"),
)  # fmt: skip
STATIONS = ["溪东", "洪文", "鼓浪屿", "湖里中学"]
RULES: dict[str, Any] = {
    "keys": ["date", "hour", "station"],
    "rules": [
        {"id": "r1", "kind": "unique", "columns": ["date", "hour", "station"], "title": "站点逐时不重复"},
        {"id": "r2", "kind": "filled", "columns": ["aqi", "pm25", "pm10", "no2"], "at_least": 95},
        {"id": "r3", "kind": "in_set", "column": "station", "values": STATIONS},
        {"id": "r4", "kind": "range", "column": "pm25", "min": 0, "max": 1000},
        {"id": "r5", "kind": "expression", "expression": "pm25 <= pm10", "at_least": 95, "title": "PM2.5不高于PM10"},
        {"id": "r6", "kind": "described"},
    ],
}
# Five years of an annuity at 12 %: anyone can work it again.
PAPER = {
    "assumptions": "数据资产按现有用途继续使用。\n国家现行法律、政策没有重大变化。",
    "quality_way": "ahp", "quality_evaluator": "示例数据质量检测中心",
    "quality_matrix": "1,2,2,3,3,4\n1/2,1,1,2,2,3\n1/2,1,1,2,2,3\n1/3,1/2,1/2,1,1,2\n1/3,1/2,1/2,1,1,2\n1/4,1/3,1/3,1/2,1/2,1",
    "quality_scores": "0.95,0.92,0.90,1,0.80,1",
    "income_use": True, "income_reason": "收益来自订阅，可以预测。", "income_way": "direct", "income_timing": "mid",
    "income_flows": "\n".join(["100000"] * 5), "life_legal": "10", "life_contract": "5", "life_economic": "6",
    "rate_free": "2.5", "rate_management": "3", "rate_circulation": "2.5", "rate_security": "2", "rate_supervision": "2",
    "cost_use": False, "cost_reason": "采集支出没有完整账目。", "market_use": False, "market_reason": "本市暂无三笔以上可比成交。",
    "weight_income": "100", "weight_income_reason": "唯一适用的方法。",
    "distributions": "rate triangular 10 12 15\nflows normal 1 0.1", "runs": "2000", "seed": "7", "special": "无",
}  # fmt: skip
MODEL = {
    "title": "环境监测数据集定价模型", "sector": "N", "type": "dataset", "scenario": "研究与出行规划", "basis": "whole",
    "factors": "rows | 记录数 | Rows | 行 | 1 | 1000000 | 数据集版本\nquality | 质量得分 | Quality | 分 | 0 | 100 | 质量评价报告",
    "formula": "200 + rows * 0.5 * (0.5 + quality / 200)", "spread": "10", "examples": "rows=1000, quality=100 => 700",
    "valid_from": "2026-01-01", "valid_until": "2028-12-31", "notes": "示例模型，系数为假定值。",
}  # fmt: skip


def _offer(
    actor: Actor, kind: str, title: str, title_en: str, scope: str, qualification: str, price: str
) -> dict[str, Any]:
    today = clock.today()
    return {
        "kind": kind, "title": title, "title_en": title_en, "scope": scope, "price_fen": price, "days": "10",
        "qualification_name": qualification, "qualification_number": f"示例-{kind}-0001", "qualification_issuer": "示例主管部门",
        "valid_from": (today - timedelta(days=30)).isoformat(), "valid_until": (today + timedelta(days=700)).isoformat(),
        "document": materials.store(actor, f"{qualification}（示例）.txt", io.BytesIO(f"{qualification}，示例文件。".encode())),
        "declaration": True,
    }  # fmt: skip


def services(stage: Stage) -> None:
    with stage.step("第三方机构公开服务：质量评价、资产评估", "机构 → 运营方两人核对资质") as said:
        for kind, who, *about in SERVICES:
            case = apply_offer(stage.things[who], _offer(stage.things[who], kind, *about))
            engine.act(case.number, "accept", stage.things["yunying"])
            engine.act(case.number, "list", stage.things["fuhe"], {"document_checked": True})
            stage.things[f"service:{kind}"] = case.number
            said.append(f"{case.number} {about[0]}")


def quality(stage: Stage) -> None:
    """The centre reads by a grant that ends with the order; another person signs what was counted."""
    supplier, agency, signer = (stage.things[who] for who in ("gongfang", "jiance", "jianqian"))
    number = stage.things["dataset:air"].number
    with stage.step("质量评价：委托、授权读取、逐条计算", "供方 ⇄ 质量检测中心") as said:
        order = place_order(supplier, stage.things["service:quality"], {
            "object_kind": "dataset", "object_number": number, "purpose": "上架前质量评价", "need": "六个维度。"})  # fmt: skip
        engine.act(order.number, "accept", agency)
        engine.act(order.number, "ask_access", agency, {"reason": "需要逐行核对。"})
        engine.act(order.number, "give_access", supplier, {"mode": "file"})
        rules = quality_services.draft_rules(agency, number, "空气质量评价规则", RULES)
        quality_services.publish_rules(agency, rules.number)
        made = quality_services.order_assessment(agency, rules.number)
        until(lambda: not Assessment.objects.get(pk=made.pk).active, "the assessment", 60)
        made.refresh_from_db()
        if made.state != "done":
            raise AssertionError((made.state, made.refusal))
        said.append(f"{made.number} 六个维度得分 {(made.score or 0) / 100:.2f}")
    with stage.step("质量评价：两人签署，供方验收", "签发人 → 供方") as said:
        quality_services.confirm_assessment(signer, made.number)
        draft = {
            "assessment": made.number,
            "result": "favourable",
            "summary": "按所列规则逐条计算，附SQL和不符合的行。",
        }
        engine.act(order.number, "draft", agency, draft)
        engine.act(order.number, "sign", signer, {})
        engine.act(order.number, "confirm", supplier, {})
        report = SignedReport.objects.get(case=order)
        stage.things["quality"] = publish_report(supplier, report.number, True)
        said.append(f"{report.number} 生效并公开，读取授权随委托结束")


def value(stage: Stage) -> None:
    supplier, handler = stage.things["gongfang"], stage.things["gujia"]
    with stage.step("资产评估：收益法，工作底稿，内部复核", "供方 → 评估事务所") as said:
        engagement = {"purpose": "transfer", "value_type": "market", "base_date": (clock.today() - timedelta(days=3)).isoformat(),
                      "scenario": "供研究机构订阅逐时数据，按年收费。"}  # fmt: skip
        case = engage(supplier, stage.things["asset:air"].number, stage.things["appraiser"], engagement)
        engine.act(case.number, "accept", handler, {"independent": True})
        save_paper(handler, case.number, PAPER)
        engine.act(case.number, "complete", handler)
        engine.act(case.number, "pass_review", stage.things["hegu"], {"opinion": "方法适当，参数有据，计算无误。"})
        said.append(f"{case.number} 待签名")
    with stage.step("资产评估：两名评估人员签名，出具报告", "评估人员两人") as said:
        for n, (who, name) in enumerate((("guyi", "唐评估"), ("guer", "罗评估")), 1):
            engine.act(case.number, "sign", stage.things[who], {"name": name, "qualification": f"示例-{n:06d}", "took_part": True})  # fmt: skip
        appraisal = Appraisal.objects.get(case=case)
        fen = appraisal.papers.get().result["conclusion"]["value_fen"]
        # Mid-year annuity of 100,000 for five years at 12 %, in 分.
        if fen != int(
            sum(Decimal(10_000_000) / Decimal("1.12") ** (Decimal(y) - Decimal("0.5")) for y in range(1, 6))
            + Decimal("0.5")
        ):
            raise AssertionError(fen)
        said.append(f"{appraisal.number} 评估值 ¥{fen / 100:,.2f}")


def price(stage: Stage) -> None:
    with stage.step("协会发布定价模型，供方测算估价区间", "行业协会 → 运营方复核 → 供方") as said:
        case = draft_model(stage.things["xiehui"], MODEL)
        engine.act(case.number, "submit", stage.things["xiehui"])
        engine.act(case.number, "publish", stage.things["fuhe"], {"opinion": "算例核对无误。"})
        model = PricingModel.objects.get(case=case)
        inputs = {"rows": stage.things["version:air"].rows, "quality": stage.things["quality"].content["score"]}
        made = make_estimate(
            stage.things["gongfang"],
            stage.things["product:air"].number,
            model.number,
            inputs,
            "数据集版本和质量评价报告。",
            True,
        )
        said.append(f"{model.number}：¥{made.low_e8 / 10**8:,.2f}～¥{made.high_e8 / 10**8:,.2f}")

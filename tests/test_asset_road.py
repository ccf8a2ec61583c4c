"""Three real tables taken the whole way of an asset: registered, assessed by a third party under a grant, graded, reviewed,
appraised by two signers, estimated by a published model, priced and listed. The figures are known or worked by hand.

Tables and licences: demo/data/SOURCES.md and shugang/assets/quality/tests/data/SOURCES.md.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import demo
import shugang.assets.quality.tests as quality_tests
from shugang.assets.grading.models import Grading
from shugang.assets.models import Certificate, SecurityReview
from shugang.assets.quality import services as quality
from shugang.assets.quality import working
from shugang.assets.quality.models import Assessment
from shugang.assets.registration import verify
from shugang.assets.testing import SECURITY, anchor, make_certificate, make_graded, make_registrar, make_reviewed
from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.queries import standing_reports
from shugang.assets.thirdparty.testing import Agency, make_agency, order_service
from shugang.assets.valuation import services as valuation
from shugang.assets.valuation.models import Appraisal
from shugang.assets.valuation.testing import Firm, answers, engagement, make_firm, signing_form
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.models import DatasetVersion, Grant
from shugang.delivery.vault.services import upload_version
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.market import testing as market
from shugang.market.pricing import services as pricing
from shugang.market.pricing.models import PricingModel
from shugang.parties.accounts.actor import PartyActor
from shugang.parties.testing import make_actor, make_party, make_signer, sign_in
from shugang.policy.priceplan import PricePlan

pytestmark = pytest.mark.django_db
DEMO = Path(demo.__file__).parent / "data"
CRAWLS = Path(quality_tests.__file__).parent / "data/air_xiamen_crawls.csv"
STATIONS = ["溪东", "洪文", "鼓浪屿", "湖里中学"]


@dataclass(frozen=True)
class Table:
    """`known`: A of B by rule; `flows`: yearly income in yuan, all of it the asset's; `rate` in percent; `value`: what they come to."""

    path: Path
    name: str
    industry: tuple[str, str]
    rules: list[dict[str, Any]]
    known: dict[str, tuple[int, int]]
    level: int
    cells: dict[str, dict[str, Any]]
    fields: tuple[str, ...]
    rows: int


TABLES = {
    "air": Table(
        CRAWLS, "厦门空气质量站点小时值（三次采集）", ("N", "77"),
        [
            {"id": "rows", "kind": "rows", "expected": 724},
            {"id": "again", "kind": "duplicate", "columns": ["Date", "Hour", "WatchPoint"]},
            *({"id": f"s{n}", "kind": "filled", "columns": ["Date"], "where": f"WatchPoint = '{s}'"} for n, s in enumerate(STATIONS)),
        ],
        {"rows": (724, 724), "again": (724 - 628, 724), **{f"s{n}": (181, 181) for n in range(4)}},
        2, {}, ("Date", "Hour", "WatchPoint", "AQI", "PM10"), 724,
    ),
    "clinics": Table(
        DEMO / "fever_clinics_fujian.csv", "福建发热门诊联系目录", ("Q", "84"),
        [
            {"id": "one", "kind": "unique", "columns": ["id"]},
            {"id": "code", "kind": "format", "column": "city_code", "pattern": "35[0-9]{4}"},
            {"id": "phone", "kind": "check", "column": "telephone", "check": "mobile"},
        ],
        # every telephone is generated and begins with 100: none is a subscriber's
        {"one": (1115, 1115), "code": (1115, 1115), "phone": (0, 151)},
        2, {"telephone": {"object": "person", "degree": "general", "pi_class": "communication"}}, ("city", "name"), 1115,
    ),
    "companies": Table(
        DEMO / "listed_companies_xiamen.csv", "厦门上市公司名录", ("J", "67"),
        [
            {"id": "rows", "kind": "rows", "expected": 46},
            {"id": "symbol", "kind": "format", "column": "symbol", "pattern": "[0-9]{6}\\.(SS|SZ)"},
            {"id": "city", "kind": "in_set", "column": "city", "values": ["Xiamen"]},
        ],
        {"rows": (46, 46), "symbol": (46, 46), "city": (46, 46)},
        2, {}, ("symbol", "name", "industry"), 46,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Town:
    """Who takes part, beside the holder of a table."""

    assessor: Agency
    firm: Firm
    venue: market.Venue
    model: dict[str, PricingModel]


MODEL = {
    "title": "目录类数据集定价模型", "type": "dataset", "scenario": "整表订阅", "basis": "whole",
    "factors": "rows | 记录数 | Rows | 行 | 1 | 100000 | 产品说明书\nquality | 质量得分 | Quality | 分 | 0 | 100 | 质量评价报告",
    "formula": "200 + rows * 2 * (0.5 + quality / 200)", "spread": "10", "examples": "rows=100, quality=80 => 380",
    "valid_from": "2026-01-01", "valid_until": "2036-12-31", "notes": "算例由起草人手算。",
}  # fmt: skip


def town() -> Town:
    market.load_profiles()
    venue = market.make_venue()
    author = make_actor(make_party("association", name="示例数据协会"), ("handler",))
    models = {}
    for sector in {table.industry[0] for table in TABLES.values()}:
        case = pricing.draft_model(author, {**MODEL, "sector": sector})
        engine.act(case.number, "submit", author)
        engine.act(case.number, "publish", venue.decider, {"opinion": "算例核对无误。"})
        models[sector] = PricingModel.objects.get(case=case)
    return Town(make_agency("quality"), make_firm(), venue, models)


@pytest.mark.parametrize("key", sorted(TABLES))
def test_the_whole_way_of_an_asset(key: str, tmp_path: Path) -> None:
    table, place = TABLES[key], town()
    holder = make_signer(make_party("supplier", name="示例数据有限公司"))
    version, certificate = registered(holder, table)
    report = assessed(holder, place.assessor, version, table)
    graded_and_reviewed(holder, version, table)
    appraisal = appraised(holder, place.firm, certificate)
    priced_and_listed(holder, place, certificate, version, table, report)
    anchor()
    papers(holder, certificate, appraisal, report, tmp_path)


def registered(holder: PartyActor, table: Table) -> tuple[DatasetVersion, Certificate]:
    """The certificate is in force and names what was uploaded; the same data cannot be registered twice."""
    dataset = create_dataset(holder, hosting="hosted", name=table.name, origin="见数据来源说明", licence="MIT")
    with table.path.open("rb") as stream:
        version = upload_version(holder, dataset.number, stream, table.path.name)
    assert version.rows == table.rows
    office = make_registrar()
    section, division = table.industry
    certificate = make_certificate(holder, version, office, data_name=table.name, industry=section, division=division)
    assert verify.find(certificate.number).in_force
    assert certificate.asset.dataset_version == version
    with pytest.raises(Refusal):
        make_certificate(holder, version, office, data_name=table.name, industry=section, division=division)
    return version, certificate


def assessed(holder: PartyActor, agency: Agency, version: DatasetVersion, table: Table) -> SignedReport:
    """The agency reads by a grant of the order, counts, a second person signs; the report says what was counted."""
    number = version.dataset.number
    case = order_service(holder, agency.offers["quality"], number)
    with pytest.raises(Refusal) as no:
        quality.draft_rules(agency.handler, number, table.name, {"rules": table.rules})
    assert no.value.code == "no_standing_grant"
    engine.act(case.number, "accept", agency.handler)
    engine.act(case.number, "ask_access", agency.handler, {"reason": "需要逐行核对。"})
    engine.act(case.number, "give_access", holder, {"mode": "file"})
    rules = quality.draft_rules(agency.handler, number, table.name, {"rules": table.rules})
    quality.publish_rules(agency.handler, rules.number)
    made = working.run_now(quality.order_assessment(agency.handler, rules.number))
    assert made.state == "done", made.refusal
    assert {r["id"]: (r["a"], r["b"]) for r in made.report["rules"]} == table.known
    draft = {"assessment": made.number, "result": "favourable", "summary": "逐条规则计算，附不符合的行。"}
    refused_draft(case.number, agency, draft, "assessment")  # not signed yet
    quality.confirm_assessment(agency.signer, made.number)
    refused_draft(case.number, agency, {**draft, "score": "3"}, "score")
    engine.act(case.number, "draft", agency.handler, draft)
    engine.act(case.number, "sign", agency.signer, {})
    engine.act(case.number, "confirm", holder, {})
    report = SignedReport.objects.get(case=case)
    counted = Assessment.objects.get(pk=made.pk)
    assert report.content["score"] == (counted.score or 0) // 100
    assert report.content["assessment"]["digest"] == counted.digest
    assert list(standing_reports(version.dataset_id, "quality")) == [report]
    assert Grant.objects.get(source__dataset=number).state == "ended"
    return report


def refused_draft(number: str, agency: Agency, answer: dict[str, Any], field: str) -> None:
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        engine.act(number, "draft", agency.handler, answer)
    assert field in no.value.fields and Event.objects.count() == before


def graded_and_reviewed(holder: PartyActor, version: DatasetVersion, table: Table) -> None:
    grading = make_graded(holder, version, **table.cells)
    assert grading.level == table.level and grading.state == Grading.State.IN_FORCE
    if table.cells:
        # personal information without a basis is refused, naming the column
        with pytest.raises(Refusal) as no:
            make_reviewed(holder, version, **SECURITY)
        assert "telephone" in no.value.fields["personal_basis"].zh
    assert SecurityReview.objects.get(pk=make_reviewed(holder, version).pk).state == "passed"


def appraised(holder: PartyActor, firm: Firm, certificate: Certificate) -> Appraisal:
    """One million a year for five years at 12 %: worked by hand here, and known from the tables of annuities."""
    case = valuation.engage(holder, certificate.asset.number, firm.party, engagement())
    engine.act(case.number, "accept", firm.handler, {"independent": True})
    valuation.save_paper(firm.handler, case.number, INCOME_ALONE)
    engine.act(case.number, "complete", firm.handler)
    engine.act(case.number, "pass_review", firm.reviewer, {"opinion": "方法适当，参数有据。"})
    engine.act(case.number, "sign", firm.first, signing_form(1))
    with pytest.raises(Refusal):
        engine.act(case.number, "sign", firm.first, signing_form(1))
    engine.act(case.number, "sign", firm.second, signing_form(2))
    appraisal = Appraisal.objects.get(case=case)
    value = sum(Decimal(1_000_000) / Decimal("1.12") ** year for year in range(1, 6))
    cents = int((value * 100).quantize(Decimal(1), ROUND_HALF_UP))
    assert appraisal.papers.get().result["conclusion"]["value_fen"] == cents == 360_477_620
    return appraisal


INCOME_ALONE = answers(
    income_way="direct", income_timing="end", income_flows="\n".join(["1000000"] * 5),
    cost_use=None, market_use=None, weight_income="100", weight_cost=None, weight_market=None, distributions=None,
)  # fmt: skip


def priced_and_listed(
    holder: PartyActor,
    place: Town,
    certificate: Certificate,
    version: DatasetVersion,
    table: Table,
    report: SignedReport,
) -> None:
    """The model's range by hand: 200 + 2·rows·(0.5 + score/200), ±10 %; then the ask is put down and the product listed."""
    terms = market.make_terms(fields=table.fields, masks=())
    ask = PricePlan("one_off", price_fen=200_000)
    product = market.make_product(
        holder,
        certificate,
        plan=ask,
        terms=terms,
        name=table.name,
        sector=table.industry[0],
        name_en="",
        spec={"coverage": "福建省"},
    )
    score = report.content["score"]
    made = pricing.make_estimate(holder, product.number, place.model[table.industry[0]].number,
                                 {"rows": version.rows, "quality": score}, "数据集版本和质量评价报告。")  # fmt: skip
    middle = 200 + Decimal(2 * version.rows) * (Decimal("0.5") + Decimal(score) / 200)
    assert (made.low_e8, made.mid_e8, made.high_e8) == tuple(int(middle * part * 10**7) for part in (9, 10, 11))
    listed = market.list_product(holder, product, place.venue)
    assert listed.state == "listed"
    page = Client().get(f"/products/{listed.number}").content.decode()
    assert table.name in page and "¥2,000.00" in page


def papers(
    holder: PartyActor, certificate: Certificate, appraisal: Appraisal, report: SignedReport, folder: Path
) -> None:
    """Certificate, quality report and appraisal as PDF: rendered, with text and something to see on every page."""
    own = sign_in(Client(), holder)
    assessment = Assessment.objects.get(number=report.content["assessment"]["number"])
    for name, address in {
        "certificate": f"/verify/{certificate.number}.pdf",
        "quality": f"/desk/quality/{assessment.number}.pdf",
        "appraisal": f"/desk/appraisals/{appraisal.case.number}/report.pdf",
    }.items():
        answer = own.get(address)
        assert answer.status_code == 200, address
        path = folder / f"{name}.pdf"
        path.write_bytes(answer.content if not answer.streaming else b"".join(answer.streaming_content))
        subprocess.run(["pdftoppm", "-r", "40", "-png", path, folder / name], check=True)
        pictures = sorted(folder.glob(f"{name}*.png"))
        assert pictures and all(p.stat().st_size > 2_000 for p in pictures)

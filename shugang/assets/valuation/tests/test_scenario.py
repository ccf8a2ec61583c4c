"""The air-quality table, hour by hour from real stations, taken from registration to a signed report; pages on the way.

One appraisal is played through the pages and the API by client, handler, reviewer and two appraisers.
"""

import csv
import io
import json
import re
import subprocess
from pathlib import Path

import pytest
from django.test import Client

import demo
from shugang.assets.registration import sealing, verify
from shugang.assets.testing import anchor, make_certificate
from shugang.assets.valuation import documents, services
from shugang.assets.valuation.models import Appraisal, BookSheet
from shugang.assets.valuation.testing import answers, book, engagement, make_firm, signing_form
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.vault.services import upload_version
from shugang.evidence.receipt import verify_receipt
from shugang.kernel import sequencer
from shugang.parties.testing import make_actor, make_party, sign_in
from shugang.ui.signing import verify_pdf

pytestmark = [pytest.mark.django_db(transaction=True)]
TABLE = Path(demo.__file__).parent / "data" / "air_quality_xiamen.csv"


def client_of(actor, english=False):
    client = sign_in(Client(), actor)
    if english:
        client.cookies["lang"] = "en"
    return client


def sent(form):
    """As a browser sends it."""
    return {k: "1" if v is True else v for k, v in form.items()}


def text(answer):
    return answer.content.decode()


@pytest.fixture
def holder():
    return make_actor(make_party("supplier", name="示例气象数据有限公司"), ("handler", "finance"))


@pytest.fixture
def asset(holder):
    dataset = create_dataset(holder, hosting="hosted", name="厦门空气质量站点小时值", name_en="Hourly air quality", description="逐时浓度",
                             origin="国家空气监测网公布值", licence="MIT")  # fmt: skip
    version = upload_version(holder, dataset.number, io.BytesIO(TABLE.read_bytes()), TABLE.name)
    return make_certificate(holder, version, data_name="厦门空气质量站点小时值").asset


def test_the_air_quality_table_is_appraised_end_to_end(holder, asset, tmp_path):
    firm = make_firm()
    own, handler, reviewer = client_of(holder), client_of(firm.handler), client_of(firm.reviewer)
    page = f"/desk/appraisals/new/{asset.number}"
    assert firm.party.name in text(own.get(page))
    assert (
        own.post(page, sent({**engagement(base_date="2099-01-01"), "appraiser": firm.party.number})).status_code == 422
    )
    answer = own.post(page, sent({**engagement(), "appraiser": firm.party.number}))
    assert answer.status_code == 302, text(answer)[:3000]
    number = re.search(r"PG-\d{4}-\d{6}", answer["Location"])[0]
    address = f"/desk/appraisals/{number}"

    assert handler.post(f"/cases/{number}/accept", {"independent": "1"}).status_code == 302
    shown = handler.post(f"{address}/paper/preview", sent(answers()))
    assert shown.status_code == 200 and "chart-tornado" in text(shown) and "chart-simulation" in text(shown)
    spoilt = handler.post(f"{address}/paper/preview", sent(answers(weight_income="60")))
    assert spoilt.status_code == 422 and "须为100%" in text(spoilt)
    assert not Appraisal.objects.get(case__number=number).papers.exists()
    assert handler.post(f"{address}/paper", sent({**answers(), "version": "0"})).status_code == 302
    assert "第1版" in text(handler.get(f"{address}/paper"))
    assert handler.post(f"/cases/{number}/complete", {}).status_code == 302
    assert handler.get(f"{address}/paper").status_code == 404
    assert "chart-tornado" not in text(own.get(address))  # a draft is the appraiser's own
    assert own.get(f"{address}/paper.json").status_code == 404
    assert (
        reviewer.post(f"/cases/{number}/pass_review", {"opinion": "方法适当，参数有据，计算无误。"}).status_code == 302
    )
    for n, signer in enumerate((firm.first, firm.second), 1):
        assert client_of(signer).post(f"/cases/{number}/sign", sent(signing_form(n))).status_code == 302

    appraisal = Appraisal.objects.get(case__number=number)
    assert own.get(f"{address}/report.pdf").status_code == 404
    anchor()
    pdf = own.get(f"{address}/report.pdf")
    assert pdf.status_code == 200 and pdf["Content-Type"] == "application/pdf"
    assert client_of(make_actor(make_party("supplier"))).get(f"{address}/report.pdf").status_code == 404
    _look(pdf.content, appraisal, tmp_path)
    _exports(own, address, appraisal)
    _public(appraisal)


def _look(data, appraisal, folder):
    """The order of contents, the table's facts and the value; two pictures that are not blank."""
    path = folder / "report.pdf"
    path.write_bytes(data)
    said = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    order = ["声明", "摘要", "一、委托人", "二、评估目的", "三、评估对象", "四、价值类型", "五、评估基准日", "六、评估依据", "七、评估方法",
             "八、评估程序", "九、评估假设", "十、评估结论", "十一、特别事项", "十二、资产评估报告使用限制", "十三、资产评估报告日", "资产评估专业人员签名"]  # fmt: skip
    places = [
        said.rfind(title) for title in order[2:-1]
    ]  # the last time each is met is its heading: the contents come first
    assert all(title in said for title in order) and places == sorted(places)
    rows = len(TABLE.read_text("utf-8").splitlines()) - 1
    value = appraisal.papers.get().result["conclusion"]["value_fen"]
    flat = said.replace(" ", "").replace("\n", "")
    assert f"{rows:,}行" in flat and f"¥{value // 100:,}.{value % 100:02d}" in flat
    assert "示例评估师1" in flat and "示例评估师2" in flat and "示例-000002" in flat
    assert [r.intact for r in verify_pdf(data, [sealing.certificate_pem()])] == [True]
    subprocess.run(["pdftoppm", "-r", "40", "-png", path, folder / "page"], check=True)
    pictures = sorted(folder.glob("page*.png"))
    assert len(pictures) >= 5 and all(p.stat().st_size > 3_000 for p in pictures)


def _exports(own, address, appraisal):
    paper = own.get(f"{address}/paper.json").json()
    assert paper["result"]["conclusion"]["value_fen"] == appraisal.papers.get().result["conclusion"]["value_fen"]
    assert paper["digest"] == appraisal.papers.get().digest
    rows = list(csv.reader(io.StringIO(own.get(f"{address}/paper.csv").content.decode("utf-8-sig"))))
    found = {row[0]: row[1] for row in rows if len(row) == 2}
    assert found["评估结论"].replace(",", "") == f"{paper['result']['conclusion']['value_fen'] / 100:.2f}"
    api = own.get(f"/api/v1{address.removeprefix('/desk')}").json()
    assert api["report"] == appraisal.number and len(api["signatures"]) == 2 and api["state"] == "issued"


def _public(appraisal):
    """Anybody verifies the report; nobody reads its value or its appraisers there."""
    appraisal.refresh_from_db()
    visitor = Client()
    page = text(visitor.get(f"/verify/{appraisal.number}"))
    value = appraisal.papers.get().result["conclusion"]["value_fen"]
    assert "报告有效" in page and appraisal.asset.name in page and appraisal.pdf_sha256[:4] in page
    twin = text(visitor.get(f"/verify/{appraisal.number}.json"))
    receipt = visitor.get(f"/verify/{appraisal.number}/receipt").content
    for said in (page, twin, receipt.decode()):
        assert str(value) not in said and f"{value // 100:,}" not in said and "示例评估师" not in said
    assert verify.find(appraisal.number).in_force
    assert json.loads(receipt) and verify_receipt(json.loads(receipt), sequencer.vkey())


def test_the_platform_finds_the_report_altered(holder, asset):
    from shugang.assets.valuation.testing import make_appraisal

    appraisal = make_appraisal(holder, make_firm(), asset=asset)
    anchor()
    assert verify.find(appraisal.number).in_force
    Appraisal.objects.filter(pk=appraisal.pk).update(content={**appraisal.content, "purpose": "pledge"})
    found = verify.find(appraisal.number)
    assert not found.in_force and found.differences
    appraisal.refresh_from_db()
    path = documents._folder() / appraisal.pdf_path
    path.write_bytes(path.read_bytes() + b" ")
    assert documents.read(appraisal) is None
    assert services.issue_reports() == 0


def test_a_cost_sheet_is_kept_by_finance_and_seen_by_its_party_alone(holder):
    own = client_of(holder)
    assert own.post("/desk/book-costs/new", book(lines="2025-02-30,外购,购买价款,1,记-1,")).status_code == 422
    answer = own.post("/desk/book-costs/new", book())
    number = re.search(r"RB-\d{4}-\d{6}", answer["Location"])[0]
    page = text(own.get(f"/desk/book-costs/{number}"))
    assert "¥572,000.00" in page and "五项条件尚未同时满足" in page and "不是评估值" in page
    assert own.post(f"/desk/book-costs/{number}", {**book(year="2026"), "version": "1"}).status_code == 302
    assert own.post(f"/desk/book-costs/{number}", {**book(year="2025"), "version": "1"}).status_code == 409
    rows = list(csv.reader(io.StringIO(own.get(f"/desk/book-costs/{number}/sheet.csv").content.decode("utf-8-sig"))))
    assert ["账面原值：期末余额", "312000.00", "260000.00", "0.00", "572000.00"] in rows
    colleague = client_of(make_actor(holder.party, ("handler",)))
    assert colleague.get(f"/desk/book-costs/{number}").status_code == 200
    assert colleague.post(f"/desk/book-costs/{number}", {**book(), "version": "2"}).status_code == 403
    assert (
        client_of(make_actor(make_party("supplier"), ("finance",))).get(f"/desk/book-costs/{number}").status_code == 404
    )
    assert BookSheet.objects.get().versions.count() == 2

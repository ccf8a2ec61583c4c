"""The specification sheet in all its parts, the proofs beside it, and who is shown what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shugang.assets.thirdparty.models import SignedReport
from shugang.assets.thirdparty.services import publish_report
from shugang.assets.thirdparty.testing import make_agency, order_service, to_state
from shugang.kernel.errors import Refusal
from shugang.market import testing
from shugang.market.products import kinds, services, sheet
from shugang.market.products.known import read_of
from shugang.market.products.models import DataProduct
from shugang.market.products.trust import public_trust
from shugang.market.products.twin import public_json

pytestmark = pytest.mark.django_db
WRITTEN = {
    "storage": "Parquet，按版本", "language": "中文", "coverage": "北京市，2013年", "inputs": "无须输入", "outputs": "浓度单位μg/m³",
    "requirements": "无", "restrictions": "无", "cases": "暴露评估", "exchange_level": "s2", "documentation": "字段字典",
    "origin_kind": "production", "origin": "自建站点采集",
}  # fmt: skip


@pytest.fixture
def deal():
    return testing.make_deal(spec=WRITTEN)


def test_the_sheet_has_every_part_and_says_what_is_not_stated(deal):
    product = DataProduct.objects.get()
    parts = {part.code: {line.code: line for line in part.lines} for part in sheet.parts(product, read_of(product))}
    assert list(parts) == ["basics", "physical", "content", "conditions", "manual", "source", "credentials", "market"]
    # every line that a supplier may write is on it, once
    written = [code for part in parts.values() for code, line in part.items() if line.written]
    assert sorted(written) == sorted(kinds.SPEC)
    assert parts["manual"]["exchange_level"].value == kinds.EXCHANGE_LEVELS["s2"]
    assert parts["source"]["origin_kind"].value.zh == "数据生产"
    # what nobody wrote stays empty, and the supplier is told
    assert parts["manual"]["support"].value == ""
    assert "服务支持" in [text.zh for text in sheet.open_lines(product)]
    # credentials lead to their proofs
    proofs = {code: line.url for code, line in parts["credentials"].items()}
    assert proofs["certificate"] == f"/verify/{deal.certificate.number}" and proofs["compliance"].startswith(
        "/reports/"
    )
    assert proofs["appraisal"] == ""

    # the level in force is shown with its entry in the log, on the page and in its twin
    level = public_trust(deal.product, read_of(deal.product))[3]
    assert level.value.zh.startswith("一般数据") and level.proof and "安全审查" in level.detail.zh
    twin = public_json(product)
    assert twin["level"] == read_of(deal.product).grading.level
    assert twin["trust"][3]["proof"] == level.proof and twin["trust"][3]["value"] == level.value.zh
    assert "Text(" not in str(twin["trust"])
    # and the page asks the database twelve times at the most
    client, address = Client(), f"/products/{deal.product.number}"
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) <= 12, [q["sql"][:80] for q in asked]


def test_an_unknown_choice_and_an_unknown_line_are_refused(deal):
    draft = testing.make_product(deal.supplier, deal.certificate, name="另一件")
    for wrong in ({"exchange_level": "s9"}, {"origin_kind": "stolen"}, {"colour": "red"}, {"storage": "x" * 801}):
        with pytest.raises(Refusal) as no:
            services.revise_product(deal.supplier, draft.number, spec=wrong)
        assert no.value.code == "invalid_form" and set(no.value.fields) == set(wrong)
        assert DataProduct.objects.get(pk=draft.pk).spec == draft.spec

    # sheet and application name one source
    draft = testing.make_product(deal.supplier, deal.certificate, name="另一件", spec={"origin_kind": "public"})
    with pytest.raises(Refusal) as no:
        testing.apply_listing(deal.supplier, draft, deal.venue)
    assert "source_class" in no.value.fields and DataProduct.objects.get(pk=draft.pk).state == "draft"
    testing.apply_listing(deal.supplier, draft, deal.venue, source_class="public")


def test_choices_are_found_by_their_words_and_not_by_their_codes():
    words = kinds.spec_words({"origin_kind": "production", "exchange_level": "s2", "cases": "暴露评估"})
    assert words == "数据生产 Produced by the supplier S2级 S2 暴露评估"


def test_six_dimensions_are_those_that_the_report_covers(deal):
    """A typed score has no dimensions; the page says so and leads to the report."""
    agency = make_agency("quality")
    case = order_service(deal.buyer, agency.offers["quality"], object_kind="product", object_number=deal.product.number)
    to_state(case, agency, deal.buyer, "completed", score="91")
    report = SignedReport.objects.get(case=case)
    page = Client().get(f"/products/{deal.product.number}").content.decode()
    assert report.number not in page  # not published: nobody is told
    publish_report(deal.buyer, report.number, True)
    page = Client().get(f"/products/{deal.product.number}").content.decode()
    assert f"/reports/{report.number}" in page and "没有逐维得分" in page

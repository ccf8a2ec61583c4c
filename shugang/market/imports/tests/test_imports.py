"""A sheet becomes drafts: named cell by cell, never twice, nothing that the verb would refuse; bombs and formulas are turned away."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shugang.assets import testing as assets
from shugang.kernel.errors import Refusal
from shugang.market import testing
from shugang.market.imports import services, sheet
from shugang.market.imports.models import OwnCode, ProductSheet
from shugang.market.products.models import DataProduct
from shugang.parties.testing import make_party, make_signer, sign_in

HEAD = [
    "自有编号*",
    "资产编号",
    "产品名称",
    "一句话简介",
    "标的类型",
    "行业",
    "交付方式",
    "用途",
    "计价方式",
    "金额（元）",
    "授权字段",
    "使用期限至",
    "时间与地域范围",
]


def rows(asset: str) -> list[list[str]]:
    return [
        [
            "A-1",
            asset,
            "空气逐时",
            "逐时浓度",
            "数据集",
            "N",
            "table",
            "research",
            "按次",
            "0.35",
            "station，at",
            "",
            "厦门，2025年",
        ],
        ["A-2", asset, "空气按月", "按月汇总", "Report", "金融业", "file", "research", "包月", "100", "", "", ""],
        ["A-1", asset, "重复编号", "重复", "dataset", "N", "table", "research", "免费", "", "", "", ""],
        ["A-4", "ZC-2026-999999", "别人的", "资产", "dataset", "N", "table", "research", "免费", "", "", "", ""],
        [
            "A-5",
            asset,
            "",
            "缺名称",
            "没有的类型",
            "N",
            "table",
            "research",
            "一次性",
            "一百",
            "none_such",
            "2026-02-30",
            "",
        ],
        ["A-6", asset, "=1+1", "公式", "dataset", "N", "table", "research", "免费", "", "", "", ""],
        ["A-7", asset, "太久", "期限", "dataset", "N", "table", "research", "免费", "", "", "2099-12-31", ""],
    ]


def book(lines: list[list[str]]) -> bytes:
    made = openpyxl.Workbook()
    for line in lines:
        made.active.append(line)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.fixture
def supplier(db):
    testing.load_profiles()
    actor = make_signer(make_party("supplier"))
    certificate = assets.make_certificate(actor, None, assets.make_registrar())
    return actor, certificate.asset.number


@pytest.mark.both
def test_rows_are_named_cell_by_cell_and_the_good_ones_become_drafts_once(supplier):
    actor, asset = supplier
    client = sign_in(Client(), actor)
    sent = SimpleUploadedFile("products.xlsx", book([HEAD, *rows(asset)]))
    answer = client.post("/desk/product-sheets", {"file": sent, "idempotency_key": "k1"})
    found = ProductSheet.objects.get()
    assert answer.status_code == 302 and not DataProduct.objects.exists() and not OwnCode.objects.exists()
    assert [r["result"] for r in found.rows] == ["ready", "ready", *["wrong"] * 5]
    assert [sorted(r["wrong"]) for r in found.rows[2:]] == [
        ["code"], [""], ["amount", "name", "type", "until"], ["name"], [""]
    ]  # fmt: skip
    page = client.get(f"/desk/product-sheets/{found.pk}").content.decode()
    assert "公式不读取，请粘贴为数值。" in page and "“2026-02-30”不是有效日期" in page and "与第2行重复" in page
    client.post(f"/desk/product-sheets/{found.pk}/run")
    client.post(f"/desk/product-sheets/{found.pk}/run")
    made = list(DataProduct.objects.order_by("pk"))
    assert [(p.name, p.state, p.type, p.sector, p.mode, p.price_kind) for p in made] == [
        ("空气逐时", "draft", "dataset", "N", "table", "per_unit"), ("空气按月", "draft", "report", "J", "file", "period"),
    ]  # fmt: skip
    assert made[0].terms.fields == ("station", "at") and made[0].plan.unit_price_e8 == 35_000_000
    assert made[0].spec == {"coverage": "厦门，2025年"} and made[1].plan.price_fen == 10_000
    lines = client.get(f"/desk/product-sheets/{found.pk}?format=csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 8 and lines[1] == f"2,A-1,空气逐时,已建立草稿,{made[0].number},"


def test_the_same_sheet_again_doubles_nothing_as_csv_in_gb18030(supplier):
    actor, asset = supplier
    text = "\r\n".join(",".join(line) for line in [HEAD, *rows(asset)[:2]])
    for content in (text.encode("gb18030"), text.encode("utf-8-sig")):
        found = services.run(actor, services.upload(actor, "a.csv", content).pk)
    assert [r["result"] for r in found.rows] == ["known", "known"] and DataProduct.objects.count() == 2
    other = make_signer(make_party("supplier"))
    for act in (services.run, services.discard):
        with pytest.raises(Refusal) as caught:
            act(other, found.pk)
        assert caught.value.code == "not_found"
    assert ProductSheet.objects.count() == 2


def test_what_was_ready_and_is_so_no_more_is_refused_row_by_row(supplier):
    actor, asset = supplier
    found = services.upload(actor, "a.xlsx", book([HEAD, *rows(asset)[:2]]))
    found.rows[0]["values"]["asset_number"] = "ZC-2026-999999"
    found.save()
    done = services.run(actor, found.pk)
    assert [r["result"] for r in done.rows] == ["wrong", "created"] and DataProduct.objects.count() == 1


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (sheet.MAX_UNFOLDED + 1))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "空的"),
        (b"\xff\xfe\0\0", ".xlsx"),
        (b"PK\x03\x04nonsense", "无法读取"),
        (bomb(), "展开后过大"),
        (b"0" * (sheet.MAX_BYTES + 1), "MB"),
        ("自有编号,资产编号\n1,2".encode(), "缺少列"),
        ("自有编号,密码\n1,2".encode(), "不认识"),
        (",".join(HEAD).encode(), "没有内容"),
        ("\n".join([",".join(HEAD), *["x"] * (sheet.MAX_ROWS + 1)]).encode(), "最多200行"),
        ('自有编号,"资产'.encode(), "引号"),
    ],
    ids=["empty", "binary", "damaged", "bomb", "large", "missing", "unknown", "header", "rows", "quotes"],
)
def test_what_is_no_sheet_is_refused(content, says):
    with pytest.raises(Refusal, match="bad_sheet") as caught:
        sheet.read("x", content)
    assert says in caught.value.message.zh


def test_the_template_reads_back():
    page = openpyxl.load_workbook(io.BytesIO(sheet.template())).worksheets[0]
    assert [c.value.rstrip("*") for c in page[1]] == [c.label.zh for c in sheet.COLUMNS]
    with pytest.raises(Refusal) as caught:
        sheet.read("t.xlsx", sheet.template())
    assert "没有内容" in caught.value.message.zh

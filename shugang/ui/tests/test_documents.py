"""Documents: complete, printable, safe against their own data."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from shugang.policy.text import Text
from shugang.ui import documents
from shugang.ui.documents import DocumentError, MissingGlyph, missing_glyphs, prepare, render_pdf, render_png

NOW = datetime(2026, 11, 23, 2, 41, tzinfo=UTC)
COLUMNS = [{"label": "项目", "width": 3}, {"label": "金额（元）", "align": "right"}]
BASE: dict[str, Any] = {
    "lang": "zh",
    "title": Text("登记凭证", "Certificate"),
    "number": "SJ3512026110007",
    "issuer": "示例登记机构",
    "demo": True,
    "facts": [(Text("持有人", "Holder"), "鹭江环境数据有限公司（示例）"), ("日期", date(2026, 11, 6)), ("无", None)],
    "verify_url": "https://data.example.gov.cn/verify/SJ3512026110007",
    "short_address": "data.example.gov.cn/v/7F3A",
}
EXTRA: dict[str, dict[str, Any]] = {
    "certificate": {"rights": [("数据加工使用权", "境内")], "notes": ["以核验页为准。"]},
    "voucher": {"columns": COLUMNS, "lines": [["查得", "1,004.22"]], "totals": [["合计", "1,004.22"]]},
    "bill": {"columns": COLUMNS, "lines": [["查得", "1,004.22"]], "totals": [["增值税（6%）", "56.84"]]},
    "appraisal": {
        "parts": [
            {
                "title": "十、评估结论",
                "text": ["结论如下。"],
                "facts": [["结论", "¥1.00"]],
                "tables": [
                    {"title": "收益法", "facts": [["折现率", "12%"]], "columns": COLUMNS, "lines": [["第1年", "3"]]}
                ],
                "bars": [{"label": "¥1.00", "size": 3}],
                "bars_title": "分布",
            }
        ],
        "signatures": [
            {
                "name": "示例评估师",
                "qualification": "示例-1",
                "signed_at": NOW,
                "algorithm": "ed25519",
                "digest": "ab" * 32,
            }
        ],
    },
    "quality": {
        "statement": "每项结果为A÷B。",
        "dimensions": [
            {"label": "完整性", "value": 99.5, "shown": "99.50"},
            {"label": "时效性", "value": "none", "shown": "不可评"},
        ],
        "tables": [{"title": "规则", "columns": COLUMNS, "lines": [["不为空", "628/628"]]}],
        "statements": [["1 不为空", "SELECT count(*) FROM data"]],
    },
    "statement": {"tables": [{"title": "计量", "columns": COLUMNS, "lines": [["查得", "3"]]}]},
    "contract": {
        "parties": [
            {"role": "供方", "name": "甲", "facts": [("代码", "91")]},
            {"role": "需方", "name": "乙", "facts": []},
        ],
        "signatures": [
            {"role": "供方", "name": "甲", "signer": "王", "signed_at": NOW, "algorithm": "SM2", "digest": "3f"},
        ],
        "clauses": [
            {
                "title": "二、使用范围",
                "paragraphs": ["需方取得下列使用权。"],
                "statements": [
                    {
                        "label": "用途",
                        "value": "教学",
                        "guarantee": "签署声明",
                        "explanation": "记录在案。",
                        "machine": "{}",
                    },
                ],
            }
        ],
    },
}


def data(template: str, **more: Any) -> dict[str, Any]:
    return {**BASE, **EXTRA[template], **more}


def pages(pdf: bytes) -> int:
    return int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"])


@pytest.mark.parametrize("template", sorted(documents.REQUIRED))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_template_gives_a_small_pdf(template: str, lang: str) -> None:
    pdf = render_pdf(template, data(template, lang=lang), created=NOW)
    assert pdf.startswith(b"%PDF-") and pages(pdf) == (2 if template == "appraisal" else 1)
    assert 10_000 < len(pdf) < 300_000
    assert b"NotoSansCJKsc" in pdf or b"/ObjStm" in pdf


def test_same_data_and_time_give_the_same_bytes() -> None:
    assert render_pdf("bill", data("bill"), created=NOW) == render_pdf("bill", data("bill"), created=NOW)


def test_chinese_is_really_drawn() -> None:
    """A font without the characters would draw the same box for each: two names of equal length must differ."""
    first, second = (render_png("voucher", data("voucher", facts=[("名", n)], number="1"))[0] for n in ("鹭江", "海沧"))
    assert first != second


def test_long_bill_runs_over_pages() -> None:
    assert pages(render_pdf("bill", data("bill", lines=[["查得", "1.00"]] * 90), created=NOW)) == 3


def test_demonstration_stamp_only_in_a_demonstration() -> None:
    assert render_png("bill", data("bill", demo=True)) != render_png("bill", data("bill", demo=False))


@pytest.mark.parametrize("name", ["张𰻝", "𠮷野家", "emoji 🙂", "אבג"])
def test_missing_glyph_stops_issuance_and_is_named(name: str) -> None:
    with pytest.raises(MissingGlyph) as caught:
        render_pdf("certificate", data("certificate", facts=[("持有人", name)]))
    assert caught.value.where == "facts[0][1]"
    assert all(c in name for c in caught.value.characters)
    assert f"U+{ord(caught.value.characters[0]):04X}" in str(caught.value)
    assert caught.value.characters[0] in caught.value.text.zh


def test_the_font_has_what_the_law_lists_and_the_templates_print() -> None:
    gb2312 = "".join(bytes((h, lo)).decode("gb2312") for h in range(0xB0, 0xD7) for lo in range(0xA1, 0xFF))
    assert missing_glyphs(gb2312) == ""
    assert missing_glyphs("䶮堃赟喆甪珺𬭚𬬭") == "", "given names and elements from 通用规范汉字表"
    assert missing_glyphs("¥·—–…✓←→≤≥×÷°№“”‘’（）《》、。：；①ⅠαμΩ³₂") == ""
    for template in documents.TEMPLATES.glob("*.typ"):
        assert missing_glyphs(template.read_text(encoding="utf-8")) == "", template.name


@pytest.mark.parametrize(
    "name",
    [
        "#let x = 1",
        "*粗体* _斜_ $x$",
        '#panic("x")',
        "<label> @ref",
        "\\",
        '"}]',
        '#read("/base.typ")',
        "= 标题",
        "// 注释",
        "]",
    ],
)
def test_data_is_never_markup(name: str) -> None:
    plain = render_png("voucher", data("voucher", facts=[("名", "普通")]))
    shown = render_png("voucher", data("voucher", facts=[("名", name)]))
    assert len(shown) == 1 and shown != plain


@settings(max_examples=25, deadline=None)
@given(st.text(alphabet="#$*_`@<>\\\"'[]{}()=-+/~&%;甲1 \n", min_size=1, max_size=60))
def test_no_text_breaks_a_document(name: str) -> None:
    assert render_pdf("certificate", data("certificate", facts=[(name, name)]), created=NOW).startswith(b"%PDF-")


def test_what_is_required_is_required() -> None:
    with pytest.raises(DocumentError, match="tables"):
        render_pdf("statement", BASE)
    with pytest.raises(DocumentError, match="no document template"):
        render_pdf("../secrets", BASE)


def test_texts_and_dates_follow_the_document_language() -> None:
    english = prepare("certificate", data("certificate", lang="en"))
    assert english["title"] == "Certificate"
    assert english["facts"][1] == ["日期", "6 Nov 2026"]
    assert english["facts"][2][1] == "—"
    assert prepare("certificate", data("certificate"))["facts"][1][1] == "2026-11-06"


def test_offline_receipt_fits_the_code_and_too_much_is_refused() -> None:
    assert render_pdf("certificate", data("certificate", qr="x" * 1500), created=NOW)
    with pytest.raises(ValueError, match="QR"):
        prepare("certificate", data("certificate", qr="x" * 3000))

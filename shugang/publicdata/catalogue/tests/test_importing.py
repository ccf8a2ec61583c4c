"""Sheets as departments keep them: merged headers and cells, GB18030, duplicate codes; all land, or none and every mistake is told."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shugang.delivery.plane import describing
from shugang.delivery.plane.connectors.sqlite import SqliteConnector
from shugang.kernel.errors import Refusal
from shugang.parties.testing import sign_in
from shugang.publicdata.catalogue import importing, sheet
from shugang.publicdata.catalogue.models import CatalogueImport, Filing, PublicResource
from shugang.publicdata.catalogue.template import template
from shugang.publicdata.catalogue.testing import make_bodies, make_resource

HEAD = [
    "资源名称",
    "资源摘要",
    "资源类别",
    "资源代码",
    "分类码",
    "主题",
    "数据格式",
    "更新周期",
    "共享类型",
    "共享方式",
    "开放类型",
    "信息项名称",
    "数据类型",
    "数据长度",
]
ONE = [
    "社会组织",
    "登记的社会组织",
    "部门",
    "",
    "306001",
    "民政、社区",
    "数据库",
    "月",
    "无条件共享",
    "接口",
    "是",
    "名称",
    "字符型C",
    "100",
]


def row(**changes):
    return [changes.get(name, value) for name, value in zip(HEAD, ONE, strict=True)]


def more(item):
    """A row that goes on with the entry above."""
    return ["" for _ in HEAD[:11]] + [item, "日期", ""]


def as_csv(rows, encoding="utf-8"):
    out = io.StringIO()
    csv.writer(out).writerows([HEAD, *rows])
    return out.getvalue().encode(encoding)


def as_book(head_rows, rows, merge=()):
    book = openpyxl.Workbook()
    for line in [*head_rows, *rows]:
        book.active.append(line)
    for cells in merge:
        book.active.merge_cells(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def bodies(db):
    return make_bodies("示例民政局")


@pytest.mark.django_db
@pytest.mark.both
class TestLanding:
    def test_a_sheet_becomes_one_draft_filing(self, bodies):
        # when a sheet of two entries, the first with two items, arrives in GB18030
        found = importing.upload(
            bodies.handler, "目录.csv", as_csv([row(), more("登记日期"), row(资源名称="养老机构")], "gb18030")
        )
        # then one filing holds both as drafts, with serials, and goes the usual way
        assert found.mistaken == 0 and found.filing.entries_count == 2 and found.items_read == 3
        assert list(PublicResource.objects.order_by("pk").values_list("code", "state")) == [
            ("306001/000001", "draft"),
            ("306001/000002", "draft"),
        ]
        assert [i.name for i in PublicResource.objects.get(name="社会组织").items.order_by("position")] == [
            "名称",
            "登记日期",
        ]
        bodies.to_done(found.filing.number)
        assert PublicResource.objects.filter(state="published").count() == 2

    def test_one_mistake_and_nothing_lands(self, bodies):
        rows = [row(), row(资源名称="乙", 主题="天文"), row(资源名称="", 资源代码="306001/000009", 资源摘要="")]
        found = importing.upload(bodies.handler, "目录.csv", as_csv(rows))
        assert found.filing is None and found.mistaken == 2
        assert [(r["line"], sorted(r["wrong"])) for r in found.report] == [(3, ["theme"]), (4, ["name", "summary"])]
        assert not PublicResource.objects.exists() and not Filing.objects.exists()

    def test_codes_stand_once_in_the_file_and_in_the_catalogue(self, bodies):
        held = make_resource(bodies.department, code="306001/000077", name="已有的")
        rows = [
            row(资源代码="306001/000001"),
            row(资源代码="306001/000001"),
            row(资源代码=held.code),
            row(资源代码="3060"),
            row(资源代码="306002/000001"),
        ]
        found = importing.upload(bodies.handler, "x.csv", as_csv(rows))
        said = {r["line"]: r["wrong"]["code"][0] for r in found.report}
        assert (
            said[3] == "与第2行的代码重复。"
            and "已有的" in said[4]
            and "六位顺序码" in said[5]
            and said[6] == "代码与分类码不符。"
        )
        assert PublicResource.objects.count() == 1

    def test_a_whole_code_is_kept_and_serials_go_round_it(self, bodies):
        importing.upload(bodies.handler, "x.csv", as_csv([row(资源代码="306001/000002"), row(), row()]))
        codes = PublicResource.objects.order_by("pk").values_list("code", flat=True)
        assert list(codes) == ["306001/000002", "306001/000001", "306001/000003"]

    def test_page_and_api_tell_the_same(self, bodies):
        client = sign_in(Client(), bodies.handler)
        sent = SimpleUploadedFile("目录.csv", as_csv([row(主题="天文")]))
        answer = client.post("/desk/catalogue-imports", {"file": sent})
        made = CatalogueImport.objects.get()
        assert answer.headers["Location"] == f"/desk/catalogue-imports/{made.pk}"
        assert "没有“天文”" in client.get(answer.headers["Location"]).content.decode()
        told = client.get(f"/api/v1/public-data-imports/{made.pk}").json()
        assert told["filing"] is None and told["report"][0]["line"] == 2
        other = make_bodies()
        assert sign_in(Client(), other.handler).get(f"/desk/catalogue-imports/{made.pk}").status_code == 404

    def test_a_database_is_described_at_its_plane_and_becomes_drafts(self, bodies, tmp_path):
        # given a database with a table
        con = sqlite3.connect(tmp_path / "civil.sqlite3")
        con.execute(
            "CREATE TABLE marriages (id INTEGER PRIMARY KEY, place VARCHAR(80) NOT NULL, day DATE, fee DECIMAL(10,2))"
        )
        con.execute("INSERT INTO marriages VALUES (1, '秘密的地方', '2026-01-01', 9)")
        con.commit()
        # when its plane describes it, read only
        said = {
            "format": describing.FORMAT,
            "connector": "civil",
            "tables": describing.tables(SqliteConnector(tmp_path / "civil.sqlite3")),
        }
        content = json.dumps(said).encode()
        # then the description holds columns and no data, and becomes a draft that is closed until somebody decides
        assert "秘密" not in json.dumps(said, ensure_ascii=False)
        found = importing.upload(bodies.handler, "civil.json", content)
        resource = PublicResource.objects.get(case=found.filing.case)
        assert (resource.name, resource.sharing, resource.opening) == ("marriages", "refused", "refused")
        assert list(resource.items.order_by("position").values_list("name", "data_type", "length", "required")) == [
            ("id", "N", None, True), ("place", "C", 80, True), ("day", "D", None, False), ("fee", "N", 10, False),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\x00\x01",
            b"PK\x03\x04broken",
            "没有,表头\n1,2".encode(),
            b'"unclosed',
            b'{"format": "shugang-source-schema/1", "tables": 3}',
            b"\xff\xfe\x00",
        ],
        ids=str,
    )
    def test_what_cannot_be_read_is_refused(self, bodies, content):
        with pytest.raises(Refusal) as refusal:
            importing.upload(bodies.handler, "x", content)
        assert refusal.value.code == "bad_sheet" and not CatalogueImport.objects.exists()


GROUPED = [
    ["公共数据目录（2026年）"],
    [
        "信息资源名称",
        "信息资源摘要",
        "资源类别",
        "分类码",
        "主题",
        "数据格式",
        "更新周期",
        "共享属性",
        "",
        "开放属性",
        "信息项信息",
        "",
    ],
    ["", "", "", "", "", "", "", "共享类型", "共享方式", "是否向社会开放", "信息项名称", "数据类型"],
]


def test_a_header_of_merged_groups_under_a_title_is_read():
    # given a title, a row of merged groups and a row below it, and cells merged over an entry's rows
    first = [
        "甲",
        "摘要",
        "部门类",
        "306001",
        "民政、社区",
        "数据库",
        "每月",
        "无条件共享",
        "接口",
        "否",
        "名称",
        "字符型C",
    ]
    second = [*[""] * 10, "日期", "日期型D"]
    book = as_book(GROUPED, [first, second], ("A1:L1", "A2:A3", "H2:I2", "K2:L2", "A4:A5"))
    # then both rows are one entry of two items
    entry = sheet.read(book, 100)[0]
    assert (
        entry.values["sharing"] == "unconditional"
        and entry.values["opening"] == "refused"
        and entry.values["kind"] == "department"
    )
    assert [(i["name"], i["data_type"]) for i in entry.items] == [("名称", "C"), ("日期", "D")] and entry.line == 4


def test_the_template_reads_every_column_of_its_own():
    book = openpyxl.load_workbook(io.BytesIO(template()))
    page = book.worksheets[0]
    places, start = sheet._header([[str(c.value or "") for c in line] for line in page.iter_rows(max_row=2)])
    assert set(places) == set(sheet.COLUMNS) and start == 2


def test_formulas_are_named_and_never_read():
    entry = sheet.read(as_csv([row(资源名称="=cmd|x")]), 10)[0]
    assert "公式" in entry.wrong["name"].zh


def test_more_rows_than_the_rules_allow_are_refused():
    with pytest.raises(Refusal):
        sheet.read(as_csv([row(), row()]), 1)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.text("甲乙丙", max_size=3), st.text("子丑", max_size=2)), min_size=1, max_size=8))
def test_no_item_is_lost_whatever_is_merged(pairs):
    """However names and items are blank, every named item is read once, in order."""
    rows = [[*row(资源名称=name)[:11], item, "字符型", ""] for name, item in pairs]
    if not any(cell for line in rows for cell in line):
        return
    found = sheet.read(as_csv(rows), 100)
    assert [i["name"] for e in found for i in e.items if i.get("name")] == [item for _, item in pairs if item]

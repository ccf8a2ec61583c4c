"""The macros, in both languages and with hostile data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from django.http import HttpRequest
from django.utils import translation
from jinja2 import UndefinedError

from shugang.policy.text import Text
from shugang.ui import menu
from shugang.ui.jinja import query

Render = Callable[..., str]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HOSTILE = "<img src=x onerror=alert(1)>"


def spec(name: str, kind: str, **more: object) -> SimpleNamespace:
    base = {"label": Text("名称", "Name"), "hint": None, "required": True, "choices": (), "max_length": None}
    return SimpleNamespace(name=name, kind=kind, **{**base, **more})


CHOICES = [("a", Text("甲", "A")), ("b", Text("乙", "B"))]
KINDS = ["text", "textarea", "int", "money", "date", "choice", "multi", "bool", "file", "json", "code"]


def test_words_follow_the_language(render: Render) -> None:
    source = '{{ t("待办", "To do") }}|{{ tx(label) }}|{{ tx("数据") }}|{{ tx(none) }}'
    assert render(source, label=Text("合同", "Contract")) == "待办|合同|数据|—"
    with translation.override("en"):
        assert render(source, label=Text("合同", "Contract")) == "To do|Contract|数据|—"


def test_cached_macros_do_not_keep_a_language(render: Render) -> None:
    source = "{{ ui.proof_state('witnessed') }}"
    assert "已见证" in render(source)
    with translation.override("en"):
        assert "Witnessed" in render(source)
    assert "已见证" in render(source)


def test_an_undefined_name_is_an_error(render: Render) -> None:
    with pytest.raises(UndefinedError):
        render("{{ nothing }}")


@pytest.mark.parametrize("kind", KINDS)
def test_field_has_label_hint_and_error_tied_to_it(render: Render, kind: str) -> None:
    field = spec("amount", kind, hint=Text("含税", "Tax included"), choices=CHOICES)
    html = render("{{ ui.field(f, {}, {'amount': wrong}) }}", f=field, wrong=Text("须大于0", "Must exceed 0"))
    assert 'id="f-amount"' in html and 'name="amount"' in html
    assert 'id="h-amount"' in html and 'id="e-amount"' in html
    assert 'aria-describedby="h-amount e-amount"' in html
    assert "须大于0" in html and "名称" in html and "必填" in html


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "file"])
def test_typed_values_come_back_escaped(render: Render, kind: str) -> None:
    value = ["b"] if kind == "multi" else ("b" if kind == "choice" else HOSTILE)
    html = render("{{ ui.field(f, {'x': v}) }}", f=spec("x", kind, choices=CHOICES), v=value)
    assert "<img" not in html
    if kind in {"choice", "multi"}:
        assert re.search(r'value="b"[^>]* checked', html) and not re.search(r'value="a"[^>]* checked', html)


def test_money_field_shows_yuan(render: Render) -> None:
    assert 'value="1004.22"' in render("{{ ui.field(f, {'p': 100422}) }}", f=spec("p", "money"))
    assert 'value="12,5"' in render("{{ ui.field(f, {'p': '12,5'}) }}", f=spec("p", "money"))


def test_long_choice_becomes_a_list_with_the_chosen_one(render: Render) -> None:
    many = [(str(i), Text(f"第{i}项", f"No {i}")) for i in range(8)]
    html = render("{{ ui.field(f, {'x': '3'}) }}", f=spec("x", "choice", choices=many))
    assert '<option value="3" selected>' in html and html.count("<option") == 9


def test_error_summary_links_to_fields(render: Render) -> None:
    html = render("{{ ui.error_summary(e, s) }}", e={"d": Text("请填写", "Enter it")}, s=[spec("d", "date")])
    assert 'role="alert"' in html and 'href="#f-d"' in html and "名称：请填写" in html
    assert render("{{ ui.error_summary({}, []) }}").strip() == ""


def test_data_is_escaped_everywhere(render: Render) -> None:
    html = render(
        "{{ ui.badge('ok', 'check', h) }}{{ ui.kv([(h, h)]) }}{{ ui.table(h, [(h, 'main')], [[h]]) }}"
        "{{ ui.diff([(h, h, h)], h, h) }}{{ ui.empty_state(h) }}{{ ui.note('bad', h) }}{{ qr_svg('x', h) }}"
        "{{ ui.chart('c', {'type': 'bar', 'unit': h, 'x': [h], 'series': [{'name': h, 'data': [1]}]}, h) }}",
        h=HOSTILE,
    )
    assert "<img" not in html


def test_chart_is_sentence_table_and_data_block(render: Render) -> None:
    data = {"type": "line", "unit": "次", "x": ["a", "b"], "series": [{"name": "s", "data": [1234, None]}]}
    html = render("{{ ui.chart('c1', d, s) }}", d=data, s=Text("两天。", "Two days."))
    block = re.search(r'<script id="c1" type="application/json">(.*?)</script>', html)
    assert block and json.loads(block[1])["summary"] == "两天。"
    assert "1,234" in html and '<td class="sg-num">—</td>' in html and 'role="img"' in html


def test_terms_table_says_how_each_is_held(render: Render) -> None:
    line = SimpleNamespace(
        label=Text("用途", "Purpose"),
        value=Text("教学", "Teaching"),
        guarantee="attested",
        guarantee_label=None,
        explanation=Text("记录在案。", "Recorded."),
    )
    html = render("{{ ui.terms_table([line]) }}", line=line)
    assert "教学" in html and "记录在案。" in html and html.count("sg-s-law") == 2


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-2, "逾期2个工作日"),
        (0, "今天到期"),
        (3, "剩3个工作日"),
        (None, "无期限"),
    ],
)
def test_deadline_cell(render: Render, days: int | None, said: str) -> None:
    assert said in render("{{ ui.due(n, d) }}", n=days, d=date(2026, 11, 26))


def test_english_components_have_no_chinese(render: Render) -> None:
    item = {"label": Text("甲", "A"), "state": "todo", "url": "#"}
    with translation.override("en"):
        html = render(
            "{{ ui.error_summary({'x': w}, []) }}{{ ui.field(f) }}{{ ui.proof_legend() }}{{ ui.tasks([i]) }}"
            "{{ ui.due(-1, d) }}"
            "{{ ui.pager('/a', '/b', 20, 7) }}{{ ui.decision_box('/x', '', [('ok', w, none)], reasons=[('r', w)]) }}"
            "{{ ui.terms_table([]) }}{{ ui.tl_item(m, w, state='logged', number=3) }}"
            "{{ ui.crumbs([(w, '#'), (w, none)]) }}"
            "{{ ui.steps([{'label': w, 'state': 'run'}]) }}{{ ui.segments([(w, '#', true, 4)]) }}{{ ui.submit(w) }}",
            w=Text("错", "Wrong"),
            f=spec("x", "choice", choices=CHOICES * 4),
            i=item,
            d=date(2026, 11, 26),
            m=datetime(2026, 11, 23, tzinfo=UTC),
        )
    assert not CHINESE.search(html), CHINESE.findall(html)


def test_menu_hides_what_is_not_built_or_not_allowed(request_for: Callable[..., HttpRequest]) -> None:
    menu.register(menu.MenuItem("desk.home", Text("待办", "To do"), "desk", "inbox", count=lambda _r: 5))
    menu.register(menu.MenuItem("desk.home", Text("首页", "Home"), "home", visible=lambda _r: False))
    menu.register(menu.MenuItem("desk.buy", Text("未建", "Unbuilt"), "no-such-page"))
    ((section, doors),) = menu.desk(request_for("/desk"))
    assert section.id == "desk.home"
    assert [(d.label.en, d.url, d.count) for d in doors] == [("To do", "/desk", 5)]


def test_filters_change_the_address_and_start_over(request_for: Callable[..., HttpRequest]) -> None:
    request = request_for("/products?q=空气&page=x&after=99")
    assert query(request, kind="set", page=None) == "/products?q=%E7%A9%BA%E6%B0%94&kind=set"
    assert query(request, after="120").endswith("after=120")

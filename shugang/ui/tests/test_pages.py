"""Layout, error pages and the two-language rule on whole pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpRequest
from django.utils import translation

from shugang.policy.text import Text
from shugang.ui import context, errors, menu
from shugang.ui.tests.test_csp import FORBIDDEN

Render = Callable[..., str]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
WITH_LAYOUT = [403, 404, 409, 413, 422]


@pytest.mark.parametrize("status", WITH_LAYOUT)
def test_error_page_speaks_both_languages(render: Render, status: int) -> None:
    chinese = render(f"{status}.html")
    assert '<html lang="zh-CN"' in chinese and chinese.count("<h1>") == 1
    with translation.override("en"):
        english = render(f"{status}.html")
    assert '<html lang="en"' in english
    without_switch = english.replace("中文", "")
    assert not CHINESE.search(without_switch), CHINESE.findall(without_switch)
    assert not [what for what, pattern in FORBIDDEN.items() if pattern.search(chinese)]


@pytest.mark.parametrize("name", ["400.html", "500.html", "403_csrf.html"])
@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_page_of_last_resort_needs_no_request(name: str, lang: str) -> None:
    from shugang.ui.tests.conftest import BACKEND, Jinja2

    with translation.override(lang):
        html = Jinja2({**BACKEND, "OPTIONS": dict(BACKEND["OPTIONS"])}).get_template(name).render({}, None)
    assert bool(CHINESE.search(html)) == (lang == "zh-hans")


def test_refusal_words_of_the_view_win(request_for: Callable[..., HttpRequest]) -> None:
    response = errors.page(
        request_for("/x"),
        409,
        title=Text("合同已更新", "Changed"),
        message=Text("请核对2处差异。", "Check."),
        code="stale_version",
    )
    body = response.content.decode()
    assert response.status_code == 409
    assert "合同已更新" in body and "请核对2处差异。" in body and "stale_version" in body


def test_htmx_gets_a_focused_fragment(request_for: Callable[..., HttpRequest]) -> None:
    body = errors.page(request_for("/x", headers={"HX-Request": "true"}), 422).content.decode()
    assert "<html" not in body and 'role="alert"' in body and "data-focus" in body


def test_programs_get_json(request_for: Callable[..., HttpRequest]) -> None:
    response = errors.page(request_for("/api/v1/x"), 403, message=Text("不可以", "No"), code="denied")
    assert json.loads(response.content) == {"code": "denied", "message": "不可以", "message_en": "No", "fields": {}}


def test_server_error_tells_a_number_and_no_cause(request_for: Callable[..., HttpRequest], caplog: Any) -> None:
    try:
        raise RuntimeError("secret detail")
    except RuntimeError:
        response = errors.server_error(request_for("/x"))
    body = response.content.decode()
    number = re.search(r"E-[0-9A-F]{4}", body)
    assert response.status_code == 500 and number and number[0] in caplog.text
    assert "secret" not in body


def test_layout_shows_who_acts_and_in_what_time(render: Render, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.SHUGANG_DEMO = True
    monkeypatch.setattr(context, "_clock", lambda: datetime(2020, 11, 23, 2, 41, tzinfo=UTC))
    account = context.Account("林经办", "经办人", "<b>海沧</b>", "/me", 3, "/messages")
    monkeypatch.setattr(context, "_account", lambda _r: account)
    menu.register(menu.MenuItem("header", Text("首页", "Home"), "home"))
    html = render("ui/layout.html")
    assert "演示环境" in html and "模拟时间 2020-11-23 10:41" in html
    assert "林经办" in html and "&lt;b&gt;海沧" in html
    assert re.search(r'<a href="/" aria-current="page">首页</a>', html)


def test_a_real_platform_shows_no_demonstration_mark(render: Render, settings: Any) -> None:
    settings.SHUGANG_DEMO = False
    html = render("ui/layout.html")
    assert "演示" not in html and "模拟" not in html


def test_large_text_follows_the_cookie(render: Render, request_for: Callable[..., HttpRequest]) -> None:
    request = request_for("/")
    request.COOKIES["size"] = "lg"
    assert 'data-size="lg"' in render("ui/layout.html", request)
    assert 'data-size="lg"' not in render("ui/layout.html")


def test_confirm_page_restates_the_effect(render: Render) -> None:
    html = render(
        "ui/confirm.html",
        title=Text("签署合同", "Sign"),
        effects=[("key", Text("生成授权", "Grant"))],
        action_url="/sign",
        verb=Text("签署合同", "Sign"),
        back_url="/back",
        key="k-1",
        rev=4,
        csrf_input="",
    )
    assert "生成授权" in html and 'name="idempotency_key" value="k-1"' in html and 'name="rev" value="4"' in html


def test_result_page_says_what_comes_next(render: Render) -> None:
    html = render(
        "ui/result.html",
        title=Text("已提交", "Done"),
        number="DJ-1",
        message=Text("已收到。", "Received."),
        next_rows=[(Text("最迟", "By"), "2026-11-26")],
        actions=[(Text("查看", "View"), "/v", True)],
    )
    assert "DJ-1" in html and "最迟" in html and 'href="/v"' in html

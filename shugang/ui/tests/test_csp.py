"""Headers, and templates that never need more than the headers allow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from shugang.ui.csp import CONTENT_SECURITY_POLICY, ContentSecurityPolicyMiddleware

PACKAGE = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(PACKAGE.glob("*/jinja2/**/*.html"))
FORBIDDEN = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "an event handler": re.compile(r"\son[a-z]+\s*="),
    "a javascript address": re.compile(r"javascript:"),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>"),
    "a foreign origin": re.compile(r"""(?:src|href)\s*=\s*["'](?:https?:)?//"""),
}


def answer(**headers: str) -> HttpResponse:
    middleware = ContentSecurityPolicyMiddleware(lambda _request: HttpResponse("x", headers=headers))
    return middleware(RequestFactory().get("/"))


def test_every_answer_carries_the_policy() -> None:
    response = answer()
    assert response["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "microphone=()" in response["Permissions-Policy"]


def test_policy_allows_nothing_inline() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


def test_a_view_may_be_stricter() -> None:
    assert answer(**{"Content-Security-Policy": "sandbox"})["Content-Security-Policy"] == "sandbox"


def test_there_are_templates_to_check() -> None:
    assert len(TEMPLATES) > 15


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_template_needs_nothing_inline(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(source)]
    assert not found, f"{path.name} has {', '.join(found)}"


def test_every_class_a_page_uses_has_a_rule() -> None:
    sheet = (PACKAGE / "ui" / "static" / "ui" / "sg.css").read_text(encoding="utf-8")
    ruled = set(re.findall(r"\.(sg-[a-z0-9-]+)", sheet))
    assert ruled
    for path in TEMPLATES:
        for classes in re.findall(r'class="([^"]*)"', path.read_text(encoding="utf-8")):
            # A computed tail ("sg-s-{{ tone }}") is matched by its stem.
            for used in re.findall(r"(?<![\w-])(sg-[a-z0-9-]*)", classes):
                known = used in ruled or (used.endswith("-") and any(r.startswith(used) for r in ruled))
                assert known, f"{path.name}: {used}"

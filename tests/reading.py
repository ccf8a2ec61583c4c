"""Reads a page as a person and as a checker would: visible text, title, headings, scripts, attributes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.apps import apps
from django.db import models

CHINESE = re.compile(r"[\u3400-\u9fff]")
VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "track",
    "wbr",
    "use",
    "path",
}
SPOKEN = ("title", "alt", "aria-label", "placeholder", "aria-description", "data-confirm")
SILENT = {"script", "style", "template"}


@dataclass
class Page:
    lang: str = ""
    title: str = ""
    headings: int = 0
    texts: list[str] = field(default_factory=list)
    inline_scripts: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(t for t in self.texts if t.strip())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._stack: list[tuple[str, bool]] = []  # (tag, said in another language on purpose)
        self._script: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        page = self.page
        if tag == "html":
            page.lang = given.get("lang", "")
        foreign = (bool(self._stack) and self._stack[-1][1]) or (tag != "html" and "lang" in given)
        if tag not in VOID:
            self._stack.append((tag, foreign))
        page.headings += tag == "h1"
        page.attributes += [(tag, k, v) for k, v in given.items() if k == "style" or k.startswith("on")]
        if "id" in given:
            page.ids.append(given["id"])
        if tag == "a" and given.get("href"):
            page.links.append(given["href"])
        if tag == "img" and "alt" not in given:
            page.unlabelled.append(given.get("src", ""))
        if tag == "script":
            self._script = (
                ""
                if "src" not in given and given.get("type", "") not in {"application/json", "application/ld+json"}
                else None
            )
        if not foreign:
            page.texts += [given[k] for k in SPOKEN if k in given]
            if tag == "input" and given.get("type") in {"submit", "button"}:
                page.texts.append(given.get("value", ""))
            if tag == "meta" and given.get("name") == "description":
                page.texts.append(given.get("content", ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script:
            self.page.inline_scripts.append(self._script)
        self._script = None
        for depth in range(len(self._stack) - 1, -1, -1):
            if self._stack[depth][0] == tag:
                del self._stack[depth:]
                return

    def handle_data(self, data: str) -> None:
        where = self._stack[-1] if self._stack else ("", False)
        if where[0] == "title" and not any(t == "svg" for t, _ in self._stack):
            self.page.title += data
        if where[0] == "script" and self._script is not None:
            self._script += data.strip()
        if where[0] not in SILENT and not where[1]:
            self.page.texts.append(data.strip())


def read_page(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    return reader.page


def _strings(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return {s for pair in value.items() for part in pair for s in _strings(part)}
    if isinstance(value, list | tuple):
        return {s for part in value for s in _strings(part)}
    return set()


def stored_words() -> list[str]:
    """Every Chinese string in the database, longest first: the data that an English page may show as it is.

    Words that the platform itself wrote are left out: rule profiles carry both languages and have to be translated.
    """
    found: set[str] = set()
    for model in apps.get_models():
        if model.__name__ in {"RuleProfile", "SearchDocument", "Session", "ContentType", "Permission"}:
            continue
        names = [
            f.name for f in model._meta.fields if isinstance(f, models.CharField | models.TextField | models.JSONField)
        ]
        for row in model._default_manager.values_list(*names) if names else ():
            for value in row:
                found |= _strings(value)
    lines = {line.strip() for text in found for line in (text, *text.splitlines())}
    return sorted((s for s in lines if CHINESE.search(s)), key=len, reverse=True)


def without(text: str, words: list[str]) -> str:
    """The text less the words; a word of one character goes only where it stands alone on its line."""
    whole = set(words)
    left = "\n".join(line for line in text.splitlines() if line.strip() not in whole)
    for word in words:
        if len(word) > 1 and word in left:
            left = left.replace(word, "")
    return left


def is_page(content_type: str) -> bool:
    return content_type.startswith("text/html")

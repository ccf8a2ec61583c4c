"""What a browser would send: the fields of a form on a page, as they stand."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any


class _Fields(HTMLParser):
    """Collects forms as (action, method, {name: [values]}); disabled and unticked fields are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, list[str]]]] = []
        self._open: dict[str, list[str]] | None = None
        self._select: tuple[str, list[str], list[str], bool] | None = None
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        if tag == "form":
            self._open = {}
            self.forms.append((given.get("action", ""), given.get("method", "get").lower(), self._open))
        elif self._open is None or "disabled" in given:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "textarea":
            self._area = (given.get("name", ""), [])
        elif tag == "select":
            self._select = (given.get("name", ""), [], [], "multiple" in given)
        elif tag == "option" and self._select is not None:
            self._select[1].append(given.get("value", ""))
            if "selected" in given:
                self._select[2].append(given.get("value", ""))

    def _input(self, given: dict[str, str]) -> None:
        kind, name = given.get("type", "text"), given.get("name", "")
        ticked = kind not in {"checkbox", "radio"} or "checked" in given
        if name and ticked and kind not in {"file", "submit", "button", "image"}:
            assert self._open is not None
            self._open.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if self._open is None:
            return
        if tag == "textarea" and self._area is not None:
            self._open.setdefault(self._area[0], []).append("".join(self._area[1]).removeprefix("\n"))
            self._area = None
        elif tag == "select" and self._select is not None:
            name, options, chosen, multiple = self._select
            values = chosen or ([] if multiple or not options else options[:1])
            if values:
                self._open.setdefault(name, []).extend(values)
            self._select = None


def forms(html: str) -> list[tuple[str, str, dict[str, list[str]]]]:
    parser = _Fields()
    parser.feed(html)
    return parser.forms


def filled(html: str, action: str) -> dict[str, Any]:
    """The fields of the form that posts to `action`. Raises AssertionError when the page has none."""
    for where, method, fields in forms(html):
        if method == "post" and where.partition("?")[0] in {action, ""}:
            return {k: v for k, v in fields.items() if k != "csrfmiddlewaretoken"}
    raise AssertionError(f"no form posts to {action}")

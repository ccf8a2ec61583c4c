"""PDF documents through typst, with the vendored font only.

Data goes in as JSON, never as typst source, so a party's name cannot become markup. A character that the font lacks
stops issuance: typst would print a box without a word, on a certificate that people keep for years.
Produces PDF/A-2b (ISO 19005-2), A4, tagged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typst
from django.conf import settings

from shugang.policy.text import Text
from shugang.ui import formats, qr

HERE = Path(__file__).resolve().parent
TEMPLATES = HERE / "typst"
FONTS = HERE / "fonts"
GLYPHS = FONTS / "glyphs.txt"
PDF_STANDARD = ["a-2b"]

_ALWAYS = ("lang", "number", "title", "issuer", "facts")
# What each template cannot do without; the rest is optional (README).
REQUIRED: dict[str, tuple[str, ...]] = {
    "certificate": _ALWAYS,
    "voucher": _ALWAYS,
    "bill": (*_ALWAYS, "columns", "lines"),
    "statement": (*_ALWAYS, "tables"),
    "contract": (*_ALWAYS, "parties", "clauses", "signatures"),
    "quality": (*_ALWAYS, "dimensions", "tables", "statements"),
    "appraisal": (*_ALWAYS, "parts", "signatures"),
}


class DocumentError(ValueError):
    """The document was not issued."""


@dataclass
class MissingGlyph(DocumentError):
    """`characters` cannot be printed; `where` is the path of the first of them in the data."""

    characters: str
    where: str

    def __str__(self) -> str:
        named = ", ".join(f"{c} (U+{ord(c):04X})" for c in self.characters)
        return f"the document font has no glyph for {named}, first in {self.where}"

    @property
    def text(self) -> Text:
        shown = "、".join(f"“{c}”(U+{ord(c):04X})" for c in self.characters)
        return Text(
            f"文件没有出具：字库中没有{shown}。请核对该字，确为人名、地名用字的，请联系平台补充字库。",
            f"The document was not issued: the font lacks {shown}. Please check the character; if it is right, ask the "
            "platform to extend the font.",
        )


@cache
def covered() -> frozenset[int]:
    """Code points that both weights of the vendored font have."""
    points: set[int] = set()
    for line in GLYPHS.read_text(encoding="ascii").split():
        first, _, last = line.partition("-")
        points.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(points)


def missing_glyphs(text: str) -> str:
    """The characters of `text` that cannot be printed, in order, each once. Line breaks and tabs need no glyph."""
    have = covered()
    return "".join(dict.fromkeys(c for c in text if ord(c) not in have and c not in "\n\r\t"))


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strings(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{path}[{index}]")


def _refuse_missing(data: Mapping[str, Any]) -> None:
    lacking, where = "", ""
    for path, text in _strings(data, ""):
        found = missing_glyphs(text)
        where = where or (path if found else "")
        lacking = "".join(dict.fromkeys(lacking + found))
    if lacking:
        raise MissingGlyph(lacking, where)


def _plain(value: Any, english: bool, zone: ZoneInfo) -> Any:
    """Texts and dates in the document's language; None as "—". Numbers must come formatted, as strings."""
    if isinstance(value, Text):
        return value.en if english else value.zh
    if value is None:
        return formats.MISSING
    if isinstance(value, datetime):
        return formats.moment(value, english, zone)
    if isinstance(value, date):
        return formats.day(value, english, zone, weekday=False)
    if isinstance(value, Mapping):
        return {key: _plain(inner, english, zone) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, english, zone) for inner in value]
    return value


def prepare(template_name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON a template gets: texts resolved, defaults filled, glyphs checked. Raises DocumentError."""
    if template_name not in REQUIRED:
        raise DocumentError(f"no document template {template_name!r}")
    absent = [key for key in REQUIRED[template_name] if key not in data]
    if absent:
        raise DocumentError(f"{template_name} needs {', '.join(absent)}")
    zone = ZoneInfo(settings.TIME_ZONE)
    plain: dict[str, Any] = _plain(dict(data), data["lang"] == "en", zone)
    plain.setdefault("demo", bool(getattr(settings, "SHUGANG_DEMO", False)))
    plain.setdefault("version", 1)
    scanned = str(plain.pop("qr", "") or plain.get("verify_url", "") or plain["number"])
    _refuse_missing(plain)
    plain["qr_svg"] = qr.document_svg(scanned)
    return plain


def _compile(template_name: str, data: Mapping[str, Any], **options: Any) -> Any:
    return typst.compile(
        str(TEMPLATES / f"{template_name}.typ"),
        root=str(TEMPLATES),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        **options,
    )


def render_pdf(template_name: str, data: Mapping[str, Any], *, created: datetime | None = None) -> bytes:
    """A document as PDF/A-2b bytes. `created` (aware) is its creation time; the same data and time give the same bytes.

    Keys of `data` by template: see README. Raises MissingGlyph, DocumentError.
    """
    prepared = prepare(template_name, data)
    try:
        made: bytes = _compile(
            template_name,
            prepared,
            format="pdf",
            pdf_standards=PDF_STANDARD,
            timestamp=(created or datetime.now(UTC)).replace(microsecond=0),
        )
    except typst.TypstError as error:
        raise DocumentError(f"{template_name}: {error}") from error
    return made


def render_png(template_name: str, data: Mapping[str, Any], ppi: float = 96) -> list[bytes]:
    """The same pages as pictures, for a preview."""
    pages = _compile(template_name, prepare(template_name, data), format="png", ppi=ppi)
    return pages if isinstance(pages, list) else [pages]

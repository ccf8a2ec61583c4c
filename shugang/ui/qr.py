"""QR codes (ISO/IEC 18004) as SVG, for pages and for printed documents."""

from __future__ import annotations

import io

import segno
from django.utils.html import escape
from markupsafe import Markup


def document_svg(content: str) -> str:
    """A stand-alone SVG. Level M: a printed code survives a fold or a stamp. Raises ValueError beyond 2,331 bytes."""
    buffer = io.BytesIO()
    try:
        segno.make(content, micro=False, error="m", boost_error=False).save(
            buffer, kind="svg", xmldecl=False, border=2, scale=4, svgclass=None, lineclass=None
        )
    except segno.DataOverflowError as error:
        raise ValueError(f"{len(content.encode())} bytes do not fit into one QR code") from error
    return buffer.getvalue().decode()


def page_svg(content: str, label: str) -> Markup:
    """The same inside a page, named for readers who cannot see it."""
    svg = document_svg(content)
    named = svg.replace("<svg ", f'<svg class="sg-qr" role="img" aria-label="{escape(label)}" ', 1)
    return Markup(named)  # noqa: S704  the drawing is segno's; the label is escaped

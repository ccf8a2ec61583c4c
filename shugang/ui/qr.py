"""QR codes (ISO/IEC 18004) as SVG, for pages and for printed documents."""

from __future__ import annotations

import io

import segno
from django.utils.html import escape
from markupsafe import Markup


def document_svg(content: str) -> str:
    """A stand-alone SVG. Level M, by which a printed code survives a fold or a stamp; level L where only that holds so
    much. Raises ValueError beyond 2,953 bytes."""
    buffer = io.BytesIO()
    _make(content).save(buffer, kind="svg", xmldecl=False, border=2, scale=4, svgclass=None, lineclass=None)
    return buffer.getvalue().decode()


def _make(content: str) -> segno.QRCode:
    for level in ("m", "l"):
        try:
            return segno.make(content, micro=False, error=level, boost_error=False)
        except segno.DataOverflowError:
            continue
    raise ValueError(f"{len(content.encode())} bytes do not fit into one QR code")


def page_svg(content: str, label: str) -> Markup:
    """The same inside a page, named for readers who cannot see it."""
    made, buffer = _make(content), io.BytesIO()
    made.save(buffer, kind="svg", xmldecl=False, border=2, omitsize=True, svgclass=None, lineclass=None)
    kind = "sg-qr sg-qr-l" if made.symbol_size(border=0)[0] > 60 else "sg-qr"
    named = (
        buffer.getvalue().decode().replace("<svg ", f'<svg class="{kind}" role="img" aria-label="{escape(label)}" ', 1)
    )
    return Markup(named)  # noqa: S704  the drawing is segno's; the label is escaped

"""Signed documents: whole, ours, and unchanged — or not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.ui.documents import render_pdf
from shugang.ui.signing import Credential, UnreadablePdf, self_signed, sign_pdf, verify_pdf
from shugang.ui.tests.test_documents import data

PLATFORM = self_signed("示例平台签章", "示例数据交易公司")
PLAIN = render_pdf("certificate", data("certificate"))
SIGNED = sign_pdf(PLAIN, PLATFORM, reason="登记凭证出具", location="厦门")
TRUSTED = [PLATFORM.certificate_pem]


def good(pdf: bytes) -> bool:
    try:
        reports = verify_pdf(pdf, TRUSTED)
    except UnreadablePdf:
        return False
    return bool(reports) and all(r.good for r in reports)


def test_signed_document_verifies() -> None:
    (report,) = verify_pdf(SIGNED, TRUSTED)
    assert report.good
    assert report.signer == "示例平台签章，示例数据交易公司"
    assert report.signed_at is not None and report.signed_at.tzinfo is not None
    assert SIGNED.startswith(PLAIN)


def test_unsigned_document_has_no_reports() -> None:
    assert verify_pdf(PLAIN, TRUSTED) == []


def test_another_key_with_the_same_name_is_not_trusted() -> None:
    forged = sign_pdf(PLAIN, self_signed("示例平台签章", "示例数据交易公司"), reason="登记凭证出具")
    (report,) = verify_pdf(forged, TRUSTED)
    assert report.intact and not report.trusted and not report.good


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=len(SIGNED) - 1))
def test_one_flipped_bit_anywhere_is_noticed(position: int) -> None:
    changed = bytearray(SIGNED)
    changed[position] ^= 1
    assert not good(bytes(changed))


def test_no_bit_of_the_signature_itself_can_be_flipped() -> None:
    """Its cover (versions, names of the digest) is not signed, and is held to what we write."""
    start = SIGNED.index(b"<", SIGNED.rindex(b"/Contents")) + 1
    for position in [*range(start, start + 100), *range(start + 1000, start + 1300, 2)]:
        changed = bytearray(SIGNED)
        changed[position] ^= 1
        assert not good(bytes(changed)), position - start


def test_flipped_content_byte_is_not_intact() -> None:
    changed = bytearray(SIGNED)
    changed[len(PLAIN) // 2] ^= 1
    (report,) = verify_pdf(bytes(changed), TRUSTED)
    assert not report.intact


def test_the_room_left_beside_the_signature_holds_nothing() -> None:
    """Bytes reserved for the signature but unused are not signed: something could hide there."""
    changed = bytearray(SIGNED)
    changed[SIGNED.rindex(b"0000>")] ^= 1
    assert not good(bytes(changed))


def test_addition_after_the_signature_is_noticed() -> None:
    assert not good(SIGNED + b"\n% a line more\n")
    assert not good(SIGNED[:-20])


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\x00" * 500])
def test_what_is_no_pdf_is_said_so(content: bytes) -> None:
    with pytest.raises(UnreadablePdf):
        verify_pdf(content, TRUSTED)
    with pytest.raises(UnreadablePdf):
        sign_pdf(content, PLATFORM, reason="x")


def test_the_key_is_not_printed() -> None:
    assert "PRIVATE" not in repr(PLATFORM)
    assert isinstance(PLATFORM, Credential)

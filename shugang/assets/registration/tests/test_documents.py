"""The paper: signed, stamped in a demonstration, with a code whose proof verifies without this platform."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets.registration import documents, sealing, services
from shugang.assets.registration.models import Certificate
from shugang.assets.testing import anchor, make_certificate
from shugang.evidence import scan, standalone_verify
from shugang.evidence.errors import FormatError, VerificationError
from shugang.evidence.receipt import verify_receipt
from shugang.kernel import sequencer
from shugang.ui.signing import verify_pdf

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def certificate():
    made = make_certificate(right_limits="经营权仅限境内机构客户。", limit_buyers="依法设立的企业")
    anchor()
    return Certificate.objects.get(pk=made.pk)


def text_of(pdf, tmp_path):
    path = tmp_path / "c.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode()


def test_the_paper_says_what_was_recorded_on_one_page(certificate, tmp_path):
    text = text_of(documents.read(certificate), tmp_path)
    for said in (
        certificate.number,
        "数据资源持有权",
        "UCI Machine Learning Repository 381",
        "CC BY 4.0",
        "经营权仅限境内机构客户",
        "以存证记录为准",
        certificate.party.uscc,
    ):
        assert said in text, said
    assert "共 1 页" in text or "共1页" in text


@pytest.mark.parametrize("demo", [True, False])
def test_only_a_demonstration_stamps_its_papers(settings, tmp_path, demo):
    settings.SHUGANG_DEMO = demo
    made = make_certificate()
    anchor()
    text = text_of(documents.read(Certificate.objects.get(pk=made.pk)), tmp_path)
    # The stamp stands aslant, so its characters come out one by one.
    assert ("演" in text) is demo


def test_the_signature_holds_and_one_changed_byte_breaks_it(certificate):
    pdf = documents.read(certificate)
    [report] = verify_pdf(pdf, [sealing.certificate_pem()])
    assert report.good
    at = pdf.index(b"/Creator") if b"/Creator" in pdf else 200
    changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
    assert not all(r.good for r in verify_pdf(changed, [sealing.certificate_pem()]))


def test_the_code_carries_a_proof_that_a_stranger_verifies(certificate, tmp_path):
    import json

    receipt = sequencer.receipt_for(certificate.event, show_content=False)
    code = scan.pack(documents.verify_url(certificate.number), receipt)
    assert code.startswith(documents.verify_url(certificate.number) + "#p1=") and len(code) <= scan.MAX_CODE
    unpacked = scan.unpack(code, sequencer.vkey())
    assert verify_receipt(unpacked, sequencer.vkey()).entry.kind == "certificate.issued"
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(unpacked))
    done = subprocess.run(
        [sys.executable, standalone_verify.__file__, str(path), sequencer.vkey()], capture_output=True
    )
    assert done.returncode == 0, done.stdout


def test_a_code_of_another_entry_does_not_verify(certificate):
    receipt = dict(sequencer.receipt_for(certificate.event, show_content=False))
    receipt["entry"] = receipt["entry"].replace("certificate.issued", "certificate.forged")
    with pytest.raises(VerificationError):
        verify_receipt(scan.unpack(scan.pack("https://x", receipt), sequencer.vkey()), sequencer.vkey())


@given(st.text(max_size=200))
def test_any_other_code_is_refused_in_one_way(text):
    with pytest.raises(FormatError):
        scan.unpack(text, "key")
    with contextlib.suppress(FormatError):
        scan.unpack("https://x#p1=" + text, "key")


def test_a_proof_too_long_for_one_code_leaves_the_link():
    import os

    receipt = {"entry": "e", "proof": os.urandom(4000).hex()}
    assert scan.pack("https://x/verify/1", receipt) == "https://x/verify/1"


def test_a_character_without_a_glyph_stops_only_that_paper(caplog):
    odd = make_certificate(data_name="𠮷野家门店数据集")
    plain = make_certificate()
    sequencer.run_once()
    assert services.issue_documents() == 1
    assert services.issue_documents() == 0
    odd.refresh_from_db()
    plain.refresh_from_db()
    assert odd.pdf_path == "" and plain.pdf_path
    assert odd.asset.registration.case.state == "deposited" and odd.state == "valid"
    assert [r.message for r in caplog.records if odd.number in r.message]
    assert documents.read(odd) is None


def test_a_lost_file_is_not_made_up_again(certificate, var_dir):
    Path(var_dir / "certificates" / certificate.pdf_path).unlink()
    assert documents.read(certificate) is None

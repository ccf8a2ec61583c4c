"""Certificates from elsewhere: proved by their log, or checked by a named person, and then relied on."""

import io
import json

import pytest

from shugang.assets.models import Certificate, DataAsset, Recognition
from shugang.assets.recognition import foreign, services
from shugang.assets.recognition.process import RECOGNITION
from shugang.assets.registration import certificate_check, sealing, verify
from shugang.assets.testing import (
    anchor,
    answers_for,
    assert_cell,
    expected,
    make_certificate,
    make_registrar,
    make_version,
)
from shugang.evidence import scan
from shugang.evidence.note import Ed25519Signer
from shugang.kernel import engine, materials, sequencer
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event, WitnessedLog
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
PAPER = {
    "method": "paper", "number": "SJ3512026070001", "issuer": "示例省登记中心", "data_name": "示例外地数据集", "summary": "外地登记的数据。",
    "industry": "N", "division": "77", "source_kind": "collected", "rights": ["HOLD", "OPERATE"], "valid_until": "2030-06-30",
    "declaration": True,
}  # fmt: skip
CONFIRM = {
    "channel": "site",
    "where": "https://registry.example.cn",
    "finding": "编号、权利人、权利和期限一致，现在有效。",
}


class Elsewhere:
    """A certificate of another platform, with its proofs: made by our own verbs, then given up here."""

    def __init__(self, office, holder):
        self.certificate = make_certificate(holder, office=office, rights=["HOLD", "OPERATE"])
        anchor()
        self.receipt = verify.receipt(verify.find(self.certificate.number))
        self.certificate.refresh_from_db()
        self.version = self.certificate.asset.dataset_version
        self.paper = certificate_check.documents.read(self.certificate)
        engine.act(self.certificate.case.number, "cancel", holder, answers_for("cancel"))

    def known(self):
        """The operator registers the other log's key."""
        WitnessedLog.objects.create(
            origin=self.receipt["vkey"].split("+")[0], vkey=self.receipt["vkey"], operator="示例省"
        )
        return self


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def holder():
    return make_actor(make_party("supplier"))


@pytest.fixture
def elsewhere(office, holder):
    return Elsewhere(office, holder)


def submit(holder, office, version, **form):
    return services.submit(holder, version.dataset.number, office.party.number, form)


def refused(code, act, *args, **more):
    before = (Case.objects.count(), Event.objects.count(), Recognition.objects.count(), Certificate.objects.count())
    with pytest.raises(Refusal) as caught:
        act(*args, **more)
    assert caught.value.code == code, caught.value.message
    assert (
        Case.objects.count(),
        Event.objects.count(),
        Recognition.objects.count(),
        Certificate.objects.count(),
    ) == before
    return caught.value


def test_a_receipt_of_a_known_log_is_recognised_at_once(elsewhere, office, holder):
    elsewhere.known()
    case = submit(
        holder, office, elsewhere.version, method="receipt", proof=json.dumps(elsewhere.receipt), declaration=True
    )
    assert case.state == "recognised"
    row = case.recognition
    made, was = row.certificate, elsewhere.certificate
    assert row.proved and row.log_index == was.event.log_index and row.number == was.number
    assert made.content["recognised"]["number"] == was.number and made.content["rights"] == ["HOLD", "OPERATE"]
    assert made.valid_until == was.valid_until and made.asset.state == "registered"
    found = certificate_check.check(made.number)
    assert found.in_force and found.differences == []
    assert ("采信的凭证", f"{office.party.name}，{was.number}") in [(k.zh, v) for k, v in found.facts]
    anchor()
    made.refresh_from_db()
    assert made.pdf_path  # its own paper says what it recognises
    refused(
        "already_registered",
        submit,
        holder,
        office,
        elsewhere.version,
        method="receipt",
        proof=json.dumps(elsewhere.receipt),
        declaration=True,
    )


def tampered(receipt, path, value):
    changed = json.loads(json.dumps(receipt))
    here = changed
    for key in path[:-1]:
        here = here[key]
    here[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [(["payload", "payload", "certificate", "rights"], ["HOLD", "USE", "OPERATE"]), (["payload", "kind"], "certificate.resumed"),
     (["salt"], "A" * 43 + "="), (["entry"], "x"), (["proof"], "c2sp.org/tlog-proof@v1\nindex 0\n\nx")],
)  # fmt: skip
def test_a_forged_receipt_is_refused_and_never_goes_to_a_person(elsewhere, office, holder, path, value):
    elsewhere.known()
    proof = json.dumps(tampered(elsewhere.receipt, path, value))
    refused("proof_fails", submit, holder, office, elsewhere.version, **{**PAPER, "method": "receipt", "proof": proof})


def test_a_log_is_known_by_the_operators_key_and_not_by_the_receipts(elsewhere, office, holder):
    proof = json.dumps(elsewhere.receipt)
    assert (
        "没有登记"
        in refused(
            "proof_fails", submit, holder, office, elsewhere.version, method="receipt", proof=proof, declaration=True
        ).message.zh
    )
    other = Ed25519Signer(elsewhere.receipt["vkey"].split("+")[0], b"\x07" * 32)  # another key under the same name
    WitnessedLog.objects.create(origin=other.verifier.name, vkey=other.verifier.vkey, operator="冒名")
    refused("proof_fails", submit, holder, office, elsewhere.version, method="receipt", proof=proof, declaration=True)


@pytest.mark.parametrize(
    "text", ["", "{}", "not json", "https://x/verify/1#p1=AAAA", "[" * 5000, '{"format": "shugang-receipt@v1"}']
)
def test_what_is_no_proof_is_refused(office, holder, text):
    version = make_version(holder.party)
    code = "invalid_form" if not text else "proof_fails"
    refused(code, submit, holder, office, version, method="receipt", proof=text, declaration=True)


def test_a_receipt_of_another_holder_or_other_data_is_refused(elsewhere, office, holder):
    elsewhere.known()
    proof = json.dumps(elsewhere.receipt)
    other = make_actor(make_party("supplier"))
    said = refused(
        "proof_fails", submit, other, office, make_version(other.party), method="receipt", proof=proof, declaration=True
    )
    assert "权利人" in said.message.zh
    said = refused(
        "proof_fails",
        submit,
        holder,
        office,
        make_version(holder.party, 5),
        method="receipt",
        proof=proof,
        declaration=True,
    )
    assert "摘要" in said.message.zh


def test_a_receipt_of_another_event_is_refused(office, holder):
    certificate = make_certificate(holder, office=office)
    sequencer.run_once()
    receipt = sequencer.receipt_for(certificate.asset.registration.case.events.order_by("id").first())
    known = {receipt["vkey"].split("+")[0]: receipt["vkey"]}
    with pytest.raises(foreign.ProofFails, match="not the issue"):
        foreign.prove(json.dumps(receipt), known)


def test_a_scanned_code_proves_the_record_and_a_person_the_content(elsewhere, office, holder):
    elsewhere.known()
    code = scan.pack(f"https://x/verify/{elsewhere.certificate.number}", elsewhere.receipt)
    case = submit(
        holder,
        office,
        elsewhere.version,
        **{**PAPER, "method": "code", "proof": code, "number": elsewhere.certificate.number},
    )
    row = case.recognition
    assert (case.state, row.proved, row.log_index) == ("checking", False, elsewhere.certificate.event.log_index)
    assert "不含内容" in row.checks[0]
    assert engine.act(case.number, "confirm", office.examiner, CONFIRM).state == "recognised"


def test_a_person_confirms_by_name_and_what_he_found_is_on_record(office, holder):
    version = make_version(holder.party)
    case = submit(holder, office, version, **PAPER)
    assert (case.state, DataAsset.objects.count()) == ("checking", 0)
    assert (
        "finding"
        in refused(
            "invalid_form", engine.act, case.number, "confirm", office.examiner, {"channel": "site", "where": "x"}
        ).fields
    )
    engine.act(case.number, "confirm", office.examiner, CONFIRM)
    event = Event.objects.get(kind="assets.recognition.confirm")
    assert event.person_id == office.examiner.person_id and event.payload["form"]["finding"] == CONFIRM["finding"]
    certificate = Certificate.objects.get()
    assert certificate.content["recognised"]["issuer"] == "示例省登记中心"
    assert certificate_check.check(certificate.number).in_force


def test_who_belongs_to_the_applicant_confirms_nothing(office, holder):
    from shugang.kernel import clock
    from shugang.parties.models import Membership

    case = submit(holder, office, make_version(holder.party), **PAPER)
    Membership.objects.create(
        person=office.examiner.person, party=holder.party, duties=[], active=True, created_at=clock.now()
    )
    refused("conflict_of_interest", engine.act, case.number, "confirm", office.examiner, CONFIRM)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"valid_until": "2020-01-01"}, "valid_until"), ({"rights": []}, "rights"), ({"division": "12"}, "division"),
     ({"declaration": False}, "declaration"), ({"number": ""}, "number"), ({"method": "fax"}, "method"), ({"method": "pdf"}, "paper")],
)  # fmt: skip
def test_a_paper_that_cannot_be_is_refused(office, holder, changes, field):
    form = {k: v for k, v in {**PAPER, **changes}.items() if v != ""}
    assert field in refused("invalid_form", submit, holder, office, make_version(holder.party), **form).fields


def test_a_signed_pdf_is_checked_for_its_signature(elsewhere, office, holder, settings, tmp_path):
    def with_paper(data):
        paper = materials.store(holder, "凭证.pdf", io.BytesIO(data))
        return {**PAPER, "method": "pdf", "paper": paper}

    middle = len(elsewhere.paper) // 3
    altered = elsewhere.paper[:middle] + bytes([elsewhere.paper[middle] ^ 1]) + elsewhere.paper[middle + 1 :]
    assert "paper" in refused("proof_fails", submit, holder, office, elsewhere.version, **with_paper(altered)).fields
    assert (
        "paper"
        in refused("invalid_form", submit, holder, office, elsewhere.version, **with_paper(b"%PDF-1.7 nothing")).fields
    )
    case = submit(holder, office, elsewhere.version, **with_paper(elsewhere.paper))
    assert case.state == "checking" and "请核对签名者" in case.recognition.checks[0]
    engine.act(case.number, "refuse", office.examiner, {"reason": "未能核实。"})
    folder = settings.VAR_DIR / "trusted-pdf"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "example.pem").write_bytes(sealing.certificate_pem())
    try:
        again = submit(holder, office, elsewhere.version, **with_paper(elsewhere.paper))
        assert "已登记为可信" in again.recognition.checks[0]
    finally:
        (folder / "example.pem").unlink()


@pytest.mark.both
def test_one_certificate_is_recognised_once(office, holder):
    version = make_version(holder.party)
    case = submit(holder, office, version, **PAPER)
    refused("already_recognised", submit, holder, office, version, **PAPER)
    engine.act(case.number, "withdraw", holder, {"reason": "填错了。"})
    submit(holder, office, version, **PAPER)


MAY = {"confirm": {"examiner"}, "refuse": {"examiner"}, "withdraw": {"handler"}}
ANSWERS = {"confirm": CONFIRM, "refuse": {"reason": "不一致。"}, "withdraw": {"reason": "改期。"}}
PATHS = {"checking": "", "recognised": "confirm", "refused": "refuse", "withdrawn": "withdraw"}


@pytest.mark.parametrize("at", PATHS)
def test_each_cell_of_the_table(office, holder, at):
    actors = {
        "handler": holder, "finance": make_actor(holder.party, ("finance",)), "examiner": office.examiner, "reviewer": office.reviewer,
        "stranger": make_actor(make_party("supplier"), ("handler", "examiner")), "nobody": make_actor(None),
    }  # fmt: skip

    def fresh():
        case = submit(holder, office, make_version(holder.party, 10 + Case.objects.count()), **PAPER)
        if PATHS[at]:
            engine.act(
                case.number, PATHS[at], actors["handler" if at == "withdrawn" else "examiner"], ANSWERS[PATHS[at]]
            )
        return Case.objects.get(pk=case.pk)

    standing = fresh()
    assert standing.state == at and {s.name for s in RECOGNITION.states} == set(PATHS)
    for step in RECOGNITION.transitions:
        for who, actor in actors.items():
            allowed = expected(step, at, who, MAY)
            if step.name == "confirm" and allowed:  # one step, two events: of the case and of the certificate
                assert engine.act(fresh().number, "confirm", actor, CONFIRM).state == "recognised"
                continue
            assert_cell(fresh() if allowed else standing, step, actor, allowed, ANSWERS.get(step.name, {}))

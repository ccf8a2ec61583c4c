"""Both sides sign the frozen text; only then does anything begin."""

from __future__ import annotations

import base64
import hashlib
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shugang.delivery.models import Grant
from shugang.kernel import engine
from shugang.kernel.models import Event
from shugang.kernel.testing import refused, snapshot
from shugang.market import testing
from shugang.market.contracts import queries, services
from shugang.market.contracts.models import Contract, ContractSignature
from shugang.parties.keys.services import make_key, revoke_key
from shugang.parties.keys.signatures import message, verify_signature
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.codec import canonical
from shugang.settlement.models import ChargeAgreement

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def own_key(actor):
    """A signing key that the platform never sees."""
    private = Ed25519PrivateKey.generate()
    revoke_key(actor)
    make_key(actor, base64.b64encode(private.public_key().public_bytes_raw()).decode())
    return private


def by_hand(private, digest, context):
    return base64.b64encode(private.sign(message(digest, context))).decode()


def test_two_signatures_make_a_contract_and_its_grant(deal):
    # given an accepted quotation
    contract = testing.accepted(deal)
    # when one side has signed, nothing has begun
    contract = services.sign(deal.supplier, contract.number)
    assert contract.state == "pending_signature" and not Grant.objects.exists() and not ChargeAgreement.objects.exists()
    # when the other signs as well
    contract = services.sign(deal.buyer, contract.number)
    # then the grant stands on contract and certificate, and the charge is registered
    assert contract.state == "active" and contract.grant.terms == contract.snapshot["terms"]
    assert set(contract.grant.bases.values_list("kind", "reference", "digest")) == {
        ("contract", contract.number, contract.sha256),
        ("certificate", deal.certificate.number, deal.certificate.event.sha256),
    }
    agreement = ChargeAgreement.objects.get(number=contract.number)
    assert (agreement.grant, agreement.plan) == (contract.grant.number, contract.snapshot["plan"])
    # and both signatures verify from the record alone
    for row in contract.signatures.all():
        assert verify_signature(
            row.signature, hashlib.sha256(canonical(contract.snapshot)).hexdigest(), f"contract:{contract.number}"
        )
    signed = Event.objects.filter(
        kind__startswith="market.contract.sign", refs__kind="contract", refs__key=contract.number
    )
    assert signed.count() == 2


def test_one_side_cannot_sign_twice_for_both(deal):
    contract = testing.accepted(deal)
    services.sign(deal.supplier, contract.number)
    colleague = make_signer(deal.supplier.party)
    assert refused(contract.case, "sign", deal.supplier).code == "already_done"
    assert refused(contract.case, "sign", colleague).code == "already_done"
    assert Contract.objects.get().state == "pending_signature" and ContractSignature.objects.count() == 1


def test_a_signature_made_outside_is_checked_before_it_counts(deal):
    contract = testing.accepted(deal)
    private = own_key(deal.buyer)
    wrong = {
        "signature_needed": "",
        "bad_signature": by_hand(private, "0" * 64, contract.context),
    }
    for code, given in wrong.items():
        assert refused(contract.case, "sign", deal.buyer, {"own_signature": given} if given else {}).code == code
    forged = by_hand(Ed25519PrivateKey.generate(), contract.sha256, contract.context)
    assert refused(contract.case, "sign", deal.buyer, {"own_signature": forged}).code == "bad_signature"
    elsewhere = by_hand(private, contract.sha256, "contract:HT-2099-000001")
    assert refused(contract.case, "sign", deal.buyer, {"own_signature": elsewhere}).code == "bad_signature"
    assert not ContractSignature.objects.exists()
    # and the right one is taken
    services.sign(deal.buyer, contract.number, by_hand(private, contract.sha256, contract.context))
    assert ContractSignature.objects.get().signature["custody"] == "own"


def test_a_changed_text_is_not_signed(deal):
    contract = testing.accepted(deal)
    contract.snapshot["plan"]["unit_price_e8"] = 1
    contract.save()
    assert refused(contract.case, "sign", deal.buyer).code == "contract_altered"


def test_a_lost_certificate_stops_the_last_signature(deal):
    contract = testing.accepted(deal)
    services.sign(deal.supplier, contract.number)
    engine.act(deal.certificate.case.number, "revoke", deal.office.reviewer, {"rule": "false", "reason": "材料不实。"})
    assert refused(contract.case, "sign", deal.buyer).code == "not_listed"
    assert ContractSignature.objects.count() == 1 and not Grant.objects.exists()


@pytest.mark.parametrize(("duties", "factor", "code"), [
    (("handler",), True, "forbidden"), (("signer",), False, "second_factor_required"), (("signer",), True, "no_key"),
])  # fmt: skip
def test_who_may_not_sign(deal, duties, factor, code):
    contract = testing.accepted(deal)
    actor = make_actor(deal.buyer.party, duties, second_factor=factor)
    assert refused(contract.case, "sign", actor).code == code


def test_a_stranger_does_not_even_see_it(deal):
    contract = testing.accepted(deal)
    stranger = make_signer(make_party("buyer", "supplier"))
    before = snapshot(contract.case)
    assert refused(contract.case, "sign", stranger).code == "not_found"
    assert snapshot(contract.case) == before and not queries.contracts(stranger).exists()


def test_not_signing_makes_it_void(deal):
    contract = testing.accepted(deal)
    services.sign(deal.supplier, contract.number)
    engine.act(contract.number, "refuse", deal.buyer, {"reason": "预算取消。"})
    assert Contract.objects.get().state == "declined" and not Grant.objects.exists()
    assert refused(contract.case, "sign", deal.buyer).code == "wrong_state"


def test_openssl_alone_verifies_a_signature(deal, tmp_path):
    # given a contract in force and its JSON as downloaded
    contract = testing.signed(deal)
    file = tmp_path / f"{contract.number}.json"
    file.write_bytes(canonical(contract.snapshot))
    for side in queries.signatures(contract):
        done = subprocess.run(["sh", "-c", side["commands"]], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    # when one byte changes, then it no longer does
    file.write_bytes(file.read_bytes().replace(b'"research"', b'"evaluation"'))
    done = subprocess.run(["sh", "-c", side["commands"]], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0

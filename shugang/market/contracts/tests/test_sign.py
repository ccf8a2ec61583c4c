"""Both sides sign the frozen text; only then does anything begin."""

from __future__ import annotations

import pytest

from shugang.delivery.models import Grant
from shugang.market import testing
from shugang.settlement.models import ChargeAgreement

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_two_signatures_make_a_contract_and_its_grant():
    # given a listed product and an accepted quotation
    deal = testing.make_deal()
    contract = testing.accepted(deal)
    assert contract.state == "pending_signature"
    # when both sides sign
    contract = testing.contracts.sign(deal.supplier, contract.number)
    assert contract.state == "pending_signature" and not Grant.objects.exists()
    contract = testing.contracts.sign(deal.buyer, contract.number)
    # then the grant stands on contract and certificate, and the charge is registered
    assert contract.state == "active"
    bases = set(contract.grant.bases.values_list("kind", "reference", "digest"))
    assert bases == {
        ("contract", contract.number, contract.sha256),
        ("certificate", deal.certificate.number, deal.certificate.event.sha256),
    }
    assert ChargeAgreement.objects.get(number=contract.number).grant == contract.grant.number

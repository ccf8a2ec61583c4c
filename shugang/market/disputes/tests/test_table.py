"""The table of a dispute: in every state, every step that it allows, by every actor."""

import pytest
from django.db import transaction

from shugang.assets.testing import assert_cell, expected
from shugang.kernel.models import Case
from shugang.market.disputes.process import DISPUTE
from shugang.market.disputes.testing import answers_for, to_state
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = pytest.mark.django_db

WHO = (
    "claimant",
    "respondent",
    "clerk",
    "mediator",
    "finance",
    "arbiter",
    "signer",
    "weak signer",
    "stranger",
    "nobody",
)
AGENCY = {"arbiter", "signer", "weak signer"}
BOTH = {"claimant", "respondent"}
MAY = {
    "answer": {"respondent"}, "escalate": BOTH, "close_mediation": {"mediator"}, "request": BOTH, "take": AGENCY,
    "decline": AGENCY, "award": {"signer"}, "resign": AGENCY, "withdraw": {"claimant"}, "execute": {"finance"},
    "received": {"claimant"},
}  # fmt: skip


@pytest.mark.parametrize("state", [s.name for s in DISPUTE.states])
def test_dispute_in_state(quarrel, state):
    actors = {
        "claimant": quarrel.buyer,
        "respondent": quarrel.supplier,
        "clerk": quarrel.officer,
        "mediator": quarrel.mediator,
        "finance": quarrel.finance,
        "arbiter": quarrel.agency.handler,
        "signer": quarrel.agency.signer,
        "weak signer": make_actor(quarrel.agency.party, ("handler", "signer"), second_factor=False),
        "stranger": make_signer(make_party("buyer", "supplier")),
        "nobody": make_actor(None),
    }
    case = to_state(quarrel, state)
    assert case.state == state
    # Steps outside their states are refused in tests/test_procedures, for every procedure.
    for step in (t for t in DISPUTE.transitions if state in t.sources):
        for name in WHO:
            allowed = expected(step, state, name, MAY)
            before = transaction.savepoint()
            data = answers_for(quarrel, step.name) if allowed else {}
            assert_cell(Case.objects.get(pk=case.pk), step, actors[name], allowed, data)
            transaction.savepoint_rollback(before)

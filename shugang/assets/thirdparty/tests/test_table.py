"""The table of an order: in every state, every step that it allows, by every actor."""

import pytest
from django.db import transaction

from shugang.assets.testing import assert_cell, expected
from shugang.assets.thirdparty.order_process import ENGAGEMENT
from shugang.assets.thirdparty.testing import answers_for, make_agency, make_desk, order_service, to_state
from shugang.delivery.testing import make_version
from shugang.kernel.models import Case
from shugang.parties.testing import make_actor, make_party, make_signer

pytestmark = pytest.mark.django_db

WHO = ("client", "finance", "handler", "signer", "weak signer", "mediator", "stranger", "nobody")
AGENCY, CLIENT, SIGNER, MEDIATOR = {"handler", "signer", "weak signer"}, {"client"}, {"signer"}, {"mediator"}
MAY = {
    "accept": AGENCY, "quote": AGENCY, "decline": AGENCY, "agree": CLIENT, "cancel": CLIENT, "ask_access": AGENCY,
    "give_access": CLIENT, "refuse_access": CLIENT, "draft": AGENCY, "reopen": SIGNER, "sign": SIGNER, "confirm": CLIENT,
    "object": CLIENT, "rework": AGENCY, "maintain": SIGNER, "uphold": MEDIATOR, "dismiss": MEDIATOR, "withdraw": CLIENT,
    "resign": AGENCY,
}  # fmt: skip


@pytest.mark.parametrize("state", [s.name for s in ENGAGEMENT.states])
def test_order_in_state(state):
    desk = make_desk()
    agency = make_agency("notarial", desk=desk)  # a kind without rotation: many orders for one client
    client = make_actor(make_party("supplier"), ("handler", "engineer", "manager"))
    dataset = make_version(client).dataset.number
    actors = {
        "client": client,
        "finance": make_actor(client.party, ("finance",)),
        "handler": agency.handler,
        "signer": make_signer(agency.party),
        "weak signer": make_actor(agency.party, ("handler", "signer"), second_factor=False),
        "mediator": desk.reviewer,
        "stranger": make_actor(make_party("supplier"), ("handler", "signer", "reviewer")),
        "nobody": make_actor(None),
    }

    case = to_state(order_service(client, agency.offers["notarial"], dataset), agency, client, state)
    assert case.state == state
    # Steps outside their states are refused in tests/test_procedures, for every procedure.
    for step in (t for t in ENGAGEMENT.transitions if state in t.sources):
        for who in WHO:
            allowed = expected(step, state, who, MAY)
            before = transaction.savepoint()
            data = answers_for(step.name, actors[who]) if allowed else {}
            assert_cell(Case.objects.get(pk=case.pk), step, actors[who], allowed, data)
            transaction.savepoint_rollback(before)

"""The table of an acceptance: in every state, every step, by every actor; one world, each cell undone."""

from __future__ import annotations

import pytest
from django.db import transaction

from shugang.assets.testing import assert_cell, expected
from shugang.kernel import engine
from shugang.kernel.models import Case
from shugang.market import testing
from shugang.market.acceptance.models import Acceptance
from shugang.market.acceptance.process import ACCEPTANCE
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.priceplan import PricePlan

pytestmark = [pytest.mark.django_db, pytest.mark.both]

DIGEST = "ab" * 32
DATA = {
    "declare": {"files": f"观测数据.csv | {DIGEST} | 1024\n说明.pdf | {'cd' * 32}", "note": "硬盘送达。"},
    "not_received": {"reason": "摘要不一致。"},
    "object": {"reason": "第3列与约定不符。", "remedy": "end"},
    "redeliver": {"reason": "已补发第3列。"},
    "reduce": {"price_fen": "300.00", "reason": "少交付一个月。"},
    "agree_end": {"reason": "同意终止。"},
    "decline": {"reason": "降幅不够。"},
}  # fmt: skip
BUYER, SUPPLIER = {"buyer", "buyer handler"}, {"supplier", "supplier handler"}
MAY = {
    "declare": {"supplier"}, "receive": {"buyer"}, "not_received": BUYER, "accept": BUYER, "object": BUYER, "redeliver": SUPPLIER,
    "reduce": {"supplier"}, "agree_end": {"supplier"}, "withdraw": BUYER, "take": {"buyer"}, "decline": BUYER,
}  # fmt: skip
ROAD = {
    "awaiting": [], "declared": ["declare"], "inspecting": ["deliver"], "objected": ["deliver", "object"],
    "offered": ["deliver", "object", "reduce"], "accepted": ["deliver", "accept"], "ended": ["deliver", "object", "agree_end"],
}  # fmt: skip


def take(row: Acceptance, deal: testing.Deal, step: str) -> None:
    transition = ACCEPTANCE.transition(step)
    assert transition is not None
    if step in MAY:
        side = deal.buyer if "buyer" in MAY[step] else deal.supplier
        engine.act(row.case.number, step, side, DATA.get(step, {}))
    else:
        engine.fire(row.case.number, step)


def test_every_cell_of_the_table():
    deal = testing.make_deal(plan=PricePlan("one_off", price_fen=50_000))
    row = testing.signed(deal).acceptance
    actors = {
        "buyer": deal.buyer,
        "buyer handler": make_actor(deal.buyer.party, ("handler",)),
        "buyer weak signer": make_actor(deal.buyer.party, ("signer",), second_factor=False),
        "supplier": deal.supplier,
        "supplier handler": make_actor(deal.supplier.party, ("handler",)),
        "finance": make_actor(deal.supplier.party, ("finance",)),
        "stranger": make_signer(make_party("buyer", "supplier")),
        "nobody": make_actor(None),
    }
    assert set(ROAD) == {s.name for s in ACCEPTANCE.states}
    seen = 0
    for state, road in ROAD.items():
        outer = transaction.savepoint()
        for step in road:
            take(row, deal, step)
        assert Case.objects.get(pk=row.case_id).state == state
        for step in ACCEPTANCE.transitions:
            for who, actor in actors.items():
                allowed, inner = expected(step, state, who, MAY), transaction.savepoint()
                data = DATA.get(step.name, {}) if allowed else {}
                assert_cell(Case.objects.get(pk=row.case_id), step, actor, allowed, data)
                transaction.savepoint_rollback(inner)
                seen += 1
        transaction.savepoint_rollback(outer)
    assert seen == len(ROAD) * len(ACCEPTANCE.transitions) * len(actors)

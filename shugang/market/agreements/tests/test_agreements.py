"""Processing, joint development and brokerage: signed by every party over one text; a grant for processing alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction

from shugang.assets.testing import assert_cell, expected
from shugang.delivery.models import Grant
from shugang.delivery.planes.bundles import compile_grant
from shugang.delivery.testing import make_version
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import clock_at
from shugang.market import testing
from shugang.market.agreements import documents, queries, services
from shugang.market.agreements.models import Agreement
from shugang.market.agreements.process import AGREEMENT
from shugang.market.contracts import composing
from shugang.parties.testing import make_actor, make_party, make_signer
from shugang.policy.terms import Terms
from shugang.settlement.models import ChargeAgreement
from shugang.settlement.rating.services import rate_period

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def until(days=100):
    return (clock.today() + timedelta(days=days)).isoformat()


PROCESSING = {"task": "清洗重复记录。", "deliverable": "清洗后的文件。", "fee_fen": "3000.00"}
FUSION = {"aim": "联合开发通勤指数。", "inputs": "各投入一个数据集。"}
BROKERAGE = {"task": "寻找空气质量数据的供方。", "fee_fen": "500"}


@pytest.fixture(autouse=True)
def _profiles():
    testing.load_profiles()


@pytest.fixture
def sides():
    return [make_signer(make_party("supplier")) for _ in range(3)]


def propose(actor, template, others, answers, **more):
    return services.propose(actor, template, [o.party.number for o in others], {"until": until(), **answers}, **more)


def says_no(code, act, *args, **kwargs):
    before = Event.objects.count(), Agreement.objects.count(), Case.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args, **kwargs)
    assert (no.value.code, Event.objects.count(), Agreement.objects.count(), Case.objects.count()) == (code, *before)
    return no.value.fields


def test_processing_gives_a_grant_for_processing_and_its_fee_waits(sides):
    client, processor, _ = sides
    version = make_version(client)
    row = propose(client, "processing", [processor], PROCESSING, dataset=version.dataset.number)
    services.sign(processor, row.number, sha256=row.sha256)
    assert not Grant.objects.exists() and not ChargeAgreement.objects.exists()
    # when both have signed
    row = services.sign(client, row.number, sha256=row.sha256)
    # then the processor reads the data set for the client's purpose, may not pass it on and deletes it at the end
    grant = Grant.objects.get()
    assert (row.grant, grant.grantee, grant.supplier) == (grant, processor.party, client.party)
    said = {}
    for clause in documents.clauses(row.content):
        for statement in clause["statements"]:
            said |= json.loads(statement["machine"] or "{}")
    terms = compile_grant(grant, []).terms
    assert Terms.from_json({**composing.UNSAID, **said}) == terms
    assert (terms.redistribute, terms.delete_after_days, terms.keep_log) == (False, 0, True)
    assert [(b.kind, b.reference, b.digest) for b in grant.bases.all()] == [("agreement", row.number, row.sha256)]
    # and the fee is billed once the client confirms completion, and the grant ends with it
    finance = make_actor(make_party("operator"), ("finance",))
    assert rate_period(finance, row.number) is None
    engine.act(row.number, "complete", client)
    assert rate_period(finance, row.number).total_fen == 300_000
    assert Grant.objects.get().state == "ended"
    assert all(s["holds"] for s in queries.signatures(row))


def test_the_processor_has_no_right_and_only_the_holder_gives_data(sides):
    client, processor, other = sides
    version = make_version(other)
    assert "dataset" in says_no("invalid_form", propose, client, "processing", [processor], PROCESSING,
                                dataset=version.dataset.number)  # fmt: skip
    says_no(
        "not_the_holder",
        propose,
        other,
        "processing",
        [client],
        PROCESSING,
        client=False,
        dataset=version.dataset.number,
    )
    row = propose(processor, "processing", [client], PROCESSING, client=False)
    assert [p["number"] for p in row.content["parties"]] == [client.party.number, processor.party.number]
    words = {c.id: " ".join(p.zh for p in c.paragraphs) for c in composing.compose(row.content)}
    assert "不因处理取得任何数据权利" in words["rights"] and "¥3,000.00" in words["fee"]


def test_three_suppliers_develop_together_by_shares_and_each_signs(sides):
    lead, second, third = sides
    numbers = [s.party.number for s in sides]
    shares = "\n".join(f"{n} | {p}" for n, p in zip(numbers, ("50", "30.5", "19.5"), strict=True))
    for bad in ("", f"{numbers[0]} | 100", shares.replace("19.5", "19"), shares + f"\n{numbers[0]} | 1"):
        says_no("invalid_form", propose, lead, "fusion", [second, third], {**FUSION, "shares": bad})
    row = propose(lead, "fusion", [second, third], {**FUSION, "shares": shares})
    assert row.content["shares"] == [[numbers[0], 500_000], [numbers[1], 305_000], [numbers[2], 195_000]]
    # each of the three signs once; a second signature of one side changes nothing
    services.sign(lead, row.number)
    says_no("already_done", services.sign, make_signer(lead.party), row.number)
    services.sign(second, row.number)
    assert Agreement.objects.get().case.state == "proposed"
    assert services.sign(third, row.number).case.state == "active" and not Grant.objects.exists()
    # and it ends only when each agrees
    for side in sides:
        assert Agreement.objects.get().case.state == "active"
        engine.act(row.number, "end", side, {"reason": "不再开发。"})
    assert Agreement.objects.get().case.state == "ended"


def test_a_broker_is_paid_only_for_a_deal(settings, sides):
    client, broker, _ = sides
    row = propose(client, "brokerage", [broker], BROKERAGE)
    for side in (client, broker):
        services.sign(side, row.number)
    assert ChargeAgreement.objects.get().supplier == broker.party
    # when its time passes without a deal, then it ends and no fee is billed
    assert services.expire_due() == 0
    with clock_at(settings, clock.now()) as move:
        move(clock.now() + timedelta(days=102))
        assert (services.expire_due(), services.expire_due()) == (1, 0)
    assert Agreement.objects.get().case.state == "ended"
    assert rate_period(make_actor(make_party("operator"), ("finance",)), row.number) is None


def test_what_is_refused(sides):
    client, other, _ = sides
    assert "others" in says_no("invalid_form", services.propose, client, "brokerage", ["P-000000"], {"until": until()})
    assert "others" in says_no("invalid_form", propose, client, "brokerage", [client], BROKERAGE)
    assert "others" in says_no("invalid_form", propose, client, "processing", sides[1:], PROCESSING)
    assert "template" in says_no("invalid_form", propose, client, "provision", [other], {})
    assert "until" in says_no("invalid_form", propose, client, "brokerage", [other], {**BROKERAGE, "until": until(-1)})
    says_no("forbidden", propose, make_actor(client.party, ("finance",)), "brokerage", [other], BROKERAGE)
    row = propose(client, "brokerage", [other], BROKERAGE)
    says_no("stale_version", services.sign, client, row.number, sha256="0" * 64)
    says_no("not_found", services.sign, sides[2], row.number)
    Agreement.objects.update(content={**row.content, "answers": {**row.content["answers"], "fee_fen": 1}})
    says_no("contract_altered", services.sign, client, row.number)


def test_every_cell_of_the_table(sides):
    """In every state, every step, by every actor; each cell undone."""
    client, broker, stranger = sides
    why = {"reason": "见附件。"}
    actors = {
        "client": client, "broker": broker, "stranger": stranger, "client handler": make_actor(client.party, ("handler",)),
        "weak": make_actor(broker.party, ("signer",), second_factor=False), "finance": make_actor(broker.party, ("finance",)),
    }  # fmt: skip
    row = propose(client, "brokerage", [broker], BROKERAGE)
    services.sign(client, row.number)  # so that the broker's signature is the step itself
    road = {
        "proposed": [], "active": [("sign", broker, {}), ("end", client, why)], "completed": [("sign", broker, {}), ("complete", client, {})],
        "ended": [("sign", broker, {}), ("end", client, why), ("end", broker, why)], "void": [("refuse", broker, why)],
    }  # fmt: skip
    may = {
        "sign": {"broker"},
        "refuse": {"client", "broker", "client handler"},
        "complete": {"client"},
        "end": {"broker"},
    }
    assert set(road) == {s.name for s in AGREEMENT.states}
    for state, steps in road.items():
        outer = transaction.savepoint()
        for name, actor, given in steps:
            engine.act(row.number, name, actor, given)
        assert Case.objects.get(pk=row.case_id).state == state
        for step in AGREEMENT.transitions:
            for who, actor in actors.items():
                allowed, inner = expected(step, state, who, may), transaction.savepoint()
                data = (why if step.name in ("end", "refuse") else {}) if allowed else {}
                assert_cell(Case.objects.get(pk=row.case_id), step, actor, allowed, data)
                transaction.savepoint_rollback(inner)
        transaction.savepoint_rollback(outer)


@pytest.mark.parametrize(
    ("template", "answers"), [("processing", PROCESSING), ("fusion", FUSION), ("brokerage", BROKERAGE)]
)
def test_each_paper_renders_in_both_languages(sides, template, answers):
    shares = {"shares": f"{sides[0].party.number} | 60\n{sides[1].party.number} | 40"} if template == "fusion" else {}
    row = propose(sides[0], template, [sides[1]], {**answers, **shares})
    assert documents.pdf(row).startswith(b"%PDF-") and documents.pdf(row, True).startswith(b"%PDF-")

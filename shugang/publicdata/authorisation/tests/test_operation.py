"""Authorised operation: fair selection, review and registration first, both signatures, and what its end does to the grants."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.delivery.models import Grant
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.testing import refused
from shugang.parties.keys.signatures import verify_signature
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.authorisation import queries, services
from shugang.publicdata.authorisation.models import Operation, OperationBid
from shugang.publicdata.authorisation.testing import (
    BID,
    calling,
    contracting,
    evaluating,
    in_force,
    make_field,
    plan_form,
    points,
    register,
    scored,
)

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def field(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    return make_field()


def states(operation: Operation) -> list[str]:
    return list(
        Grant.objects.filter(bases__kind="operation", bases__reference=operation.number).values_list("state", flat=True)
    )


@pytest.mark.both
def test_selected_signed_by_both_and_stopped_with_every_grant(field):
    row = in_force(field)
    assert row.case.state == "in_force" and row.developer == field.first.party
    ((grant, _),) = queries.grants(field.city.handler, row)
    terms = grant.terms
    assert (grant.grantee, grant.supplier, grant.mode) == (field.first.party, field.city.civil, "sql")
    assert terms["output"] == {"min_group": 10} and terms["environment"] == "isolated" and not terms["redistribute"]
    assert {b.kind for b in grant.bases.all()} == {"operation", "certificate"}
    assert all(s["holds"] for s in queries.signatures(row))
    assert refused(row.case, "suspend", field.first, {"reason": "停"}).code == "forbidden"
    engine.act(row.number, "suspend", field.city.reviewer, {"reason": "核查。"})
    assert states(row) == ["suspended"]
    engine.act(row.number, "resume", field.city.officer)
    assert states(row) == ["active"]
    engine.act(row.number, "terminate", field.city.reviewer, {"rule": "beyond", "reason": "转授他人。"})
    assert states(row) == ["ended"]


def test_both_have_to_agree_to_an_exit_and_the_last_day_ends_it(field):
    row = in_force(field)
    engine.act(row.number, "exit", field.first, {"reason": "业务调整。"})
    assert states(row) == ["active"]
    engine.act(row.number, "exit", field.signer, {"reason": "同意。"})
    assert states(row) == ["ended"]
    Operation.objects.filter(pk=row.pk).update(until=clock.today() - timedelta(days=1))
    assert services.expire_due() == 0


def test_what_is_past_its_last_day_expires(field):
    row = in_force(field)
    Operation.objects.filter(pk=row.pk).update(until=clock.today() - timedelta(days=1))
    assert services.expire_due() == 1
    assert Case.objects.get(pk=row.case_id).state == "expired" and states(row) == ["ended"]


def test_scores_need_three_people_without_conflict_and_every_bid(field):
    row, first, second = evaluating(field)
    said = {first.number: points(90), second.number: points(70)}
    one, two, three = field.scorers
    assert "scores" in refused(row.case, "score", one, {"scores": {first.number: points(90)}}).fields
    over = {**said, first.number: {**points(90), "fees": 11}}
    assert "scores" in refused(row.case, "score", one, {"scores": over}).fields
    insider = make_actor(field.city.civil, ("analyst",))
    make_actor(field.first.party, ("handler",), person=insider.person)
    assert refused(row.case, "score", insider, {"scores": said}).code == "conflict_of_interest"
    engine.act(row.number, "score", one, {"scores": said})
    assert refused(row.case, "score", one, {"scores": said}).code == "already_done"
    engine.act(row.number, "score", two, {"scores": said})
    assert Case.objects.get(pk=row.case_id).state == "evaluating"
    engine.act(row.number, "score", three, {"scores": {first.number: points(60), second.number: points(70)}})
    ranking = Operation.objects.get(pk=row.pk).ranking
    assert [r[0] for r in ranking] == [first.number, second.number] and ranking[0][1] > ranking[1][1]
    total = (2 * sum(points(90).values()) + sum(points(60).values())) / 3
    assert ranking[0][1] == round(total * 100)


def test_nobody_is_selected_below_the_mark_or_in_a_tie(field):
    low = scored(field, (50, 40))
    assert refused(low.case, "publish_result", field.city.handler).code == "nobody_passed"
    engine.act(low.number, "fail", field.city.handler, {"reason": "均未达到标准。"})
    assert {b.case.state for b in OperationBid.objects.filter(operation=low)} == {"not_selected"}
    tied = scored(field, (80, 80))
    assert refused(tied.case, "publish_result", field.city.handler).code == "tied"


def test_an_objection_stops_the_notice_and_may_lead_to_another_evaluation(field):
    row = scored(field)
    outsider = make_actor(make_party("buyer"), ("handler",))
    with pytest.raises(Refusal) as error:
        services.object_to(outsider, row.number, {"text": "评审不公。"})
    assert error.value.code == "notice_over"
    engine.act(row.number, "publish_result", field.city.handler)
    services.object_to(outsider, row.number, {"text": "第一名的资质有误。"})
    case = Case.objects.get(pk=row.case_id)
    assert case.state == "objected" and case.clocks.get(name="notice").state == "paused"
    with pytest.raises(Refusal):
        engine.fire(row.number, "confirm")
    engine.act(row.number, "uphold", field.city.reviewer, {"opinion": "成立，重新评审。"})
    assert queries.objections(outsider, row).get().answer == "成立，重新评审。"
    assert list(queries.objections(field.second, row)) == []
    said = {b.number: points(80 if b.applicant == field.second.party else 70) for b in row.bids.all()}
    for scorer in field.scorers:
        engine.act(row.number, "score", scorer, {"scores": said})
    engine.act(row.number, "publish_result", field.city.handler)
    engine.fire(row.number, "confirm")
    assert Operation.objects.get(pk=row.pk).developer == field.second.party


def test_no_call_without_review_and_no_agreement_without_registration(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    field = make_field(registered=False, reviewed=False)
    row = services.plan(field.city.handler, plan_form(field.city))
    assert refused(row.case, "approve_plan", field.city.reviewer, {"opinion": "同意。"}).code == "not_graded"
    from shugang.assets.testing import make_reviewed

    make_reviewed(field.city.handler, field.city.version)
    row = contracting(field)
    assert refused(row.case, "sign", field.signer).code == "not_registered"
    assert not Grant.objects.exists()
    register(field.city)
    engine.act(row.number, "sign", field.signer)
    assert Case.objects.get(pk=row.case_id).state == "contracting" and not Grant.objects.exists()


def test_an_altered_agreement_is_not_signed_and_a_signature_is_of_its_text_alone(field):
    row = contracting(field)
    content = {**row.content, "min_group": 1}
    Operation.objects.filter(pk=row.pk).update(content=content)
    assert refused(row.case, "sign", field.signer).code == "contract_altered"
    Operation.objects.filter(pk=row.pk).update(content=row.content)
    engine.act(row.number, "sign", field.signer)
    made = row.signatures.get().signature
    assert verify_signature(made, row.sha256, row.context) and not verify_signature(made, "0" * 64, row.context)


def test_a_lapsed_registration_holds_the_developers_grant(field):
    from shugang.assets.models import Certificate

    row = in_force(field)
    certificate = Certificate.objects.get()
    engine_case = certificate.case
    office = make_actor(certificate.registrar, ("reviewer",))
    engine.act(engine_case.number, "suspend", office, {"rule": "inspection", "reason": "核查来源。"})
    assert states(row) == ["suspended"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"years": "6"}, "years"), ({"products": "只有名称"}, "products"), ({"products": "甲｜1｜次\n甲｜2｜次"}, "products"), ({"products": "甲｜1｜公里"}, "products"),
     ({"resources": "GM-2020-999999"}, "resources"), ({"mode": "all"}, "mode")],
)  # fmt: skip
def test_a_plan_that_does_not_read_is_refused_by_field(field, changes, name):
    with pytest.raises(Refusal) as error:
        services.plan(field.city.handler, plan_form(field.city, **changes))
    assert name in error.value.fields and not Operation.objects.exists()


def test_who_may_plan_and_bid_and_when(field):
    with pytest.raises(Refusal) as error:
        services.plan(field.first, plan_form(field.city))
    assert error.value.code == "forbidden"
    row = calling(field)
    with pytest.raises(Refusal) as error:
        services.bid(field.city.asker, row.number, BID)
    assert error.value.code == "forbidden"
    mine = services.bid(field.first, row.number, BID)
    with pytest.raises(Refusal) as error:
        services.bid(field.first, row.number, BID)
    assert error.value.code == "already_asked"
    with pytest.raises(Refusal) as error:
        queries.get_bid(field.second, mine.number)
    assert error.value.code == "not_found"
    engine.act(mine.number, "withdraw", field.first, {"reason": "重写。"})
    services.bid(field.first, row.number, BID)
    engine.fire(row.number, "end_call")
    with pytest.raises(Refusal) as error:
        services.bid(field.second, row.number, BID)
    assert error.value.code == "call_over"

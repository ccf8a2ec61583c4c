"""Sharing between departments: the three ways, the chief data officer's refusal, negotiation, and real grants at the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.delivery.grants.models import Grant
from shugang.delivery.grants.services import issue_credential
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.testing import refused
from shugang.parties.keys.signatures import verify_signature
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.sharing.models import SharingRequest
from shugang.publicdata.sharing.services import ask
from shugang.publicdata.sharing.testing import City, granted, make_city, make_request, request_form

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.VAR_DIR = tmp_path / "var"
    return make_city()


def fresh(row: SharingRequest) -> SharingRequest:
    return SharingRequest.objects.select_related("case", "grant").get(pk=row.pk)


def conditional(settings, tmp_path, **facts) -> City:
    settings.VAR_DIR = tmp_path / "var"
    return make_city(sharing="conditional", sharing_condition="只用于社区服务。", **facts)


@pytest.mark.both
def test_unconditional_sharing_ends_in_a_grant_for_the_stated_purpose_alone(city):
    row = granted(city)
    grant = row.grant
    assert row.case.state == "granted" and grant.state == "active"
    assert (grant.grantee, grant.supplier, grant.mode) == (city.health, city.civil, "sql")
    assert grant.terms["fields"] == ["name", "population"] and grant.terms["purpose"] == "public_duty"
    assert not grant.terms["redistribute"]
    assert [(b.kind, b.reference) for b in grant.bases.all()] == [("sharing", row.number)]
    assert abs(grant.valid_until - clock.now() - timedelta(days=90)) < timedelta(minutes=1)
    with pytest.raises(Refusal) as error:
        issue_credential(city.asker, [grant.number], "api_key", "research")
    assert error.value.code == "purpose_denied"
    key, _ = issue_credential(city.asker, [grant.number], "api_key", "public_duty")
    assert key.purpose == "public_duty"


def test_the_condition_of_the_catalogue_decides_the_way(settings, tmp_path):
    city = conditional(settings, tmp_path)
    row = make_request(city)
    assert refused(row.case, "grant", city.clerk).code == "other_way"
    assert refused(row.case, "forward_unpublished", city.clerk).code == "other_way"
    engine.act(row.number, "forward", city.clerk)
    clocks = {c.name: (c.state, c.days) for c in row.case.clocks.all()}
    assert clocks["reply"] == ("running", 5) and clocks["answer"] == ("running", 10) and clocks["check"][0] == "stopped"
    assert refused(row.case, "agree", city.asker).code == "forbidden"
    engine.act(row.number, "agree", city.handler, {"condition": "每季度报告使用情况。"})
    engine.act(row.number, "supply", city.handler)
    row = fresh(row)
    assert row.grant.state == "active" and "每季度报告使用情况" in row.grant.terms["notes"]


def test_one_conditional_item_makes_the_request_conditional(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    from shugang.publicdata.sharing.testing import ITEMS

    items = [ITEMS[0], {**ITEMS[2], "sharing": "conditional"}]
    city = make_city(items=items)
    row = make_request(city)
    assert refused(row.case, "grant", city.clerk).code == "other_way"
    other = make_request(city, items=["街道名称"], mode="file")
    assert engine.act(other.number, "grant", city.clerk).state == "granted"


def test_without_data_the_department_has_longer_and_supplies_first(settings, tmp_path):
    city = conditional(settings, tmp_path, dataset="")
    row = make_request(city)
    assert refused(row.case, "forward", city.clerk).code == "other_way"
    engine.act(row.number, "forward_unpublished", city.clerk)
    assert row.case.clocks.get(name="reply_unpublished").days == 10
    engine.act(row.number, "agree", city.handler, {})
    assert refused(row.case, "supply", city.handler).code == "not_supplied"
    city.resource.dataset = city.version.dataset
    city.resource.save()
    assert engine.act(row.number, "supply", city.handler).state == "granted"


def test_what_is_refused_by_the_catalogue_cannot_be_asked_for(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    city = make_city(sharing="refused")
    before = Case.objects.count()
    with pytest.raises(Refusal) as error:
        make_request(city)
    assert error.value.code == "refused_type" and Case.objects.count() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": "户主姓名"}, "items"),
        ({"purpose": "research"}, "purpose"),
        ({"days": "2000"}, "days"),
        ({"mode": "api"}, "key"),
        ({"resource": "GM-2026-999999"}, "resource"),
        ({"task": ""}, "task"),
    ],
)
def test_bad_requests_are_refused_by_field_and_leave_nothing(city, changes, field):
    with pytest.raises(Refusal) as error:
        make_request(city, **changes)
    assert error.value.code == "invalid_form" and field in error.value.fields
    assert not SharingRequest.objects.exists()


def test_who_may_ask(city):
    for party, code in (
        (city.civil, "own_resource"),
        (make_party("operator"), "forbidden"),
        (make_party("buyer"), "open_already"),
    ):
        with pytest.raises(Refusal) as error:
            ask(make_actor(party, ("handler",)), request_form(city))
        assert error.value.code == code
    make_request(city)
    with pytest.raises(Refusal) as error:
        make_request(city)
    assert error.value.code == "already_asked"


def refusing(city: City) -> SharingRequest:
    row = make_request(city)
    engine.act(row.number, "forward", city.clerk)
    engine.act(row.number, "refuse", city.handler, {"rule": "purpose", "reason": "所述事项不需要人口数。"})
    return row


def test_a_refusal_counts_with_the_chief_data_officers_signature(settings, tmp_path):
    city = conditional(settings, tmp_path)
    row = refusing(city)
    assert refused(row.case, "sign_refusal", city.handler).code == "forbidden"
    assert refused(row.case, "negotiate", city.asker, {"reason": "需要"}).code == "wrong_state"
    engine.act(row.number, "sign_refusal", city.officer)
    said = fresh(row).refusal
    assert verify_signature(said["signature"], said["sha256"], f"sharing-refusal:{row.number}")
    assert not verify_signature(said["signature"], said["sha256"], "sharing-refusal:GX-2026-999999")
    assert not Grant.objects.exists()


def test_the_data_office_decides_what_negotiation_did_not_settle(settings, tmp_path):
    city = conditional(settings, tmp_path)
    row = refusing(city)
    engine.act(row.number, "sign_refusal", city.officer)
    engine.act(row.number, "negotiate", city.asker, {"reason": "布点须按人口测算。"})
    assert refused(row.case, "rule_share", city.clerk, {"opinion": "同意"}).code == "forbidden"
    engine.act(row.number, "rule_share", city.reviewer, {"opinion": "事项有依据，应当共享。"})
    engine.act(row.number, "supply", city.handler)
    assert fresh(row).grant.state == "active"


def test_who_does_not_negotiate_accepts(settings, tmp_path):
    city = conditional(settings, tmp_path)
    row = refusing(city)
    engine.act(row.number, "sign_refusal", city.officer)
    assert engine.fire(row.number, "lapse").state == "closed"


@pytest.mark.both
def test_suspending_and_stopping_reach_the_grant_in_the_same_transaction(city):
    row = granted(city)
    engine.act(row.number, "suspend", city.officer, {"reason": "核查用途。"})
    grant = fresh(row).grant
    assert grant.state == "suspended" and grant.holds.get(lifted_at=None).reference == row.number
    engine.act(row.number, "resume", city.reviewer)
    assert fresh(row).grant.state == "active"
    assert refused(row.case, "stop", city.asker, {"reason": "停"}).code == "forbidden"
    engine.act(row.number, "stop", city.officer, {"reason": "超出所述用途。"})
    assert fresh(row).grant.state == "ended"


def test_what_came_of_it_is_reported_and_the_grant_ends(city):
    row = granted(city)
    engine.act(row.number, "finish", city.asker, {"result": "新设服务站2处。"})
    row = fresh(row)
    assert (row.result, row.grant.state, row.case.state) == ("新设服务站2处。", "ended", "finished")


def test_a_request_sent_back_stops_the_clock_of_the_answer(city):
    row = make_request(city)
    engine.act(row.number, "send_back", city.clerk, {"reason": "请写明依据。"})
    assert row.case.clocks.get(name="answer").state == "paused"
    form = request_form(city, task="依据示例规定第5条核定。", days="30")
    with pytest.raises(Refusal):
        engine.act(row.number, "revise", city.asker, {**form, "items": "没有的信息项"})
    engine.act(row.number, "revise", city.asker, form)
    assert row.case.clocks.get(name="answer").state == "running" and fresh(row).task.endswith("第5条核定。")
    engine.act(row.number, "grant", city.clerk)
    assert fresh(row).grant.valid_until - clock.now() < timedelta(days=31)


def test_another_department_sees_nothing_of_it(city):
    from shugang.publicdata.sharing.queries import get_request

    row = granted(city)
    with pytest.raises(Refusal) as error:
        get_request(make_actor(make_party("department"), ("handler",)), row.number)
    assert error.value.code == "not_found"


def test_an_admitted_party_asks_for_what_is_opened_on_conditions(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    from shugang.assets.testing import make_reviewed

    city = make_city(opening="conditional", opening_condition="须说明用途。")
    buyer = make_actor(make_party("buyer"), ("handler", "engineer"))
    row = ask(buyer, request_form(city, purpose="research"))
    assert row.kind == "opening"
    engine.act(row.number, "forward", city.clerk)
    engine.act(row.number, "agree", city.handler, {"min_group": 3})
    assert refused(row.case, "supply", city.handler).code in {"not_graded", "no_security_review"}
    make_reviewed(city.handler, city.version)
    engine.act(row.number, "supply", city.handler)
    grant = fresh(row).grant
    assert grant.bases.get().kind == "opening" and grant.terms["output"] == {"min_group": 3}

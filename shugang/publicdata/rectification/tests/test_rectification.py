"""Objections with their mark, tickets that do not double, deadlines, re-checks on a new version."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from shugang.assets.quality import services as quality
from shugang.assets.quality import working
from shugang.delivery.testing import make_grant, make_version
from shugang.delivery.vault.services import upload_version
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.market.testing import make_deal
from shugang.parties.testing import make_actor, make_party, sign_in
from shugang.publicdata.catalogue.testing import make_resource
from shugang.publicdata.rectification import queries, rechecking, services
from shugang.publicdata.rectification.models import Objection, Occurrence, Ticket
from shugang.publicdata.sources.testing import make_office, make_people

pytestmark = [pytest.mark.django_db, pytest.mark.both]
DONE = {"cause": "街道撤并后未更新", "measure": "已按民政公告更新"}
WRONG = "新民镇已撤镇设街道，名称应为新民街道。"
TEXT = "code,name\n350212106,新民镇\n350212008,大同街道\n"
RIGHT = "code,name\n350212003,新民街道\n350212008,大同街道\n"


@pytest.fixture
def office(rules):
    return make_office()


@pytest.fixture
def civil(office):
    """(handler, chief data officer, its published data set)."""
    party, handler, chief = make_people("示例民政局")
    handler = make_actor(party, ("handler", "engineer"))
    version = make_version(handler, TEXT)
    make_resource(party, dataset=version.dataset)
    return handler, chief, version.dataset


@pytest.fixture
def user():
    return make_actor(make_party("buyer"), ("handler",))


def refused(code, act, *args):
    before = [m.objects.count() for m in (Objection, Ticket, Occurrence, Case)]
    with pytest.raises(Refusal) as no:
        act(*args)
    assert no.value.code == code
    assert before == [m.objects.count() for m in (Objection, Ticket, Occurrence, Case)]
    return no.value


def objected(user, civil, column="name", says=WRONG):
    return services.object_to(user, civil[2].number, column, "350212106", says)


def put_right(ticket, civil, text=RIGHT):
    upload_version(civil[0], ticket.dataset.number, io.BytesIO(text.encode()), "streets.csv")
    for step, data in (("accept", {}), ("begin", {}), ("submit", DONE)):
        engine.act(ticket.number, step, civil[0], data)


def test_an_objection_marks_the_data_at_once_and_says_nothing_of_who_and_what(civil, user):
    assert queries.public_mark(civil[2]) is None
    made = objected(user, civil)
    mark = queries.public_mark(civil[2])
    assert (mark["objections"], mark["columns"]) == (1, ["name"])
    assert WRONG not in str(mark) and user.label not in str(mark)
    assert made.ticket.case.state == "opened" and made.ticket.department_id == civil[0].party_id
    event = Event.objects.get(kind="objection.filed")
    assert WRONG not in str(event.payload)  # the log commits to a digest


def test_consumers_see_the_mark_on_the_catalogue_in_the_api_and_on_the_data_set(civil, user, client):
    resource = civil[2].public_resources.get()
    pages = [f"/public-data/{resource.number}", f"/public-data/{resource.number}.json", f"/api/v1/public-data/{resource.number}",
             f"/api/v1/objections/marks/{civil[2].number}"]  # fmt: skip
    before = [client.get(p).content.decode() for p in pages]
    assert "异议标注" not in before[0] and all('"objections": 0' in text for text in before[2:])
    objected(user, civil)
    after = [client.get(p) for p in pages]
    assert [a.status_code for a in after] == [200] * 4
    assert "异议标注" in after[0].content.decode()
    assert (
        after[1].json()["objections"]["objections"]
        == after[2].json()["objections"]["objections"]
        == after[3].json()["objections"]
        == 1
    )
    assert all(WRONG not in a.content.decode() for a in after)
    sign_in(client, civil[0])
    assert "异议标注" in client.get(f"/desk/datasets/{civil[2].number}").content.decode()


def test_the_mark_is_on_the_product_made_of_the_data_and_goes_with_the_objection(office, client, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    deal = make_deal()
    product, dataset = deal.product, deal.product.dataset_version.dataset
    page, twin = f"/products/{product.number}", f"/products/{product.number}.json"
    assert "异议标注" not in client.get(page).content.decode() and client.get(twin).json()["warnings"] == []
    made = services.object_to(deal.supplier, dataset.number, "pm25", "", WRONG)
    shown = client.get(page).content.decode()
    assert "异议标注：1件异议正在处理" in shown and "pm25" in shown and WRONG not in shown
    said = client.get(twin).json()
    assert said["warnings"][0]["en"].startswith("Objection mark: 1 open objection since")
    assert (
        said["trust"][-1]["fact_en"]
        == "Objection mark"
        == client.get(f"/api/v1/products/{product.number}").json()["trust"][-1]["fact_en"]
    )
    Objection.objects.filter(pk=made.pk).update(ended_at=clock.now())
    assert "异议标注" not in client.get(page).content.decode()


def test_only_who_may_see_a_datum_objects(civil, user):
    closed = make_version(civil[0], RIGHT).dataset
    refused("not_found", services.object_to, user, closed.number, "name", "", WRONG)
    refused("not_found", services.object_to, user, "DS-0000-000000", "name", "", WRONG)
    refused("invalid_form", services.object_to, user, civil[2].number, "nonsense", "", WRONG)
    refused("invalid_form", services.object_to, user, civil[2].number, "name", "", "错")
    refused(
        "forbidden",
        services.object_to,
        make_actor(make_party("buyer"), ("finance",)),
        civil[2].number,
        "name",
        "",
        WRONG,
    )


def test_who_uses_data_by_grant_reads_the_mark_and_may_object(rules, office, client):
    grant = make_grant()
    buyer = make_actor(grant.grantee, ("analyst",))
    sign_in(client, buyer)
    assert client.get(f"/api/v1/grants/{grant.number}").json()["marks"] == []
    made = services.object_to(buyer, grant.source["dataset"], "city", "", "城市名称与公开资料不符。")
    assert made.ticket.case.title.endswith("：异议（city）")
    page = client.get(f"/desk/grants/{grant.number}").content.decode()
    assert "异议标注：1件异议正在处理" in page and "city" in page
    (mark,) = client.get(f"/api/v1/grants/{grant.number}").json()["marks"]
    assert mark["label"] == "异议标注" and "city" in mark["detail_en"]
    assert queries.public_mark(made.dataset)["objections"] == 1


def test_objections_to_one_column_are_one_ticket_and_one_party_objects_once(civil, user):
    first = objected(user, civil)
    refused("already_objected", objected, user, civil)
    second = objected(make_actor(make_party("buyer"), ("handler",)), civil)
    assert second.ticket == first.ticket
    first.ticket.refresh_from_db()
    assert first.ticket.occurrences == 2 and queries.public_mark(civil[2])["objections"] == 2
    assert objected(user, civil, "code").ticket != first.ticket


def test_the_database_keeps_one_open_ticket_a_rule(civil, user):
    ticket = objected(user, civil).ticket
    case = Case.objects.exclude(pk=ticket.case_id).first() or ticket.case
    copy = Ticket(
        **{f.attname: getattr(ticket, f.attname) for f in Ticket._meta.concrete_fields if f.name not in ("id", "case")},
        case=case,
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save()


def test_put_right_on_a_new_version_checked_again_and_closed(civil, user, office):
    ticket = objected(user, civil).ticket
    engine.act(ticket.number, "accept", civil[0])
    engine.act(ticket.number, "begin", civil[0])
    assert "2" in refused("new_version_needed", engine.act, ticket.number, "submit", civil[0], DONE).message.zh
    upload_version(civil[0], civil[2].number, io.BytesIO(RIGHT.encode()), "streets.csv")
    engine.act(ticket.number, "submit", civil[0], DONE)
    assert queries.public_mark(civil[2])  # still marked
    refused("wrong_state", engine.act, ticket.number, "close", office)
    rechecking.recheck_submitted()
    ticket.refresh_from_db()
    assert ticket.recheck["passed"] and ticket.rechecked == 2
    refused("forbidden", engine.act, ticket.number, "close", civil[0])
    engine.act(ticket.number, "close", office)
    ticket.refresh_from_db()
    assert not ticket.open and queries.public_mark(civil[2]) is None


@pytest.mark.parametrize("text", [TEXT + "350212108,西柯镇\n", TEXT.replace("大同街道", "大同")])
def test_a_new_version_that_says_the_same_of_the_row_does_not_pass(civil, user, text):
    ticket = objected(user, civil).ticket
    put_right(ticket, civil, text)
    rechecking.recheck_submitted()
    ticket.case.refresh_from_db()
    assert ticket.case.state == "reopened" and queries.public_mark(civil[2])


def test_a_rejection_is_the_chiefs_with_a_reason(civil, user):
    ticket = objected(user, civil).ticket
    refused("forbidden", engine.act, ticket.number, "reject", civil[0], {"reason": "无误"})
    refused("invalid_form", engine.act, ticket.number, "reject", civil[1], {})
    engine.act(ticket.number, "reject", civil[1], {"reason": "与民政部公告一致。"})
    assert queries.public_mark(civil[2]) is None and queries.board(civil[0])[0]["rejected"] == 1


def test_a_deadline_that_passes_is_brought_before_the_chief(civil, user):
    ticket = objected(user, civil).ticket
    due = ticket.case.clocks.get(name="acceptance").due_at
    assert engine.tick(due - timedelta(seconds=1)) == 0
    engine.tick(due + timedelta(seconds=1))
    ticket.refresh_from_db()
    assert ticket.escalated_at is not None and ticket.case.state == "opened"
    assert Event.objects.filter(kind="rectification.escalated", refs__key=ticket.number).exists()
    line = queries.board(civil[0])[0]
    assert (line["open"], line["escalated"], line["on_time"]) == (1, 1, 0)


def test_who_takes_no_part_sees_no_ticket(civil, user):
    ticket = objected(user, civil).ticket
    other = make_actor(make_party("buyer"), ("handler",))
    assert not queries.tickets(other).exists() and queries.tickets(user).get() == ticket
    refused("not_found", queries.get_ticket, other, ticket.number)
    refused("forbidden", queries.board, other)


def assess(civil, version=None):
    row = quality.order_assessment(civil[0], rules_of(civil), version)
    return working.run_now(row)


def rules_of(civil):
    from shugang.assets.quality.models import RuleSet

    found = RuleSet.objects.filter(dataset=civil[2]).first()
    if found is None:
        rule = {"id": "no_town", "kind": "format", "column": "name", "pattern": "[^镇]*"}
        found = quality.draft_rules(civil[0], civil[2].number, "没有镇", {"keys": ["code"], "rules": [rule]})
        quality.publish_rules(civil[0], found.number)
    return found.number


def test_a_failed_quality_rule_is_a_ticket_and_its_re_check_counts_the_rule_again(civil, office):
    first = assess(civil)
    ticket = Ticket.objects.get()
    assert (ticket.origin, ticket.facts["a"], ticket.facts["b"]) == ("quality", 1, 2) and first.number in str(
        ticket.facts
    )
    assess(civil)
    ticket.refresh_from_db()
    assert ticket.occurrences == 2 and Ticket.objects.count() == 1
    put_right(ticket, civil)
    rechecking.recheck_submitted()  # orders the counting of version 2
    waiting = quality.Assessment.objects.get(state="waiting")
    assert waiting.dataset_version.version == 2
    working.run_now(waiting)
    ticket.refresh_from_db()
    assert ticket.recheck["passed"] and ticket.case.state == "reverified"
    engine.act(ticket.number, "close", office)


def test_a_quality_rule_that_still_fails_is_opened_again(civil):
    assess(civil)
    ticket = Ticket.objects.get()
    put_right(ticket, civil, TEXT + "350212108,西柯镇\n")
    rechecking.recheck_submitted()
    working.run_now(quality.Assessment.objects.get(state="waiting"))
    ticket.refresh_from_db()
    assert not ticket.recheck["passed"] and ticket.case.state == "reopened"
    assert Ticket.objects.count() == 1 and clock.now() >= ticket.opened_at

"""编目 from draft to its end: who does which step, what each makes public, what is refused and changes nothing."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from shugang.delivery.testing import make_version
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import CaseClock, Event
from shugang.kernel.testing import clock_at, refused
from shugang.parties.keys.services import make_key
from shugang.parties.keys.signatures import verify_signature
from shugang.parties.testing import make_actor
from shugang.publicdata.catalogue import content as contents
from shugang.publicdata.catalogue import queries, services
from shugang.publicdata.catalogue.effects import digest
from shugang.publicdata.catalogue.models import CatalogueChange, Filing, PublicResource, ResourceVersion
from shugang.publicdata.catalogue.testing import make_answers, make_bodies

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def bodies(db):
    return make_bodies("示例民政局")


def published(bodies, **changes):
    case = services.draft(bodies.handler, make_answers(**changes))
    bodies.to_done(case.number)
    return PublicResource.objects.get(case=case)


def test_an_entry_goes_from_draft_over_signature_and_examination_to_the_public(bodies):
    # when the handler drafts, the officer signs and the office approves
    case = services.draft(bodies.handler, make_answers())
    resource = PublicResource.objects.get(case=case)
    assert resource.state == "draft" and resource.code == "306001/000001" and not queries.published().exists()
    bodies.to_done(case.number)
    # then it is public as drafted, and the signed digest is the published one
    shown = queries.public_resource(resource.number)
    assert [i.name for i in shown.items.order_by("position")] == ["名称", "登记日期"]
    signed = Event.objects.get(kind="publicdata.filing.sign").payload["digest"]
    assert (
        signed == Event.objects.get(kind="publicdata.filing.approve").payload["digest"] == digest(Filing.objects.get())
    )
    assert shown.versions.get().case_id == case.pk


@pytest.mark.parametrize("step", ["sign", "return_unsigned"])
def test_only_this_departments_chief_data_officer_signs(bodies, step):
    case = services.draft(bodies.handler, make_answers())
    engine.act(case.number, "submit", bodies.handler)
    other = make_bodies("另一部门")
    everything_else = make_actor(bodies.department, ("handler", "manager", "signer", "reviewer"))
    data = {} if step == "sign" else {"reason": "请补"}
    assert refused(case, step, everything_else, data).code == "forbidden"
    assert refused(case, step, other.officer, data).code == "not_found"
    assert refused(case, step, bodies.examiner, data).code == "forbidden"
    without = make_actor(bodies.department, ("chief_data_officer",), second_factor=False)
    assert refused(case, step, without, data).code == "second_factor_required"


def test_an_officer_with_a_key_signs_the_digest(bodies):
    # given an officer who also signs for the department
    officer = make_actor(bodies.department, ("chief_data_officer", "signer"))
    make_key(officer)
    case = services.draft(bodies.handler, make_answers())
    engine.act(case.number, "submit", bodies.handler)
    engine.act(case.number, "sign", officer)
    said = Event.objects.get(kind="publicdata.filing.sign").payload
    assert verify_signature(said["signature"], said["digest"], "publicdata.filing")


def test_the_office_sends_back_and_the_handler_mends(bodies):
    # given a filing handed in
    case = services.draft(bodies.handler, make_answers())
    resource = PublicResource.objects.get(case=case)
    engine.act(case.number, "submit", bodies.handler)
    engine.act(case.number, "sign", bodies.officer)
    # when it is sent back and mended, into another class
    engine.act(case.number, "send_back", bodies.examiner, {"reason": "分类有误"})
    assert CaseClock.objects.get(case=case, name="examine").state == "stopped"
    services.revise(
        bodies.handler, case.number, resource.number, make_answers(name="社会组织", classification="306002")
    )
    bodies.to_done(case.number)
    # then the mended entry is public under a code of its class
    shown = queries.public_resource(resource.number)
    assert (shown.name, shown.code, shown.version) == ("社会组织", "306002/000001", 1)


def test_a_change_is_filed_beside_the_public_version(bodies):
    resource = published(bodies)
    # when a change is filed
    case = services.propose_change(bodies.handler, resource.number, make_answers(summary="改后的摘要"), "范围扩大")
    resource.refresh_from_db()
    # then the public version stands until the office approves, within the term for changes
    assert (
        resource.summary == "本市登记的社会组织。"
        and CaseClock.objects.filter(case=case, name="change", days=10).exists()
    )
    bodies.to_done(case.number)
    resource.refresh_from_db()
    assert (resource.summary, resource.version) == ("改后的摘要", 2)
    assert [c.kind for c in CatalogueChange.objects.order_by("sequence")] == ["published", "changed"]


def test_new_entries_have_no_term_for_changes(bodies):
    assert not CaseClock.objects.filter(case=services.draft(bodies.handler, make_answers())).exists()


def test_an_entry_stands_in_one_open_filing(bodies):
    resource = published(bodies)
    first = services.propose_change(bodies.handler, resource.number, make_answers(summary="改"), "因故")
    with pytest.raises(Refusal) as refusal:
        services.propose_standing(bodies.handler, resource.number, "withdrawal", "机构撤并")
    assert refusal.value.code == "in_another_filing" and first.number in refusal.value.message.zh
    assert Filing.objects.count() == 2


def test_a_change_that_changes_nothing_is_refused(bodies):
    resource = published(bodies)
    with pytest.raises(Refusal) as refusal:
        services.propose_change(bodies.handler, resource.number, make_answers(), "无")
    assert refusal.value.code == "no_change" and Filing.objects.count() == 1


def test_suspended_resumed_withdrawn(bodies):
    resource = published(bodies)
    for kind, state in (("suspension", "suspended"), ("resumption", "published"), ("withdrawal", "withdrawn")):
        case = services.propose_standing(bodies.handler, resource.number, kind, "因故")
        bodies.to_done(case.number)
        resource.refresh_from_db()
        assert resource.state == state and ResourceVersion.objects.count() == 1
    assert [c.kind for c in CatalogueChange.objects.order_by("sequence")] == [
        "published",
        "suspended",
        "resumed",
        "withdrawn",
    ]
    with pytest.raises(Refusal) as refusal:
        services.propose_standing(bodies.handler, resource.number, "resumption", "又要")
    assert refusal.value.code == "wrong_standing"


def test_a_draft_given_up_frees_its_code(bodies):
    said = {**make_answers(), "classification": "306001"}
    case = services.draft(bodies.handler, said)
    resource = PublicResource.objects.get(case=case)
    engine.act(case.number, "give_up", bodies.handler, {"reason": "重复"})
    resource.refresh_from_db()
    assert resource.state == "withdrawn" and not Filing.objects.get().entries.filter(living=True).exists()
    content = {**contents.of_resource(resource), "code": resource.code}
    assert services.draft_many(bodies.handler, [content]).state == "draft"


def test_an_entry_is_taken_out_but_not_the_last(bodies):
    content = {"dataset": "", "related": []}
    rows = [{**services.forms.read(make_answers(name=n)), **content} for n in ("甲", "乙")]
    case = services.draft_many(bodies.handler, rows)
    first, second = PublicResource.objects.filter(case=case).order_by("pk")
    engine.act(case.number, "drop", bodies.handler, {"resource": first.number})
    assert refused(case, "drop", bodies.handler, {"resource": second.number}).code == "last_entry"
    bodies.to_done(case.number)
    assert [r.name for r in queries.published()] == ["乙"]


def test_columns_are_the_data_sets_own(bodies):
    # given a data set of the department with a personal column
    engineer = make_actor(bodies.department, ("engineer",))
    version = make_version(engineer, "name,phone\n甲,1\n")
    version.columns.filter(name="phone").update(personal=True)
    number = version.dataset.number

    def items(**facts):
        return [{"name": "电话", "data_type": "C", **facts}]

    # then an unknown column, a foreign data set, and personal information opened to all are refused by their rule
    for wrong, field in (
        ({"dataset": number, "items": items(column="fax")}, "items.1.column"),
        ({"dataset": make_version().dataset.number}, "dataset"),
        ({"dataset": number, "items": items(column="phone")}, "items.1.opening"),
        ({"related": "306001/999999"}, "related"),
    ):
        with pytest.raises(Refusal) as refusal:
            services.draft(bodies.handler, make_answers(**wrong))
        assert list(refusal.value.fields) == [field] and not PublicResource.objects.exists()
    services.draft(bodies.handler, make_answers(dataset=number, items=items(column="phone", opening="refused")))


def test_what_became_untrue_meanwhile_is_refused_at_the_signature(bodies):
    engineer = make_actor(bodies.department, ("engineer",))
    version = make_version(engineer, "name,phone\n甲,1\n")
    items = [{"name": "电话", "data_type": "C", "column": "phone"}]
    case = services.draft(bodies.handler, make_answers(dataset=version.dataset.number, items=items))
    engine.act(case.number, "submit", bodies.handler)
    version.columns.filter(name="phone").update(personal=True)
    assert refused(case, "sign", bodies.officer).code == "invalid_form"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "base"}, "base_library"), ({"classification": "206001"}, "classification"), ({"classification": "30"}, "classification"),
        ({"sharing": "conditional"}, "sharing_condition"), ({"opening": "refused"}, "opening_condition"),
        ({"sharing": "refused", "sharing_condition": "保密法", "opening": "unconditional"}, "opening"), ({"sharing_method": ""}, "sharing_method"),
        ({"items": []}, "items"), ({"items": [{"name": "甲", "data_type": "C"}] * 2}, "items.2.name"), ({"items": [{"data_type": "C"}]}, "items.1.name"),
        ({"items": [{"name": "甲", "data_type": "X"}]}, "items.1.data_type"), ({"items": "甲"}, "items"), ({"strange": 1}, "strange"),
        ({"opening": "conditional", "opening_condition": "申请", "items": [{"name": "甲", "data_type": "C", "opening": "unconditional"}]}, "items.1.opening"),
        ({"items": [{"name": "甲", "data_type": "C", "element": "x"}]}, "items.1.element"), ({"name": ""}, "name"),
    ],
    ids=str,
)  # fmt: skip
def test_contradictions_are_named_by_their_rule(bodies, wrong, field):
    with pytest.raises(Refusal) as refusal:
        services.draft(bodies.handler, make_answers(**wrong))
    assert (
        field in refusal.value.fields
        and not PublicResource.objects.exists()
        and not Event.objects.filter(kind__startswith="publicdata").exists()
    )


def test_the_examiner_has_the_days_of_the_profile(db, settings):
    with clock_at(settings, datetime(2026, 9, 28, 10, tzinfo=ZoneInfo("Asia/Shanghai"))):
        bodies = make_bodies()
        case = services.draft(bodies.handler, make_answers())
        engine.act(case.number, "submit", bodies.handler)
        engine.act(case.number, "sign", bodies.officer)
    due = CaseClock.objects.get(case=case, name="examine").due_at
    # five working days over the national holiday of 2026, the Saturday worked in exchange among them
    assert due.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat() == "2026-10-10"

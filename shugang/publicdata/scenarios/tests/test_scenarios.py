"""One approval for one class: inside it a simplified review with a grant of its own, outside it a refusal that names the rule,
and its revocation stops every grant at once."""

from __future__ import annotations

import io

import openpyxl
import pytest

from shugang.assets import testing as assets
from shugang.delivery.grants.services import issue_credential
from shugang.delivery.models import Grant
from shugang.delivery.planes.bundles import compile_bundle
from shugang.delivery.testing import make_records
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.testing import refused
from shugang.market import testing as market
from shugang.parties.testing import make_actor, make_signer
from shugang.publicdata.catalogue.testing import make_resource
from shugang.publicdata.scenarios import queries, report, services
from shugang.publicdata.scenarios.kinds import outside, subject_class
from shugang.publicdata.scenarios.models import ClassApproval, ScenarioUse
from shugang.publicdata.scenarios.testing import approved, class_form, in_use, make_developer, use_form
from shugang.publicdata.sharing.testing import ITEMS, City, make_city, make_data, officer_of

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def city(settings, tmp_path) -> City:
    settings.VAR_DIR = tmp_path / "var"
    return make_city()


def grants(number: str, kind: str = "scenario") -> list[Grant]:
    return list(Grant.objects.filter(bases__kind=kind, bases__reference=number).order_by("id"))


@pytest.mark.both
def test_inside_an_approved_class_each_use_has_its_own_grant_and_all_stop_with_the_class(city):
    approval = approved(city)
    uses = [in_use(city, approval, make_developer(), title=f"选址{n}") for n in range(2)]
    made = [g for u in uses for g in grants(u.number)]
    assert len({g.pk for g in made}) == 2 and {g.grantee for g in made} == {u.applicant for u in uses}
    one = made[0]
    assert one.terms["fields"] == ["name", "population"] and one.terms["output"] == {"min_group": 2}
    assert one.terms["purpose"] == "product_development" and one.supplier == city.civil
    assert {(b.kind, b.reference) for b in one.bases.all()} == {
        ("scenario", uses[0].number),
        ("scenario_class", approval.number),
    }
    engine.act(uses[0].number, "suspend", city.reviewer, {"reason": "核查。"})
    assert [g.state for g in grants(approval.number, "scenario_class")] == ["suspended", "active"]
    engine.act(uses[0].number, "resume", city.reviewer)
    engine.act(approval.number, "suspend", city.officer, {"reason": "数据有误。"})
    engine.act(approval.number, "resume", city.reviewer)
    assert {g.state for g in grants(approval.number, "scenario_class")} == {"active"}
    engine.act(approval.number, "revoke", city.reviewer, {"reason": "不再适用。"})
    assert {g.state for g in grants(approval.number, "scenario_class")} == {"suspended"}
    with pytest.raises(Refusal) as error:
        services.apply(make_developer(), use_form(approval))
    assert error.value.code == "class_not_in_force"


@pytest.mark.parametrize(
    ("changes", "rule", "field"),
    [
        ({"scenario_class": "health"}, "场景类别", "scenario_class"),
        ({"resources": "{other}：街道名称"}, "数据范围", "resources"),
        ({"resources": "{mine}：街道名称、所属区"}, "数据范围", "resources"),
        ({"days": "181"}, "使用期限", "days"),
    ],
)
def test_outside_the_class_is_refused_with_the_rule_named(city, changes, rule, field):
    approval = approved(city)
    other = make_resource(city.civil, items=list(ITEMS), dataset=city.version.dataset)
    if "resources" in changes:
        changes = {"resources": changes["resources"].format(other=other.number, mine=city.resource.number)}
    before = Case.objects.count()
    with pytest.raises(Refusal) as error:
        services.apply(make_developer(), use_form(approval, **changes))
    assert error.value.code == "outside_class" and rule in error.value.message.zh and field in error.value.fields
    assert Case.objects.count() == before and not ScenarioUse.objects.exists()


def test_the_kind_of_subject_is_read_from_the_credit_code(city):
    approval = approved(city)
    with pytest.raises(Refusal) as error:
        services.apply(make_developer("5", "1"), use_form(approval))
    assert (
        error.value.code == "outside_class"
        and "主体类别" in error.value.message.zh
        and "社会组织" in error.value.message.zh
    )
    assert [subject_class(c + "X" * 16) for c in ("91", "92", "93", "12", "11", "52", "Y1", "")] == [
        "enterprise", "trader", "cooperative", "institution", "government", "social", "other", "other",
    ]  # fmt: skip


def test_rules_at_their_edges():
    approved_ = {"scenario_class": "commerce", "fields": {"A": ["x", "y"]}, "subjects": ["enterprise"], "most_days": 10}
    assert outside(approved_, "commerce", {"A": ["x"]}, "enterprise", 10) is None
    assert outside(approved_, "commerce", {"A": []}, "enterprise", 1) is None
    assert outside(approved_, "commerce", {"B": []}, "enterprise", 1)[0] == "fields"
    assert outside(approved_, "commerce", {"A": ["x", "z"]}, "enterprise", 1)[0] == "fields"
    assert outside(approved_, "commerce", {"A": ["x"]}, "enterprise", 11)[0] == "term"


def test_a_class_needs_every_department_and_another_person_than_its_proposer(city):
    from shugang.assets.testing import make_reviewed

    health_officer = officer_of(city.health)
    theirs = make_resource(city.health, items=list(ITEMS), dataset=make_data(city.asker).dataset)
    lines = f"{city.resource.number}：街道名称\n{theirs.number}：常住人口"
    row = services.propose_class(city.clerk, class_form(city, resources=lines))
    engine.act(row.number, "consent", city.officer)
    assert Case.objects.get(pk=row.case_id).state == "consulting"
    assert refused(row.case, "approve", city.reviewer, {"opinion": "好"}).code == "wrong_state"
    engine.act(row.number, "consent", health_officer)
    assert refused(row.case, "approve", city.clerk, {"opinion": "好"}).code == "forbidden"
    assert refused(row.case, "approve", city.reviewer, {"opinion": "好"}).code == "not_graded"
    make_reviewed(city.handler, city.version)
    make_reviewed(city.asker, theirs.dataset.latest)
    engine.act(row.number, "approve", city.reviewer, {"opinion": "好"})
    use = in_use(city, ClassApproval.objects.get(pk=row.pk), make_developer())
    assert {g.supplier for g in grants(use.number)} == {city.civil, city.health}


def test_a_department_that_does_not_consent_ends_it(city):
    row = services.propose_class(city.clerk, class_form(city))
    engine.act(row.number, "object", city.officer, {"reason": "涉及个人信息。"})
    assert Case.objects.get(pk=row.case_id).state == "rejected" and list(queries.public_classes()) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"resources": "GM-2020-999999"}, "resources"), ({"mode": "api"}, "key"), ({"mode": "file"}, "min_group"),
     ({"operation": "SY-2026-999999"}, "operation"), ({"subjects": []}, "subjects"), ({"resources": "{mine}：户主"}, "resources")],
)  # fmt: skip
def test_a_class_that_does_not_read_is_refused_by_field(city, changes, field):
    changes = {k: v.format(mine=city.resource.number) if k == "resources" else v for k, v in changes.items()}
    with pytest.raises(Refusal) as error:
        services.propose_class(city.clerk, class_form(city, **changes))
    assert field in error.value.fields and not ClassApproval.objects.exists()


def test_who_may_do_what(city):
    approval = approved(city)
    for act in (
        lambda: services.propose_class(city.handler, class_form(city)),
        lambda: services.publish_call(city.handler, {}),
        lambda: services.apply(city.handler, use_form(approval)),
        lambda: report.require_reader(city.handler),
    ):
        with pytest.raises(Refusal) as error:
            act()
        assert error.value.code == "forbidden"
    use = in_use(city, approval, make_developer())
    assert queries.get_use(city.officer, use.number).pk == use.pk
    with pytest.raises(Refusal) as error:
        queries.get_use(make_developer(), use.number)
    assert error.value.code == "not_found"


def test_a_call_is_answered_and_each_proposal_decided(city):
    call = services.publish_call(
        city.clerk, {"title": "便民消费", "scenario_class": "commerce", "needs": "按街道的消费应用。"}
    )
    developer = make_developer()
    row = services.propose(developer, call.number, {"title": "选址助手", "text": "需要街道人口。"})
    assert list(queries.proposals(make_developer(), call)) == [] and queries.proposals(developer, call).get() == row
    assert services.answer(city.clerk, row.pk, {"adopted": True, "answer": "采纳。"}).adopted
    with pytest.raises(Refusal) as error:
        services.answer(city.clerk, row.pk, {"answer": "再答。"})
    assert error.value.code == "already_done"
    engine.fire(call.number, "end")
    with pytest.raises(Refusal) as error:
        services.propose(developer, call.number, {"title": "另一个", "text": "说明"})
    assert error.value.code == "call_over"


def test_the_report_counts_from_the_record(city):
    approval = approved(city)
    use = in_use(city, approval, make_developer())
    (grant,) = grants(use.number)
    _use(grant, 3)
    engine.act(use.number, "finish", make_actor(use.applicant, ("handler",)), {"result": "推荐了12个街道。"})
    found = report.public_report(clock.today().year)
    by_basis = {label.zh: rest for label, *rest in found.use}
    assert by_basis["场景应用批准"] == [1, 1, 3, 21, 300] == by_basis["场景类别审定"]
    assert by_basis["共享决定"] == [0, 0, 0, 0, 0]
    assert found.resources == [(city.resource.number, 3, 21)] and found.ended == 1
    assert found.applications == [(use.number, "便利店选址助手", use.applicant.name, "", "推荐了12个街道。")]
    assert report.public_report(clock.today().year - 1).resources == []
    assert report.pdf(found).startswith(b"%PDF-")
    book = openpyxl.load_workbook(io.BytesIO(report.sheets(found)))
    assert book.worksheets[2].cell(2, 1).value == city.resource.number
    for text in ("abc", "1999", "3000"):
        with pytest.raises(Refusal):
            report.year_of(text)


def _use(grant: Grant, times: int) -> None:
    from shugang.delivery.metering.services import fold_journal

    uses = [
        {"grant": grant.number, "mode": "sql", "rows": 7, "bytes": 100, "charged": False, "charge_reason": "free:found"}
    ] * times
    fold_journal(grant.plane, 1, make_records(uses))


@pytest.mark.system
def test_revoking_a_class_stops_a_running_plane_within_a_second(city, tmp_path):
    """The bundle of the moment after the revocation refuses what the one before it answered; planes fetch one each second."""
    from shugang.delivery.plane.tests.peer import FakeControl, PlaneProcess
    from shugang.delivery.vault.receiving import vault_root

    approval = approved(city)
    developer = make_developer()
    use = in_use(city, approval, developer)
    (grant,) = grants(use.number)
    _, secret = issue_credential(developer, [grant.number], "api_key", "product_development")
    control = FakeControl()
    plane = PlaneProcess(control, tmp_path / "plane", vault_root())
    try:
        plane.start()
        plane.at(control.set(*compile_bundle(grant.plane).grants))

        def ask():
            sql = "select count(*) as n, sum(population) as p from 街道基本信息"
            return plane.get("/sql/v1/queries", secret, "POST", sql.encode(), Prefer="wait=28")

        first = ask()
        assert first.status == 200 and first.json["data"] == [{"n": 40, "p": sum(1000 + n for n in range(40))}], first
        assert plane.get("/sql/v1/queries", secret, "POST", "select * from 街道基本信息".encode()).status >= 400
        engine.act(approval.number, "revoke", city.reviewer, {"reason": "不再适用。"})
        assert "场景审定已撤销：不再适用" in Grant.objects.get(pk=grant.pk).reason
        plane.at(control.set(*compile_bundle(grant.plane).grants))
        answer = ask()
        assert (answer.status, answer.code) == (403, "suspended"), answer
        records = plane.shipped()
        assert [r["outcome"] for r in records][-1] == "suspended" and records[0]["outcome"] == "found"
    finally:
        plane.kill()
        control.close()


def test_a_class_under_an_operation_stops_with_it(settings, tmp_path):
    from shugang.publicdata.authorisation.testing import in_force, make_field

    settings.VAR_DIR = tmp_path / "var"
    field = make_field()
    operation = in_force(field)
    approval = approved(field.city, reviewed=False, operation=operation.number)
    use = in_use(field.city, approval, make_developer())
    (grant,) = grants(use.number)
    assert grant.terms["environment"] == "isolated" and ("operation", operation.number) in {
        (b.kind, b.reference) for b in grant.bases.all()
    }
    engine.act(operation.number, "suspend", field.city.reviewer, {"reason": "安全检查。"})
    assert Grant.objects.get(pk=grant.pk).state == "suspended"


def test_a_finished_application_is_listed_with_its_scenario_and_its_basis(city, client):
    """From the use of an approved class to the market: made, listed as an application, named, finished; and its page says so."""
    market.load_profiles()
    use = in_use(city, approved(city), make_developer())
    developer, class_number = make_signer(use.applicant), use.approval.number
    venue, office = market.make_venue(), assets.make_registrar()

    def product(**facts):
        return market.make_product(developer, assets.make_certificate(developer, None, office), **facts)

    app, data = product(type="app", name="便利店选址助手"), product()
    # Neither what is not listed yet, nor what is no application, nor another's.
    for number in (app.number, data.number, "CP-2026-999999"):
        assert "product" in refused(use.case, "list", developer, {"product": number}).fields
    app = market.list_product(developer, app, venue, source_class="derived")
    stranger = in_use(city, use.approval, make_developer(), title="别家")
    other = make_actor(stranger.applicant, ("handler",))
    assert "product" in refused(stranger.case, "list", other, {"product": app.number}).fields
    assert list(queries.public_applications()) == []
    engine.act(use.number, "list", developer, {"product": app.number})
    assert "product" in refused(use.case, "list", developer, {"product": app.number}).fields
    engine.act(use.number, "finish", developer, {"result": "推荐了12个街道。"})
    # On the market as an application, with its class and what it rests on.
    assert app.number in client.get("/products?type=app").content.decode()
    fact = next(f for f in client.get(f"/api/v1/products/{app.number}").json()["trust"] if f["fact_en"] == "Scenario")
    assert fact["value"] == "商贸流通：社区商业网点选址" and fact["url"] == f"/scenarios/{class_number}"
    assert class_number in fact["detail"] and fact["proof"]
    page = client.get(f"/products/{app.number}").content.decode()
    assert class_number in page and "不再据此取得公共数据" not in page
    assert use.number not in page  # its parties' own
    assert (
        app.number in client.get("/scenarios").content.decode()
        and app.number in client.get(fact["url"]).content.decode()
    )
    (listed,) = client.get(f"/api/v1/scenarios/{class_number}").json()["applications"]
    assert listed["product"] == app.number
    found = report.public_report(clock.today().year)
    assert [(row[0], row[3]) for row in found.applications if row[3]] == [(use.number, app.number)]
    # A class that is revoked is said on the page of what rests on it.
    engine.act(class_number, "revoke", city.reviewer, {"reason": "不再适用。"})
    assert "不再据此取得公共数据" in client.get(f"/products/{app.number}").content.decode()

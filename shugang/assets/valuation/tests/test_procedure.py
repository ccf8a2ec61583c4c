"""The procedure, cell by cell; independence, two signers, supersede, validity."""

import pytest
from django.db import IntegrityError, transaction

from shugang.assets.models import SignedReport
from shugang.assets.registration import verify
from shugang.assets.testing import anchor, assert_cell, expected, make_certificate
from shugang.assets.thirdparty.queries import standing_reports
from shugang.assets.valuation import services
from shugang.assets.valuation.models import Appraisal, AppraisalSignature, WorkingPaper
from shugang.assets.valuation.process import APPRAISAL
from shugang.assets.valuation.testing import (
    ANSWERS,
    answers,
    engage,
    engagement,
    make_appraisal,
    make_firm,
    signing_form,
    to_state,
)
from shugang.kernel import engine
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import refused
from shugang.parties.accounts.services import set_duties
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db]

WHO = ("client", "handler", "reviewer", "first", "weak signer", "stranger", "nobody")
MAY = {
    "accept": {"handler"}, "decline": {"handler"}, "complete": {"handler"}, "return": {"reviewer"},
    "pass_review": {"reviewer"}, "reopen": {"reviewer"}, "revoke": {"reviewer"}, "cancel": {"client"},
}  # fmt: skip


@pytest.fixture
def firm():
    return make_firm()


@pytest.fixture
def client():
    return make_actor(make_party("supplier"), ("handler", "finance"))


def rule(act, *args, **options):
    before = (
        Event.objects.count(),
        WorkingPaper.objects.count(),
        AppraisalSignature.objects.count(),
        Case.objects.count(),
    )
    with pytest.raises(Refusal) as no:
        act(*args, **options)
    after = (
        Event.objects.count(),
        WorkingPaper.objects.count(),
        AppraisalSignature.objects.count(),
        Case.objects.count(),
    )
    assert before == after
    return no.value


@pytest.mark.both
@pytest.mark.parametrize("state", [s.name for s in APPRAISAL.states])
def test_appraisal_in_state(state, firm, client):
    actors = {
        "client": client, "handler": firm.handler, "reviewer": firm.reviewer, "first": firm.first,
        "weak signer": make_actor(firm.party, ("signer", "reviewer"), second_factor=False),
        "stranger": make_actor(make_party("reviewer"), ("handler", "reviewer", "signer")), "nobody": make_actor(None),
    }  # fmt: skip
    asset = make_certificate(client).asset

    def fresh():
        case = to_state(engage(client, firm, asset), client, firm, state)
        if state == "working":
            services.save_paper(firm.handler, case.number, answers())
        return case

    standing = fresh()
    assert standing.state == state
    for step in APPRAISAL.transitions:
        if step.name == "sign":
            continue  # two signatures: below
        for who in WHO:
            allowed = expected(step, state, who, MAY)
            assert_cell(fresh() if allowed else standing, step, actors[who], allowed, dict(ANSWERS.get(step.name, {})))


def test_two_named_independent_people_sign(firm, client):
    case = to_state(engage(client, firm), client, firm, "signing")
    engine.act(case.number, "sign", firm.first, signing_form(1))
    assert Case.objects.get(pk=case.pk).state == "signing"
    assert refused(case, "sign", firm.first, signing_form(1)).code == "already_done"
    assert rule(engine.act, case.number, "sign", firm.second, signing_form(1)).code == "qualification_taken"
    assert (
        rule(engine.act, case.number, "sign", firm.second, {**signing_form(2), "took_part": False}).code
        == "invalid_form"
    )
    engine.act(case.number, "sign", firm.second, signing_form(2))
    appraisal = Appraisal.objects.get(case=case)
    assert appraisal.number.startswith("PB-") and appraisal.case.state == "issued"
    assert sorted(s.name for s in appraisal.signatures.all()) == ["示例评估师1", "示例评估师2"]
    assert (appraisal.valid_until.date() - appraisal.base_date).days in {364, 365}
    assert (appraisal.archive_until.year - appraisal.issued_at.year) == 15
    event = Event.objects.get(kind="appraisal.issued")
    assert dict((r.kind, r.key) for r in event.refs.all() if r.kind != "party") == {
        "appraisal": appraisal.number, "asset": appraisal.asset.number, "case": case.number,
        "dataset": appraisal.asset.dataset_version.dataset.number}  # fmt: skip
    said = str(event.payload)
    assert str(appraisal.papers.get().result["conclusion"]["value_fen"]) not in said and "示例评估师" not in said
    report = standing_reports(appraisal.asset.dataset_version.dataset_id, "appraisal").get()
    assert (
        len(report.signatures) == 2
        and report.content["amount"] == appraisal.papers.get().result["conclusion"]["value_fen"]
    )


def test_statutory_archives_last_thirty_years(firm, client):
    appraisal = make_appraisal(client, firm, statutory=True)
    assert appraisal.archive_until.year - appraisal.issued_at.year == 30


def test_nobody_of_the_client_takes_part(firm, client):
    case = engage(client, firm)
    set_duties(SYSTEM, client.party, firm.handler.person, ["analyst"])
    assert refused(case, "accept", firm.handler, ANSWERS["accept"]).code == "conflict_of_interest"
    other = make_actor(firm.party, ("handler",))
    engine.act(case.number, "accept", other, ANSWERS["accept"])
    assert rule(services.save_paper, firm.handler, case.number, answers()).code == "conflict_of_interest"
    services.save_paper(other, case.number, answers())
    engine.act(case.number, "complete", other)
    set_duties(SYSTEM, client.party, firm.first.person, ["analyst"])
    engine.act(case.number, "pass_review", firm.reviewer, ANSWERS["pass_review"])
    assert refused(case, "sign", firm.first, signing_form(1)).code == "conflict_of_interest"


def test_who_made_or_reviewed_the_paper_does_not_do_the_other(firm, client):
    both = make_actor(firm.party, ("handler", "reviewer", "signer"))
    case = to_state(engage(client, firm), client, firm, "working")
    services.save_paper(both, case.number, answers())
    engine.act(case.number, "complete", firm.handler)
    assert refused(case, "pass_review", both, ANSWERS["pass_review"]).code == "conflict_of_interest"
    second = make_actor(firm.party, ("reviewer", "signer"))
    engine.act(case.number, "pass_review", second, ANSWERS["pass_review"])
    assert refused(case, "sign", second, signing_form(1)).code == "conflict_of_interest"


def test_a_signature_goes_when_the_paper_is_reopened(firm, client):
    case = to_state(engage(client, firm), client, firm, "signing")
    engine.act(case.number, "sign", firm.first, signing_form(1))
    engine.act(case.number, "reopen", firm.reviewer, ANSWERS["reopen"])
    assert not AppraisalSignature.objects.filter(appraisal__case=case).exists()
    services.save_paper(firm.handler, case.number, answers(weight_income="40", weight_cost="30"))
    engine.act(case.number, "complete", firm.handler)
    engine.act(case.number, "pass_review", firm.reviewer, ANSWERS["pass_review"])
    engine.act(case.number, "sign", firm.second, signing_form(2))
    assert Case.objects.get(pk=case.pk).state == "signing"
    engine.act(case.number, "sign", firm.first, signing_form(1))
    assert Appraisal.objects.get(case=case).signatures.first().paper.version == 2


def test_who_may_be_engaged_and_for_what(firm, client):
    asset = make_certificate(client).asset
    assert rule(services.engage, client, asset.number, make_party("reviewer"), engagement()).code == "not_qualified"
    assert rule(services.engage, client, asset.number, make_party("buyer"), engagement()).code == "not_found"
    assert (
        rule(services.engage, make_actor(make_party("supplier")), asset.number, firm.party, engagement()).code
        == "not_found"
    )
    for day in ("2099-01-01", "2020-01-01"):
        assert "base_date" in rule(services.engage, client, asset.number, firm.party, engagement(base_date=day)).fields
    assert (
        "supersedes"
        in rule(services.engage, client, asset.number, firm.party, engagement(supersedes="PB-2026-999999")).fields
    )
    asset.certificates.update(state="suspended")
    assert rule(services.engage, client, asset.number, firm.party, engagement()).code == "no_certificate"


@pytest.mark.both
def test_the_database_keeps_appraiser_and_client_apart(firm, client):
    appraisal = make_appraisal(client, firm, "requested")
    for field in ("client", "holder"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Appraisal.objects.filter(pk=appraisal.pk).update(**{field: firm.party})
    with pytest.raises(IntegrityError), transaction.atomic():
        Appraisal.objects.filter(pk=appraisal.pk).update(number="PB-2026-000001")


def test_a_paper_is_saved_as_versions_and_a_stale_one_refused(firm, client):
    case = to_state(engage(client, firm), client, firm, "working")
    first = services.save_paper(firm.handler, case.number, answers(), 0)
    assert rule(services.save_paper, firm.handler, case.number, answers(), 0).code == "stale_version"
    second = services.save_paper(firm.handler, case.number, answers(seed="8"), 1)
    assert (first.version, second.version) == (1, 2) and first.digest != second.digest
    assert "weight_income" in rule(services.save_paper, firm.handler, case.number, answers(weight_income="51")).fields
    assert rule(services.save_paper, client, case.number, answers()).code == "forbidden"
    assert rule(services.save_paper, make_actor(make_party("reviewer")), case.number, answers()).code == "not_found"


def test_a_paper_changed_behind_the_back_is_not_completed(firm, client):
    case = to_state(engage(client, firm), client, firm, "working")
    paper = services.save_paper(firm.handler, case.number, answers())
    result = {**paper.result, "conclusion": {**paper.result["conclusion"], "value_fen": 1}}
    WorkingPaper.objects.filter(pk=paper.pk).update(result=result)
    assert refused(case, "complete", firm.handler).code == "paper_changed"


def test_a_new_report_replaces_the_old_and_withdrawal_shows(firm, client):
    old = make_appraisal(client, firm)
    new = make_appraisal(client, firm, asset=old.asset, supersedes=old.number)
    assert Case.objects.get(pk=old.case_id).state == "superseded"
    engine.act(new.case.number, "revoke", firm.reviewer, ANSWERS["revoke"])
    anchor()
    assert [verify.find(a.number).content["state"] for a in (old, new)] == ["superseded", "revoked"]
    assert not verify.find(new.number).in_force
    assert set(SignedReport.objects.values_list("state", flat=True)) == {"superseded", "withdrawn"}


def test_a_report_lapses_a_year_after_its_base_date(firm, client):
    from datetime import timedelta

    appraisal = make_appraisal(client, firm)
    assert services.lapse_reports() == 0
    Appraisal.objects.filter(pk=appraisal.pk).update(valid_until=appraisal.issued_at + timedelta(microseconds=1))
    assert services.lapse_reports() == 1
    assert Case.objects.get(pk=appraisal.case_id).state == "lapsed"
    assert verify.find(appraisal.number).proof == "mismatch"  # the table was changed behind the record's back

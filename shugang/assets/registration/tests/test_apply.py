"""Applying: what is checked, what is refused, and that a refusal leaves nothing behind."""

import pytest

from shugang.assets.registration import services
from shugang.assets.registration.models import AssetRight, DataAsset, Registration
from shugang.assets.testing import make_application, make_material, make_registrar, make_version, registration_form
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event, Material
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def applicant():
    return make_actor(make_party("supplier"))


@pytest.fixture
def version(applicant):
    return make_version(applicant.party)


def denied(actor, version, office, code, field=None, registrar=None, **changes):
    """The application is refused and nothing is written."""
    before = (Case.objects.count(), DataAsset.objects.count(), Event.objects.count())
    with pytest.raises(Refusal) as no:
        services.apply_registration(
            actor, version.dataset.number, registrar or office.party, registration_form(**changes)
        )
    assert no.value.code == code
    assert (Case.objects.count(), DataAsset.objects.count(), Event.objects.count()) == before
    if field:
        assert field in no.value.fields, no.value.fields
    return no.value


def test_an_application_makes_asset_rights_case_and_event(applicant, version, office):
    case = make_application(applicant, version, office)
    registration = Registration.objects.get(case=case)
    asset = registration.asset
    assert case.state == "submitted" and case.number.startswith("DJ-")
    assert asset.number.startswith("ZC-") and asset.state == "registering"
    assert set(asset.rights.values_list("right", flat=True)) == {"HOLD", "USE", "OPERATE"}
    assert registration.registrar == office.party
    event = Event.objects.get(kind="assets.registration.apply")
    refs = {(r.kind, r.key) for r in event.refs.all()}
    assert {("case", case.number), ("asset", asset.number), ("dataset", version.dataset.number)} <= refs
    assert case.clocks.get().name == "acceptance"


def test_the_registrar_named_by_number_is_found(applicant, version, office):
    case = services.apply_registration(applicant, version.dataset.number, office.party.number, registration_form())
    assert case.parties.get(capacity="registrar").party_id == office.party.pk


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data_name": "数" * 41}, "data_name"),
        ({"summary": "述" * 401}, "summary"),
        ({"division": "5"}, "division"),
        ({"source_kind": "crawled"}, "rights"),
        ({"source_kind": "agreement"}, "rights"),
        ({"source_kind": "derived"}, "rights"),
        ({"source_kind": "entrusted"}, "source_kind"),
        ({"source_kind": "agreement", "rights": ["HOLD"]}, "source_proof"),
        ({"validity_years": "6"}, "validity_years"),
        ({"right_until": "2020-01-01"}, "right_until"),
        ({"declaration": None}, "declaration"),
        ({"rights": ["OWN"]}, "rights"),
        ({"surprise": "1"}, "surprise"),
    ],
)
def test_what_the_rules_do_not_allow_is_refused_by_field(applicant, version, office, changes, field):
    denied(applicant, version, office, "invalid_form", field, **changes)


def test_every_wrong_answer_is_named_at_once(applicant, version, office):
    no = denied(
        applicant, version, office, "invalid_form", None, source_kind="entrusted", division="5", declaration=None
    )
    assert set(no.fields) == {"source_kind", "division", "declaration"}


def test_a_conditional_right_needs_declaration_and_paper(applicant, version, office):
    proof, consent = make_material(applicant), make_material(applicant, "同意书")
    form = {"source_kind": "agreement", "source_proof": proof, "consent": True}
    denied(applicant, version, office, "invalid_form", "rights", **form)
    case = make_application(applicant, version, office, **form, consent_proof=consent)
    assert AssetRight.objects.filter(asset__registration__case=case, right="OPERATE").exists()
    assert set(Material.objects.filter(case=case).values_list("pk", flat=True)) == {
        proof["material"],
        consent["material"],
    }


def test_another_partys_material_cannot_be_attached(applicant, version, office):
    theirs = make_material(make_actor(make_party("supplier")))
    denied(applicant, version, office, "invalid_form", "source_proof", source_proof=theirs)
    assert Material.objects.get(pk=theirs["material"]).case is None


def test_a_stranger_cannot_register_the_dataset(version, office):
    denied(make_actor(make_party("supplier")), version, office, "not_found")


def test_a_person_without_the_duty_is_refused(applicant, version, office):
    denied(make_actor(applicant.party, ("finance",)), version, office, "forbidden")


def test_a_suspended_supplier_is_refused(applicant, version, office):
    applicant.party.status = "suspended"
    applicant.party.save()
    denied(make_actor(applicant.party), version, office, "forbidden")


def test_only_a_registrar_can_be_applied_to(applicant, version, office):
    denied(applicant, version, office, "not_found", registrar=make_party("buyer"))


def test_a_registrar_does_not_register_its_own_data(office, applicant, version):
    # The database already keeps registrars from supplying; the verb refuses even when a record says otherwise.
    version.dataset.party = office.party
    version.dataset.save()
    denied(make_actor(office.party), version, office, "registrar_conflict")


def test_one_version_is_registered_once_at_a_time(applicant, version, office):
    case = make_application(applicant, version, office)
    denied(applicant, version, office, "already_registered")
    from shugang.kernel import engine

    engine.act(case.number, "withdraw", applicant, {"reason": "改期"})
    assert make_application(applicant, version, office).state == "submitted"


def test_a_dataset_without_a_version_is_refused(applicant, version, office):
    version.columns.all().delete()
    version.delete()
    denied(applicant, version, office, "no_version")


def test_a_draft_is_kept_per_dataset_and_goes_with_the_application(applicant, version, office):
    row = services.save_draft(applicant, version.dataset.number, "data", {"data_name": "草稿"}, False)
    assert (row.answers, row.saved_topics) == ({"data_name": "草稿"}, [])
    row = services.save_draft(applicant, version.dataset.number, "data", {"summary": "概述"}, True)
    assert (row.answers, row.saved_topics) == ({"data_name": "草稿", "summary": "概述"}, ["data"])
    with pytest.raises(Refusal):
        services.save_draft(make_actor(make_party("supplier")), version.dataset.number, "data", {}, True)
    make_application(applicant, version, office)
    assert not type(row).objects.exists()

"""The types of registration that stand on a certificate, under three profiles."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.assets.models import Certificate, DataAsset, Registration
from shugang.assets.registration import amending, certificate_check, joint, kinds, services
from shugang.assets.registration.ruleset import PROFILES, Rules, months_before
from shugang.assets.testing import (
    answers_for,
    finish,
    hand_over,
    load_profiles,
    make_application,
    make_certificate,
    make_material,
    make_registrar,
    make_version,
    offer_form,
    to_state,
)
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event, RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.kernel.testing import clock_at
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
DECEMBER = datetime(2025, 12, 29, 2, tzinfo=UTC)
JULY = datetime(2026, 7, 6, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def move(settings, request):
    """Time stands in July 2026, for one test at the end of 2025; `move` carries it on."""
    with clock_at(settings, DECEMBER if "crosses" in request.node.name else JULY) as move:
        yield move


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def holder():
    return make_actor(make_party("supplier"))


@pytest.fixture
def other():
    return make_actor(make_party("supplier"))


def refused(code, act, *args, **more):
    before = (Case.objects.count(), Event.objects.count(), Certificate.objects.count())
    with pytest.raises(Refusal) as caught:
        act(*args, **more)
    assert caught.value.code == code, caught.value.message
    assert (Case.objects.count(), Event.objects.count(), Certificate.objects.count()) == before
    return caught.value


def rights_of(asset):
    return sorted(asset.rights.values_list("right", flat=True))


# Three profiles.


def test_the_three_profiles_are_apart_and_say_what_is_assumed():
    load_profiles()
    rules = {code: Rules(current_profile(code, date(2026, 11, 26)).data) for code in PROFILES}
    national, public, local = (rules[f"registration-{n}"] for n in ("national", "public", "local"))
    assert set(national.types) == {"initial", "transfer", "change", "renewal", "deregistration"}
    assert set(public.types) == {"initial", "change", "correction", "renewal", "deregistration"}
    assert set(local.types) >= {
        "initial",
        "licence",
        "transfer",
        "change",
        "deregistration",
        "objection",
        "revocation",
        "renewal",
    }
    assert national.data["clocks"] | {"notice": 10, "examination": 20} == public.data["clocks"]
    assert (national.right_labels["HOLD"].zh, local.right_labels["HOLD"].zh) == ("数据持有权", "数据资源持有权")
    for found in rules.values():
        for path, said in found.data["assumed"].items():
            here = found.data
            for part in path.split("."):
                here = here[part]
            assert said["assumed"] is True and said["copied_from"]


@pytest.mark.parametrize(
    ("profile", "prefix", "length", "title", "years"),
    [
        ("registration-national", "SJ991", 15, "数据产权登记凭证", 5),
        ("registration-public", "GG990000", 20, "公共数据资源登记结果", 3),
    ],
)
def test_a_case_runs_under_the_profile_that_was_chosen(office, holder, profile, prefix, length, title, years):
    more = {}
    if profile == "registration-public":
        more = {
            "public_object": "product",
            "authorisation_proof": make_material(holder),
            "authorised_until": "2040-01-01",
        }
    case = make_application(holder, make_version(holder.party), office, profile, validity_years=str(years), **more)
    assert case.profile.code == profile
    certificate = finish(case, office, holder)
    assert certificate.number.startswith(prefix) and len(certificate.number) == length
    assert certificate_check.check(certificate.number).title.zh == title
    assert certificate_check.check(certificate.number).rights[0][0].zh == "数据持有权"


def test_an_unknown_profile_is_refused(office, holder):
    refused("unknown_profile", make_application, holder, make_version(holder.party), office, "registration-mars")


def test_silence_is_acceptance_only_where_the_profile_says_so(office, holder, move):
    public = {
        "public_object": "resource",
        "authorisation_proof": make_material(holder),
        "authorised_until": "2030-01-01",
    }
    cases = {
        "registration-national": make_application(
            holder, make_version(holder.party, 1), office, "registration-national"
        ),
        "registration-public": make_application(
            holder, make_version(holder.party, 2), office, "registration-public", validity_years="3", **public
        ),
    }
    move(JULY + timedelta(days=8))
    engine.tick()
    states = {name: Case.objects.get(pk=case.pk).state for name, case in cases.items()}
    assert states == {"registration-national": "accepted", "registration-public": "submitted"}
    assert cases["registration-public"].events.filter(kind="clock.expired").count() == 1


def test_public_data_goes_to_its_own_registration(office, holder):
    version, proof = make_version(holder.party), make_material(holder)
    no = refused(
        "invalid_form", make_application, holder, version, office, "registration-national", public_object="resource"
    )
    assert "public_object" in no.fields
    no = refused("invalid_form", make_application, holder, version, office, "registration-public", validity_years="3")
    assert "public_object" in no.fields
    no = refused(
        "invalid_form", make_application, holder, version, office, "registration-public", public_object="product"
    )
    assert set(no.fields) == {"authorisation_proof", "authorised_until", "validity_years"}
    certificate = finish(
        make_application(holder, version, office, "registration-public", public_object="product", validity_years="3",
                         authorisation_proof=proof, authorised_until="2027-06-30"), office, holder)  # fmt: skip
    assert certificate.valid_until.astimezone(clock.zone()).date() == date(2027, 6, 30)


def test_a_case_that_crosses_a_change_of_profile_ends_under_its_own_version(office, holder, move):
    case = make_application(holder, make_version(holder.party), office)
    assert case.profile.version == 1
    move(datetime(2026, 1, 5, 2, tzinfo=UTC))
    certificate = finish(case, office, holder)
    assert certificate.content["profile"] == "registration-local v1"
    assert make_application(holder, make_version(holder.party, 7), office).profile.version == 2
    # What comes later on the old certificate follows the rules of its day.
    assert amending.rules_of(certificate)[0].version == 2
    assert RuleProfile.objects.filter(code="registration-local").count() == 2


# Change, correction, renewal.


@pytest.mark.both
def test_a_change_ends_in_a_certificate_in_place_of_the_old(office, holder):
    old = make_certificate(holder, office=office)
    case = amending.amend(
        holder, old.number, "change", {"summary": "补充了两个站点。", "resale": "consent"}, "数据说明更新"
    )
    assert Registration.objects.get(case=case).amends == old.asset
    new = finish(case, office, holder)
    old.refresh_from_db()
    new.asset.refresh_from_db()
    assert (old.state, new.state, new.asset_id) == ("replaced", "valid", old.asset_id)
    assert (new.asset.state, new.asset.summary) == ("registered", "补充了两个站点。")
    assert new.valid_until == old.valid_until and new.content["previous"] == old.number
    for number, standing in ((old.number, "已由新凭证取代"), (new.number, "有效")):
        found = certificate_check.check(number)
        assert found.state.zh == standing and found.differences == [], number
    assert ("由此取代", new.number) in [(label.zh, value) for label, value in certificate_check.check(old.number).facts]


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("change", {"source_kind": "crawled"}, "source_kind"),
        ("change", {"source_kind": "crawled", "rights": ["HOLD", "USE"]}, "source_kind"),
        ("correction", {"rights": ["HOLD"]}, "rights"),
        ("correction", {"validity_years": "2"}, "validity_years"),
    ],
)
def test_neither_source_nor_right_slips_through(office, holder, kind, changes, field):
    old = make_certificate(holder, office=office)
    assert field in refused("invalid_form", amending.amend, holder, old.number, kind, changes, "更新").fields


def test_an_amendment_says_why_changes_something_and_stands_alone(office, holder, other):
    old = make_certificate(holder, office=office)
    refused("nothing_altered", amending.amend, holder, old.number, "change", {}, "更新")
    assert (
        "reason"
        in refused("invalid_form", amending.amend, holder, old.number, "change", {"region": "厦门"}, " ").fields
    )
    refused("not_found", amending.amend, other, old.number, "change", {"region": "厦门"}, "更新")
    refused("not_found", amending.amend, holder, old.number, "transfer", {}, "更新")
    amending.amend(holder, old.number, "change", {"region": "厦门"}, "更新")
    refused("already_open", amending.amend, holder, old.number, "correction", {"region": "漳州"}, "笔误")
    refused("already_open", joint.offer, holder, old.number, "transfer", other.party.number, offer_form(holder))


def test_a_type_that_the_profile_does_not_know_is_refused(office, holder, other):
    old = finish(make_application(holder, make_version(holder.party), office, "registration-national"), office, holder)
    assert (
        "续期"
        in refused(
            "unknown_type", amending.amend, holder, old.number, "correction", {"region": "厦门"}, "笔误"
        ).message.zh
    )
    form = offer_form(holder, until="2027-01-31")
    refused("unknown_type", joint.offer, holder, old.number, "licence", other.party.number, form)


@pytest.mark.parametrize(
    ("profile", "first"), [("registration-local", date(2029, 1, 5)), ("registration-public", date(2029, 5, 6))]
)
def test_a_renewal_has_its_window(office, holder, move, profile, first):
    more = {
        "public_object": "product",
        "authorisation_proof": make_material(holder),
        "authorised_until": "2040-01-01",
    }
    old = finish(
        make_application(holder, make_version(holder.party), office, profile, validity_years="3", **more),
        office,
        holder,
    )
    last = old.valid_until.astimezone(clock.zone()).date()
    assert last == date(2029, 7, 5)
    window = amending.rules_of(old)[1].renewal_window(last)
    assert window == (first, date(2029, 7, 4))
    rules = amending.rules_of(old)[1]
    for day, closed in ((first - timedelta(days=1), True), (first, False), (date(2029, 7, 4), False), (last, True)):
        assert (kinds.window_error(rules, day, last) is not None) == closed, day
    move(datetime(first.year, first.month, first.day, 2, tzinfo=UTC) - timedelta(days=1))
    refused("window_closed", amending.amend, holder, old.number, "renewal", {"validity_years": "2"}, "继续经营")
    move(datetime(first.year, first.month, first.day, 2, tzinfo=UTC))
    assert (
        "region"
        in refused("invalid_form", amending.amend, holder, old.number, "renewal", {"region": "厦门"}, "x").fields
    )
    case = amending.amend(holder, old.number, "renewal", {"validity_years": "2"}, "继续经营")
    new = finish(case, office, holder)
    assert new.valid_until.astimezone(clock.zone()).date() == clock.today().replace(
        year=clock.today().year + 2
    ) - timedelta(days=1)
    old.refresh_from_db()
    assert old.state == "replaced"


@pytest.mark.both
def test_a_renewal_in_time_outlives_the_lapse_and_nothing_else_does(office, holder, move):
    old = make_certificate(holder, office=office, validity_years="1")
    move(old.valid_until - timedelta(days=3))
    renewal = amending.amend(holder, old.number, "renewal", {"validity_years": "1"}, "继续经营")
    second = make_certificate(
        holder, make_version(holder.party, 9), office, right_until=clock.today().isoformat()[:8] + "28"
    )
    change = amending.amend(holder, second.number, "change", {"region": "厦门"}, "更新")
    move(old.valid_until + timedelta(hours=1))
    services.lapse_due()
    move(second.valid_until + timedelta(hours=1))
    services.lapse_due()
    change.refresh_from_db()
    assert change.state == "rejected"
    new = finish(renewal, office, holder)
    old.refresh_from_db()
    new.asset.refresh_from_db()
    assert (old.state, new.state, new.asset.state) == ("lapsed", "valid", "registered")


@given(st.dates(date(2020, 1, 1), date(2050, 12, 31)), st.integers(1, 24))
def test_months_before_keeps_the_day_or_the_months_last(day, months):
    found = months_before(day, months)
    assert (day.year * 12 + day.month) - (found.year * 12 + found.month) == months
    assert found.day == day.day or (found.day < day.day and (found + timedelta(days=1)).day == 1)


# Transfer and licence.


@pytest.mark.both
def test_after_a_transfer_the_transferor_keeps_nothing(office, holder, other):
    old = make_certificate(holder, office=office)
    new = finish(hand_over(old, holder, other), office, other)
    old.refresh_from_db()
    old.asset.refresh_from_db()
    assert (old.state, old.asset.state, rights_of(old.asset)) == ("transferred", "transferred", [])
    assert (new.party, rights_of(new.asset)) == (other.party, ["HOLD", "OPERATE", "USE"])
    assert new.asset.dataset_version == old.asset.dataset_version and new.valid_until <= old.valid_until
    assert new.content["kind"] == "transfer"
    assert (
        certificate_check.check(old.number).in_force is False and certificate_check.check(old.number).differences == []
    )
    assert certificate_check.check(new.number).in_force is True


@pytest.mark.both
def test_of_a_partial_transfer_the_rest_stays_on_an_adjusted_certificate(office, holder, other):
    old = make_certificate(holder, office=office)
    new = finish(hand_over(old, holder, other, rights=["OPERATE"]), office, other)
    old.refresh_from_db()
    left = Certificate.objects.get(asset=old.asset, state="valid")
    assert (old.state, left.content["rights"], left.content["previous"]) == ("replaced", ["HOLD", "USE"], old.number)
    assert (rights_of(left.asset), rights_of(new.asset)) == (["HOLD", "USE"], ["OPERATE"])
    assert left.valid_until == old.valid_until
    assert all(certificate_check.check(c.number).differences == [] for c in (old, left, new))


def test_a_transfer_needs_both_sides(office, holder, other):
    old = make_certificate(holder, office=office)
    offered = joint.offer(holder, old.number, "transfer", other.party.number, offer_form(holder))
    assert not Registration.objects.filter(previous=old).exists()
    refused("forbidden", engine.act, offered.number, "agree", holder, {"declaration": True})
    stranger = make_actor(make_party("supplier"))
    refused("not_found", engine.act, offered.number, "agree", stranger, {"declaration": True})
    assert "declaration" in refused("invalid_form", engine.act, offered.number, "agree", other, {}).fields
    engine.act(offered.number, "agree", other, {"declaration": True})
    members = set(Registration.objects.get(previous=old).case.parties.values_list("capacity", "party_id"))
    assert members == {("applicant", other.party.pk), ("transferor", holder.party.pk), ("registrar", office.party.pk)}


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("transfer", {"rights": ["HOLD", "OPERATE"]}, "rights"),
        ("licence", {"rights": ["USE"]}, "until"),
        ("licence", {"rights": ["USE"], "until": "2199-01-01"}, "until"),
        ("licence", {"rights": ["USE"], "until": "2020-01-01"}, "until"),
        ("transfer", {"agreement": {"material": 999999, "name": "x", "sha256": "y"}}, "agreement"),
    ],
)
def test_an_offer_beyond_the_certificate_is_refused(office, holder, other, kind, changes, field):
    old = make_certificate(holder, office=office, rights=["HOLD", "USE"])
    form = offer_form(holder, **{"rights": ["HOLD"], **changes})
    assert field in refused("invalid_form", joint.offer, holder, old.number, kind, other.party.number, form).fields


@pytest.mark.parametrize("who", ["P-000000", "self", "buyer"])
def test_who_receives_has_to_be_an_admitted_supplier(office, holder, who):
    old = make_certificate(holder, office=office)
    number = {"self": holder.party.number, "buyer": make_party("buyer").number}.get(who, who)
    no = refused("invalid_form", joint.offer, holder, old.number, "transfer", number, offer_form(holder))
    assert "counterparty" in no.fields


def test_a_licence_leaves_the_licensor_his_rights_and_ends_in_time(office, holder, other):
    old = make_certificate(holder, office=office)
    until = (clock.today() + timedelta(days=400)).isoformat()
    new = finish(
        hand_over(old, holder, other, "licence", rights=["USE"], until=until, limits="仅限境内"), office, other
    )
    old.refresh_from_db()
    assert (old.state, rights_of(old.asset), rights_of(new.asset)) == ("valid", ["HOLD", "OPERATE", "USE"], ["USE"])
    assert new.valid_until.astimezone(clock.zone()).date().isoformat() == until
    assert new.content["sources"] == [old.number] and new.content["right_limits"] == "仅限境内"


def test_an_unanswered_offer_expires(office, holder, other, move):
    old = make_certificate(holder, office=office)
    case = joint.offer(holder, old.number, "transfer", other.party.number, offer_form(holder))
    move(case.clocks.get(name="answer").due_at + timedelta(seconds=1))
    engine.tick()
    assert Case.objects.get(pk=case.pk).state == "expired"


def test_a_right_may_end_before_its_certificate(office, holder):
    end = (clock.today() + timedelta(days=90)).isoformat()
    certificate = make_certificate(holder, office=office, operate_until=end)
    ends = {r.right: r.valid_until.astimezone(clock.zone()).date().isoformat() for r in certificate.asset.rights.all()}
    assert ends["OPERATE"] == end and ends["HOLD"] > end
    assert certificate.content["right_ends"] == {"OPERATE": end}
    no = refused(
        "invalid_form", make_application, holder, make_version(holder.party, 3), office, rights=["HOLD"], use_until=end
    )
    assert set(no.fields) == {"use_until"}


def test_recusal_reaches_both_sides_of_a_transfer(office, holder, other):
    """Who works for the transferor decides no more than who works for the transferee."""
    from shugang.parties.models import Membership

    old = make_certificate(holder, office=office)
    case = hand_over(old, holder, other)
    Membership.objects.create(
        person=office.accepter.person, party=holder.party, duties=["handler"], active=True, created_at=clock.now()
    )
    refused("conflict_of_interest", engine.act, case.number, "accept", office.accepter)


def test_after_so_many_in_a_row_another_examiner_takes_over(office, holder):
    RuleProfile.objects.create(
        code="registration-local", version=9, title_zh="t", title_en="t", effective_from="2026-01-02", digest="x",
        data={**current_profile("registration-local", clock.today()).data, "rotation": {"max_in_a_row": 2}},
    )  # fmt: skip
    for rows in (11, 12):
        make_certificate(holder, make_version(holder.party, rows), office)
    case = to_state(make_application(holder, make_version(holder.party, 13), office), office, holder, "accepted")
    refused("rotation", engine.act, case.number, "pass_examination", office.examiner, answers_for("pass_examination"))
    refused("rotation", engine.act, case.number, "reject", office.examiner, answers_for("reject"))
    colleague = make_actor(office.party, ("examiner",))
    assert engine.act(case.number, "pass_examination", colleague, answers_for("pass_examination")).state == "notice"
    # Another applicant's data is no matter of this row.
    make_certificate(make_actor(make_party("supplier")), office=office)


@pytest.mark.both
def test_two_live_assets_of_one_party_on_one_version_are_refused(office, holder, other):
    old = make_certificate(holder, office=office)
    until = (clock.today() + timedelta(days=100)).isoformat()
    finish(hand_over(old, holder, other, "licence", rights=["USE"], until=until), office, other)
    offered = joint.offer(
        holder, old.number, "licence", other.party.number, offer_form(holder, rights=["USE"], until=until)
    )
    refused("already_registered", engine.act, offered.number, "agree", other, {"declaration": True})
    assert DataAsset.objects.filter(party=other.party).count() == 1

"""One datum, one source: who may claim, who signs, who decides; what is refused, and what the database itself refuses."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.parties.testing import make_actor
from shugang.publicdata.catalogue.testing import make_resource
from shugang.publicdata.sources import queries, services
from shugang.publicdata.sources.models import CollectionRequest, SourceClaim, SourceOfTruth, SourceReference
from shugang.publicdata.sources.testing import claim_form, make_office, make_people, make_source

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def office(rules):
    return make_office()


@pytest.fixture
def civil(office):
    return make_people("示例民政局")


@pytest.fixture
def health():
    return make_people("示例卫生健康委员会")


def refused(code, act, *args):
    before = [m.objects.count() for m in (SourceOfTruth, SourceClaim, SourceReference, CollectionRequest, Case)]
    with pytest.raises(Refusal) as no:
        act(*args)
    assert no.value.code == code
    assert before == [m.objects.count() for m in (SourceOfTruth, SourceClaim, SourceReference, CollectionRequest, Case)]
    return no.value


def test_claimed_signed_and_designated(office, civil):
    _, handler, chief = civil
    case = services.claim_source(handler, claim_form())
    refused("forbidden", engine.act, case.number, "sign", handler)
    refused("wrong_state", engine.act, case.number, "designate", office)
    engine.act(case.number, "sign", chief)
    engine.act(case.number, "designate", office)
    row = SourceOfTruth.objects.get()
    assert (row.department, row.valid_until, row.element) == (civil[0], None, "DE00001")
    assert queries.public_element("DE00001", "350200")["source"] == row
    assert [r.pk for r in queries.public_sources("民政")] == [row.pk] and not queries.public_sources("没有")


def test_who_claims_may_not_sign_his_own_claim(office, civil):
    both = make_actor(civil[0], ("handler", "chief_data_officer"))
    case = services.claim_source(both, claim_form())
    refused("conflict_of_interest", engine.act, case.number, "sign", both)


def test_anothers_source_cannot_be_claimed(office, civil, health):
    make_source(*civil[1:], office)
    no = refused("one_source", services.claim_source, health[1], claim_form(valid_from="2026-01-01"))
    assert "示例民政局" in no.message.zh and "reference" in no.message.en


def test_one_claim_is_heard_at_a_time(office, civil, health):
    case = services.claim_source(civil[1], claim_form())
    assert case.number in refused("competing_claim", services.claim_source, health[1], claim_form()).message.zh
    engine.act(case.number, "withdraw", civil[1], {"reason": "重复申报"})
    services.claim_source(health[1], claim_form())


def test_another_region_is_another_source(office, civil, health):
    make_source(*civil[1:], office)
    assert make_source(*health[1:], office, region="350211").region == "350211"


def test_only_departments_claim_and_the_form_names_what_is_wrong(office, civil):
    refused("forbidden", services.claim_source, office, claim_form())
    assert "element" in refused("invalid_form", services.claim_source, civil[1], claim_form("不行")).fields
    assert "region" in refused("invalid_form", services.claim_source, civil[1], claim_form(region="厦门")).fields


def test_an_ended_source_makes_room_for_the_next_and_stays_on_record(office, civil, health):
    make_source(*civil[1:], office)
    refused("forbidden", services.end_source, civil[1], "DE00001", "350200", date(2026, 6, 30), "机构改革")
    services.end_source(office, "DE00001", "350200", date(2026, 6, 30), "机构改革")
    refused("period_overlaps", services.claim_source, health[1], claim_form(valid_from="2026-06-30"))
    row = make_source(*health[1:], office, valid_from="2026-07-01")
    assert [r.department for r in queries.public_element("DE00001", "350200")["history"]] == [health[0], civil[0]]
    assert row.valid_until is None


def test_a_decision_taken_meanwhile_is_seen(office, civil, health):
    """Two signed claims cannot both be decided, even where the second was opened before the first stood."""
    first = services.claim_source(civil[1], claim_form())
    engine.act(first.number, "sign", civil[2])
    SourceClaim.objects.filter(case=first).update(open=False)  # as if the other had been opened in the same moment
    second = services.claim_source(health[1], claim_form())
    engine.act(second.number, "sign", health[2])
    engine.act(first.number, "designate", office)
    refused("one_source", engine.act, second.number, "designate", office)


def twin(row, **facts):
    values = {f.attname: getattr(row, f.attname) for f in SourceOfTruth._meta.concrete_fields if f.name != "id"}
    return SourceOfTruth(**{**values, **facts})


@pytest.mark.parametrize(
    "period",
    [(date(2026, 1, 1), None), (date(2026, 1, 1), date(2026, 12, 31)), (date(2020, 1, 1), date(2025, 9, 1)), (date(2020, 1, 1), None)],
)  # fmt: skip
def test_the_database_refuses_overlapping_periods(office, civil, health, period):
    row = make_source(*civil[1:], office)
    other = make_source(*health[1:], office, region="350211")
    with pytest.raises(DatabaseError), transaction.atomic():
        SourceOfTruth.objects.filter(pk=other.pk).update(region="350200", valid_from=period[0], valid_until=period[1],
                                                        ended_because="x" if period[1] else "")  # fmt: skip
    other.refresh_from_db()
    assert other.region == "350211" and row.valid_until is None
    # One day before it begins is no overlap
    SourceOfTruth.objects.filter(pk=other.pk).update(
        region="350200", valid_from=date(2020, 1, 1), valid_until=date(2025, 8, 31), ended_because="x"
    )


def test_what_can_be_shared_is_not_collected_again(office, civil, health):
    make_source(*civil[1:], office)
    no = refused("shared_already", services.request_collection, health[1], "DE00001", "350200", "想自己采集")
    assert "示例民政局" in no.message.zh and "share" in no.message.en
    refused("is_the_source", services.request_collection, civil[1], "DE00001", "350200", "本职")
    made = services.request_collection(health[1], "DE99999", "350200", "没有源头")
    assert made.ground == "no_source"


def test_what_the_source_refuses_to_share_may_be_collected(office, civil, health):
    make_source(*civil[1:], office)
    make_resource(civil[0], items=[{"name": "登记日期", "element": "DE00001", "sharing": "refused"}])
    assert services.request_collection(health[1], "DE00001", "350200", "确需").ground == "not_shared"


def test_a_reference_is_registered_once_and_not_by_the_source(office, civil, health):
    make_source(*civil[1:], office)
    services.register_reference(health[1], "DE00001", "350200", "办理生育登记")
    refused("already_refers", services.register_reference, health[1], "DE00001", "350200", "再来")
    refused("is_the_source", services.register_reference, civil[1], "DE00001", "350200", "自己")
    refused("not_found", services.register_reference, health[1], "DE00002", "350200", "没有")
    assert [r.department for r in queries.public_element("DE00001", "350200")["references"]] == [health[0]]

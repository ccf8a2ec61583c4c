"""A demand from draft to its end: versions, review by rule, the clock, and who sees what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event, RuleProfile
from shugang.kernel.testing import clock_at, refused
from shugang.market import testing
from shugang.market.demand import forms, queries, services
from shugang.market.demand.models import Demand, DemandVersion
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ASK = {
    "title": "北京空气质量数据", "text": "暴露评估，需要逐时浓度。", "sector": "N", "columns": "pm25：PM2.5浓度\nat: 时间\npm25：重复",
    "freshness": "daily", "budget_low": "1000", "budget_high": "20000.50", "modes": ["table", "file"], "purpose": "research",
    "visibility": "public",
}  # fmt: skip


@pytest.fixture
def venue(db):
    testing.load_profiles()
    return testing.make_venue()


@pytest.fixture
def buyer(venue):
    return make_actor(make_party("buyer"))


def drafted(buyer, **changes):
    return services.draft(buyer, {**ASK, **changes})


def published(buyer, **changes):
    return services.put_forward(buyer, drafted(buyer, **changes).number)


def with_review(yes=True):
    row = RuleProfile.objects.get(code="demand")
    RuleProfile.objects.filter(pk=row.pk).update(data={**row.data, "review_before_publication": yes})


def test_a_draft_freezes_its_answers_as_a_version(buyer):
    # when a buyer drafts a demand
    case = drafted(buyer)
    # then its content holds the columns as rows, a repeated name once, money in 分, and the version its digest
    demand = Demand.objects.get(case=case)
    assert case.number.startswith("XQ-") and case.state == "draft"
    assert demand.content["columns"] == [{"name": "pm25", "meaning": "PM2.5浓度"}, {"name": "at", "meaning": "时间"}]
    assert (demand.content["budget_low"], demand.content["budget_high"]) == (100_000, 2_000_050)
    assert DemandVersion.objects.get(demand=demand).digest == forms.digest(demand.content)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"budget_high": "999.99"}, "budget_high"),
        ({"period_from": "2024-01-02", "period_until": "2024-01-01"}, "period_until"),
        ({"needed_by": "2020-01-01"}, "needed_by"),
        ({"columns": "\n".join(f"c{n}" for n in range(41))}, "columns"),
        ({"modes": ["parcel"]}, "modes"),
        ({"purpose": "supervision"}, "purpose"),
        ({"visibility": "secret"}, "visibility"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answers_that_contradict_are_refused_by_field(buyer, changes, field):
    before = Event.objects.count()
    with pytest.raises(Refusal) as no:
        drafted(buyer, **changes)
    assert (no.value.code, set(no.value.fields)) == ("invalid_form", {field})
    assert (Demand.objects.count(), Event.objects.count()) == (0, before)


def test_only_a_buyers_handler_posts_demands(venue, buyer):
    for stranger in (make_actor(make_party("supplier")), make_actor(buyer.party, ("finance",)), venue.handler):
        with pytest.raises(Refusal) as no:
            drafted(stranger)
        assert no.value.code == "forbidden"
    assert not Demand.objects.exists()


def test_a_demand_is_published_at_once_where_the_rules_want_no_review(buyer, venue):
    # given a draft under rules without a review
    case = drafted(buyer)
    # when it is submitted all the same, that is refused; when published, everybody sees it
    assert refused(case, "submit", buyer).code == "no_review"
    services.put_forward(buyer, case.number)
    assert [d.number for d in queries.public_demands("空气")] == [case.number]
    assert not queries.public_demands("天气").exists() and not queries.public_demands("", "A").exists()


def test_a_demand_is_reviewed_by_the_venue_where_the_rules_say_so(buyer, venue):
    # given rules with a review
    with_review()
    case = drafted(buyer)
    assert refused(case, "publish", buyer).code == "review_required"
    services.put_forward(buyer, case.number)
    assert not queries.public_demands().exists()
    # when the venue sends it back, its owner revises, and it is approved
    engine.act(case.number, "send_back", venue.decider, {"reason": "请写明字段。"})
    services.revise(buyer, case.number, {**ASK, "title": "改后的需求"})
    services.put_forward(buyer, case.number)
    engine.act(case.number, "approve", venue.decider)
    # then it is public in its second version, and an amendment goes back to review
    demand = queries.public_demands().get()
    assert (demand.title, demand.version) == ("改后的需求", 2)
    services.revise(buyer, case.number, ASK)
    assert Demand.objects.get().state == "reviewing" and not queries.public_demands().exists()


def test_an_amended_demand_keeps_its_earlier_versions(buyer):
    case = published(buyer)
    services.revise(buyer, case.number, {**ASK, "text": "改为逐日。"})
    demand = Demand.objects.get()
    assert [(v.version, v.content["text"]) for v in queries.versions(demand, buyer)] == [
        (2, "改为逐日。"),
        (1, ASK["text"]),
    ]
    assert demand.state == "published" and demand.case.data["text"] == "改为逐日。"


def test_a_demand_ends_on_the_day_by_which_the_data_is_needed(buyer, settings):
    # given one needed in ten days, and one without a day (90 days by the profile)
    soon = published(buyer, needed_by=(clock.today() + timedelta(days=10)).isoformat())
    later = published(buyer, title="不急")
    with clock_at(settings, clock.now() + timedelta(days=10, hours=-1)) as move:
        assert engine.tick() == 0
        # when eleven days have passed, then ninety-two
        move(clock.now() + timedelta(days=1, hours=2))
        engine.tick()
        assert [Demand.objects.get(case=c).state for c in (soon, later)] == ["expired", "published"]
        move(clock.now() + timedelta(days=82))
        engine.tick()
        assert Demand.objects.get(case=later).state == "expired"


def test_a_stale_draft_is_looked_at_again_when_published(buyer, settings):
    case = drafted(buyer, needed_by=(clock.today() + timedelta(days=3)).isoformat())
    with clock_at(settings, clock.now() + timedelta(days=5)):
        assert refused(case, "publish", buyer).code == "invalid_form"


def test_who_sees_a_demand(buyer, venue):
    # given demands of each visibility, and a draft
    rows = {v: Demand.objects.get(case=published(buyer, visibility=v)) for v in forms.VISIBILITY}
    draft = drafted(buyer)
    stranger = make_actor(make_party("supplier"))
    # then everybody sees the two open ones, one of them without its buyer's name
    assert {d.visibility for d in queries.public_demands()} == {"public", "anonymous"}
    assert queries.public_json(rows["public"], stranger)["demander"]["name"] == buyer.party.name
    hidden = queries.public_json(rows["anonymous"], stranger)
    assert hidden["demander"] is None and buyer.party.name not in str(hidden)
    for number in (rows["invited"].number, draft.number):
        with pytest.raises(Refusal) as no:
            queries.public_demand(number, stranger)
        assert no.value.code == "not_found"
    # and the venue handles what left its draft, a stranger nothing
    assert queries.demands(venue.handler).count() == 3 and not queries.demands(stranger).exists()


def test_the_venue_takes_an_unlawful_demand_down(buyer, venue):
    case = published(buyer)
    assert refused(case, "take_down", venue.handler, {"reason": "x"}).code == "forbidden"
    engine.act(case.number, "take_down", venue.decider, {"reason": "索取个人信息。"})
    assert Demand.objects.get().state == "removed" and not queries.public_demands().exists()

"""Update cycles and their alerts, what is missing by department, and what a life event lacks."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from shugang.delivery.testing import make_version
from shugang.delivery.vault.services import upload_version
from shugang.kernel import clock
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.kernel.testing import clock_at
from shugang.parties.notices.models import Notice
from shugang.parties.testing import make_actor, make_party, sign_in
from shugang.publicdata.catalogue import bundles, coverage, freshness, services
from shugang.publicdata.catalogue.models import PublicResource, ServiceBundle
from shugang.publicdata.catalogue.testing import load_profiles, make_bodies, make_department, make_resource

pytestmark = [pytest.mark.django_db, pytest.mark.both]
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def rules(db):
    from shugang.commands.setup import profile_files
    from shugang.kernel.profiles import load_profiles

    load_profiles(profile_files())


def lapsed(resource):
    PublicResource.objects.filter(pk=resource.pk).update(data_due_at=clock.now() - timedelta(days=1))


def test_a_weekly_entry_falls_due_after_the_working_days_of_the_rules(db, settings):
    load_profiles()
    with clock_at(settings, datetime(2026, 9, 28, 10, tzinfo=SHANGHAI)):
        weekly, never = make_resource(update_cycle="weekly"), make_resource(update_cycle="irregular")
    # five working days over the national holiday, the Saturday worked in exchange among them
    assert weekly.data_due_at.astimezone(SHANGHAI).date().isoformat() == "2026-10-10"
    assert never.data_due_at is None


def test_an_overdue_entry_is_told_once_to_its_department(rules):
    # given an entry whose term has passed, with a handler, an officer and a colleague
    bodies = make_bodies()
    colleague = make_actor(bodies.department, ("engineer",))
    resource = make_resource(bodies.department)
    lapsed(resource)
    # when the hourly pass runs twice
    assert freshness.find_overdue(clock.now()) == 1 and freshness.find_overdue(clock.now()) == 0
    # then one event, and a notice for handler and officer alone
    assert Event.objects.filter(kind="catalogue.data_overdue").count() == 1
    told = set(Notice.objects.filter(code="catalogue.data_overdue").values_list("person_id", flat=True))
    assert told == {bodies.handler.person_id, bodies.officer.person_id} and colleague.person_id not in told
    assert "逾期未更新" in Client().get(f"/public-data/{resource.number}").content.decode()
    # and once it is brought up to date, the next lapse is told anew
    services.data_updated(bodies.handler, resource.number)
    resource.refresh_from_db()
    assert freshness.standing(resource) == "fresh"
    lapsed(resource)
    assert freshness.find_overdue(clock.now()) == 1


def test_a_new_version_of_the_data_brings_its_entry_up_to_date(rules):
    department = make_department()
    engineer = make_actor(department, ("engineer",))
    version = make_version(engineer, "a\n1\n")
    resource = make_resource(department, dataset=version.dataset)
    lapsed(resource)
    upload_version(engineer, version.dataset.number, io.BytesIO(b"a\n2\n"), "x.csv")
    resource.refresh_from_db()
    assert freshness.standing(resource) == "fresh"
    assert Event.objects.get(kind="catalogue.data_updated").payload == {"by": "version"}


def test_the_board_counts_each_lack_and_the_first(rules):
    # given four entries of one department, each lacking something else, and one that lacks nothing
    department = make_department("甲部门")
    version = make_version(make_actor(department, ("engineer",)), "name\n甲\n")
    mapped = [{"name": "名称", "column": "name"}]
    make_resource(department)
    make_resource(department, dataset=version.dataset)
    lapsed(make_resource(department, dataset=version.dataset, items=mapped))
    make_resource(
        department,
        dataset=version.dataset,
        items=mapped,
        sharing="refused",
        sharing_condition="保密法",
        opening="refused",
    )
    make_resource(department, dataset=version.dataset, items=mapped)
    empty = make_department("乙部门")
    # then the board says so, and a department without entries is on it too
    lines = {x.department: x for x in coverage.board(make_actor(empty))}
    line = lines[department]
    assert line.lacks == line.first == {"no_dataset": 1, "unmapped": 1, "overdue": 1, "refused": 1}
    assert (line.published, line.whole, line.share) == (5, 1, 20) and lines[empty].published == 0
    # and the numbers are links to one's own entries
    client = sign_in(Client(), make_actor(department))
    for lack in coverage.LACKS:
        assert client.get(f"/desk/catalogue?lack={lack}").content.decode().count('class="ti"') == 1
    with pytest.raises(Refusal) as refusal:
        coverage.board(make_actor(make_party("buyer")))
    assert refusal.value.code == "forbidden"


BIRTH = {"name": "出生一件事", "summary": "一次办。", "needs": "姓名|DE00001\n母亲证件\n住址"}


def keeper():
    return make_actor(make_party("data_office"), ("handler",))


def standings(bundle):
    return {f.need.name: f.standing for f in bundles.found_of([bundle])[bundle.pk]}


def test_a_life_event_shows_what_is_missing_and_takes_the_best_there_is(rules):
    # given a bundle of three needs, of which two are in entries, one of them twice
    department = make_department()
    version = make_version(make_actor(department, ("engineer",)), "name\n甲\n")
    make_resource(department, items=[{"name": "名字", "element": "DE00001"}])
    make_resource(department, dataset=version.dataset, items=[{"name": "全名", "element": "DE00001"}], sharing="conditional",
                  sharing_condition="申请", opening="refused")  # fmt: skip
    make_resource(department, items=["住址"], sharing="refused", sharing_condition="法规", opening="refused")
    bundle = bundles.keep(keeper(), {**BIRTH, "lead": department.number})
    # then each need says how it stands, the entry with data going before the one without
    assert standings(bundle) == {"姓名": "conditional", "母亲证件": "missing", "住址": "refused"}
    page = Client().get(f"/public-data/bundles/{bundle.number}").content.decode()
    assert "还缺2项" in page
    # and an entry that is withdrawn helps no more
    PublicResource.objects.filter(sharing="conditional").update(state="suspended")
    assert standings(bundle)["姓名"] == "no_data"


def test_a_need_may_name_its_entry(rules):
    department = make_department()
    wanted, other = make_resource(department, items=["住址"]), make_resource(department, items=["住址"])
    bundle = bundles.keep(
        keeper(), {**BIRTH, "lead": department.number, "needs": f"住址|{other.number}\n电话|{wanted.number}"}
    )
    found = bundles.found_of([bundle])[bundle.pk]
    assert found[0].item.resource == other and found[1].standing == "missing"


@pytest.mark.parametrize("needs", ["", "姓名|??", "|DE00001", "姓名|GM-2026-999999"])
def test_needs_that_cannot_be_read_are_refused(rules, needs):
    with pytest.raises(Refusal) as refusal:
        bundles.keep(keeper(), {**BIRTH, "lead": make_department().number, "needs": needs})
    assert "needs" in refusal.value.fields and not ServiceBundle.objects.exists()


def test_only_the_data_offices_handler_keeps_bundles(rules):
    bodies = make_bodies()
    for actor in (bodies.handler, bodies.examiner):
        with pytest.raises(Refusal):
            bundles.keep(actor, {**BIRTH, "lead": bodies.department.number})
    assert not ServiceBundle.objects.exists() and not Event.objects.filter(kind__startswith="catalogue.bundle").exists()

"""A declared check as the platform runs it: who may, in a confined child, with tickets to the sources and nothing changed."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import duckdb
import pytest

from shugang.delivery.models import DatasetVersion
from shugang.delivery.testing import make_grant, make_terms, make_version
from shugang.delivery.vault.services import upload_version
from shugang.delivery.vault.store import store
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.crosscheck import presenting, queries, services, working
from shugang.publicdata.crosscheck.blaming import blamed
from shugang.publicdata.crosscheck.models import CheckRun, CrossCheck, Discrepancy
from shugang.publicdata.crosscheck.plan import read
from shugang.publicdata.crosscheck.testing import CIVIL, MAP, declare, document, streets
from shugang.publicdata.rectification import rechecking
from shugang.publicdata.rectification.models import Ticket
from shugang.publicdata.sources.testing import make_office, make_people

AIR = Path(__file__).parents[3] / "assets/quality/tests/data/air_stations_2020.parquet"
pytestmark = pytest.mark.django_db
DONE = {"cause": "街道撤并后未更新", "measure": "已按民政公告更新"}


@pytest.fixture
def office(rules):
    return make_office()


@pytest.fixture
def civil(office):
    return make_people("示例民政局")[1]


@pytest.fixture
def survey(office):
    return make_people("示例测绘局")[1]


@pytest.fixture
def two(civil):
    """Both lists kept by one department."""
    return streets(civil, CIVIL, "街道（民政）").dataset, streets(civil, MAP, "街道（测绘）").dataset


def refused(code, act, *args):
    before = [m.objects.count() for m in (CrossCheck, CheckRun, Discrepancy, Ticket)]
    with pytest.raises(Refusal) as no:
        act(*args)
    assert no.value.code == code
    assert before == [m.objects.count() for m in (CrossCheck, CheckRun, Discrepancy, Ticket)]
    return no.value


def ran(actor, check):
    return working.run_now(services.order_run(actor, check.number))


def test_differences_are_found_explained_and_ticketed_and_no_data_changed(civil, two):
    files = {
        v.pk: hashlib.sha256(store().local(v.path, v.sha256).read_bytes()).hexdigest()
        for v in DatasetVersion.objects.all()
    }
    run = ran(civil, declare(civil, *two))
    assert run.state == "done", run.refusal
    found = {(x.kind, x.element, x.key): x for x in queries.lines(civil, run)}
    assert set(found) == {
        ("absent", "", "350212003"), ("absent", "", "350212106"), ("different", "name", "350212008"),
        ("different", "place", "350212008"), ("missing", "place", "350212007"),
    }  # fmt: skip
    name = found[("different", "name", "350212008")]
    assert name.values == {"civil": "大同街道", "map": "大同鎮"} and (name.stands, name.blamed) == ("civil", ["map"])
    assert "权威优先" in name.reason["text"][0] and "Authority" in name.reason["text"][1]
    place = found[("different", "place", "350212008")]
    assert 10_000 < place.more["metres"] < 10_300
    assert found[("absent", "", "350212106")].blamed == ["map"] and found[("missing", "place", "350212007")].blamed == [
        "civil"
    ]
    tickets = {(t.rule.split(":", 2)[2], t.dataset.name) for t in Ticket.objects.all()}
    assert tickets == {
        ("absent", "街道（测绘）"), ("different:name", "街道（测绘）"), ("different:place", "街道（测绘）"), ("missing:place", "街道（民政）"),
    }  # fmt: skip
    after = {
        v.pk: hashlib.sha256(store().local(v.path, v.sha256).read_bytes()).hexdigest()
        for v in DatasetVersion.objects.all()
    }
    assert after == files
    assert Event.objects.filter(kind="crosscheck.finished", refs__key=run.number).exists()
    assert {s["name"] for s in presenting.map_of(run, list(queries.lines(civil, run)))["series"]} == {"民政", "测绘"}


def test_three_crawls_of_the_air_are_ticketed_where_their_key_is_not_whole(civil):
    """Real rows: several cities have a “世纪广场” and a “中心广场”, one has a “洪文”."""
    read_ = f"read_parquet('{AIR}')"
    data = {}
    for name in ("crawl_a", "crawl_a_nested", "crawl_b"):
        rows = duckdb.sql(f"""SELECT station, day, hour, pm25 FROM {read_} WHERE source = '{name}' AND day IN ('20200327', '20200402')
            AND station IN ('世纪广场', '中心广场', '洪文')""").fetchall()
        text = "station,day,hour,pm25\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
        data[name] = make_version(civil, text, name=f"空气（{name}）", name_en=name).dataset
    columns = {c: c for c in ("station", "day", "hour", "pm25")}
    body = {
        "sources": [{"name": n, "label": n, "dataset": d.number, "columns": columns, **({"origin": "crawl_a"} if n.endswith("nested") else {})}
                    for n, d in data.items()],
        "elements": {"station": {"kind": "text"}, "day": {"kind": "code"}, "hour": {"kind": "code"}, "pm25": {"kind": "number"}},
        "keys": [["station", "day", "hour"]], "compare": {"pm25": {"strategy": "majority"}},
    }  # fmt: skip
    run = ran(civil, services.declare_check(civil, "三次抓取的空气质量", body))
    assert run.state == "done", run.refusal
    lines = list(queries.lines(civil, run))
    differing = [x for x in lines if x.kind == "different"]
    assert differing and {x.blamed[0] for x in differing} == {"crawl_b"} and not any("洪文" in x.key for x in differing)
    assert all(x.reason["repeated"] and "核对关联键" in x.reason["text"][0] for x in differing)
    tickets = {(t.rule.split(":", 2)[2], t.dataset.name) for t in Ticket.objects.all()}
    assert ("different:pm25", "空气（crawl_b）") in tickets and ("different:pm25", "空气（crawl_a）") not in tickets
    assert {name for rule, name in tickets if rule == "repeated"} >= {"空气（crawl_b）"}


def test_the_same_finding_again_counts_up_and_opens_no_second_ticket(civil, two):
    check = declare(civil, *two)
    ran(civil, check)
    number = Ticket.objects.count()
    ran(civil, check)
    assert Ticket.objects.count() == number and set(Ticket.objects.values_list("occurrences", flat=True)) == {2}


def test_a_ticket_is_settled_by_running_the_check_again_on_the_new_version(civil, two, office):
    check = declare(civil, *two)
    ran(civil, check)
    ticket = Ticket.objects.get(rule__endswith="different:name")
    for step in ("accept", "begin"):
        engine.act(ticket.number, step, civil)
    upload_version(civil, two[1].number, io.BytesIO(MAP.replace("大同鎮", "大同街道").encode()), "streets.csv")
    engine.act(ticket.number, "submit", civil, DONE)
    rechecking.recheck_submitted()
    again = working.run_now(CheckRun.objects.get(state="waiting"))
    assert again.versions == {"civil": 1, "map": 2}
    ticket.refresh_from_db()
    assert ticket.recheck["passed"] and ticket.case.state == "reverified"
    engine.act(ticket.number, "close", office)
    assert Ticket.objects.filter(open=True).count() == 3  # the others stand


def test_a_check_over_its_cap_is_refused_with_the_block_named_and_nothing_is_ticketed(civil, two):
    run = ran(civil, declare(civil, *two, keys=[["place"]], link={"blocks": [["name:1"]], "by": ["name"]}, cap=1))
    assert (run.state, run.refusal["code"]) == ("failed", "pair_cap")
    assert "name:1" in run.refusal["message"][0] and not run.lines.exists() and not Ticket.objects.exists()


def test_linking_runs_inside_the_confined_child(civil):
    rows = [
        f"{n},{a}{b}路{n}号" for n, (a, b) in enumerate((x, y) for x in "东西南北中湖海山" for y in "一二三四五六七八")
    ]
    first = make_version(civil, "id,name\n" + "\n".join(rows), name="甲").dataset
    second = make_version(civil, "id,name\n" + "\n".join("9" + r for r in rows), name="乙").dataset
    body = document(first, second)
    body |= {"elements": {"id": {"kind": "code"}, "name": {"kind": "address"}}, "keys": [["id"]], "compare": {}}
    body["link"] = {"blocks": [["name:2"]], "by": ["name"], "threshold": 0.5}
    for source in body["sources"]:
        source["columns"] = {"id": "id", "name": "name"}
    run = ran(civil, services.declare_check(civil, "分块", body))
    assert run.state == "done", run.refusal
    assert run.result["linked"]["pairs"] > 0


def test_what_another_department_holds_is_read_by_grant_or_not_at_all(civil, survey):
    own, other = streets(civil, CIVIL, "街道（民政）"), streets(survey, MAP, "街道（测绘）")
    refused("no_standing_grant", declare, civil, own.dataset, other.dataset)
    make_grant(other, grantee=civil.party, terms=make_terms(("code", "name")))
    body = document(own.dataset, other.dataset)
    assert "place" in refused("bad_check", services.declare_check, civil, "校核", body).message.zh  # not granted
    body["elements"].pop("place"), body["compare"].pop("place")
    for source in body["sources"]:
        source["columns"] = {"code": "code", "name": "name"}
    run = ran(civil, services.declare_check(civil, "校核", body))
    assert run.state == "done", run.refusal
    assert Ticket.objects.get(rule__endswith="different:name").department_id == survey.party_id


def test_who_may_declare_and_what_is_refused_by_name(civil, two):
    buyer = make_actor(make_party("buyer"), ("analyst",))
    refused("forbidden", declare, buyer, *two)
    refused("bad_name", services.declare_check, civil, " ", document(*two))
    assert "规则：json" in refused("bad_check", services.declare_check, civil, "校核", "{").message.zh
    assert (
        "规则：two_sources"
        in refused("bad_check", services.declare_check, civil, "校核", {**document(*two), "sources": []}).message.zh
    )
    assert "规则：no_column" in refused("bad_check", services.declare_check, civil, "校核", {
        **document(*two), "sources": [{**s, "columns": {"code": "zip"}} for s in document(*two)["sources"]], "elements": {"code": {"kind": "code"}}, "compare": {},
    }).message.zh  # fmt: skip


def test_one_run_of_a_check_at_once_and_it_can_be_stopped(civil, two):
    check = declare(civil, *two)
    run = services.order_run(civil, check.number)
    refused("already_running", services.order_run, civil, check.number)
    services.stop_run(civil, run.number)
    refused("not_running", services.stop_run, civil, run.number)
    working.run_now(run)
    run.refresh_from_db()
    assert run.state == "stopped" and not run.lines.exists()


def test_others_see_nothing_of_it(civil, survey, two):
    check = declare(civil, *two)
    run = services.order_run(civil, check.number)
    refused("not_found", queries.get_check, survey, check.number)
    refused("not_found", queries.get_run, survey, run.number)
    refused("not_found", services.order_run, survey, check.number)
    refused("not_found", services.stop_run, survey, run.number)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"kind": "absent", "holders": ["civil"], "lacking": ["map"]}, ["map"]),
        ({"kind": "absent", "holders": ["map"], "lacking": ["civil"]}, ["map"]),
        ({"kind": "missing", "values": {"civil": None, "map": "x"}}, ["civil"]),
        ({"kind": "different", "values": {"civil": "x", "map": "y"}, "stands": "civil", "otherwise": ["map"]}, ["map"]),
        ({"kind": "repeated", "values": {"map": "x"}}, ["map"]),
    ],
)
def test_who_is_asked_to_look(line, expected):
    assert blamed(read(document("DS-1", "DS-2")), line) == expected

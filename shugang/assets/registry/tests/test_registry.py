"""The register finds what is public, counts it, and shows no person."""

import csv
import io
import json

import pytest
from django.test import Client

from shugang.assets.models import Certificate
from shugang.assets.registration.amending import amend
from shugang.assets.registry import index, queries
from shugang.assets.registry.queries import Wanted
from shugang.assets.testing import answers_for, finish, make_certificate, make_registrar, make_version
from shugang.kernel import clock, engine
from shugang.kernel.models import SearchDocument
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    office, holder = make_registrar(), make_actor(make_party("supplier"))
    air = make_certificate(holder, make_version(holder.party, 1), office)
    bus = make_certificate(
        holder, make_version(holder.party, 2), office, data_name="2025年某市公交刷卡客流数据集", industry="G", division="54",
        summary="线路与时段的客流量。", rights=["HOLD", "USE"],
    )  # fmt: skip
    return office, holder, air, bus


def found(**wanted):
    return [c.number for c in queries.public_certificates(Wanted(**wanted)).order_by("pk")]


@pytest.mark.both
def test_words_and_filters_find_certificates(world):
    office, holder, air, bus = world
    assert found() == [air.number, bus.number]
    assert found(words="公交") == [bus.number] and found(words="空气 污染物") == [air.number]
    assert found(words=holder.party.name[:4]) == [air.number, bus.number]
    assert found(words=f" {bus.number.lower()} ") == [bus.number] and found(words=bus.asset.number) == [bus.number]
    assert found(right="OPERATE") == [air.number] and found(right="USE", industry="G") == [bus.number]
    assert found(words="不存在的词") == [] and found(profile="registration-national") == []
    engine.act(air.case.number, "revoke", office.reviewer, answers_for("revoke"))
    assert found(right="OPERATE") == [] and found(state="revoked") == [air.number]


def test_a_later_registration_is_found_under_its_new_name(world):
    office, holder, air, _ = world
    new = finish(amend(holder, air.number, "change", {"data_name": "北京市臭氧逐时监测数据集"}, "更名"), office, holder)
    assert found(words="臭氧") == [new.number] and found(kind="change") == [new.number]
    assert found(state="replaced") == [air.number]


def test_what_an_older_version_left_out_is_indexed(world):
    SearchDocument.objects.filter(kind=index.KIND).delete()
    assert index.index_missing() == 2 and index.index_missing() == 0


@pytest.mark.parametrize(
    "query", ["state=nonsense", "right=ALL", "industry=%00", "q=" + "%" * 200, "profile='--", "kind=['a']"]
)
def test_a_filter_that_no_list_holds_is_dropped(world, query):
    assert Client().get(f"/registry.json?{query}").status_code == 200


def test_a_bad_cursor_is_refused():
    assert Client().get("/registry.json?after=zzz").status_code == 400


def test_the_list_of_revocations_names_the_rule_and_no_reason(world):
    office, holder, air, bus = world
    engine.act(air.case.number, "revoke", office.reviewer, {"rule": "false", "reason": "张三提供的材料不实"})
    engine.act(bus.case.number, "cancel", holder, {"reason": "李四离职"})
    text = (
        Client().get("/registry/revocations").content.decode()
        + Client().get("/registry/revocations.json").content.decode()
    )
    assert air.number in text and bus.number in text and "隐瞒事实或提供虚假材料取得" in text
    assert "张三" not in text and "李四" not in text


def test_counts_agree_with_the_register(world):
    office, _, air, _ = world
    engine.act(air.case.number, "suspend", office.reviewer, answers_for("suspend"))
    tables = {
        t["key"]: {r["code"]: r["count"] for r in t["rows"]}
        for t in json.loads(Client().get("/registry/statistics.json").content)["tables"]
    }
    assert tables["months"] == {clock.today().strftime("%Y-%m"): 2}
    assert tables["rights"] == {"HOLD": 1, "USE": 1, "OPERATE": 0}
    assert tables["industries"] == {"G": 1} and tables["types"] == {"initial": 2}
    assert tables["states"] == {"valid": 1, "suspended": 1}
    assert tables["profiles"] == {"registration-local": 2, "registration-national": 0, "registration-public": 0}
    rows = list(csv.reader(io.StringIO(Client().get("/registry/statistics.csv").content.decode("utf-8-sig"))))
    assert sum(int(r[3]) for r in rows[1:] if r[1] in tables["states"]) == 2


def test_months_without_a_certificate_stand_as_zero():
    assert queries._every_month(["2025-11", "2026-02"]) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert queries._every_month([]) == []


def test_an_empty_register_says_what_comes_next():
    for page in ("/registry", "/registry/revocations", "/registry/statistics"):
        assert Client().get(page).status_code == 200
    assert not Certificate.objects.exists() and queries.public_days() is None

"""Real tables through grading, security review and listing: fever clinics of Fujian, and daily means of the air in Xiamen.

Sources and licences: demo/data/SOURCES.md. The telephones of the clinics are generated sample numbers.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import demo
from shugang.assets.grading import lineage, queries, services
from shugang.assets.grading.models import Grading
from shugang.assets.grading.proposing import run_detections
from shugang.assets.review import queries as reviews
from shugang.assets.review.services import apply_review, check_anonymity
from shugang.assets.testing import SECURITY, load_profiles
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.vault.services import upload_version
from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
DATA = Path(demo.__file__).parent / "data"
CLINICS = {"city": "城市", "county": "区县", "name": "机构名称", "address": "地址", "telephone": "联系电话"}
PHONE = {
    "object": "person",
    "degree": "general",
    "pi_class": "communication",
    "reason": "机构对外电话，按个人信息对待。",
}
OPINION = {"opinion": "级别、依据和措施清楚。"}


class People:
    def __init__(self):
        load_profiles()
        self.party, self.operator = make_party("supplier"), make_party("operator")
        self.handler = make_actor(self.party, ("handler", "engineer"))
        self.second = make_actor(self.party, ("reviewer",))
        self.decider = make_actor(self.operator, ("reviewer",))

    def store(self, name, path, comments=None, personal=()):
        dataset = create_dataset(self.handler, name=name, hosting="hosted")
        with path.open("rb") as stream:
            return upload_version(self.handler, dataset.number, stream, path.name, comments or {}, personal=personal)

    def grade(self, version, **cells):
        case = services.open_grading(self.handler, version.dataset.number, version.version)
        assert run_detections() == 1
        for name, answers in cells.items():
            services.decide_column(self.handler, case.number, name, answers)
        if Case.objects.get(pk=case.pk).grading.columns.filter(level=None).exists():
            services.accept_all(self.handler, case.number)
        engine.act(case.number, "submit", self.handler)
        engine.act(case.number, "approve", self.second)
        return Grading.objects.get(case=case)


@pytest.fixture
def people():
    return People()


def test_clinics_from_upload_to_a_review_that_stands(people):
    version = people.store("福建发热门诊", DATA / "fever_clinics_fujian.csv", CLINICS, ("telephone",))
    assert version.rows == 1115
    grading = people.grade(version, telephone=PHONE)
    assert (grading.level, grading.scale) == (2, 1115)
    assert {c.column.name for c in grading.columns.filter(level=2)} >= {"telephone", "name", "address"}
    # personal information without a basis is refused with the rule named
    with pytest.raises(Refusal) as no:
        apply_review(people.handler, version.dataset.number, people.operator, SECURITY)
    assert "telephone" in no.value.fields["personal_basis"].zh
    # by city every group is large enough, by name it is not: counted independently
    with (DATA / "fever_clinics_fujian.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    for columns in (["city"], ["city", "name"]):
        sizes: dict[tuple[str, ...], int] = {}
        for row in rows:
            key = tuple(row[c] for c in columns)
            sizes[key] = sizes.get(key, 0) + 1
        made = check_anonymity(people.handler, version.dataset.number, columns)
        assert (made.rows, made.groups, made.smallest) == (1115, len(sizes), min(sizes.values()))
        assert made.below == sum(n for n in sizes.values() if n < 5)
    form = {**SECURITY, "personal_basis": "public", "basis_text": "由卫生健康部门依法公布。"}
    case = apply_review(people.handler, version.dataset.number, people.operator, form)
    engine.act(case.number, "pass", people.decider, OPINION)
    assert reviews.standing(version).personal == ["telephone"]


def test_daily_means_inherit_from_the_hourly_values_until_the_aggregation_is_approved(people, tmp_path):
    hourly = people.store("空气质量小时值", DATA / "air_quality_xiamen.csv")
    restricted = {"object": "public", "degree": "general", "reason": "与本市未公开的环境监测有关。"}
    assert people.grade(hourly, aqi=restricted).level == 4
    # given daily means that were made of them
    path, sums = tmp_path / "daily.csv", {}
    with (DATA / "air_quality_xiamen.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if row["pm25"]:
                sums.setdefault((row["date"], row["station"]), []).append(int(row["pm25"]))
    lines = [f"{d},{s},{len(v)},{round(10 * sum(v) / len(v))}" for (d, s), v in sorted(sums.items())]
    path.write_text("\n".join(["date,station,hours,pm25_tenths", *lines]) + "\n", encoding="utf-8")
    daily = people.store("空气质量日均值", path)
    services.declare_input(people.handler, daily.dataset.number, None,
                           {"dataset": hourly.dataset.number, "version": 1, "how": "按站点和日期求均值。"})  # fmt: skip
    # when they are graded, they inherit
    assert people.grade(daily).level == 4
    # and when the aggregation is approved by a second person, they are graded again and count for less
    smallest = min(len(v) for v in sums.values())
    with pytest.raises(Refusal):
        _lower(people, hourly, daily, smallest if smallest < 10 else 9)
    case = _lower(people, hourly, daily, 10)
    engine.act(case.number, "approve", people.second)
    assert lineage.inherited(daily) == (2, []) and people.grade(daily).level == 2
    assert queries.standing(hourly).level == 4
    assert Event.objects.filter(kind="assets.lowering.approve").get().payload["to"] == 2


def _lower(people, source, derived, k):
    return services.declare_lowering(people.handler, {
        "source": str(source), "version": str(derived), "method": "aggregate", "k": k, "to_level": "2",
        "statement": "日均值由逐时值汇总，不能还原。",
    })  # fmt: skip

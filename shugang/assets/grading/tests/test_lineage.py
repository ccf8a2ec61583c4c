"""Grades along versions and along lineage: unchanged columns keep theirs, derived data inherit, only approval lowers."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from shugang.assets.grading import lineage, queries, services
from shugang.assets.grading.models import Derivation, Grading
from shugang.assets.grading.proposing import run_detections
from shugang.assets.testing import load_profiles, make_graded, make_version
from shugang.delivery.datasets.services import ColumnFact, add_version
from shugang.kernel import clock, engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.kernel.testing import refused
from shugang.parties.testing import make_actor, make_party

pytestmark = pytest.mark.django_db
GRAVE = {"object": "person", "degree": "grave", "pi_class": "health", "sensitive": True}
HARMLESS = {"object": "organisation", "degree": "none", "pi_class": "", "sensitive": False}
SAME = ("station", "at", "pm25")


@pytest.fixture
def party():
    load_profiles()
    return make_party("supplier")


@pytest.fixture
def handler(party):
    return make_actor(party)


def next_version(handler, version, names, rows=100):
    columns = [ColumnFact(n, "VARCHAR") for n in names]
    facts = {"sha256": f"{rows:064d}", "rows": rows, "bytes": 1, "path": "x/2/data.parquet"}
    with transaction.atomic():
        return add_version(handler, version.dataset, columns, facts)


def derive(handler, version, source, how="按站点求和"):
    return services.declare_input(handler, version.dataset.number, version.version,
                                  {"dataset": source.dataset.number, "version": source.version, "how": how})  # fmt: skip


def lower(handler, derivation, to_level, method="aggregate", k=10):
    return services.declare_lowering(handler, {
        "source": str(derivation.source), "version": str(derivation.version), "method": method, "k": k,
        "to_level": to_level, "statement": "每组不少于10条，已核对。",
    })  # fmt: skip


def test_a_version_with_the_same_columns_is_graded_at_once(party, handler):
    version = make_version(party)
    first = make_graded(handler, version)
    later = next_version(handler, version, SAME, rows=200)
    grading = queries.standing(later)
    assert grading.level == first.level and grading.whole and grading.carries == first and grading.scale == 200
    # the former version keeps its own
    assert queries.standing(version) == first


def test_a_new_column_opens_it_again_and_only_that_column(party, handler):
    version = make_version(party)
    make_graded(handler, version)
    later = next_version(handler, version, (*SAME, "note"))
    assert queries.standing(later) is None
    assert run_detections() == 1
    grading = Grading.objects.get(version=later)
    rows = {c.column.name: (c.carried, c.level) for c in grading.columns.select_related("column")}
    assert rows == {**{n: (True, 2) for n in SAME}, "note": (False, None)}
    assert grading.case.state == "confirming"


def test_a_type_that_changed_is_another_column(party, handler):
    version = make_version(party)
    make_graded(handler, version)
    columns = [ColumnFact("station", "VARCHAR"), ColumnFact("at", "VARCHAR"), ColumnFact("pm25", "BIGINT")]
    with transaction.atomic():
        later = add_version(handler, version.dataset, columns, {"sha256": "1" * 64, "rows": 1, "bytes": 1, "path": "x"})
    assert list(
        Grading.objects.get(version=later).columns.filter(level=None).values_list("column__name", flat=True)
    ) == ["pm25"]


def test_growth_beyond_a_threshold_opens_it_again(party, handler):
    version = make_version(party, personal=("phone",))
    make_graded(handler, version)
    later = next_version(handler, version, (*SAME, "phone"), rows=10_000_000)
    assert queries.standing(later) is None and Grading.objects.get(version=later).state == "open"


def test_derived_data_inherit_the_highest(party, handler):
    low, high, derived = make_version(party), make_version(party), make_version(party)
    make_graded(handler, low)
    make_graded(handler, high, pm25=GRAVE)
    for source in (low, high):
        derive(handler, derived, source)
    assert lineage.inherited(derived) == (4, [])
    grading = make_graded(handler, derived, station=HARMLESS, at=HARMLESS, pm25=HARMLESS)
    assert grading.level == 4 and "来源" in grading.reasons[0]["zh"]


def test_an_ungraded_input_holds_the_grading_back(party, handler):
    source, derived = make_version(party), make_version(party)
    derive(handler, derived, source)
    case = services.open_grading(handler, derived.dataset.number)
    run_detections()
    services.accept_all(handler, case.number)
    assert refused(Case.objects.get(pk=case.pk), "submit", handler).code == "source_not_graded"


def test_an_input_that_rises_raises_everything_made_of_it(party, handler):
    a, b, c = make_version(party), make_version(party), make_version(party)
    make_graded(handler, a)
    for derived, source in ((b, a), (c, b)):
        derive(handler, derived, source)
        make_graded(handler, derived)
    assert [queries.standing(v).level for v in (a, b, c)] == [2, 2, 2]
    make_graded(handler, a, pm25=GRAVE)
    assert [queries.standing(v).level for v in (a, b, c)] == [4, 4, 4]
    assert Event.objects.filter(kind="grading.inherited").count() == 2


def test_an_input_declared_late_counts_at_once(party, handler):
    source, derived = make_version(party), make_version(party)
    make_graded(handler, source, pm25=GRAVE)
    assert make_graded(handler, derived).level == 2
    derive(handler, derived, source)
    assert queries.standing(derived).level == 4


def test_only_an_approved_transformation_lowers_and_only_so_far(party, handler):
    source, derived = make_version(party), make_version(party)
    make_graded(handler, source, pm25=GRAVE)
    derivation = derive(handler, derived, source)
    for to_level, k in ((1, 10), (4, 10), (2, 9)):
        with pytest.raises(Refusal) as no:
            lower(handler, derivation, to_level, k=k)
        assert no.value.code == "lowering_refused"
    case = lower(handler, derivation, 2)
    assert lineage.inherited(derived)[0] == 4  # declared is not approved
    same = make_actor(party, ("handler", "reviewer"), person=handler.person)
    assert refused(case, "approve", same).code == "conflict_of_interest"
    engine.act(case.number, "approve", make_actor(party, ("reviewer",)))
    assert lineage.inherited(derived)[0] == 2
    assert make_graded(handler, derived).level == 2


def test_a_lowering_ends_when_its_input_rises(party, handler):
    source, derived = make_version(party), make_version(party)
    make_graded(handler, source, pm25={**GRAVE, "degree": "serious"})
    case = lower(handler, derive(handler, derived, source), 2)
    engine.act(case.number, "approve", make_actor(party, ("reviewer",)))
    assert make_graded(handler, derived).level == 2
    make_graded(handler, source, pm25=GRAVE)
    assert queries.standing(derived).level == 4


def test_another_partys_input_is_lowered_by_its_holder_alone(party, handler):
    other = make_party("supplier")
    theirs, derived = make_version(other), make_version(party)
    make_graded(make_actor(other), theirs, pm25=GRAVE)
    with pytest.raises(Refusal) as no:
        derive(handler, derived, theirs)
    assert no.value.code == "not_found"  # no grant on it
    derivation = Derivation.objects.create(version=derived, source=theirs, how="协议取得", declared_at=clock.now())
    case = lower(handler, derivation, 2)
    assert refused(case, "approve", make_actor(party, ("reviewer",))).code == "forbidden"
    engine.act(case.number, "approve", make_actor(other, ("reviewer",)))
    assert lineage.inherited(derived)[0] == 2


@pytest.mark.both
def test_data_do_not_derive_from_what_is_younger_or_themselves(party, handler):
    older, younger = make_version(party), make_version(party)
    for source, derived in ((younger, older), (older, older)):
        with pytest.raises(Refusal) as no:
            derive(handler, derived, source)
        assert no.value.code == "source_not_older"
        with pytest.raises(IntegrityError), transaction.atomic():
            Derivation.objects.create(version=derived, source=source, how="x", declared_at=clock.now())


@pytest.mark.both
def test_one_grading_in_force_a_version(party, handler):
    grading = make_graded(handler, make_version(party))
    case = Case.objects.create(procedure="assets.grading", number="FJ-X", title="x", state="in_force",
                               opened_at=clock.now(), changed_at=clock.now())  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        Grading.objects.create(case=case, version=grading.version, state="in_force", level=1, effective_at=clock.now())

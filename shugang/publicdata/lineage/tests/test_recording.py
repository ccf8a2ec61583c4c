"""Edges come from what runs here, from SQL that is read and from events; circles and strangers' tables are refused."""

from __future__ import annotations

import uuid

import pytest
from django.db import IntegrityError, transaction

from shugang.assets.grading import queries as grading
from shugang.assets.models import Derivation
from shugang.assets.testing import load_profiles, make_graded, make_version
from shugang.delivery.datasets.services import ColumnFact, add_version
from shugang.delivery.testing import make_grant, make_supplier, make_terms
from shugang.delivery.testing import make_version as make_upload
from shugang.kernel.actors import SYSTEM
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Event
from shugang.parties.testing import make_actor, make_party
from shugang.policy.terms import Mask, RowFilter
from shugang.publicdata.lineage import queries, services
from shugang.publicdata.lineage.models import LineageEdge, LineageNode, LineageRun

pytestmark = pytest.mark.django_db
GRAVE = {"object": "person", "degree": "grave", "pi_class": "health", "sensitive": True}


@pytest.fixture
def party():
    load_profiles()
    return make_party("supplier")


@pytest.fixture
def handler(party):
    return make_actor(party)


def edges(node=None):
    rows = LineageEdge.objects.filter(target=node) if node else LineageEdge.objects.all()
    return {
        (e.source.name, e.source_column, e.target.name, e.target_column, e.subtype + "*" * e.masking)
        for e in rows.select_related("source", "target")
    }


def name(version):
    return f"{version.dataset.number}/{version.version}"


def event(inputs=(), outputs=(), kind="COMPLETE", run=None):
    return {
        "eventType": kind, "eventTime": "2026-11-26T08:00:00Z", "run": {"runId": str(run or uuid.uuid4())},
        "job": {"namespace": "示例作业", "name": "每日汇总"}, "inputs": list(inputs), "outputs": list(outputs),
        "producer": "https://example.org/producer",
    }  # fmt: skip


def table(name, namespace="warehouse", **columns):
    """An output whose columns come of (table, column[, subtype[, masking]])."""
    fields = {
        column: {"inputFields": [
            {"namespace": source[2] if len(source) > 2 else "warehouse", "name": source[0], "field": source[1],
             "transformations": [{"type": "DIRECT", "subtype": "IDENTITY", "description": "", "masking": False}]}
            for source in sources
        ]}
        for column, sources in columns.items()
    }  # fmt: skip
    return {"namespace": namespace, "name": name, "facets": {"columnLineage": {"fields": fields}} if fields else {}}


def refused(act, *args):
    before = LineageNode.objects.count(), LineageRun.objects.count(), LineageEdge.objects.count(), Event.objects.count()
    with pytest.raises(Refusal) as no:
        act(*args)
    after = LineageNode.objects.count(), LineageRun.objects.count(), LineageEdge.objects.count(), Event.objects.count()
    assert after == before
    return no.value.code


def test_a_grant_is_a_view_with_its_masks_and_filters():
    version = make_upload()
    terms = make_terms(
        ("prefix7", "city"), masks=(Mask("city", "redact"),), rows=(RowFilter("province", "eq", "福建"),)
    )
    grant = make_grant(version, terms=terms)
    view = LineageNode.objects.get(grant=grant)
    assert view.party_id == grant.supplier_id and view.reader_id == grant.grantee_id
    assert edges() == {
        (name(version), "prefix7", grant.number, "prefix7", "IDENTITY"),
        (name(version), "city", grant.number, "city", "TRANSFORMATION*"),
        (name(version), "province", grant.number, "", "FILTER"),
    }


def test_rows_added_go_on_from_the_version_before(party):
    version = make_version(party)
    columns = [ColumnFact(n, "VARCHAR") for n in ("station", "pm25", "note")]
    with transaction.atomic():
        later = add_version(SYSTEM, version.dataset, columns, {"sha256": "1" * 64, "path": "x", "appends": True})
    assert edges() == {(name(version), c, name(later), c, "IDENTITY") for c in ("station", "pm25")}
    with transaction.atomic():
        add_version(SYSTEM, version.dataset, columns, {"sha256": "2" * 64, "path": "y"})
    assert LineageEdge.objects.count() == 2


def test_sql_is_read_and_the_grade_follows(party, handler):
    source, derived = make_version(party), make_version(party)
    make_graded(handler, source, pm25=GRAVE)
    assert make_graded(handler, derived).level == 2
    sql = "select upper(station) as station, max(at) as at, avg(pm25) as pm25 from air where pm25 > 0 group by station"
    said = {"sql": sql, "inputs": f"air = {name(source)}"}
    done = services.record_query(handler, derived.dataset.number, 1, said)
    assert edges() == {
        (name(source), "station", name(derived), "station", "TRANSFORMATION"),
        (name(source), "at", name(derived), "at", "AGGREGATION"),
        (name(source), "pm25", name(derived), "pm25", "AGGREGATION"),
        (name(source), "pm25", name(derived), "", "FILTER"),
        (name(source), "station", name(derived), "", "GROUP_BY"),
    }
    assert done["new"] == 5
    assert Derivation.objects.get().source == source
    assert grading.standing(derived).level == 4
    # told again: nothing new, the edges are renewed
    again = services.record_query(handler, derived.dataset.number, 1, said)
    assert again["new"] == 0 and LineageEdge.objects.filter(last__number=again["run"]).count() == 5


@pytest.mark.parametrize(
    ("sql", "inputs", "code"),
    [
        ("drop table air", "air = <source>", "sql_not_read"),
        ("select station, at, pm25 from elsewhere", "air = <source>", "sql_not_read"),
        ("select station, at from air", "air = <source>", "columns_differ"),
        ("select station, at, pm25 from air", "air", "invalid_form"),
        ("select station, at, pm25 from air", "air = <source>\nAIR = <source>", "invalid_form"),
        ("select station, at, pm25 from air", "air = DS-2020-000001/1", "not_found"),
        ("select station, at, pm25 from air", "air = <derived>", "circular_lineage"),
    ],
)
def test_sql_that_does_not_fit_is_refused(party, handler, sql, inputs, code):
    source, derived = make_version(party), make_version(party)
    said = {"sql": sql, "inputs": inputs.replace("<source>", name(source)).replace("<derived>", name(derived))}
    assert refused(services.record_query, handler, derived.dataset.number, 1, said) == code


def test_a_version_is_not_made_of_a_younger_one(party, handler):
    older, younger = make_version(party), make_version(party)
    said = {"sql": "select * from air", "inputs": f"air = {name(younger)}"}
    assert refused(services.record_query, handler, older.dataset.number, 1, said) == "source_not_older"


def test_a_declared_input_is_an_edge_until_its_columns_are_known(party, handler):
    from shugang.assets.grading.services import declare_input

    source, derived = make_version(party), make_version(party)
    declare_input(handler, derived.dataset.number, 1, {"dataset": source.dataset.number, "version": 1, "how": "求均值"})
    assert edges() == {(name(source), "", name(derived), "", "")}
    said = {"sql": "select * from air", "inputs": f"air = {name(source)}"}
    services.record_query(handler, derived.dataset.number, 1, said)
    assert {e[4] for e in edges()} == {"IDENTITY"} and Derivation.objects.count() == 1


def test_events_tell_of_tables_elsewhere(party, handler):
    out = table("day", station=[("hour", "station")], mean=[("hour", "pm25"), ("hour", "flag")])
    assert services.record_event(handler, event([{"namespace": "warehouse", "name": "hour"}], [out]))["new"] == 3
    assert {e[:4] for e in edges()} == {
        ("hour", "station", "day", "station"), ("hour", "pm25", "day", "mean"), ("hour", "flag", "day", "mean")
    }  # fmt: skip
    assert set(LineageNode.objects.values_list("kind", "party")) == {("outside", party.pk)}


def test_what_has_not_ended_well_tells_nothing(handler):
    for kind in ("START", "RUNNING", "FAIL", "ABORT"):
        assert services.record_event(handler, event([], [table("day", a=[("hour", "a")])], kind))["edges"] == 0
    assert not LineageEdge.objects.exists()


def test_a_run_is_told_once(handler):
    said = event([], [table("day", a=[("hour", "a")])], run="4f6a2c1e-0000-4000-8000-000000000001")
    services.record_event(handler, said)
    assert refused(services.record_event, handler, said) == "already_declared"


def test_an_event_joins_tables_elsewhere_to_data_sets_here(party, handler):
    source, derived = make_version(party), make_version(party)
    services.record_event(handler, event([], [table("stage", pm=[(name(source), "PM25", "shugang")])]))
    services.record_event(handler, event([], [table(name(derived), "shugang", pm25=[("stage", "pm")])]))
    graph = queries.graph(handler, LineageNode.objects.get(version=derived), "pm25", "up", 3)
    assert [(graph.nodes[s.source].name, s.source_column) for s in graph.edges] == [
        ("stage", "pm"),
        (name(source), "pm25"),
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"eventType": "DONE"}, "invalid_lineage_event"),
        ({"eventTime": "yesterday"}, "invalid_lineage_event"),
        ({"eventTime": "2026-11-26T08:00:00"}, "invalid_lineage_event"),
        ({"run": {"runId": "7"}}, "invalid_lineage_event"),
        ({"job": {"namespace": "", "name": "x"}}, "invalid_lineage_event"),
        ({"outputs": {}}, "invalid_lineage_event"),
        ({"outputs": [table("x", a=[("y", "")])]}, "invalid_lineage_event"),
        ({"outputs": [{"namespace": "w", "name": "x", "facets": {"columnLineage": {"fields": {"a": {"inputFields": [
            {"namespace": "w", "name": "y", "field": "b", "transformations": [{"type": "DIRECT", "subtype": "FILTER"}]}]}}}}}]},
         "invalid_lineage_event"),
        ({"outputs": [{"namespace": "w", "name": "x"}] * 101}, "invalid_lineage_event"),
        ({"outputs": [table("day/1", "shugang", a=[("y", "b")])]}, "invalid_lineage_event"),
        ({"outputs": [table("DS-2020-000001", "shugang", a=[("y", "b")])]}, "not_found"),
        ({"outputs": [table("x", a=[("x", "b")])]}, "circular_lineage"),
        ({"outputs": [table("x", a=[("y", "b")]), table("y", b=[("x", "a")])]}, "circular_lineage"),
    ],
)  # fmt: skip
def test_an_event_that_is_wrong_lands_nothing(handler, change, code):
    assert refused(services.record_event, handler, event() | change) == code


def test_a_circle_over_several_events_is_refused(handler):
    for target, source in (("b", "a"), ("c", "b"), ("d", "c")):
        services.record_event(handler, event([], [table(target, v=[(source, "v")])]))
    assert refused(services.record_event, handler, event([], [table("a", v=[("d", "v")])])) == "circular_lineage"
    # tables told of as a whole count for every column
    whole = event([{"namespace": "warehouse", "name": "d"}], [{"namespace": "warehouse", "name": "a"}])
    assert refused(services.record_event, handler, whole) == "circular_lineage"


def test_only_a_handler_records_and_only_for_his_own(party, handler):
    version = make_version(party)
    out = event([], [table(name(version), "shugang", pm25=[("hour", "v")])])
    assert refused(services.record_event, make_actor(party, ("reviewer",)), out) == "forbidden"
    assert refused(services.record_event, make_actor(make_party("supplier")), out) == "not_found"
    # a data set of another is an input only by grant
    take = event([], [table("mine", pm25=[(name(version), "pm25", "shugang")])])
    assert refused(services.record_event, make_actor(make_party("buyer")), take) == "not_found"


def test_a_grantee_builds_on_the_view_and_sees_no_further():
    _, actor = make_supplier()
    version = make_upload(actor)
    terms = make_terms(("prefix7", "city"))
    grant = make_grant(version, terms=terms)
    buyer = make_actor(grant.grantee)
    out = table("mine", place=[(version.dataset.number, "city", "shugang")])
    services.record_event(buyer, event([], [out]))
    hidden = event([], [table("mine", net=[(version.dataset.number, "carrier", "shugang")])])
    assert refused(services.record_event, buyer, hidden) == "no_such_column"
    mine = LineageNode.objects.get(name="mine")
    graph = queries.graph(buyer, mine, "", "up", 5)
    assert [graph.nodes[s.source].name for s in graph.edges] == [grant.number] and graph.hidden == {"up": 1}
    with pytest.raises(Refusal):
        queries.get_table(buyer, version.dataset.number)
    # the supplier sees the view, and that somebody built on it, not who or what
    own = queries.graph(actor, queries.get_table(actor, version.dataset.number), "", "down", 5)
    assert {n.name for n in own.nodes.values()} == {name(version), grant.number} and own.hidden == {"down": 1}


def test_depth_is_bounded_and_says_when_it_stops(handler):
    for n in range(8):
        services.record_event(handler, event([], [table(f"t{n + 1}", v=[(f"t{n}", "v")])]))
    first = LineageNode.objects.get(name="t0")
    graph = queries.graph(handler, first, "v", "down", 3)
    assert len(graph.edges) == 3 and graph.cut
    assert not queries.graph(handler, LineageNode.objects.get(name="t8"), "", "down", 6).cut
    for direction, depth, code in (("sideways", 2, "bad_direction"), ("up", 7, "bad_depth"), ("up", 0, "bad_depth")):
        with pytest.raises(Refusal) as no:
            queries.graph(handler, first, "", direction, depth)
        assert no.value.code == code


@pytest.mark.both
def test_the_database_holds_an_edge_once_and_never_within_a_table(handler):
    services.record_event(handler, event([], [table("b", v=[("a", "v")])]))
    edge = LineageEdge.objects.get()
    copy = {"source": edge.source, "source_column": "v", "target": edge.target, "target_column": "v",
            "subtype": "IDENTITY", "masking": False, "first": edge.first, "last": edge.last}  # fmt: skip
    for change in ({}, {"target": edge.source}, {"subtype": "GUESSED"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            LineageEdge.objects.create(**(copy | change))

"""A query that a plane answered leaves its edges: from the granted view to the answer, with grade and rights; nothing else does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shugang.delivery.grants.models import Grant
from shugang.delivery.metering.services import fold_journal
from shugang.delivery.testing import make_grant, make_records, make_supplier, make_terms
from shugang.delivery.testing import make_version as make_upload
from shugang.parties.testing import make_actor, sign_in
from shugang.policy.governed import Granted
from shugang.publicdata.lineage import asked, queries, services
from shugang.publicdata.lineage.models import LineageEdge, LineageNode
from shugang.publicdata.lineage.nodes import QUERIES

pytestmark = pytest.mark.django_db
NOW = timedelta(0)
SQL = "select city, count(*) as n from segments where carrier = '示例' group by city order by n"


def edges():
    rows = LineageEdge.objects.filter(target__kind="query").select_related("source", "target")
    return {(e.source.name, e.source_column, e.target_column, e.subtype) for e in rows}


def asked_of(grant: Grant, *details, outcome="found", mode="sql"):
    uses = [{"grant": grant.number, "mode": mode, "outcome": outcome, "detail": detail} for detail in details]
    fold_journal(grant.plane, 1, make_records(uses))
    return asked.follow(NOW)


@pytest.fixture
def grant():
    _, actor = make_supplier()
    return make_grant(make_upload(actor), terms=make_terms(("city", "carrier")))


def test_an_answered_query_leaves_its_edges_once(grant, client):
    from shugang.delivery.plane import sql_told

    tables = (Granted("", "segments", (("city", "text"), ("carrier", "text"))),)
    told = [list(edge) for edge in sql_told.reads(SQL, tables)[0]]
    assert asked_of(grant, {"query": "f1" * 16, "lineage": told}, {"query": "f1" * 16, "lineage": told}) == 1
    assert edges() == {
        (grant.number, "city", "city", "IDENTITY"),
        (grant.number, "carrier", "", "FILTER"),
        (grant.number, "city", "", "GROUP_BY"),
    }
    assert asked.follow(NOW) == 0  # each record is looked at once
    buyer = make_actor(grant.grantee)
    answer = LineageNode.objects.get(kind="query")
    graph = queries.graph(buyer, answer, "", "up", 1)
    assert {graph.nodes[s.source].name for s in graph.edges} == {grant.number}
    sign_in(client, buyer)
    page = client.get(f"/desk/lineage/{answer.number}").content.decode()
    assert "自助查询的结果" in page and grant.number in page
    # The holder of the data sees that somebody asked, not what.
    own = make_actor(grant.supplier)
    assert queries.graph(own, LineageNode.objects.get(grant=grant), "", "down", 1).hidden == {"down": 1}
    # What the buyer makes of it further goes on from it.
    made = {"namespace": "warehouse", "name": "mine", "facets": {"columnLineage": {"fields": {"where": {"inputFields": [
        {"namespace": QUERIES, "name": answer.name, "field": "city", "transformations": []}]}}}}}  # fmt: skip
    services.record_event(buyer, {
        "eventType": "COMPLETE", "eventTime": "2026-11-26T08:00:00Z", "run": {"runId": "4f6a2c1e-0000-4000-8000-000000000001"},
        "job": {"namespace": "作业", "name": "汇总"}, "inputs": [], "outputs": [made], "producer": "https://example.org/p",
    })  # fmt: skip
    assert LineageNode.objects.get(name="mine").incoming.get().source == answer


def test_what_is_no_answered_query_or_reads_as_no_edge_leaves_none(grant):
    good = ["city", "city", "IDENTITY", False]
    assert asked_of(grant, {"query": "a" * 32, "lineage": [good]}, outcome="sql_failed") == 0
    assert not LineageNode.objects.filter(kind="query").exists()


def test_a_plane_is_not_believed_about_columns_that_it_was_not_granted(grant):
    odd = [["prefix7", "x", "IDENTITY", False], ["city", "y", "GUESSED", False], ["city", 7, "IDENTITY", False], "city", ["city"],
           ["city", "z" * 201, "IDENTITY", False], ["city", "city", "IDENTITY", "yes"]]  # fmt: skip
    assert asked_of(grant, {"query": "b" * 32, "lineage": odd}, {"query": "c" * 32, "lineage": {"city": 1}}) == 2
    assert edges() == {(grant.number, "city", "city", "IDENTITY")}
    assert not LineageEdge.objects.get(target__kind="query").masking


def test_an_answer_has_the_highest_grade_and_all_rights_of_what_it_was_asked_of():
    from shugang.assets import testing as assets

    assets.load_profiles()
    _, actor = make_supplier()
    version = make_upload(actor)
    grading = assets.make_graded(actor, version)
    grant = make_grant(version, terms=make_terms(("city",)))
    asked_of(grant, {"query": "d" * 32, "lineage": [["city", "city", "IDENTITY", False]]})
    found = queries.standing_of(LineageNode.objects.get(kind="query"))
    assert found["level"] == grading.level


@pytest.mark.both
def test_an_answer_is_a_node_of_its_own_kind(grant):
    asked_of(grant, {"query": "e" * 32, "lineage": [["city", "n", "AGGREGATION", False]]})
    node = LineageNode.objects.get(kind="query")
    assert (node.party_id, node.namespace, node.version_id, node.reader_id) == (
        grant.grantee_id,
        QUERIES,
        None,
        None,
    )

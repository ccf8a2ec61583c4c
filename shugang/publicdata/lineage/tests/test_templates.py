"""The declared query of connected data says where each column comes from."""

from __future__ import annotations

import pytest

from shugang.delivery.connectors.services import declare_connected_version
from shugang.delivery.datasets.services import create_dataset
from shugang.delivery.testing import make_plane, make_supplier
from shugang.publicdata.lineage import queries
from shugang.publicdata.lineage.models import LineageEdge, LineageNode
from shugang.publicdata.lineage.templates import template_lineage

ONE = "SELECT symbol, upper(name) AS name FROM companies WHERE sector = :sector"


def columns(*names):
    return [{"name": n, "type": "VARCHAR", "comment": ""} for n in names]


@pytest.mark.django_db
def test_a_declared_query_leaves_its_edges():
    party, supplier = make_supplier()
    plane, _ = make_plane(party)
    dataset = create_dataset(supplier, name="上市公司", hosting="connected")
    params = [{"name": "sector", "type": "VARCHAR", "required": True}]
    version = declare_connected_version(
        supplier, dataset.number, "erp", ONE, params, columns("symbol", "name"), "postgres"
    )
    rows = LineageEdge.objects.filter(target__version=version).select_related("source")
    assert {(e.source.name, e.source_column, e.target_column, e.subtype) for e in rows} == {
        ("companies", "symbol", "symbol", "IDENTITY"),
        ("companies", "name", "name", "TRANSFORMATION"),
        ("companies", "sector", "", "FILTER"),
    }
    source = LineageNode.objects.get(name="companies")
    assert (source.kind, source.party, source.namespace) == ("outside", party, f"{plane.number}:erp")
    graph = queries.graph(supplier, queries.get_table(supplier, dataset.number), "symbol", "up", 1)
    assert [s.source_column for s in graph.edges if s.target_column] == ["symbol"]


def test_several_tables_count_as_a_whole_and_what_does_not_read_says_nothing():
    assert template_lineage("select a.x from main.t a join u on u.id = a.id where a.k = :k") == (["main.t", "u"], None)
    assert template_lineage("drop table t") == ([], None)
    tables, found = template_lineage("select t.a + 1 as b from s.t where t.c in (select max(c) from s.t)")
    assert tables == ["s.t"] and found is not None and found.columns["b"] == {(0, "a"): found.columns["b"][0, "a"]}

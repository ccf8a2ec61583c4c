"""Finding and making nodes: who may name which table as an input, and what columns it has."""

from __future__ import annotations

from typing import NamedTuple

from shugang.delivery.models import DatasetVersion, Grant
from shugang.kernel import clock
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.numbering import yearly_number
from shugang.policy.lowering import granted_columns
from shugang.policy.text import Text

from .models import LineageNode, LineageRun
from .recording import open_run, record
from .walking import WHOLE, Step

HERE = "shugang"  # the namespace of our own tables in OpenLineage
QUERIES = "shugang/sql"  # and of the answers of own queries: a party's later jobs may name them as inputs
INPUT = Text("这个来源，或贵机构没有它的授权", "such input, or you hold no grant on it")


class Table(NamedTuple):
    """A table that the actor may name; `columns` is None where only its holder knows them."""

    node: LineageNode
    columns: tuple[str, ...] | None
    version: DatasetVersion | None


def version_name(version: DatasetVersion) -> str:
    return f"{version.dataset.number}/{version.version}"


def node_of_version(version: DatasetVersion) -> LineageNode:
    """Within a run's transaction (`open_run` holds the lock)."""
    found = LineageNode.objects.filter(version=version).first()
    return found or _make("version", version.dataset.party_id, HERE, version_name(version), version=version)


def _make(kind: str, party: int, namespace: str, name: str, **facts: object) -> LineageNode:
    return LineageNode.objects.create(
        number=yearly_number("XB", clock.today().year), kind=kind, party_id=party, namespace=namespace, name=name,
        created_at=clock.now(), **facts,
    )  # fmt: skip


def outside(party: int, namespace: str, name: str) -> LineageNode:
    found = LineageNode.objects.filter(party_id=party, namespace=namespace, name=name).first()
    return found or _make("outside", party, namespace, name)


def answer_of(party: int, query: str) -> LineageNode:
    """The answer of a party's own query, by its fingerprint."""
    found = LineageNode.objects.filter(party_id=party, namespace=QUERIES, name=query).first()
    return found or _make("query", party, QUERIES, query)


def view_of(grant: Grant, run: LineageRun | None = None) -> LineageNode:
    """The node of what a grant hands out, with its edges from the version behind it."""
    found = LineageNode.objects.filter(grant=grant).first()
    if found is not None:
        return found
    run = run or open_run(SYSTEM, grant.supplier_id, LineageRun.Kind.VIEW, job=grant.number)
    node = _make("view", grant.supplier_id, HERE, grant.number, grant=grant, reader_id=grant.grantee_id)
    if version := _behind(grant):
        record(run, view_steps(grant, node_of_version(version), node, columns_of(version)))
    return node


def _behind(grant: Grant) -> DatasetVersion | None:
    return (
        DatasetVersion.objects.select_related("dataset")
        .filter(dataset__number=grant.source.get("dataset", ""), version=grant.source.get("version", 0))
        .first()
    )


def view_steps(grant: Grant, source: LineageNode, view: LineageNode, known: tuple[str, ...]) -> list[Step]:
    """What the plane does to the rows and columns on the way: masks, and filters on raw values."""
    terms = grant.read_terms()
    masks = {mask.column for mask in terms.masks}
    steps = [
        Step(source.pk, name, view.pk, name, "TRANSFORMATION" if name in masks else "IDENTITY", name in masks)
        for name in terms.fields
        if name in known
    ]
    return steps + [Step(source.pk, row.column, view.pk, WHOLE, "FILTER", False) for row in terms.rows]


def columns_of(version: DatasetVersion) -> tuple[str, ...]:
    return tuple(version.columns.order_by("position").values_list("name", flat=True))


def own_table(actor: Actor, number: str, version: int | None) -> Table:
    """One of the party's own versions. Raises Refusal `not_found`."""
    rows = DatasetVersion.objects.select_related("dataset__party").filter(
        dataset__number=number, dataset__party_id=actor.party_id or 0
    )
    row = (rows.filter(version=version) if version else rows.order_by("-version")).first()
    if row is None:
        raise not_found(Text("这个数据集版本", "version of a data set"))
    return Table(node_of_version(row), columns_of(row), row)


def input_table(actor: Actor, number: str, version: int | None) -> Table:
    """An own version, or the view of the newest grant that the party holds on the data set. Raises Refusal `not_found`."""
    try:
        return own_table(actor, number, version)
    except Refusal:
        pass
    held = Grant.objects.filter(grantee_id=actor.party_id or 0, source__dataset=number)
    grant = (held.filter(source__version=version) if version else held).order_by("-pk").first()
    if grant is None:
        raise not_found(INPUT)
    columns = tuple(column.name for column in granted_columns(grant.source["columns"], grant.read_terms()))
    return Table(view_of(grant), columns, _behind(grant))

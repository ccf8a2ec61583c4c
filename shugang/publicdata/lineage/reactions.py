"""Edges from the transformations that run here: granted views, rows added to a version, inputs declared to grading."""

from __future__ import annotations

from django.db.models import Q

from shugang.delivery.models import DatasetVersion, Grant
from shugang.kernel.actors import SYSTEM
from shugang.kernel.models import Event
from shugang.kernel.reactions import on

from .models import LineageEdge, LineageRun
from .nodes import columns_of, node_of_version, outside, view_of, view_steps
from .recording import open_run, record
from .templates import template_lineage
from .walking import WHOLE, Step


def _version(number: str, version: int) -> DatasetVersion:
    return DatasetVersion.objects.select_related("dataset").get(dataset__number=number, version=version)


@on("grant.issued")
def view_granted(event: Event) -> None:
    grant = Grant.objects.get(number=event.refs.get(kind="grant").key)
    if grant.source.get("dataset"):
        view_of(grant)


@on("dataset.version_added")
def version_added(event: Event) -> None:
    """Rows added: each column goes on from the version before. Grants that cover later versions read this one too."""
    number = event.refs.get(kind="dataset").key
    version = _version(number, event.payload["version"])
    if version.appends and version.version > 1:
        _appended(version)
    following = Grant.objects.filter(source__dataset=number, source__versions__in=("later", "all"))
    for grant in following.exclude(state=Grant.State.ENDED).order_by("pk"):
        run = open_run(SYSTEM, grant.supplier_id, LineageRun.Kind.VIEW, job=grant.number)
        view = view_of(grant, run)
        record(run, view_steps(grant, node_of_version(version), view, columns_of(version)))


def _appended(version: DatasetVersion) -> None:
    before = _version(version.dataset.number, version.version - 1)
    run = open_run(SYSTEM, version.dataset.party_id, LineageRun.Kind.APPEND, job=version.dataset.number)
    source, target = node_of_version(before), node_of_version(version)
    shared = set(columns_of(before)) & set(columns_of(version))
    record(run, [Step(source.pk, name, target.pk, name, "IDENTITY", False) for name in shared])


@on("dataset.query_declared")
def query_declared(event: Event) -> None:
    """Connected data: the one query that reads them says which table of the holder's own each column comes from."""
    version = _version(event.refs.get(kind="dataset").key, event.payload["version"])
    connected = version.connected
    tables, found = template_lineage(connected.template)
    if not tables:
        return
    party = version.dataset.party_id
    run = open_run(SYSTEM, party, LineageRun.Kind.QUERY, job=version.dataset.number, sql=connected.template)
    places = [outside(party, f"{connected.plane.number}:{connected.connector}", name) for name in tables]
    target, known = node_of_version(version), set(columns_of(version))
    steps = [
        Step(places[place].pk, column, target.pk, name, how.subtype, how.masking)
        for name, value in (([*found.columns.items(), (WHOLE, found.rows)]) if found else ())
        for (place, column), kinds in value.items() for how in kinds if name in known or name == WHOLE
    ]  # fmt: skip
    record(run, steps or [Step(place.pk, WHOLE, target.pk, WHOLE, "", False) for place in places])


@on("grading.input_declared")
def input_declared(event: Event) -> None:
    """What the holder declares to grading is an edge between tables: which columns, nobody said."""
    derived, source = _declared(event)
    held = Grant.objects.filter(grantee_id=derived.dataset.party_id, source__dataset=source.dataset.number)
    own = source.dataset.party_id == derived.dataset.party_id
    grant = None if own else held.order_by("-pk").first()
    read = Q(source__grant=grant) if grant else Q(source__version=source)
    if LineageEdge.objects.filter(read, target__version=derived).exists():
        return
    run = open_run(SYSTEM, derived.dataset.party_id, LineageRun.Kind.DECLARED, job=str(event.payload["how"])[:500])
    node = view_of(grant) if grant else node_of_version(source)
    record(run, [Step(node.pk, WHOLE, node_of_version(derived).pk, WHOLE, "", False)])


def _declared(event: Event) -> tuple[DatasetVersion, DatasetVersion]:
    """The derived version and its input: both stand in the event's references, told apart by the declaration itself."""
    from shugang.assets.models import Derivation

    numbers = list(event.refs.filter(kind="dataset").values_list("key", flat=True))
    rows = Derivation.objects.select_related("version__dataset", "source__dataset").filter(
        version__dataset__number__in=numbers, source__dataset__number__in=numbers,
        version__version=event.payload["version"], source__version=event.payload["source"],
    )  # fmt: skip
    row = rows.latest("pk")
    return row.version, row.source

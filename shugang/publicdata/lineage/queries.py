"""Reads: tables, what one came from and what came of it, always within what the reader may see."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet

from shugang.assets.grading.queries import standing
from shugang.assets.registration.models import Certificate
from shugang.delivery.models import DatasetVersion
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text

from .models import LineageEdge, LineageNode, LineageRun
from .recording import fetch
from .walking import WHOLE, Step, walk

TABLE = Text("这张表", "table")
DIRECTIONS = ("both", "up", "down")
DEEPEST, MOST = 6, 5_000
_RELATED = ("version__dataset",)


@dataclass
class Graph:
    """What the reader sees around `focus`. `layers`: node → how many steps away, inputs negative.

    `hidden`: how many further tables lie behind edges to what the reader may not see; `cut`: there is more behind the
    limits of this walk.
    """

    focus: LineageNode
    column: str
    nodes: dict[int, LineageNode]
    layers: dict[int, int]
    edges: list[Step]
    hidden: dict[str, int] = field(default_factory=dict)
    cut: bool = False


def tables(actor: Actor, search: str = "") -> QuerySet[LineageNode]:
    rows = LineageNode.objects.visible_to(actor).select_related(*_RELATED)
    if search:
        words = Q(number=search) | Q(name__icontains=search) | Q(version__dataset__name__icontains=search)
        rows = rows.filter(words | Q(version__dataset__name_en__icontains=search))
    return rows.annotate(
        inputs=Count("incoming__source", distinct=True), outputs=Count("outgoing__target", distinct=True)
    )


def runs(actor: Actor) -> QuerySet[LineageRun]:
    return LineageRun.objects.visible_to(actor)


def get_table(actor: Actor, ref: str) -> LineageNode:
    """By its number, or the data set's with or without a version (`DS-2026-000001.2`). Raises Refusal `not_found`."""
    rows = LineageNode.objects.visible_to(actor).select_related(*_RELATED)
    dataset, _, version = ref.partition(".")
    if dataset.startswith("DS-"):
        found = rows.filter(version__dataset__number=dataset)
        found = found.filter(version__version=int(version)) if version.isdigit() and len(version) < 9 else found
        node = None if version and not version.isdigit() else found.order_by("-version__version").first()
    else:
        node = rows.filter(Q(number=ref) | Q(grant__number=ref)).first()
    if node is None:
        raise not_found(TABLE)
    return node


def graph(actor: Actor, focus: LineageNode, column: str, direction: str, depth: int, most: int = MOST) -> Graph:
    """The walk from one table or one of its columns. Raises Refusal `bad_direction`, `bad_depth`."""
    if direction not in DIRECTIONS:
        raise Refusal("bad_direction", Text("方向只能是both、up或down。", "The direction is both, up or down."), 422)
    if not 1 <= depth <= DEEPEST:
        raise Refusal("bad_depth", Text(f"层数为1至{DEEPEST}。", f"The depth is 1 to {DEEPEST}."), 422)
    found = Graph(focus, column, {focus.pk: focus}, {focus.pk: 0}, [])
    seen = {focus.pk: True}
    for downstream, way in ((False, "up"), (True, "down")):
        if direction not in ("both", way):
            continue
        behind: set[int] = set()

        def admit(steps: list[Step], down: bool, behind: set[int] = behind) -> list[Step]:
            ends = [step.target if down else step.source for step in steps]
            _look(actor, set(ends) - seen.keys(), seen)
            behind |= {end for end in ends if not seen[end]}
            return [step for step, end in zip(steps, ends, strict=True) if seen[end]]

        walked = walk([(focus.pk, column)], fetch, downstream, depth, most, admit)
        found.edges += walked.edges
        found.cut |= walked.cut
        found.hidden[way] = len(behind)
        for node, steps in walked.nodes.items():
            found.layers.setdefault(node, steps if downstream else -steps)
    rows = LineageNode.objects.visible_to(actor).select_related(*_RELATED)
    found.nodes |= {node.pk: node for node in rows.filter(pk__in=list(found.layers.keys() - found.nodes.keys()))}
    return found


def _look(actor: Actor, nodes: set[int], seen: dict[int, bool]) -> None:
    """Add to `seen` which of `nodes` the reader may see."""
    if not nodes:
        return
    visible = set(LineageNode.objects.visible_to(actor).filter(pk__in=nodes).values_list("pk", flat=True))
    seen.update({node: node in visible for node in nodes})


def columns_of(node: LineageNode) -> list[str]:
    """The columns of a table as the platform knows them; of one elsewhere those that edges name."""
    if node.version is not None:
        return list(node.version.columns.order_by("position").values_list("name", flat=True))
    named = LineageEdge.objects.filter(target=node).exclude(target_column=WHOLE).values_list("target_column", flat=True)
    sources = (
        LineageEdge.objects.filter(source=node).exclude(source_column=WHOLE).values_list("source_column", flat=True)
    )
    return list(dict.fromkeys([*named.order_by("pk"), *sources.order_by("pk")]))


def standing_of(node: LineageNode) -> dict[str, Any]:
    """The grade in force and the rights that stand, of the version itself or of what a view shows; of an answer, the highest
    grade and all the rights of what it was asked of."""
    if node.kind == LineageNode.Kind.QUERY:
        return _of_inputs(node)
    version = node.version if node.version is not None else _behind(node)
    if version is None:
        return {"level": None, "certificates": []}
    grading = standing(version)
    live = Certificate.objects.filter(asset__dataset_version=version, state__in=["valid", "suspended"])
    return {
        "level": grading.level if grading else None,
        "certificates": [
            {"number": c.number, "state": c.state, "rights": list(c.content.get("rights", []))}
            for c in live.order_by("pk")
        ],
    }  # fmt: skip


def _of_inputs(node: LineageNode) -> dict[str, Any]:
    inputs = LineageNode.objects.filter(outgoing__target=node).select_related("grant", *_RELATED).distinct()
    found = [standing_of(n) for n in inputs if n.kind != LineageNode.Kind.QUERY]
    levels = [f["level"] for f in found if f["level"]]
    certificates = {c["number"]: c for f in found for c in f["certificates"]}
    return {"level": max(levels, default=None), "certificates": list(certificates.values())}


def _behind(node: LineageNode) -> DatasetVersion | None:
    if node.grant is None:
        return None
    source = node.grant.source
    rows = DatasetVersion.objects.filter(dataset__number=source.get("dataset", ""), version=source.get("version", 0))
    return rows.select_related("dataset").first()


def rights_missing(node: LineageNode) -> list[str]:
    """Certificates of the inputs that the registration of this version does not name: rights come along the lineage, and a
    source that is not named cannot suspend what was made of it (`assets.registration.derivation`)."""
    if node.version_id is None:
        return []
    inputs = DatasetVersion.objects.filter(derivatives__version_id=node.version_id).values("pk")
    live = Certificate.objects.filter(asset__dataset_version__in=inputs, state__in=["valid", "suspended"])
    own = Certificate.objects.filter(asset__dataset_version_id=node.version_id, state__in=["valid", "suspended"])
    if not own.exists():
        return []
    named = own.values_list("asset__sources__certificate__number", flat=True)
    return sorted(set(live.values_list("number", flat=True)) - set(named))

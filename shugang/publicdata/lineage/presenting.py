"""What pages and the API say of tables, edges and graphs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from shugang.assets.grading.presenting import badge
from shugang.delivery.datasets.standing import Fact
from shugang.delivery.models import DatasetVersion
from shugang.kernel import clock
from shugang.kernel.events import iso
from shugang.policy.lineage import SUBTYPES
from shugang.policy.text import Text

from . import openlineage, queries, words
from .drawing import draw
from .models import LineageNode
from .openlineage import Name, Told
from .queries import Graph
from .walking import WHOLE, Step

SHOWN = 200  # edges of the table beside the picture


def title(node: LineageNode) -> Text:
    if node.version is not None:
        dataset, version = node.version.dataset, node.version.version
        return Text(f"{dataset.name} v{version}", f"{dataset.name_en or dataset.name} v{version}")
    if node.grant_id:
        return Text(f"授权视图 {node.name}", f"View {node.name}")
    if node.kind == "query":
        return Text(f"查询 {node.name[:8]}", f"Query {node.name[:8]}")
    return Text(node.name, node.name)


def ref(node: LineageNode) -> str:
    return f"{node.version.dataset.number}.{node.version.version}" if node.version is not None else node.number


def address(graph: Graph, node: LineageNode | None = None, **more: Any) -> str:
    """The same view of another table, column, direction or depth."""
    kept = {name: value for name, value in more.items() if value}
    return f"/desk/lineage/{ref(node or graph.focus)}{'?' + urlencode(kept) if kept else ''}"


def node_json(node: LineageNode) -> dict[str, Any]:
    name = title(node)
    return {"number": node.number, "kind": node.kind, "namespace": node.namespace, "name": node.name,
            "title": name.zh, "title_en": name.en, "ref": ref(node)}  # fmt: skip


def step_json(step: Step, nodes: dict[int, LineageNode]) -> dict[str, Any]:
    return {
        "source": nodes[step.source].number, "source_column": step.source_column,
        "target": nodes[step.target].number, "target_column": step.target_column,
        "type": SUBTYPES.get(step.subtype, ""), "subtype": step.subtype, "masking": step.masking,
    }  # fmt: skip


def graph_json(graph: Graph) -> dict[str, Any]:
    return {
        "focus": node_json(graph.focus), "column": graph.column,
        "nodes": [node_json(graph.nodes[n]) | {"layer": layer} for n, layer in sorted(graph.layers.items(), key=lambda p: (p[1], p[0]))],
        "edges": [step_json(step, graph.nodes) for step in graph.edges],
        "hidden": graph.hidden, "cut": graph.cut,
    }  # fmt: skip


def sentence(step: Step) -> Text:
    how = words.SUBTYPES[step.subtype]
    return Text(f"{how.zh}，遮蔽", f"{how.en}, masked") if step.masking else how


def edge_rows(graph: Graph, most: int) -> list[tuple[Step, LineageNode, LineageNode, Text]]:
    return [(s, graph.nodes[s.source], graph.nodes[s.target], sentence(s)) for s in graph.edges[:most]]


def page_context(graph: Graph, direction: str, depth: int) -> dict[str, Any]:
    order = {pk: f"{node.kind}{title(node).zh}" for pk, node in graph.nodes.items()}
    standing = queries.standing_of(graph.focus)
    state = {"direction": direction if direction != "both" else "", "depth": depth if depth != 2 else ""}
    return {
        "graph": graph, "picture": draw(graph.layers, graph.edges, order), "title_of": title, "words": words,
        "link": lambda node=None, **more: address(graph, node, **(state | more)),
        "rows": edge_rows(graph, SHOWN), "direction": direction, "depth": depth, "deepest": queries.DEEPEST,
        "columns": queries.columns_of(graph.focus), "badge": badge(standing["level"]),
        "certificates": standing["certificates"], "missing": queries.rights_missing(graph.focus),
        "ref": ref(graph.focus), "whole": WHOLE,
    }  # fmt: skip


def told(actor: Any, version: DatasetVersion) -> list[Fact]:
    """Where this version comes from and where it goes, on the pages of its data set and its asset; the graph is one step on."""
    node = LineageNode.objects.visible_to(actor).filter(version=version).first()
    if node is None:
        return []
    ins, outs = node.incoming.values("source").distinct().count(), node.outgoing.values("target").distinct().count()
    if not ins + outs:
        return []
    value = Text(f"{ins}个来源，{outs}个去向", f"{ins} in, {outs} out")
    detail = Text("按字段登记；级别与权利随之传递", "By column; grades and rights travel along")
    return [Fact(Text("数据血缘", "Lineage"), value, detail, url=f"/desk/lineage/{ref(node)}")]


def event_json(graph: Graph) -> dict[str, Any]:
    """The edges into the focus as an OpenLineage event: the same run id for the same edges."""
    into = [step for step in graph.edges if step.target == graph.focus.pk]
    edges = [
        Told(_name(graph.nodes[s.source]), s.source_column, _name(graph.focus), s.target_column, s.subtype, s.masking)
        for s in into
    ]
    run = uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.SHUGANG_PUBLIC_URL}/{graph.focus.number}/{sorted(edges)}")
    job = Name("shugang", f"lineage/{graph.focus.number}")
    return openlineage.write(run, job, iso(clock.now()), _name(graph.focus), edges, settings.SHUGANG_PUBLIC_URL)


def _name(node: LineageNode) -> Name:
    return Name(node.namespace, node.name)


CSV_HEADER: Sequence[Text] = (
    Text("来源表", "Input table"), Text("来源字段", "Input column"), Text("去向表", "Output table"),
    Text("去向字段", "Output column"), Text("方式", "How"), Text("类型", "Type"), Text("子类型", "Subtype"),
    Text("遮蔽", "Masked"),
)  # fmt: skip


def csv_rows(graph: Graph) -> list[list[Any]]:
    return [
        [title(source), step.source_column, title(target), step.target_column, how, SUBTYPES.get(step.subtype, ""),
         step.subtype, Text("是", "yes") if step.masking else Text("否", "no")]
        for step, source, target, how in edge_rows(graph, queries.MOST)
    ]  # fmt: skip

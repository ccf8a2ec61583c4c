"""Verbs: a run told by OpenLineage, and a version explained by the SQL that made it. Both feed the grades."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shugang.assets.grading.services import declare_input
from shugang.assets.models import Derivation
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.verbs import verb
from shugang.policy.governed import Granted, NotAllowed
from shugang.policy.lineage import lineage
from shugang.policy.refusals import refuse
from shugang.policy.text import Text

from . import openlineage
from .models import LineageRun
from .nodes import HERE, Table, input_table, outside, own_table
from .openlineage import Name
from .recording import open_run, record
from .walking import WHOLE, Step

QUERY = Form(
    1,
    (
        Field("sql", "textarea", Text("查询语句（DuckDB方言的一个SELECT）", "The query: one SELECT in DuckDB's dialect"),
              Text("列名须与本版本的字段一致；只读取，不执行。", "Its columns are those of this version; it is read, never run."), max_length=16_000),
        Field("inputs", "textarea", Text("表名与来源，一行一个", "Tables and where they come from, one a line"),
              Text("例：orders = DS-2026-000001/2；不写版本即最新版本", "Example: orders = DS-2026-000001/2; without a version the newest"), max_length=4_000),
    ),
)  # fmt: skip
_OURS = re.compile(r"(DS-\d{4}-\d{6})(?:/(\d{1,6}))?")
_LINE = re.compile(r"([A-Za-z_\u3400-\u9fff][\w.]{0,80})\s*=\s*(DS-\d{4}-\d{6})(?:/(\d{1,6}))?")


def require_handler(actor: Actor) -> int:
    """Who may tell of lineage for a party. Raises Refusal `forbidden`."""
    if actor.party_id is None or "handler" not in actor.duties:
        raise forbidden("血缘由机构的经办登记。请切换机构，或联系本机构管理员分配岗位。",
                        "Lineage is recorded by a handler. Please switch the organisation or ask your manager.")  # fmt: skip
    return actor.party_id


@verb
def record_event(actor: Actor, said: Mapping[str, Any]) -> dict[str, Any]:
    """Record the edges of an OpenLineage run event; a run is told once. Raises Refusal `forbidden`,
    `invalid_lineage_event`, `not_found`, `no_such_column`, `circular_lineage`, `too_much_lineage`, `already_declared`."""
    party = require_handler(actor)
    event = openlineage.read(said)
    edges = event.edges if event.type in openlineage.TELLING else ()
    if LineageRun.objects.filter(party_id=party, run=event.run).exists() and edges:
        message = Text("这次运行已经登记过。", "This run is recorded already.")
        raise Refusal("already_declared", message, 409, {"run.runId": message})
    run = open_run(actor, party, LineageRun.Kind.EVENT, job=event.job, run=event.run if edges else None)
    targets = {name: _target(actor, name) for name in dict.fromkeys(edge.target for edge in edges)}
    sources = {name: targets.get(name) or _source(actor, name) for name in dict.fromkeys(e.source for e in edges)}
    steps = [
        Step(sources[edge.source].node.pk, _column(sources[edge.source], edge.source_column),
             targets[edge.target].node.pk, _column(targets[edge.target], edge.target_column), edge.subtype, edge.masking)
        for edge in edges
    ]  # fmt: skip
    return _recorded(actor, run, steps, sources.values(), targets.values())


def _ours(name: Name) -> re.Match[str] | None:
    if name.namespace != HERE:
        return None
    found = _OURS.fullmatch(name.name)
    if found is None:
        message = Text(f"“{name.name}”不是本平台的数据集编号，请写成DS-2026-000001或DS-2026-000001/版本。",
                       f"“{name.name}” is no data set of this platform. Please write DS-2026-000001 or DS-2026-000001/version.")  # fmt: skip
        raise Refusal("invalid_lineage_event", message, 422, {"name": message})
    return found


def _target(actor: Actor, name: Name) -> Table:
    if ours := _ours(name):
        return own_table(actor, ours[1], int(ours[2]) if ours[2] else None)
    return Table(outside(actor.party_id or 0, *name), None, None)


def _source(actor: Actor, name: Name) -> Table:
    if ours := _ours(name):
        return input_table(actor, ours[1], int(ours[2]) if ours[2] else None)
    return Table(outside(actor.party_id or 0, *name), None, None)


def _column(table: Table, name: str) -> str:
    """The column as the table spells it. Raises Refusal `no_such_column`."""
    if name == WHOLE or table.columns is None:
        return name
    found = next((column for column in table.columns if column.lower() == name.lower()), None)
    if found is None:
        message = Text(f"{table.node.name}没有字段“{name}”。", f"{table.node.name} has no column “{name}”.")
        raise Refusal("no_such_column", message, 422, {"field": message})
    return found


@verb
def record_query(actor: Actor, dataset: str, version: int | None, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Explain a version by the SQL that made it: the text is read, never run.

    Raises Refusal `forbidden`, `not_found`, `invalid_form`, `sql_not_read`, `columns_differ`, and those of `record`.
    """
    party = require_handler(actor)
    given = clean(QUERY, answers)
    run = open_run(actor, party, LineageRun.Kind.QUERY, job=dataset, sql=given["sql"])
    target = own_table(actor, dataset, version)
    inputs = _inputs(actor, given["inputs"])
    tables = tuple(Granted("", name, tuple((c, "") for c in table.columns or ())) for name, table in inputs.items())
    try:
        found = lineage(given["sql"], tables)
    except NotAllowed as error:
        text = refuse(error.code).text
        detail = f"（{error.name}）" if error.name else ""
        message = Text(f"{text.zh}{detail}", f"{text.en} {error.name}".strip())
        raise Refusal("sql_not_read", message, 422, {"sql": message}) from error
    _same_columns(list(found.columns), target.columns or ())
    places = list(inputs.values())
    steps: list[Step] = []
    for name, value in [*found.columns.items(), (WHOLE, found.rows)]:
        for (place, column), how in value.items():
            steps += [
                Step(places[place].node.pk, _column(places[place], column), target.node.pk, _column(target, name),
                     kind.subtype, kind.masking)
                for kind in how
            ]  # fmt: skip
    return _recorded(actor, run, steps, places, [target])


def _inputs(actor: Actor, text: str) -> dict[str, Table]:
    found: dict[str, Table] = {}
    for number, line in enumerate((line for line in text.splitlines() if line.strip()), 1):
        read = _LINE.fullmatch(line.strip())
        if read is None or read[1].lower() in found:
            message = Text(f"第{number}行须写成“表名 = 数据集编号/版本”，表名不重复。",
                           f"Line {number} must read “table = data set/version”, each table once.")  # fmt: skip
            raise Refusal("invalid_form", message, 422, {"inputs": message})
        found[read[1].lower()] = input_table(actor, read[2], int(read[3]) if read[3] else None)
    return found


def _same_columns(found: list[str], wanted: Iterable[str]) -> None:
    differ = {name.lower() for name in found} ^ {name.lower() for name in wanted}
    if differ:
        names = "、".join(sorted(differ)[:8])
        message = Text(
            f"查询的列与本版本的字段不一致：{names}。", f"The query's columns are not those of this version: {names}."
        )
        raise Refusal("columns_differ", message, 422, {"sql": message})


def _recorded(
    actor: Actor, run: LineageRun, steps: list[Step], sources: Iterable[Table], targets: Iterable[Table]
) -> dict[str, Any]:
    new = record(run, steps)
    sources, targets = list(sources), list(targets)
    _feed_grades(actor, run, steps, sources, targets)
    numbers = {t.version.dataset.number for t in targets if t.version}
    refs = [("lineage", run.number), *(("dataset", number) for number in sorted(numbers))]
    emit("lineage.recorded", actor, refs, {"kind": run.kind, "edges": len(steps), "new": new})
    return {"run": run.number, "edges": len(set(steps)), "new": new}


def _feed_grades(actor: Actor, run: LineageRun, steps: list[Step], sources: list[Table], targets: list[Table]) -> None:
    """An input that is a data set here becomes a declared input of grading, by whose rule the grade follows. Raises Refusal
    `source_not_older`: a version is not made of what came after it."""
    by_node = {table.node.pk: table for table in [*sources, *targets]}
    for source, target in sorted({(step.source, step.target) for step in steps}):
        inner, outer = by_node[source].version, by_node[target].version
        if inner is None or outer is None or Derivation.objects.filter(version=outer, source=inner).exists():
            continue
        how = f"血缘登记{run.number}：{run.job}"[:400]
        declare_input(
            actor, outer.dataset.number, outer.version,
            {"dataset": inner.dataset.number, "version": inner.version, "how": how},
        )  # fmt: skip

"""A case in the words of its procedure."""

from __future__ import annotations

from typing import Any

from shugang.kernel import procedure, queries, sequencer, words
from shugang.kernel.actors import Actor
from shugang.kernel.forms import Form
from shugang.kernel.models import Case, Event
from shugang.kernel.procedure import Procedure, Transition
from shugang.parties.organisations.models import Party
from shugang.policy.text import Text

from .. import objects
from ..reading import Reader


def party_names(ids: set[int]) -> dict[int, str]:
    return dict(Party.objects.filter(pk__in=ids).values_list("pk", "name"))


def answers(form: Form, data: dict[str, Any]) -> list[tuple[Text, Any]]:
    """(label, value) of a filled form; choices in words, files as their names, 分 left to the template."""
    rows: list[tuple[Text, Any]] = []
    for field in form.fields:
        if field.name not in data:
            continue
        value = data[field.name]
        labels = dict(field.choices)
        if field.kind == "choice":
            value = labels.get(value, value)
        elif field.kind == "multi":
            value = Text("、".join(labels[v].zh for v in value), ", ".join(labels[v].en for v in value))
        elif field.kind == "file":
            value = value["name"]
        elif field.kind == "bool":
            value = Text("是", "Yes") if value else Text("否", "No")
        elif field.kind == "json":
            value = ""
        elif field.kind == "money":
            value = f"¥{value // 100:,}.{value % 100:02d}"
        if value != "":
            rows.append((field.label, value))
    return rows


def _form_of(spec: Procedure, kind: str) -> Form | None:
    name = kind.removesuffix(".vote").removeprefix(spec.code + ".")
    if name == spec.opening.name:
        return spec.opening.form
    step = spec.transition(name)
    return step.form if step else None


def line(event: Event, reader: Reader) -> dict[str, Any]:
    """One line of a timeline: when, what, who, proof state, and the fields of the step's form."""
    case = event.case
    rows: list[tuple[Text, Any]] = []
    if case is not None:
        spec = procedure.get(case.procedure)
        form = _form_of(spec, event.kind)
        if form is not None:
            data = event.payload.get("form", event.payload)
            rows = answers(form, data if isinstance(data, dict) else {})
    return {
        "event": event,
        "title": words.sentence(event.kind),
        "who": event.actor_label
        if event.actor_label != "system"
        else Text("系统按规则自动办理", "By the system, by rule"),
        "state": sequencer.proof_state(event),
        "rows": rows,
        "refs": [(objects.label(r.kind), r.key, reader.address(r.kind, r.key)) for r in event.refs.all()],
        "receipt": reader.may_read(event),
    }


def case_context(case: Case, actor: Actor) -> dict[str, Any]:
    spec = procedure.get(case.procedure)
    members = list(case.parties.order_by("capacity").values_list("capacity", "party_id"))
    names = party_names({p for _, p in members})
    capacities = dict(spec.capacities)
    events = list(queries.events_about([("case", case.number)]))
    reader = Reader(actor, events)
    refs = sorted({(r.kind, r.key) for e in events for r in e.refs.all() if r.kind not in {"case", "party"}})
    return {
        "case": case,
        "view": queries.view(case, actor),
        "spec": spec,
        "members": [(capacities.get(c, Text(c, c)), names.get(p, "—")) for c, p in members],
        "answers": answers(spec.opening.form, case.data),
        "lines": [line(e, reader) for e in events],
        "objects": [(objects.label(k), key, reader.address(k, key)) for k, key in refs],
        "clocks": list(case.clocks.order_by("due_at")),
        "clock_labels": {c.name: c.label for c in spec.clocks},
    }


def known_answers(case: Case, transition: Transition) -> dict[str, Any]:
    """A correction begins with what was answered before; files are asked for again only where they change."""
    if transition.form is not procedure.get(case.procedure).opening.form:
        return {}
    return {f.name: case.data[f.name] for f in transition.form.fields if f.name in case.data and f.kind != "file"}


def step_context(case: Case, transition: Transition) -> dict[str, Any]:
    spec = procedure.get(case.procedure)
    target = spec.state(transition.target)
    effects = [
        (
            "circle-check" if target.tone == "ok" else "clock-hour-4",
            Text(f"事项状态变为“{target.label.zh}”", f"The case becomes “{target.label.en}”"),
        )
    ]
    for name in transition.starts:
        label = spec.clock(name).label
        effects.append(("hourglass", Text(f"“{label.zh}”开始计时", f"The clock “{label.en}” starts")))
    for name in transition.pauses:
        label = spec.clock(name).label
        effects.append(("clock-pause", Text(f"“{label.zh}”停止计时", f"The clock “{label.en}” stops meanwhile")))
    if transition.confirm:
        effects.append(("info-circle", transition.confirm))
    effects.append(("anchor", Text("这一步写入存证日志", "This step is written to the evidence log")))
    return {
        "title": transition.label,
        "lead": Text(f"{spec.label.zh}　{case.title}", f"{spec.label.en}: {case.title}"),
        "case": case,
        "spec": spec,
        "answers": answers(spec.opening.form, case.data),
        "effects": effects,
        "fields": list(transition.form.fields),
        "action_url": f"/cases/{case.number}/{transition.name}",
        "verb": transition.label,
        "back_url": f"/cases/{case.number}",
        "danger": transition.danger,
    }

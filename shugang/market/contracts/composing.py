"""From a contract's frozen text to its paper and to what is enforced: one walk over the same clauses.

`compose(snapshot)` gives the clauses as people read them; each enforceable statement carries, next to its words, the
machine's form of the same value. `read_back` reads terms and price out of those statements, and only what it reads is
made into a grant and a charge: paper and enforcement cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shugang.policy.codec import canonical
from shugang.policy.describing import LABELS, VERSION_LABELS
from shugang.policy.priceplan import PricePlan
from shugang.policy.terms import GUARANTEE_LABELS, MODES, Terms, describe
from shugang.policy.text import Text
from shugang.ui.formats import fen

from ..products import pricing

PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")
# Row of the vocabulary → keys of the terms' JSON that it states.
KEYS: dict[str, tuple[str, ...]] = {
    "subject": ("version",), "action": ("actions",), "purpose": ("purpose",), "period": ("valid_from", "valid_until"),
    "fields": ("fields",), "rows": ("rows",), "masks": ("masks",), "quota": ("quotas",), "rate": ("rate",),
    "place": ("networks",), "environment": ("environment",), "output": ("output",), "mark": ("mark",),
    "redistribute": ("redistribute",), "log": ("keep_log",), "notify": ("notify",),
    "delete_after": ("delete_after_days",), "attribution": ("attribution",), "notes": ("notes",),
}  # fmt: skip
# What a key is when no statement names it.
UNSAID: dict[str, Any] = {
    "rows": [], "masks": [], "quotas": [], "rate": None, "networks": [], "environment": None, "output": None,
    "mark": None, "keep_log": False, "notify": [], "delete_after_days": None, "attribution": "", "notes": "",
}  # fmt: skip
PRICE = "price"


@dataclass(frozen=True)
class Statement:
    """One enforceable statement: its words, how it is held, and `machine`, the JSON that the plane enforces."""

    key: str
    label: Text
    value: Text
    guarantee: str
    guarantee_label: Text
    explanation: Text
    machine: str


@dataclass(frozen=True)
class Clause:
    id: str
    title: Text
    paragraphs: tuple[Text, ...]
    statements: tuple[Statement, ...]


def compose(snapshot: Mapping[str, Any]) -> list[Clause]:
    """The clauses of a contract in order; one that has nothing to say is left out."""
    template = snapshot.get("template") or _former(snapshot)
    stated = _statements(snapshot)
    found = []
    for clause in template["clauses"]:
        paragraphs = tuple(_paragraphs(clause, snapshot, template))
        keys = [*clause.get("terms", ()), *([PRICE] if clause.get("plan") else [])]
        statements = tuple(s for key in keys for s in stated.get(key, ()))
        if paragraphs or statements:
            found.append(Clause(clause["id"], Text(**clause["title"]), paragraphs, statements))
    return found


def _former(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """The shape of contracts signed before templates were data: all terms in one clause, then their own clauses."""
    terms = {
        "id": "terms",
        "title": {"zh": "使用条款", "en": "Terms of use"},
        "text": [],
        "terms": list(KEYS),
        "plan": True,
    }
    rest = [
        {"id": f"clause{n}", "title": c["title"], "text": [c["text"]]} for n, c in enumerate(snapshot["clauses"], 1)
    ]
    return {"title": {"zh": "数据提供合同", "en": "Contract to provide data"}, "clauses": [terms, *rest], "choices": {}}


def _statements(snapshot: Mapping[str, Any]) -> dict[str, list[Statement]]:
    if not snapshot.get("terms"):
        return {}
    terms, mode = Terms.from_json(snapshot["terms"]), snapshot["product"]["mode"]
    found: dict[str, list[Statement]] = {}
    for line in describe(terms, mode):
        key = line.key.split(".")[0]
        said = found.setdefault(key, [])
        # The first line of a key carries the machine's form of all its lines: a value is printed once.
        machine = "" if said else canonical({k: snapshot["terms"][k] for k in KEYS[key]}).decode()
        said.append(
            Statement(key, line.label, line.value, line.guarantee, line.guarantee_label, line.explanation, machine)
        )
    if "plan" not in snapshot:
        return found
    plan = PricePlan.from_json(snapshot["plan"])
    machine = canonical(snapshot["plan"]).decode()
    for label, value in pricing.rows(plan, mode):
        row = Statement(PRICE, label, value, "metered", GUARANTEE_LABELS["metered"], Text("", ""), machine)
        found.setdefault(PRICE, []).append(row)
        machine = ""
    return found


def read_back(clauses: Iterable[Clause]) -> tuple[Terms, PricePlan | None]:
    """Terms and price as the statements say them, each exactly once. Raises ValueError, TermsError."""
    import json

    said: dict[str, Any] = {}
    plan: PricePlan | None = None
    for statement in (s for c in clauses for s in c.statements if s.machine):
        value = json.loads(statement.machine)
        if statement.key == PRICE:
            if plan is not None:
                raise ValueError("the price is stated twice")
            plan = PricePlan.from_json(value)
        elif said.keys() & value.keys():
            raise ValueError(f"{sorted(said.keys() & value.keys())[0]} is stated twice")
        else:
            said |= value
    return Terms.from_json({**UNSAID, **said}), plan


def _paragraphs(clause: Mapping[str, Any], snapshot: Mapping[str, Any], template: Mapping[str, Any]) -> Iterator[Text]:
    for said in clause["text"]:
        if _applies(said, snapshot):
            words = {path: _words(path, snapshot, template) for path in PLACEHOLDER.findall(said["zh"])}
            yield Text(
                *[PLACEHOLDER.sub(lambda m: getattr(words[m[1]], code), said[code]) for code in ("zh", "en")]  # noqa: B023
            )


def _applies(said: Mapping[str, Any], snapshot: Mapping[str, Any]) -> bool:
    """`when` and `unless` ask an answer, or (true) whether one was given."""
    answers = {**snapshot.get("answers", {}), **{k: bool(snapshot.get(k)) for k in ("shares", "dataset", "broker")}}

    def holds(conditions: Mapping[str, list[Any]]) -> bool:
        return all(answers.get(k) in v or (v == [True] and bool(answers.get(k))) for k, v in conditions.items())

    return holds(said.get("when", {})) and not ("unless" in said and holds(said["unless"]))


def _same(value: object) -> Text:
    return Text(str(value), str(value))


def _words(path: str, snapshot: Mapping[str, Any], template: Mapping[str, Any]) -> Text:
    """The words of the value that a placeholder names; what was not given is “—”."""
    if path == "product.mode":
        return MODES[snapshot["product"]["mode"]]
    if path == "dataset.versions":
        return VERSION_LABELS[snapshot["dataset"].get("versions", "this")]
    if path == "shares":
        return _same("；".join(f"{number} {share / 10_000:.4f}%" for number, share in snapshot.get("shares", [])))
    if path == "broker.fee":
        return _fee(snapshot.get("broker", {}))
    value: Any = snapshot
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value in (None, ""):
        return _same("—")
    if path.removeprefix("answers.") in template.get("money", ()):
        return _same(fen(value))
    known = template["choices"].get(path.removeprefix("answers."), {})
    return Text(**known[value]) if isinstance(value, str) and value in known else _same(value)


def _fee(broker: Mapping[str, Any]) -> Text:
    if fixed := broker.get("fee_fen"):
        return Text(f"每份合同{fen(fixed)}", f"{fen(fixed)} a contract")
    rate = f"{broker.get('fee_bp', 0) / 100:.2f}%"
    return Text(f"每张账单价款的{rate}", f"{rate} of each bill")


def title_of(snapshot: Mapping[str, Any]) -> Text:
    return Text(**(snapshot.get("template") or _former(snapshot))["title"])


def labels() -> dict[str, Text]:
    return {key: LABELS[key] for key in KEYS}

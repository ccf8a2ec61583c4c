"""The contract templates as data: versioned JSON in `templates/`, each giving a form and the clauses with placeholders.

A clause holds words and the names of values, never a value: terms stand in the clause that lists their key, answers and
facts where `{path}` names them, the price where `plan` is set. Their structure follows the four national models of
2025-07 (国家数据局、市场监管总局); the wording is our own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field, Form, clean
from shugang.policy.text import Text

FOLDER = Path(__file__).resolve().parent / "templates"
CURRENT = {"provision": 2, "processing": 1, "fusion": 1, "brokerage": 1}


@dataclass(frozen=True)
class Template:
    """One version of one template, and its typed form."""

    data: dict[str, Any]
    form: Form

    @property
    def code(self) -> str:
        return str(self.data["code"])

    @property
    def title(self) -> Text:
        return Text(**self.data["title"])

    @property
    def defaults(self) -> dict[str, Any]:
        return {f["name"]: f["default"] for f in self.data["fields"] if "default" in f}

    def frozen(self) -> dict[str, Any]:
        """What a contract keeps of it: everything that its paper is made from."""
        kept = ("code", "version", "title", "model", "sides", "clauses")
        words = {f["name"]: dict(f["choices"]) for f in self.data["fields"] if "choices" in f}
        money = [f["name"] for f in self.data["fields"] if f["kind"] == "money"]
        return {**{key: self.data[key] for key in kept}, "choices": words, **({"money": money} if money else {})}

    def check(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """The answers, complete and consistent. Raises Refusal `invalid_form`."""
        given = {**self.defaults, **answers}
        checked = clean(self.form, given)
        wrong = _contradictions(checked)
        if wrong:
            message = Text("有的约定互相矛盾，请修改。", "Some answers contradict each other. Please mend them.")
            raise Refusal("invalid_form", message, 422, wrong)
        return checked


def _contradictions(answers: Mapping[str, Any]) -> dict[str, Text]:
    if answers.get("quality_in_use") and answers.get("acceptance") == "use":
        return {
            "acceptance": Text(
                "质量只有使用才能判断的，使用本身不视为验收。请改选验收方式，或取消“质量只有使用才能判断”。",
                "Where quality shows only in use, use is not acceptance. Please choose another way of acceptance.",
            )
        }
    return {}


def _field(said: Mapping[str, Any]) -> Field:
    return Field(
        said["name"],
        said["kind"],
        Text(**said["label"]),
        Text(**said["hint"]) if "hint" in said else None,
        required=said.get("required", True),
        choices=tuple((code, Text(**label)) for code, label in said.get("choices", ())),
        max_length=said.get("max_length", 400),
        minimum=said.get("minimum"),
        maximum=said.get("maximum"),
    )


@cache
def load(code: str, version: int | None = None) -> Template:
    """A template by its code, its current version unless another is named. Raises KeyError, FileNotFoundError."""
    number = CURRENT[code] if version is None else version
    data = json.loads((FOLDER / f"{code}-{number}.json").read_text(encoding="utf-8"))
    return Template(data, Form(number, tuple(_field(f) for f in data["fields"])))

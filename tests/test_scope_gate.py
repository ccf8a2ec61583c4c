"""The one gate of party data, held over the source: what shows rows reads them through `visible_to`.

Every module of a wing is read but those that only write or decide, listed in `BEHIND`: verbs, effects and guards lock
the rows that they change, after the kernel or a gate has checked the actor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

import shugang
from shugang.kernel.scope import ScopedModel

ROOT = Path(shugang.__file__).parent
WINGS = ("parties", "delivery", "assets", "settlement", "market", "portal")
# What shows: reads for pages and the API, and what they put on the page.
SHOWING = {"queries", "pages", "api", "public_pages", "desk", "people", "presenting", "tiles", "statement", "usage",
           "documents", "check", "verify", "certificate_check", "objects", "http", "sign_in", "answers", "doors",
           "editor_values", "pricing", "report", "checks"}  # fmt: skip
# Reads of everything that are right, each with its reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def scoped() -> set[str]:
    return {m.__name__ for m in apps.get_models() if issubclass(m, ScopedModel)}


def modules() -> list[Path]:
    return [p for wing in WINGS for p in sorted((ROOT / wing).rglob("*.py"))
            if "tests" not in p.parts and "migrations" not in p.parts and p.stem in SHOWING]  # fmt: skip


class _Reads(ast.NodeVisitor):
    """(function, line, model) of each read of a scoped table that does not pass the gate at once."""

    def __init__(self, names: set[str]) -> None:
        self.names, self.found = names, list[tuple[str, int, str]]()
        self._functions, self._passed = list[str](), set[int]()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr == "visible_to" and isinstance(node.value, ast.Attribute):
            self._passed.add(id(node.value))
        manager = node.attr in {"objects", "_default_manager", "_base_manager"}
        if manager and isinstance(node.value, ast.Name) and node.value.id in self.names and id(node) not in self._passed:
            self.found.append((".".join(self._functions) or "<module>", node.lineno, node.value.id))
        self.generic_visit(node)


def ungated(source: str, names: set[str]) -> Iterator[tuple[str, int, str]]:
    reads = _Reads(names)
    reads.visit(ast.parse(source))
    for function, line, model in reads.found:
        if not any(part.startswith("public_") for part in function.split(".")):
            yield function, line, model


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_what_shows_party_data_reads_through_the_gate(path):
    module = str(path.relative_to(ROOT)).removesuffix(".py")
    wrong = [
        f"{path.name}:{line} {function} reads {model}"
        for function, line, model in ungated(path.read_text(encoding="utf-8"), scoped())
        if (module, function) not in EXCEPTIONS
    ]
    assert wrong == []


def test_the_rule_sees_a_read_past_the_gate():
    source = (
        "def rows(actor):\n    return Bill.objects.filter(number=1)\n"
        "def good(actor):\n    return Bill.objects.visible_to(actor).filter(number=1)\n"
        "def public_rows():\n    return Bill.objects.all()\n"
    )
    assert list(ungated(source, {"Bill"})) == [("rows", 2, "Bill")]


def test_every_table_of_a_party_says_who_sees_it():
    """A model with a foreign key to a party is scoped, and its scope is not the empty one."""
    from shugang.parties.organisations.models import Party

    free = {"AccessToken"}  # personal: read by person alone
    for model in apps.get_models():
        if not model.__module__.startswith("shugang.") or model.__name__ in free:
            continue
        if any(f.related_model is Party for f in model._meta.fields if f.is_relation):
            assert issubclass(model, ScopedModel), model.__name__
        if issubclass(model, ScopedModel):
            assert model.scope.__func__ is not ScopedModel.scope.__func__, f"{model.__name__} shows nothing to anybody"

"""What names stand for while a query is resolved: columns, relations, scopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from shugang.policy.governed.reading import NotAllowed


class Col(NamedTuple):
    """A column as the engine will see it; `family` is "" where it was computed."""

    name: str
    family: str


class Shape(NamedTuple):
    """What a query gives: its columns, and the k of the output rule if its rows are still single rows."""

    columns: list[Col]
    least: int


class Named(NamedTuple):
    """A relation that FROM may name: a WITH under our name, or a mark."""

    name: str
    columns: list[Col]
    least: int


@dataclass
class Relation:
    """One item of FROM. `alias` is ours, `name` the buyer's in lower case ("" where he gave none)."""

    alias: str
    name: str
    columns: dict[str, Col]
    least: int


@dataclass
class Scope:
    outer: Scope | None
    relations: list[Relation] = field(default_factory=list)
    # Columns that USING made one, with the relations that take part.
    merged: dict[str, set[str]] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)

    def holding(self, name: str) -> list[Relation]:
        return [relation for relation in self.relations if name in relation.columns]

    def named(self, name: str) -> Relation | None:
        return next((relation for relation in self.relations if relation.name == name), None)


Ctes = dict[str, Named]


def ident(name: str) -> exp.Identifier:
    return exp.Identifier(this=name, quoted=True)


def column(alias: str, name: str) -> exp.Column:
    return exp.Column(this=ident(name), table=ident(alias))


def renamed(columns: Sequence[Col], alias: exp.TableAlias | None) -> list[Col]:
    """Columns under the names of `alias(x, y)`, the rest as they are."""
    given = [item.name for item in alias.args.get("columns") or ()] if alias else []
    if len(given) > len(columns):
        raise NotAllowed("sql_not_allowed", f"{alias.name if alias else ''}: {len(given)} > {len(columns)}")
    named = [Col(name, col.family) for name, col in zip(given, columns, strict=False)] + list(columns[len(given) :])
    if len({col.name.lower() for col in named}) != len(named):
        raise NotAllowed("sql_ambiguous", alias.name if alias else "")
    return named


def alias_of(name: str, columns: Sequence[Col] | None) -> exp.TableAlias:
    return exp.TableAlias(this=ident(name), columns=[ident(col.name) for col in columns or ()])

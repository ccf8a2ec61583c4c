"""What a grant reads, one class per delivery mode. `SOURCES` maps the mode's name to its class.

A source is data for the plane alone: where the base lies and which columns it has. What of it a buyer may see is
said by the terms, never here.
"""

from dataclasses import dataclass

from shugang.policy.codec import Fields, Json, UnknownTerm, field_names, to_list
from shugang.policy.columns import Column, as_columns

# All modes that exist; those in `SOURCES` can be granted. Tables of the database are constrained to these.
MODE_NAMES = ("table", "api", "query", "sql", "file", "proxy", "push", "stream")


class _Columned:
    """Sources accept columns as objects or as their JSON."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", as_columns(self.columns))


@dataclass(frozen=True)
class TableSource(_Columned):
    """A hosted table served as a share; `path` is relative to the vault root, `sha256` of the stored file."""

    share: str
    schema: str
    table: str
    dataset: str
    version: int
    path: str
    sha256: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "table",
            "share": self.share,
            "schema": self.schema,
            "table": self.table,
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "TableSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("share"),
            f.text("schema"),
            f.text("table"),
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class ApiSource(_Columned):
    """A hosted table answered one key at a time by `key_column`."""

    dataset: str
    version: int
    path: str
    sha256: str
    key_column: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "api",
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "key_column": self.key_column,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "ApiSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.text("key_column"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class Param:
    """A parameter of a supplier's query."""

    name: str
    type: str
    required: bool = True

    def to_json(self) -> Json:
        return {"name": self.name, "type": self.type, "required": self.required}

    @classmethod
    def from_json(cls, data: object, where: str = "param") -> "Param":
        f = Fields(data, where, field_names(cls))
        return cls(f.text("name"), f.text("type"), f.flag("required"))


@dataclass(frozen=True)
class QuerySource(_Columned):
    """A supplier's own query at his own source: `template` is one SELECT with `:named` parameters."""

    connector: str
    template: str
    params: tuple[Param, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        params = tuple(p if isinstance(p, Param) else Param.from_json(dict(p)) for p in self.params)
        object.__setattr__(self, "params", params)

    def to_json(self) -> Json:
        return {
            "type": "query",
            "connector": self.connector,
            "template": self.template,
            "params": to_list(self.params),
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "QuerySource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("connector"),
            f.text("template"),
            f.items("params", Param.from_json),
            f.items("columns", Column.from_json),
        )


Source = TableSource | ApiSource | QuerySource
SOURCES: dict[str, type[TableSource] | type[ApiSource] | type[QuerySource]] = {
    "table": TableSource,
    "api": ApiSource,
    "query": QuerySource,
}


def source_from_json(data: object, where: str = "source") -> Source:
    """The source by its `type`; raises `UnknownTerm` for a type that no class stands for."""
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in SOURCES:
        raise UnknownTerm(f"{where}.type={kind}")
    return SOURCES[kind].from_json(data, where)

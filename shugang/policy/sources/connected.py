"""A query over a source that stays with the supplier: asked at each use, and nothing of its answer is kept."""

from dataclasses import dataclass

from shugang.policy.codec import Fields, Json, field_names, to_list
from shugang.policy.columns import Column
from shugang.policy.sources.columned import Columned


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
class QuerySource(Columned):
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

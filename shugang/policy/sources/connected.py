"""Sources that stay with the supplier: the plane asks them at each use and keeps nothing of what they answer."""

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


@dataclass(frozen=True)
class Operation:
    """One call of a supplier's HTTP interface: `path` may hold `{named}` parameters, all of them declared."""

    name: str
    method: str
    path: str
    params: tuple[Param, ...]

    def to_json(self) -> Json:
        return {"name": self.name, "method": self.method, "path": self.path, "params": to_list(self.params)}

    @classmethod
    def from_json(cls, data: object, where: str = "operation") -> "Operation":
        f = Fields(data, where, field_names(cls))
        return cls(
            f.text("name"), f.text("method", ("GET", "POST")), f.text("path"), f.items("params", Param.from_json)
        )


@dataclass(frozen=True)
class ProxySource(Columned):
    """A supplier's HTTP interface. `records` points to the records of an answer (RFC 6901), `code` to its business
    code, and `codes` says which outcome each code is."""

    connector: str
    operations: tuple[Operation, ...]
    records: str
    code: str
    codes: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "proxy",
            "connector": self.connector,
            "operations": to_list(self.operations),
            "records": self.records,
            "code": self.code,
            "codes": dict(self.codes),
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "ProxySource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("connector"),
            f.items("operations", Operation.from_json),
            f.text("records"),
            f.text("code"),
            tuple(sorted(f.mapping("codes", lambda inner, name: inner.text(name)).items())),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class StreamSource(Columned):
    """A topic of a supplier's MQTT broker, each message one JSON object. A window of at most `window_seconds` is
    metered as one use before its messages leave."""

    connector: str
    topic: str
    window_seconds: int
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "stream",
            "connector": self.connector,
            "topic": self.topic,
            "window_seconds": self.window_seconds,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "StreamSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("connector"), f.text("topic"), f.whole("window_seconds", 1, 60), f.items("columns", Column.from_json)
        )

"""A supplier's own HTTP interface behind the plane: which calls a buyer may make, and how its answer is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shugang.policy.codec import Fields, Json, TermsError, field_names, to_list
from shugang.policy.columns import Column
from shugang.policy.sources.columned import Columned
from shugang.policy.sources.connected import Param
from shugang.policy.text import Text

METHODS = ("GET", "POST")
# What a call may come to; `failed` (an answer that the table below does not know) can never be charged.
PROXY_OUTCOMES = ("found", "mismatch", "not_found", "failed")
ENCODINGS = ("json", "form")
MOST_OPERATIONS = 50
_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+|\{[A-Za-z_][A-Za-z0-9_]{0,62}\}")
_POINTER = re.compile(r"(/([^~/\x00-\x1f]|~[01])*)*")
_STATUS = re.compile(r"[2-5][0-9]{2}")


@dataclass(frozen=True)
class Operation:
    """One call that a buyer may make. `path` is a template of whole segments (`/companies/{code}`); the parameters it
    names travel in it, the other `params` in the query. `body`: the members of a flat object sent as `encoding` says
    (`json`, `form`); without any no body is taken. `records` is the RFC 6901 pointer to the record or list of records
    in the answer."""

    method: str
    path: str
    params: tuple[Param, ...] = ()
    body: tuple[Param, ...] = ()
    encoding: str = "json"
    records: str = ""

    def __post_init__(self) -> None:
        for name in ("params", "body"):
            given = getattr(self, name)
            made = tuple(p if isinstance(p, Param) else Param.from_json(dict(p)) for p in given)
            object.__setattr__(self, name, made)
        _check_operation(self)

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(segment[1:-1] for segment in self.path.split("/") if segment.startswith("{"))

    def to_json(self) -> Json:
        return {
            "method": self.method,
            "path": self.path,
            "params": to_list(self.params),
            "body": to_list(self.body),
            "encoding": self.encoding,
            "records": self.records,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "operation") -> "Operation":
        f = Fields(data, where, field_names(cls))
        return cls(
            f.text("method", METHODS),
            f.text("path"),
            f.items("params", Param.from_json),
            f.items("body", Param.from_json),
            f.text("encoding", ENCODINGS),
            f.text("records"),
        )


def _check_operation(operation: Operation) -> None:
    segments = operation.path.split("/")[1:]
    if not operation.path.startswith("/") or not all(_SEGMENT.fullmatch(s) and s not in (".", "..") for s in segments):
        _refuse(
            "bad_operation", "路径以 / 开头，各段为字母数字或 {参数}。", "A path is /words/and/{parameters}.", "path"
        )
    names = [p.name for p in (*operation.params, *operation.body)]
    holes = operation.in_path
    known = {p.name: p.required for p in operation.params}
    if len(set(names)) != len(names) or len(set(holes)) != len(holes) or not all(known.get(h) for h in holes):
        _refuse(
            "bad_operation",
            "参数名不能重复，路径中的参数须登记为必填。",
            "Parameter names are distinct, and those in the path are declared as required.",
            "params",
        )
    if operation.method == "GET" and operation.body:
        _refuse("bad_operation", "GET 不带请求体。", "GET takes no body.", "body")
    check_pointer(operation.records, "records")


def check_pointer(pointer: str, where: str) -> None:
    """RFC 6901. Raises `TermsError`."""
    if not _POINTER.fullmatch(pointer) or len(pointer) > 200:
        _refuse(
            "bad_pointer", "应为 JSON 指针，如 /data/list。", "A JSON pointer such as /data/list is expected.", where
        )


def _refuse(code: str, zh: str, en: str, where: str) -> None:
    raise TermsError(code, Text(zh, en), f"source.{where}")


@dataclass(frozen=True)
class ProxySource(Columned):
    """The supplier's interface at `connector`. `code` points to the business result code in the answer ("" where there
    is none); `codes` maps it, and `statuses` the HTTP status (200 unless said otherwise means: read on), to an outcome.
    With a `code`, one that `codes` does not know is `failed`. A status that is neither 200 nor in `statuses` is a
    source that did not answer."""

    connector: str
    operations: tuple[Operation, ...]
    columns: tuple[Column, ...]
    code: str
    codes: Mapping[str, str]
    statuses: Mapping[str, str]

    def __post_init__(self) -> None:
        super().__post_init__()
        made = tuple(o if isinstance(o, Operation) else Operation.from_json(dict(o)) for o in self.operations)
        object.__setattr__(self, "operations", made)
        check_pointer(self.code, "code")
        if not 1 <= len(made) <= MOST_OPERATIONS:
            _refuse("bad_operation", "请登记至少一个操作。", "Please declare at least one operation.", "operations")
        shapes = [(o.method, re.sub(r"\{[^}]*\}", "{}", o.path)) for o in made]
        if len(set(shapes)) != len(shapes):
            _refuse("bad_operation", "同一操作出现了两次。", "The same operation appears twice.", "operations")
        if bool(self.codes) != bool(self.code):
            _refuse("bad_codes", "结果码的位置与对照表须一并给出。", "A code comes with its table.", "codes")
        for name in ("codes", "statuses"):
            if not set(getattr(self, name).values()) <= set(PROXY_OUTCOMES):
                _refuse("bad_codes", "对照表中有未知的结果。", "The table names an unknown outcome.", name)
        if not all(_STATUS.fullmatch(status) for status in self.statuses):
            _refuse("bad_codes", "HTTP 状态应为三位数字。", "An HTTP status is three digits.", "statuses")

    def to_json(self) -> Json:
        return {
            "type": "proxy",
            "connector": self.connector,
            "operations": to_list(self.operations),
            "columns": to_list(self.columns),
            "code": self.code,
            "codes": dict(self.codes),
            "statuses": dict(self.statuses),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "ProxySource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("connector"),
            f.items("operations", Operation.from_json),
            f.items("columns", Column.from_json),
            f.text("code"),
            f.mapping("codes", lambda inner, name: inner.text(name, PROXY_OUTCOMES)),
            f.mapping("statuses", lambda inner, name: inner.text(name, PROXY_OUTCOMES)),
        )

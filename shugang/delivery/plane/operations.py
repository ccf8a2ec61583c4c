"""From a buyer's call to the supplier's: only declared operations, only declared parameters, each of its type.

What is forwarded is written anew from the checked values, so that no spelling of the buyer's reaches the upstream.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from shugang.delivery.plane.governing import Unfit, dumps, loads
from shugang.delivery.plane.templates import BadParam, typed
from shugang.policy.sources import Operation, Param

JSON_BODY, FORM_BODY = "application/json", "application/x-www-form-urlencoded"


class NoOperation(LookupError):
    """No declared operation has this method and path."""


class Call(NamedTuple):
    """`target` is percent-encoded path and query; `asked` says the same for a fingerprint."""

    operation: Operation
    target: str
    body: bytes | None
    kind: str
    asked: str


def find(operations: Iterable[Operation], method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """The operation that `/decoded/path` calls, and the parameters in it; literal segments go before parameters."""
    given = path.split("/")
    best: tuple[int, Operation, dict[str, str]] | None = None
    for operation in operations:
        wanted = operation.path.split("/")
        if operation.method != method or len(wanted) != len(given):
            continue
        values: dict[str, str] = {}
        for want, have in zip(wanted, given, strict=True):
            if want.startswith("{"):
                values[want[1:-1]] = have
            elif want != have:
                break
        else:
            if best is None or len(values) < best[0]:
                best = (len(values), operation, values)
    if best is None:
        raise NoOperation(path)
    return best[1], best[2]


def prepare(operation: Operation, in_path: Mapping[str, str], query: str, body: bytes, kind: str) -> Call:
    """Raises BadParam."""
    given = _once(parse_qsl(query, keep_blank_values=True))
    known = {param.name: param for param in operation.params}
    for name in given:
        if name not in known or name in in_path:
            raise BadParam(name, "unknown parameter")
    path = operation.path
    for name, text in in_path.items():
        if text in ("", ".", "..") or any(ord(character) < 32 for character in text):
            raise BadParam(name, "not a valid part of a path")
        path = path.replace("{" + name + "}", quote(_text(typed(known[name], text)), safe=""))
    rest = [param for param in operation.params if param.name not in in_path]
    values = _typed(rest, given)
    pairs = urlencode([(name, _text(value)) for name, value in values.items()], quote_via=quote)
    target = f"{path}?{pairs}" if pairs else path
    if not operation.body:
        if body:
            raise BadParam("body", "this operation takes none")
        return Call(operation, target, None, "", f"{operation.method} {target}")
    made, made_kind = _body(operation, body, kind)
    return Call(operation, target, made, made_kind, f"{operation.method} {target}\n{made.decode()}")


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise BadParam(name, "given twice")
        given[name] = value
    return given


def _typed(params: Iterable[Param], given: Mapping[str, str]) -> dict[str, Any]:
    values = {}
    for param in params:
        text = given.get(param.name, "")
        if text:
            values[param.name] = typed(param, text)
        elif param.required:
            raise BadParam(param.name, "required")
    return values


def _body(operation: Operation, body: bytes, kind: str) -> tuple[bytes, str]:
    """The members of a JSON object or a form, whichever the buyer sends, written as the supplier takes them."""
    given: dict[str, str]
    if kind.partition(";")[0].strip().lower() == FORM_BODY:
        try:
            given = _once(parse_qsl(body.decode(), keep_blank_values=True))
        except UnicodeDecodeError as error:
            raise BadParam("body", "not UTF-8") from error
    else:
        given = _members(body)
    known = {param.name for param in operation.body}
    for name in given:
        if name not in known:
            raise BadParam(name, "unknown parameter")
    values = _typed(operation.body, given)
    if operation.encoding == "form":
        try:
            pairs = [(name, _text(value)) for name, value in values.items()]
            return urlencode(pairs, quote_via=quote).encode(), FORM_BODY
        except UnicodeEncodeError as error:
            raise BadParam("body", "not UTF-8") from error
    try:
        return dumps({name: float(v) if isinstance(v, Decimal) else v for name, v in values.items()}), JSON_BODY
    except Unfit as error:
        raise BadParam("body", "a number is too large") from error


def _members(body: bytes) -> dict[str, str]:
    try:
        document = loads(body)
    except Unfit as error:
        raise BadParam("body", "not a JSON object") from error
    if not isinstance(document, dict):
        raise BadParam("body", "not a JSON object")
    members = {}
    for name, value in document.items():
        if isinstance(value, dict | list):
            raise BadParam(str(name)[:63], "a plain value is expected")
        if value is not None:
            members[str(name)] = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return members


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)

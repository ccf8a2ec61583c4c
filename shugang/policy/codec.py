"""Strict reading of JSON objects: nothing unknown passes, and what is refused is named.

Terms are law between the parties: a key that one reader ignores is a condition that he breaks. So every
reader of this room knows all of an object's keys, and refuses the first that it does not know (fail
closed).
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import rfc8785

from shugang.policy.text import Text

T = TypeVar("T")
Json = dict[str, Any]
MAX_WHOLE = 2**53 - 1  # RFC 8785 §3.2.2.3: beyond this an integer is not interoperable


class TermsError(ValueError):
    """A document that may not be published, agreed to or served: `code`, a message for people, and the
    field."""

    def __init__(self, code: str, text: Text, field: str) -> None:
        super().__init__(f"{code} at {field}: {text.en}")
        self.code, self.text, self.field = code, text, field


class UnknownTerm(TermsError):
    """A key, word or combination that nothing here understands; `field` names it."""

    def __init__(self, name: str) -> None:
        text = Text(
            f"本平台不认识条款“{name}”，无法保证其执行，因此不予接受。请改用词汇表中的条款。",
            f"This platform does not know the term “{name}”, cannot hold it and therefore refuses it. "
            "Please use a term of the vocabulary.",
        )
        super().__init__("unknown_term", text, name)


def canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785) in UTF-8."""
    return rfc8785.dumps(value)


def to_iso(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z`; a naive datetime raises `TermsError` because its zone would be a guess."""
    if moment.tzinfo is None:
        raise TermsError("naive_time", Text("时间须带时区。", "A time must carry its zone."), "time")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def field_names(cls: Any) -> set[str]:
    """The keys that a dataclass is written with: what `Fields` may know."""
    return {item.name for item in fields(cls)}


class Fields:
    """One JSON object, read key by key. `where` is the path shown in errors."""

    def __init__(self, data: object, where: str, known: Collection[str]) -> None:
        if not isinstance(data, dict):
            self.fail("bad_shape", where, Text("此处应为对象。", "An object is expected here."))
        unknown = sorted(str(key) for key in data if key not in known)
        if unknown:
            raise UnknownTerm(f"{where}.{unknown[0]}")
        self.data: Json = data
        self.where = where

    @staticmethod
    def fail(code: str, where: str, text: Text) -> NoReturn:
        raise TermsError(code, text, where)

    def path(self, name: str) -> str:
        return f"{self.where}.{name}"

    def raw(self, name: str) -> Any:
        if name not in self.data:
            self.fail("missing_term", self.path(name), Text("缺少必填项。", "A required key is missing."))
        return self.data[name]

    def text(self, name: str, choices: Collection[str] | None = None) -> str:
        value = self.raw(name)
        if not isinstance(value, str):
            self.fail("bad_type", self.path(name), Text("此处应为文本。", "Text is expected here."))
        if choices is not None and value not in choices:
            raise UnknownTerm(f"{self.path(name)}={value}")
        return value

    def texts(self, name: str, choices: Collection[str] | None = None) -> tuple[str, ...]:
        return self.items(name, lambda item, where: Fields({"item": item}, where, {"item"}).text("item", choices))

    def whole(self, name: str, low: int = 0, high: int = MAX_WHOLE) -> int:
        value = self.raw(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail("bad_type", self.path(name), Text("此处应为整数。", "A whole number is expected here."))
        if not low <= value <= high:
            text = Text(f"应在 {low} 与 {high} 之间。", f"It must lie between {low} and {high}.")
            self.fail("out_of_range", self.path(name), text)
        return value

    def number(self, name: str) -> float:
        value = self.raw(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > MAX_WHOLE:
            self.fail("bad_type", self.path(name), Text("此处应为数值。", "A number is expected here."))
        return float(value)

    def flag(self, name: str) -> bool:
        value = self.raw(name)
        if not isinstance(value, bool):
            self.fail("bad_type", self.path(name), Text("此处应为是或否。", "True or false is expected here."))
        return value

    def instant(self, name: str) -> datetime:
        value = self.text(name)
        try:
            if not value.endswith("Z"):
                raise ValueError(value)
            return datetime.fromisoformat(value)
        except ValueError:
            text = Text("时间应为以 Z 结尾的 ISO 8601 格式。", "A time must be ISO 8601 ending in Z.")
            self.fail("bad_time", self.path(name), text)

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """The key must be there; `null` means “none”."""
        return None if self.raw(name) is None else read(name)

    def items(self, name: str, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        value = self.raw(name)
        if not isinstance(value, list):
            self.fail("bad_type", self.path(name), Text("此处应为列表。", "A list is expected here."))
        return tuple(read(item, f"{self.path(name)}[{i}]") for i, item in enumerate(value))

    def mapping(self, name: str, read: Callable[["Fields", str], T]) -> dict[str, T]:
        """An object whose keys are free names (outcomes, parameters), each value read by `read`."""
        value = self.raw(name)
        if not isinstance(value, dict):
            self.fail("bad_type", self.path(name), Text("此处应为对象。", "An object is expected here."))
        inner = Fields(value, self.path(name), set(value))
        return {str(key): read(inner, str(key)) for key in value}


def to_list(items: Iterable[Any]) -> list[Any]:
    return [item.to_json() for item in items]

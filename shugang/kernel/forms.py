"""Forms as data: one description gives the page, the API schema and the check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shugang.policy.text import Text

from .errors import Refusal

KINDS = frozenset(
    {"text", "textarea", "int", "money", "date", "choice", "multi", "bool", "json", "code", "file", "password"}
)


@dataclass(frozen=True)
class Field:
    """One question. `kind` decides the check; money is entered in 元 and kept in 分."""

    name: str
    kind: str
    label: Text
    hint: Text | None = None
    required: bool = True
    choices: tuple[tuple[str, Text], ...] = ()
    max_length: int = 400
    minimum: int | None = None
    maximum: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"field {self.name}: unknown kind {self.kind}")


@dataclass(frozen=True)
class Form:
    version: int
    fields: tuple[Field, ...]

    def schema(self) -> dict[str, Any]:
        """A description for programs (`GET /api/v1/cases/{number}`)."""
        return {
            "version": self.version,
            "fields": [
                {
                    "name": f.name,
                    "kind": f.kind,
                    "label": f.label.zh,
                    "label_en": f.label.en,
                    "required": f.required,
                    "choices": [c for c, _ in f.choices],
                    "max_length": f.max_length,
                }
                for f in self.fields
            ],
        }


EMPTY = Form(1, ())


def clean(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """The checked answers. Raises Refusal("invalid_form") with every wrong field at once (一次告知)."""
    result: dict[str, Any] = {}
    wrong: dict[str, Text] = {}
    for field in form.fields:
        value = data.get(field.name)
        if isinstance(value, str):
            value = value.strip()
        if value in (None, "", []):
            if field.kind == "bool":
                result[field.name] = False
            elif field.required:
                wrong[field.name] = Text(f"请填写“{field.label.zh}”。", f"Please fill in “{field.label.en}”.")
            continue
        try:
            result[field.name] = _CLEANERS[field.kind](field, value)
        except ValueError as error:
            wrong[field.name] = error.args[0] if isinstance(error.args[0], Text) else _unreadable(field)
    unknown = sorted(set(data) - {f.name for f in form.fields})
    if unknown:
        wrong[unknown[0]] = Text(f"不认识的字段“{unknown[0]}”。", f"Unknown field “{unknown[0]}”.")
    if wrong:
        raise Refusal(
            "invalid_form",
            Text(
                f"有{len(wrong)}处需要补正，请逐项修改后再提交。",
                f"{len(wrong)} answer(s) need correction. Please mend them and submit again.",
            ),
            422,
            wrong,
        )
    return result


def _unreadable(field: Field) -> Text:
    return Text(
        f"“{field.label.zh}”的格式不对，请按提示填写。",
        f"“{field.label.en}” is not in the expected form. Please follow the hint.",
    )


def _text(field: Field, value: Any) -> str:
    text = str(value)
    if len(text) > field.max_length:
        raise ValueError(
            Text(
                f"“{field.label.zh}”最多{field.max_length}字，现在是{len(text)}字。",
                f"“{field.label.en}” takes at most {field.max_length} characters; this has {len(text)}.",
            )
        )
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        raise ValueError(_unreadable(field))
    return text


def _bounded(field: Field, number: int) -> int:
    if field.minimum is not None and number < field.minimum:
        raise ValueError(
            Text(
                f"“{field.label.zh}”不能小于{field.minimum}。",
                f"“{field.label.en}” must be at least {field.minimum}.",
            )
        )
    if field.maximum is not None and number > field.maximum:
        raise ValueError(
            Text(
                f"“{field.label.zh}”不能大于{field.maximum}。",
                f"“{field.label.en}” must be at most {field.maximum}.",
            )
        )
    return number


def _int(field: Field, value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,18}", str(value)):
        raise ValueError(_unreadable(field))
    return _bounded(field, int(value))


def _money(field: Field, value: Any) -> int:
    """元 as text with at most two decimals → 分."""
    match = re.fullmatch(r"(\d{1,13})(?:\.(\d{1,2}))?", str(value).replace(",", ""))
    if match is None:
        raise ValueError(_unreadable(field))
    return _bounded(field, int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")))


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(_unreadable(field)) from None


def _choice(field: Field, value: Any) -> str:
    if str(value) not in {code for code, _ in field.choices}:
        raise ValueError(
            Text(
                f"“{field.label.zh}”没有这个选项，请从列表中选择。",
                f"“{field.label.en}” has no such choice. Please pick one from the list.",
            )
        )
    return str(value)


def _multi(field: Field, value: Any) -> list[str]:
    values = value if isinstance(value, list | tuple) else [value]
    return sorted({_choice(field, v) for v in values})


def _bool(field: Field, value: Any) -> bool:
    return value is True or str(value).lower() in {"1", "true", "on", "yes"}


def _json(field: Field, value: Any) -> Any:
    import json

    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(_unreadable(field)) from None


def _file(field: Field, value: Any) -> dict[str, Any]:
    """Files arrive as the description of a stored `Material` (materials.store)."""
    if not (isinstance(value, dict) and {"material", "name", "sha256"} <= set(value)):
        raise ValueError(_unreadable(field))
    return value


_CLEANERS = {
    "text": _text,
    "textarea": _text,
    "code": _text,
    "password": _text,
    "int": _int,
    "money": _money,
    "date": _date,
    "choice": _choice,
    "multi": _multi,
    "bool": _bool,
    "json": _json,
    "file": _file,
}

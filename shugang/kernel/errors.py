"""The one exception by which a verb says no."""

from __future__ import annotations

from collections.abc import Mapping

from shugang.policy.text import Text


class Refusal(Exception):
    """A request that the rules do not allow; shown to people as it stands.

    `code` is stable and goes to programs; `message` says what happened, why, and what to do;
    `fields` maps a form field's name to what is wrong with it.
    """

    def __init__(self, code: str, message: Text, status: int = 400, fields: Mapping[str, Text] | None = None) -> None:
        super().__init__(f"{code}: {message.en}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = dict(fields or {})


def not_found(what: Text) -> Refusal:
    """The same answer for what does not exist and for what the actor may not see."""
    return Refusal(
        "not_found",
        Text(
            f"没有找到{what.zh}，请核对编号，或确认您所代表的机构有权查看。",
            f"No such {what.en}. Please check the number, or whether your organisation may see it.",
        ),
        404,
    )


def forbidden(zh: str, en: str, code: str = "forbidden") -> Refusal:
    return Refusal(code, Text(zh, en), 403)

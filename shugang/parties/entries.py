"""Questions of the sign-in and security pages, drawn by the same macros as the forms of procedures."""

from __future__ import annotations

from dataclasses import dataclass

from django.forms import BaseForm

from shugang.policy.text import Text


@dataclass(frozen=True)
class Entry:
    """Like kernel.forms.Field, with passwords and what browsers may fill in by themselves (`autocomplete`)."""

    name: str
    kind: str
    label: Text
    hint: Text | None = None
    required: bool = True
    choices: tuple[tuple[str, Text], ...] = ()
    max_length: int = 150
    autocomplete: str = ""


USERNAME = Entry("username", "text", Text("用户名", "User name"),
                 Text("3至40位字母、数字、点、横线或下划线", "3 to 40 letters, digits, dots, hyphens or underscores"),
                 max_length=40, autocomplete="username")  # fmt: skip
DISPLAY_NAME = Entry("display_name", "text", Text("姓名", "Name"),
                     Text("办理记录中显示的名字", "As it appears in the records"), max_length=60, autocomplete="name")  # fmt: skip
NEW_PASSWORD = Entry("password", "password", Text("密码", "Password"),
                     Text("至少10位，不能是常见密码或纯数字", "At least 10 characters, not common, not digits alone"),
                     autocomplete="new-password")  # fmt: skip
LOGIN = Entry("login", "text", Text("用户名", "User name"), autocomplete="username")
PASSWORD = Entry("password", "password", Text("密码", "Password"), autocomplete="current-password")
CODE = Entry("code", "text", Text("验证码", "Code"),
             Text("验证器应用里的6位数字；也可用一个备用码", "The 6 digits of your app, or one of your recovery codes"),
             max_length=12, autocomplete="one-time-code")  # fmt: skip


def form_errors(form: BaseForm) -> dict[str, str]:
    """A bound Django form's errors by field, one sentence each."""
    return {name: str(found[0]) for name, found in form.errors.items() if name != "__all__"}


def general_error(form: BaseForm) -> str | None:
    found = form.non_field_errors() if form.is_bound else []
    return str(found[0]) if found else None

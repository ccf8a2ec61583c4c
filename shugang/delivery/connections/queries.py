"""Reads of connections: whose they are, and what their last test said. The account is in none of them."""

from __future__ import annotations

from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.policy.connections import place
from shugang.policy.text import Text

from .models import Connection
from .services import CONNECTION

PURPOSES = {"source": Text("数据来源", "Source"), "target": Text("接收地址", "Destination")}
STATES = {
    "waiting": ("run", Text("等待核准", "Waiting for approval")),
    "active": ("ok", Text("已核准", "Approved")),
    "removed": ("off", Text("已移除", "Removed")),
}
TROUBLES = {
    "source_unavailable": Text("没有应答，请检查地址和账号", "No answer. Please check address and account"),
    "source_timeout": Text("应答超时", "It took too long"),
    "address_refused": Text("地址不允许连接", "The address may not be dialled"),
    "secret_unreadable": Text("账号须重新填写", "Please enter the account again"),
    "folder_missing": Text("运营方没有设置这个文件夹", "The operator has set up no such folder"),
}


def connections(actor: Actor) -> list[Connection]:
    """The actor's own; for the operator all that are in use or wait."""
    return list(Connection.objects.visible_to(actor).select_related("party").order_by("state", "-id"))


def connection(actor: Actor, number: str) -> Connection:
    """Raises Refusal `not_found`."""
    found = Connection.objects.visible_to(actor).select_related("party").filter(number=number).first()
    if found is None:
        raise not_found(CONNECTION)
    return found


def address(row: Connection) -> str:
    """The host and port that the plane dials, "" for a folder."""
    return place(row.url, row.purpose).pair


def health(row: Connection) -> tuple[str, Text]:
    """Tone and words of the last test."""
    if row.checks > row.checked:
        return "run", Text("测试中", "Being tested")
    if row.checked_at is None:
        return "off", Text("未测试", "Not tested")
    if not row.check_code:
        return "ok", Text("连接正常", "It answers")
    other = Text(f"对方答复{row.check_code}", f"It answered {row.check_code}")
    return "bad", TROUBLES.get(row.check_code, other)

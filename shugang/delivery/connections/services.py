"""Verbs of connections: register, approve, test, change the account, remove; and the plane's report of a test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import next_number
from shugang.kernel.verbs import verb
from shugang.policy.addresses import AddressRefused
from shugang.policy.connections import Account, Place, check_tables, of_connection, place
from shugang.policy.pushes import BadSchedule, timed
from shugang.policy.sealing import seal_to_plane
from shugang.policy.text import Text

from .. import gates
from ..connectors.guard import refused
from ..planes.models import Plane
from ..planes.services import bump, platform_plane
from .models import Connection

CONNECTION = Text("这个连接", "connection")
MOST = 50
_CODE = re.compile(r"[A-Za-z_]{0,64}")


def _place(url: str, purpose: str) -> Place:
    if purpose not in ("source", "target"):
        raise Refusal("bad_purpose", Text("请选择用作来源还是接收地址。", "Please say source or destination."), 422)
    try:
        return place(url, purpose)
    except AddressRefused as no:
        raise refused(no) from None


def _gate(actor: Actor, purpose: str) -> int:
    """The party that registers. Raises Refusal `forbidden`."""
    if purpose == "source":
        return gates.require_supply(actor)
    if "buyer" not in actor.roles:
        raise forbidden("接收地址由需方登记。", "A destination is registered by a buyer.")
    return gates.require_use(actor)[0]


def _sealed(plane: Plane, number: str, account: Account) -> str:
    if not plane.public_key:
        raise Refusal(
            "no_plane",
            Text(
                "平台的数据服务节点还没有接入，请稍后再试。",
                "The platform's plane is not enrolled yet. Please try later.",
            ),
            409,
        )
    if max(len(account.user), len(account.password)) > 400:
        raise Refusal("bad_account", Text("账号或口令过长。", "The account is too long."), 422)
    return seal_to_plane(plane.public_key, account.to_bytes(), of_connection(number))


def _schedule(text: str, purpose: str) -> str:
    if text and purpose != "target":
        raise Refusal(
            "bad_schedule",
            Text("只有接收地址可以设推送计划。", "Only a destination has a schedule of pushes."),
            422,
        )
    try:
        timed(text)
    except BadSchedule:
        raise Refusal(
            "bad_schedule",
            Text(
                "推送计划写作version（有新版本即推送）、daily 02:00（每天）或weekly 1 02:00（每周一），留空为只在请求时推送。",
                "A schedule is version (each new version), daily 02:00, weekly 1 02:00 (Mondays), or nothing.",
            ),
            422,
        ) from None
    return text


@verb
def set_schedule(actor: Actor, number: str, schedule: str) -> Connection:
    """When new versions are pushed to this destination by themselves; "" for never. Raises Refusal."""
    row = _own(actor, number)
    row.schedule = _schedule(schedule, row.purpose)
    row.save(update_fields=["schedule"])
    bump([row.plane_id])
    emit("connection.scheduled", actor, [("connection", number)], {"schedule": row.schedule})
    return row


@verb
def register_connection(
    actor: Actor,
    purpose: str,
    name: str,
    url: str,
    account: Account,
    tables: Mapping[str, str] | None = None,
    schedule: str = "",
) -> Connection:
    """A store or database of the actor's party; it waits for the operator to approve its address.

    Raises Refusal `forbidden`, `bad_purpose`, `address_refused`, `bad_tables`, `bad_account`, `bad_schedule`, `too_many`, `no_plane`.
    """
    where = _place(url, purpose)
    party = _gate(actor, purpose)
    given = dict(tables or {})
    try:
        check_tables(given if purpose == "source" else {}, where.scheme if purpose == "source" else "")
    except ValueError:
        raise Refusal(
            "bad_tables",
            Text(
                "对象存储来源须写明1至50个表名和文件路径，其他来源不写。",
                "A store that is a source names 1 to 50 tables with their paths; other sources name none.",
            ),
            422,
        ) from None
    if Connection.objects.filter(party_id=party).exclude(state=Connection.State.REMOVED).count() >= MOST:
        raise Refusal("too_many", Text(f"最多登记{MOST}个连接。", f"At most {MOST} connections."), 409)
    plane = platform_plane()
    number = f"CN-{next_number('connection'):06d}"
    made = Connection.objects.create(
        number=number,
        party_id=party,
        plane=plane,
        purpose=purpose,
        name=name[:80],
        url=url,
        tables=given,
        sealed="" if where.scheme == "folder" else _sealed(plane, number, account),
        schedule=_schedule(schedule, purpose),
        created_at=clock.now(),
    )
    emit("connection.registered", actor, [("connection", number)], {"purpose": purpose, "address": where.pair})
    return made


def _own(actor: Actor, number: str) -> Connection:
    """The actor's own living connection, locked, if his duty may change it. Raises Refusal."""
    row = Connection.objects.visible_to(actor).select_for_update().filter(number=number).first()
    if row is None or row.party_id != actor.party_id:
        raise not_found(CONNECTION)
    _gate(actor, row.purpose)
    return _living(row)


def _living(row: Connection) -> Connection:
    if row.state == Connection.State.REMOVED:
        raise Refusal("wrong_state", Text("这个连接已经移除。", "This connection was removed."), 409)
    return row


@verb
def approve_connection(actor: Actor, number: str) -> Connection:
    """Let the plane dial this address; the operator's act. Raises Refusal `forbidden`, `not_found`, `wrong_state`."""
    gates.require_enrol(actor, None)
    row = Connection.objects.select_for_update().filter(number=number).first()
    if row is None:
        raise not_found(CONNECTION)
    if row.state != Connection.State.WAITING:
        raise Refusal(
            "wrong_state", Text("这个连接不在等待核准。", "This connection is not waiting for approval."), 409
        )
    row.state, row.checks = Connection.State.ACTIVE, row.checks + 1
    row.save(update_fields=["state", "checks"])
    bump([row.plane_id])
    emit("connection.approved", actor, [("connection", number)], {"address": _place(row.url, row.purpose).pair})
    return row


@verb
def try_connection(actor: Actor, number: str) -> Connection:
    """Ask the plane to try the connection; its report follows within seconds. Raises Refusal."""
    row = _own(actor, number)
    if row.state != Connection.State.ACTIVE:
        raise Refusal(
            "wrong_state", Text("运营方核准后才能测试。", "It can be tested once the operator has approved it."), 409
        )
    row.checks += 1
    row.save(update_fields=["checks"])
    bump([row.plane_id])
    emit("connection.tested", actor, [("connection", number)], {"check": row.checks})
    return row


@verb
def change_account(actor: Actor, number: str, account: Account) -> Connection:
    """Put a new account in place of the old, which is forgotten. Raises Refusal."""
    row = _own(actor, number)
    row.sealed = _sealed(row.plane, number, account)
    row.checks += 1
    row.save(update_fields=["sealed", "checks"])
    bump([row.plane_id])
    emit("connection.account_changed", actor, [("connection", number)], {})
    return row


@verb
def remove_connection(actor: Actor, number: str, reason: str = "") -> Connection:
    """Forget the account and stop using the address: its owner, or the operator who no longer admits it.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`.
    """
    row = Connection.objects.visible_to(actor).select_for_update().filter(number=number).first()
    if row is None:
        raise not_found(CONNECTION)
    if row.party_id == actor.party_id:
        _gate(actor, row.purpose)
    else:
        gates.require_enrol(actor, None)
    _living(row)
    row.state, row.sealed = Connection.State.REMOVED, ""
    row.save(update_fields=["state", "sealed"])
    bump([row.plane_id])
    emit("connection.removed", actor, [("connection", number)], {"reason": reason[:400]})
    return row


def report(plane: Plane, results: Iterable[Mapping[str, Any]]) -> int:
    """What the plane found; how many results were of the last test asked for. A report is no business act: no event."""
    taken = 0
    for result in results:
        number, check, code = result.get("number"), result.get("check"), result.get("code")
        if not isinstance(check, int) or not isinstance(code, str) or not _CODE.fullmatch(code):
            continue
        taken += Connection.objects.filter(plane=plane, number=number, checks=check, checks__gte=F("checked")).update(
            checked=check, checked_at=clock.now(), check_code=code
        )
    return taken

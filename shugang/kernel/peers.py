"""Verbs of witnessing: which logs we witness, and who witnesses ours. The operator decides, key by key."""

from __future__ import annotations

from django.conf import settings

from shugang.evidence.cosignature import parse_cosigner
from shugang.evidence.errors import FormatError
from shugang.evidence.note import parse_vkey
from shugang.policy.addresses import AddressRefused, origin
from shugang.policy.text import Text

from .actors import Actor
from .errors import Refusal, forbidden, not_found
from .events import emit
from .models import Witness, WitnessedLog
from .verbs import verb

DUTIES = frozenset({"manager", "engineer"})
_PEER = Text("这个见证登记", "witness or witnessed log")
_BAD_LOG = Text(
    "日志公钥格式不对。请填写对方 /log/vkey 公布的一行。",
    "Not a log's key. Please give the line that their /log/vkey shows.",
)
_BAD_WITNESS = Text(
    "见证公钥格式不对。请填写对方“存证日志”页公布的见证公钥（类型0x04）。",
    "Not a witness's key. Please give the witness key (type 0x04) that their log page shows.",
)


def may_register(actor: Actor) -> bool:
    """The operator's manager or engineer, and the command line."""
    return "system" in actor.roles or ("operator" in actor.roles and bool(actor.duties & DUTIES))


def require(actor: Actor) -> None:
    """Raises Refusal `forbidden`."""
    if not may_register(actor):
        raise forbidden(
            "见证方由运营机构的管理员或工程师登记。", "Witnesses are registered by the operator's manager or engineer."
        )


def _operator(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 120 or not name.isprintable():
        wrong = Text(
            "请填写对方运营机构的名称（120字以内）。", "Please give their operator's name (up to 120 characters)."
        )
        raise Refusal("invalid_form", wrong, 422, {"operator": wrong})
    return name


@verb
def witness_log(actor: Actor, operator: str, vkey: str) -> WitnessedLog:
    """Witness a log from now on. Registered anew, it may come with a new key; what was seen of it stays.

    Raises Refusal `forbidden`, `invalid_form` (operator), `bad_key` (also for our own log).
    """
    require(actor)
    operator = _operator(operator)
    try:
        key = parse_vkey(vkey)
    except FormatError:
        raise Refusal("bad_key", _BAD_LOG, 422, {"vkey": _BAD_LOG}) from None
    if key.name == settings.SHUGANG_LOG_ORIGIN or len(key.vkey) > 400 or len(key.name) > 200:
        raise Refusal("bad_key", _BAD_LOG, 422, {"vkey": _BAD_LOG})
    facts = {"vkey": key.vkey, "operator": operator, "active": True}
    row, _ = WitnessedLog.objects.select_for_update().update_or_create(origin=key.name, defaults=facts)
    emit("witness.log_registered", actor, [("log", row.origin)], facts)
    return row


@verb
def add_witness(actor: Actor, operator: str, vkey: str, url: str) -> Witness:
    """Ask this witness from now on. `url`: what stands before `/add-checkpoint`.

    Raises Refusal `forbidden`, `invalid_form` (operator), `bad_key` (also our own), `address_refused`.
    """
    require(actor)
    operator = _operator(operator)
    try:
        key = parse_cosigner(vkey)
    except FormatError:
        raise Refusal("bad_key", _BAD_WITNESS, 422, {"vkey": _BAD_WITNESS}) from None
    if key.name == settings.SHUGANG_WITNESS_NAME or len(key.vkey) > 400:
        raise Refusal("bad_key", _BAD_WITNESS, 422, {"vkey": _BAD_WITNESS})
    facts = {"operator": operator, "url": _address(url), "active": True}
    row, _ = Witness.objects.select_for_update().update_or_create(vkey=key.vkey, defaults=facts)
    emit("witness.registered", actor, [("witness", key.name)], {**facts, "vkey": key.vkey})
    return row


def _address(url: str) -> str:
    url = url.strip().rstrip("/")
    try:
        where = origin(url)
        if where.scheme not in ("http", "https") or len(url) > 200 or "?" in url or "#" in url:
            raise AddressRefused(
                "须是200字以内的http或https网址", "it is an http or https address of up to 200 characters"
            )
    except AddressRefused as no:
        raise Refusal("address_refused", no.why, 422, {"url": no.why}) from None
    return url


@verb
def stop_witnessing(actor: Actor, pk: int) -> WitnessedLog:
    """Raises Refusal `forbidden`, `not_found`."""
    require(actor)
    row = WitnessedLog.objects.select_for_update().filter(pk=pk, active=True).first()
    if row is None:
        raise not_found(_PEER)
    row.active = False
    row.save(update_fields=["active"])
    emit("witness.log_dropped", actor, [("log", row.origin)], {"operator": row.operator})
    return row


@verb
def drop_witness(actor: Actor, pk: int) -> Witness:
    """Its lines stay; it is asked no more and counts no more for new checkpoints.

    Raises Refusal `forbidden`, `not_found`.
    """
    require(actor)
    row = Witness.objects.select_for_update().filter(pk=pk, active=True).first()
    if row is None:
        raise not_found(_PEER)
    row.active = False
    row.save(update_fields=["active"])
    emit("witness.dropped", actor, [("witness", parse_cosigner(row.vkey).name)], {"operator": row.operator})
    return row

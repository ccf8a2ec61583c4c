"""What the room's pages share: reading a posted form, acting once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from shugang.kernel import idempotency, materials
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Field
from shugang.parties.http import actor_of
from shugang.policy.text import Text


def desk_actor(request: HttpRequest) -> Actor:
    """Who acts on a page of the desk. Raises Refusal `sign_in_required` for a visitor."""
    actor = actor_of(request)
    if actor.person_id is None:
        raise Refusal("sign_in_required", Text("请先登录再查看。", "Please sign in first."), 403)
    return actor


def new_key() -> str:
    return str(uuid.uuid4())


def posted(request: HttpRequest, fields: Iterable[Field], kept: dict[str, Any] | None = None) -> dict[str, Any]:
    """The posted answers. A file that was not chosen again keeps the material in `kept`."""
    answers: dict[str, Any] = {}
    files: MultiValueDict[str, Any] = request.FILES
    for field in fields:
        if field.kind == "file":
            upload = files.get(field.name)
            if upload is not None:
                answers[field.name] = materials.store(actor_of(request), upload.name or "", upload.file)
            elif kept and kept.get(field.name):
                answers[field.name] = kept[field.name]
        elif field.kind == "multi":
            answers[field.name] = request.POST.getlist(field.name)
        elif field.kind == "bool":
            answers[field.name] = field.name in request.POST
        else:
            answers[field.name] = request.POST.get(field.name, "")
    return answers


def revision_of(request: HttpRequest) -> int | None:
    text = request.POST.get("rev", "")
    if text == "":
        return None
    if not text.isdigit():
        raise Refusal("bad_revision", Text("页面已过期，请刷新后再提交。", "The page has expired. Please reload."), 400)
    return int(text)


def once(request: HttpRequest, parts: Iterable[Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run `act` once for the page's idempotency key."""
    key = request.POST.get("idempotency_key", "")[:128]
    return idempotency.once(actor_of(request), key, idempotency.fingerprint(request.path, *parts), act)

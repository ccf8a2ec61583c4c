"""Saved searches: what a person keeps to look again. Nobody else's business, so it leaves no entry in any log."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.http import QueryDict

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.policy.text import Text

from . import finding
from .finding import Wanted
from .models import SavedSearch

LIMIT = 20
SEARCH = Text("这个保存的搜索", "saved search")


@dataclass(frozen=True)
class Kept:
    """A saved search with what is new of it; `new` stops counting at 100."""

    row: SavedSearch
    wanted: Wanted
    new: int


def _own(actor: Actor) -> list[SavedSearch]:
    return list(SavedSearch.objects.visible_to(actor).filter(person_id=actor.person_id or 0).order_by("-pk"))


def _one(actor: Actor, pk: int) -> SavedSearch:
    found = SavedSearch.objects.visible_to(actor).filter(person_id=actor.person_id or 0, pk=pk).first()
    if found is None:
        raise not_found(SEARCH)
    return found


def read(query: str) -> Wanted:
    return Wanted.read(QueryDict(query))


def searches(actor: Actor) -> list[Kept]:
    """The person's own, newest first, each with how many products were listed since he last opened it."""
    found = []
    for row in _own(actor):
        wanted = read(row.query)
        found.append(Kept(row, wanted, finding.count_since(wanted, int(row.seen_at.timestamp()))))
    return found


def save(actor: Actor, name: str, query: str) -> SavedSearch:
    """Keep a search under a name. Raises Refusal `sign_in_required`, `invalid_form`, `name_taken`, `too_many`."""
    if actor.person_id is None or actor.party_id is None:
        raise Refusal(
            "sign_in_required", Text("请先登录，并代表一个机构。", "Please sign in for an organisation."), 403
        )
    said, wanted = name.strip()[:60], read(query)
    if not said:
        text = Text("请给这个搜索起个名字。", "Please give the search a name.")
        raise Refusal("invalid_form", text, 422, {"name": text})
    if not wanted.q and not wanted.facets:
        text = Text("请先输入搜索词或选择筛选条件，再保存。", "Please enter words or choose filters before you save.")
        raise Refusal("invalid_form", text, 422, {"query": text})
    now = clock.now()
    try:
        with transaction.atomic():
            if len(_own(actor)) >= LIMIT:
                raise Refusal(
                    "too_many",
                    Text(
                        f"最多保存{LIMIT}个搜索，请先删除不用的。",
                        f"At most {LIMIT} searches; delete one you no longer need.",
                    ),
                    409,
                )
            return SavedSearch.objects.create(
                person_id=actor.person_id, name=said, query=wanted.query()[:600], created_at=now, seen_at=now
            )
    except IntegrityError:
        text = Text(f"您已有名为“{said}”的搜索，请换个名字。", f"You already keep a search named “{said}”.")
        raise Refusal("name_taken", text, 409, {"name": text}) from None


def seen(actor: Actor, pk: int) -> SavedSearch:
    """What is new of it has been looked at now. Raises Refusal `not_found`."""
    row = _one(actor, pk)
    row.seen_at = clock.now()
    row.save(update_fields=["seen_at"])
    return row


def delete(actor: Actor, pk: int) -> None:
    """Raises Refusal `not_found`."""
    _one(actor, pk).delete()

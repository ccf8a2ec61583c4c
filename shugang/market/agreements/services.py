"""Verbs of agreements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from ..contracts import templates
from ..contracts.drafting import digests
from .drafting import OFFERED, content_of, wrong
from .guards import check_parties
from .models import Agreement
from .process import AGREEMENT, PARTIES


@verb
def propose(
    actor: Actor, template: str, others: Sequence[str], answers: Mapping[str, Any], *, client: bool = True, dataset: str = ""
) -> Agreement:  # fmt: skip
    """Draft an agreement with `others` (party numbers, in the order of the template's sides).

    `client`: whether the acting party is the first side; of two, it is the second otherwise. `dataset`: what the processor
    is to read, a data set of the client, who has to be the one that drafts. Raises Refusal `invalid_form`,
    `party_not_active`, `not_the_holder`, `forbidden`.
    """
    if actor.party_id is None:
        raise forbidden("请先切换到一家机构再起草。", "Please act for a party to draft an agreement.")
    if template not in OFFERED:
        raise wrong("template", "没有这个模板。", "There is no such template.")
    found = templates.load(template)
    parties = _parties(actor, others, len(found.data["sides"]), client)
    check_parties(parties)
    if dataset and (template != "processing" or not client):
        raise Refusal(
            "not_the_holder",
            Text(
                "数据只能由持有它的委托方在委托处理合同中提供。",
                "Data are given only by their holder, as the client of a processing contract.",
            ),
            403,
        )
    case = engine.open_case(
        AGREEMENT.code, actor, list(zip(PARTIES, [p.pk for p in parties], strict=False)), found.title.zh, {"template": template}
    )  # fmt: skip
    content, source = content_of(case.number, found, parties, answers, dataset)
    sha256, sm3 = digests(content)
    return Agreement.objects.create(
        case=case, template=template, content=content, sha256=sha256, sm3=sm3, source=source,
        until=date.fromisoformat(content["answers"]["until"]), drafted_at=clock.now(),
    )  # fmt: skip


def _parties(actor: Actor, others: Sequence[str], most: int, client: bool) -> list[Party]:
    numbers = [n.strip() for n in others if n.strip()]
    rows = {p.number: p for p in Party.objects.filter(number__in=numbers)}
    strange = [n for n in numbers if n not in rows]
    if strange:
        raise wrong("others", f"没有机构“{strange[0][:20]}”。", f"There is no party “{strange[0][:20]}”.")
    mine = Party.objects.get(pk=actor.party_id or 0)
    if not 1 <= len(numbers) < most or mine.number in numbers or len(set(numbers)) < len(numbers):
        raise wrong(
            "others", "请填写其他各方的机构编号，不重复，不含本机构。", "Name the other parties by number, each once."
        )
    ordered = [rows[n] for n in numbers]
    return [mine, *ordered] if client or most > 2 else [*ordered, mine]


def sign(
    actor: Actor, number: str, own_signature: str = "", revision: int | None = None, sha256: str = ""
) -> Agreement:
    """The acting party's signature under context `agreement:<number>`. Raises what `engine.act` and the guard say."""
    data = {k: v for k, v in (("own_signature", own_signature), ("read", sha256)) if v}
    return Agreement.objects.get(case=engine.act(number, "sign", actor, data, revision))


def expire_due() -> int:
    """End agreements whose last day has passed. Returns how many."""
    due = Agreement.objects.filter(case__state="active", until__lt=clock.today()).order_by("id")
    numbers = list(due.values_list("case__number", flat=True)[:200])
    for number in numbers:
        engine.fire(number, "expire")
    return len(numbers)

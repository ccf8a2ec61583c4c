"""Who may not deal with each other: nobody buys from himself, not through a controlled party, an agent or a shared person.

Facts come from the register (people with trading duties, legal representative and telephone) and from declared ties:
control (beneficial ownership, 数据安全法 §33 asks the intermediary to verify identities) and agency.
"""

from __future__ import annotations

from collections import defaultdict

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.verbs import verb
from shugang.parties.models import Membership, Party
from shugang.policy.text import Text

from .models import PartyTie

KINDS: dict[str, Text] = {
    "control": Text("控制（持股、协议或实际控制）", "Control (by shares, agreement or in fact)"),
    "agent": Text("代理（代为交易）", "Agency (acts for it in trade)"),
}
_TRADING = frozenset({"handler", "signer"})
TIE = Text("这条关联关系", "tie")


def _group(party: Party) -> set[int]:
    """The party and all that stand under common control with it, by living ties in either direction."""
    edges: dict[int, set[int]] = defaultdict(set)
    for a, b in PartyTie.objects.filter(kind="control", ended_at=None).values_list("party_id", "other_id"):
        edges[a].add(b)
        edges[b].add(a)
    group, todo = {party.pk}, [party.pk]
    while todo:
        for other in edges[todo.pop()] - group:
            group.add(other)
            todo.append(other)
    return group


def _agents(group: set[int]) -> set[int]:
    """Who acts in trade for one of the group."""
    rows = PartyTie.objects.filter(kind="agent", ended_at=None, other_id__in=group)
    return set(rows.values_list("party_id", flat=True))


def _people(group: set[int]) -> set[int]:
    rows = Membership.objects.filter(party_id__in=group, active=True).values_list("person_id", "duties")
    return {person for person, duties in rows if _TRADING & set(duties)}


def related(a: Party, b: Party) -> Text | None:
    """Why the two are one side of a deal, or None."""
    first, second = _group(a), _group(b)
    if first & second:
        return Text("双方受同一控制", "they stand under common control")
    if _agents(first) & second or _agents(second) & first:
        return Text(
            "一方或其控制的机构是另一方的代理", "one of them, or a party under its control, is the other's agent"
        )
    if _people(first) & _people(second):
        return Text("同一人在双方任经办或签署", "one person is a handler or signer of both")
    same = a.legal_representative and (a.legal_representative, a.telephone) == (b.legal_representative, b.telephone)
    if same and a.telephone:
        return Text("双方法定代表人和电话相同", "they have the same legal representative and telephone")
    return None


def require_apart(buyer: Party, supplier: Party) -> None:
    """Raises Refusal `related_parties`."""
    why = related(buyer, supplier)
    if why is not None:
        raise Refusal(
            "related_parties",
            Text(
                f"不能与自己交易：{why.zh}。关系已变化的，请联系运营机构更正。",
                f"Nobody deals with himself: {why.en}. If that has changed, please ask the venue to correct it.",
            ),
            409,
        )


def may_record(actor: Actor) -> bool:
    """The venue's reviewer, who verified the identities; or a party's manager, about his own party."""
    return actor.party_id is not None and (_venue(actor) or "manager" in actor.duties)


def _venue(actor: Actor) -> bool:
    return "operator" in actor.roles and "reviewer" in actor.duties


def _party(number: str, field: str) -> Party:
    found = Party.objects.filter(number=number.strip()).first()
    if found is None:
        text = Text("没有这个编号的机构。", "There is no party of this number.")
        raise Refusal("invalid_form", text, 422, {field: text})
    return found


@verb
def record_tie(actor: Actor, party: str, other: str, kind: str, ground: str) -> PartyTie:
    """`party` controls, or acts as agent of, `other` (numbers); `ground` says from what this is known.

    Raises Refusal `forbidden`, `invalid_form`, `already_recorded`.
    """
    if not may_record(actor):
        raise forbidden(
            "关联关系由运营机构复核岗登记，或由本机构管理员申报。",
            "Ties are recorded by the venue's reviewer or declared by the party's manager.",
        )
    a, b = _party(party, "party"), _party(other, "other")
    if kind not in KINDS or a.pk == b.pk or not 4 <= len(ground.strip()) <= 400:
        text = Text("请选择关系、两个不同的机构，并写明依据（4至400字）。",
                    "Please choose a kind, two different parties, and give the ground in 4 to 400 characters.")  # fmt: skip
        raise Refusal("invalid_form", text, 422, {"ground": text})
    if not _venue(actor) and actor.party_id not in (a.pk, b.pk):
        raise forbidden("只能申报与本机构有关的关系。", "You may declare only ties of your own party.")
    if PartyTie.objects.filter(party=a, other=b, kind=kind, ended_at=None).exists():
        raise Refusal("already_recorded", Text("这条关系已登记。", "This tie is recorded already."), 409)
    row = PartyTie.objects.create(
        party=a, other=b, kind=kind, ground=ground.strip(), person_id=actor.person_id, recorded_at=clock.now()
    )
    emit("party.tie_recorded", actor, [("party", a.number), ("party", b.number)], {"kind": kind, "ground": row.ground})
    return row


@verb
def end_tie(actor: Actor, pk: int, reason: str) -> PartyTie:
    """The venue's reviewer, who verified that it is over. Raises Refusal `forbidden`, `not_found`, `invalid_form`."""
    if not _venue(actor):
        raise forbidden("解除登记由运营机构复核岗核实后办理。", "The venue's reviewer ends a tie after verifying it.")
    row = PartyTie.objects.select_for_update(of=("self",)).filter(pk=pk, ended_at=None).first()
    if row is None:
        raise not_found(TIE)
    if not 4 <= len(reason.strip()) <= 400:
        text = Text("请写明理由（4至400字）。", "Please give the reason in 4 to 400 characters.")
        raise Refusal("invalid_form", text, 422, {"reason": text})
    row.ended_at = clock.now()
    row.save(update_fields=["ended_at"])
    refs = [("party", row.party.number), ("party", row.other.number)]
    emit("party.tie_ended", actor, refs, {"kind": row.kind, "reason": reason.strip()})
    return row

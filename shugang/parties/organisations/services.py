"""Applying for admission, founding the venue's own parties, contact data, suspending and resuming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import Field, Form, clean
from shugang.kernel.models import Case
from shugang.kernel.numbering import next_number
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..accounts.actor import actor_for
from ..accounts.models import Membership, Person
from ..accounts.services import set_duties
from . import checks
from .models import FOUNDED, ROLES, Party
from .process import APPLICATION, IDENTITY

PARTY = Text("这个机构", "party")
CONTACT = Form(1, tuple(f for f in APPLICATION.fields if f.name in ("contact", "telephone", "address", "business")))
REASON = Field("reason", "textarea", Text("理由", "Reason"),
               Text("该机构看到的就是这段文字", "The party reads exactly this"), max_length=800)  # fmt: skip


def _new_party(facts: Mapping[str, Any], status: str, **roles: bool) -> Party:
    code = checks.code(str(facts["uscc"]))
    given = {k: facts.get(k, "") or "" for k in IDENTITY} | {"uscc": code, "status": status}
    refused = Party.objects.filter(uscc=code, status=Party.Status.EXITED, admitted_at__isnull=True).first()
    if refused is not None:
        return _try_again(refused, given, roles)
    checks.free_code(code)
    return Party.objects.create(
        number=f"P-{next_number('party'):06d}", demo=bool(facts.get("demo", False)), created_at=clock.now(),
        **given, **roles,
    )  # fmt: skip


def _try_again(party: Party, facts: Mapping[str, Any], roles: Mapping[str, bool]) -> Party:
    """A party that was never admitted applies anew; whoever applied for it before has no say in it."""
    Membership.objects.filter(party=party).update(active=False, duties=[])
    for name, value in {**facts, **roles}.items():
        setattr(party, name, value)
    party.save()
    return party


@verb
def apply_for_admission(person: Person, form: Mapping[str, Any], operator: Party) -> Case:
    """Open the admission case of a new party; the person becomes its manager and handler.

    Raises Refusal `invalid_form`, `uscc_check`, `party_exists`, `roles_conflict`, `administrator`.
    """
    facts = clean(APPLICATION, form)
    checks.trading_roles(facts["roles"])
    party = _new_party(facts, Party.Status.DRAFT)
    facts["uscc"] = party.uscc
    set_duties(SYSTEM, party, person, ["manager", "handler"])
    case = engine.open_case(
        "parties.onboarding",
        actor_for(person, party),
        [("applicant", party.pk), ("operator", operator.pk)],
        party.name,
        facts,
        [("party", party.number)],
    )
    party.case = case
    party.save(update_fields=["case"])
    return case


@verb
def found_party(actor: Actor, facts: Mapping[str, Any], roles: list[str]) -> Party:
    """A party that is there from the start (who governs, departments, the data office), named by the system administrator.

    Trading parties are admitted by the procedure only.
    Raises Refusal `forbidden`, `second_factor_required`, `uscc_check`, `party_exists`, `roles_conflict`.
    """
    from ..posts.models import Post
    from ..posts.services import require_post

    require_post(actor, Post.SYSTEM)
    if not str(facts.get("name", "")).strip():
        raise Refusal(
            "invalid_form", checks.ONE_WRONG, 422, {"name": Text("请填写“机构名称”。", "Please fill in “Name”.")}
        )
    if not roles or not set(roles) <= set(FOUNDED):
        wrong = Text(
            "只能设立运营、登记、监管机构和政务部门；供方、需方和第三方机构须经入驻程序。",
            "Only operator, registrar, regulator and public bodies are founded; suppliers, buyers and reviewers are admitted.",
        )
        raise Refusal("forbidden", wrong, 403, {"roles": wrong})
    if "regulator" in roles and len(set(roles)) > 1:
        wrong = Text("监管方不能兼任运营或登记机构。", "The regulator may not operate or register as well.")
        raise Refusal("roles_conflict", checks.ONE_WRONG, 422, {"roles": wrong})
    party = _new_party(facts, Party.Status.ACTIVE, **{f"is_{role}": role in roles for role in ROLES})
    party.admitted_at = clock.now()
    party.save(update_fields=["admitted_at"])
    emit("party.founded", actor, [("party", party.number)], {"roles": sorted(roles), "uscc": party.uscc})
    return party


@verb
def change_contact(actor: Actor, form: Mapping[str, Any]) -> Party:
    """Contact data of the acting party, by its manager. Name, code and roles change by procedure only."""
    if actor.party_id is None or "manager" not in actor.duties:
        raise forbidden("只有本机构管理员可以更新。", "Only the organisation's manager may change this.")
    facts = clean(CONTACT, form)
    party = Party.objects.select_for_update().get(pk=actor.party_id)
    for field in CONTACT.fields:
        setattr(party, field.name, facts.get(field.name, ""))
    party.save()
    emit("party.contact_changed", actor, [("party", party.number)], {"fields": sorted(facts)})
    return party


@verb
def set_status(actor: Actor, number: str, status: str, reason: str) -> Party:
    """Suspend or resume a party, by the operator's reviewer or the regulator, with a second factor.

    Raises Refusal `forbidden`, `not_found`, `wrong_state`, `invalid_form` without a reason.
    """
    if not may_set_status(actor) or not actor.second_factor:
        raise forbidden(
            "暂停或恢复机构由运营机构复核岗或监管方办理，并需第二因素。",
            "Only the operator's reviewer or the regulator may do this, with a second factor.",
        )
    clean(Form(1, (REASON,)), {"reason": reason})
    party = Party.objects.select_for_update().filter(number=number).first()
    if party is None:
        raise not_found(PARTY)
    if party.pk == actor.party_id:
        raise forbidden("不能办理自己的机构。", "Nobody decides on his own organisation.")
    if {party.status, status} != {Party.Status.ACTIVE, Party.Status.SUSPENDED}:
        raise Refusal(
            "wrong_state", Text("该机构当前状态不能这样变更。", "The party's state does not allow this."), 409
        )
    party.status = status
    party.save(update_fields=["status"])
    emit(f"party.{status}", actor, [("party", party.number)], {"reason": reason.strip()})
    return party


def may_set_status(actor: Actor) -> bool:
    operator = "operator" in actor.roles and "reviewer" in actor.duties
    return operator or ("regulator" in actor.roles and "supervisor" in actor.duties)

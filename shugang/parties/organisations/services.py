"""Applying for admission, founding the venue's own parties, suspending and resuming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.numbering import next_number
from shugang.kernel.verbs import verb
from shugang.policy.identifiers import USCC_ERRORS, check_uscc
from shugang.policy.text import Text

from ..accounts.actor import actor_for
from ..accounts.models import Membership, Person
from .models import ROLES, Party
from .process import APPLICATION


def check_code(uscc: str) -> str:
    """The code, upper-cased. Raises Refusal `invalid_form` with the sentence for the field (GB 32100-2015)."""
    code = uscc.strip().upper()
    wrong = check_uscc(code)
    if wrong:
        raise Refusal(
            "uscc_check",
            Text("有1处需要补正，请修改后再提交。", "One answer needs correction."),
            422,
            {"uscc": USCC_ERRORS[wrong]},
        )
    return code


def _new_party(facts: Mapping[str, Any], status: str, **roles: bool) -> Party:
    code = check_code(str(facts["uscc"]))
    if Party.objects.filter(uscc=code).exists():
        raise Refusal(
            "party_exists",
            Text(
                "这个机构已经申请或入驻，请由其管理员邀请您加入。",
                "This organisation has applied already. Please ask its manager for an invitation.",
            ),
            409,
            {"uscc": Text("该代码已登记。", "This code is registered.")},
        )
    return Party.objects.create(
        number=f"P-{next_number('party'):06d}",
        name=facts["name"],
        name_en=facts.get("name_en", ""),
        uscc=code,
        status=status,
        legal_representative=facts.get("legal_representative", ""),
        contact=facts.get("contact", ""),
        telephone=facts.get("telephone", ""),
        address=facts.get("address", ""),
        business=facts.get("business", ""),
        demo=bool(facts.get("demo", False)),
        created_at=clock.now(),
        **roles,
    )


@verb
def apply_for_admission(person: Person, form: Mapping[str, Any], operator: Party) -> Case:
    """Open the admission case of a new party; the person becomes its manager and handler.

    Raises Refusal `invalid_form`, `uscc_check`, `party_exists`, `forbidden` for an administrator.
    """
    facts = clean(APPLICATION, form)
    party = _new_party(facts, Party.Status.DRAFT)
    add_member(SYSTEM, party, person, ["manager", "handler"])
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
    """A party that is there from the start (operator, registrar, regulator), named by the system administrator.

    Trading parties are admitted by the procedure only. Raises Refusal `forbidden`.
    """
    if "SYSTEM" not in actor.posts and "system" not in actor.roles:
        raise forbidden(
            "只有系统管理员可以设立运营、登记和监管机构。",
            "Only the system administrator may set up operator, registrar and regulator.",
        )
    if not set(roles) <= {"operator", "registrar", "regulator"}:
        raise forbidden(
            "供方、需方和第三方机构须经入驻程序。", "Suppliers, buyers and reviewers are admitted by procedure."
        )
    party = _new_party(facts, Party.Status.ACTIVE, **{f"is_{role}": role in roles for role in ROLES})
    party.admitted_at = clock.now()
    party.save(update_fields=["admitted_at"])
    emit("party.founded", actor, [("party", party.number)], {"roles": sorted(roles), "uscc": party.uscc})
    return party


@verb
def add_member(actor: Actor, party: Party, person: Person, duties: list[str]) -> Membership:
    """Give a person duties for a party. Refused for the holder of an administrator's post."""
    from ..accounts.services import set_duties

    return set_duties(actor, party, person, duties)


@verb
def set_status(actor: Actor, number: str, status: str, reason: str) -> Party:
    """Suspend or resume a party, by the operator's reviewer or the regulator. Raises Refusal."""
    allowed = ("operator" in actor.roles and "reviewer" in actor.duties) or (
        "regulator" in actor.roles and "supervisor" in actor.duties
    )
    if not allowed or not actor.second_factor:
        raise forbidden(
            "暂停或恢复机构由运营机构复核岗或监管方办理，并需第二因素。",
            "Only the operator's reviewer or the regulator may do this, with a second factor.",
        )
    party = Party.objects.select_for_update().filter(number=number).first()
    if party is None:
        raise not_found(Text("这个机构", "party"))
    if {party.status, status} != {Party.Status.ACTIVE, Party.Status.SUSPENDED}:
        raise Refusal(
            "wrong_state", Text("该机构当前状态不能这样变更。", "The party's state does not allow this."), 409
        )
    party.status = status
    party.save(update_fields=["status"])
    emit(f"party.{status}", actor, [("party", party.number)], {"reason": reason})
    return party

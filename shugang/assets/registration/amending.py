"""Verbs of one party on its own certificate: change, correction, renewal. What is registered runs through the same
procedure as a first registration and ends in a new certificate that takes the old one's place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shugang.kernel import clock, engine
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.forms import clean
from shugang.kernel.models import Case, Event, RuleProfile
from shugang.kernel.profiles import current_profile
from shugang.kernel.reactions import on
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from . import answers, burdens, kinds
from .form import FIRST_REGISTRATION
from .models import Certificate, Registration
from .ruleset import AMENDMENTS, JOINT, Rules
from .services import open_registration

CERTIFICATE = Text("这张凭证", "certificate")


def rules_of(certificate: Certificate) -> tuple[RuleProfile, Rules]:
    """The profile under which the certificate was issued, in its version of today: a later registration follows it."""
    issued_under = certificate.registration.case.profile
    assert issued_under is not None
    profile = current_profile(issued_under.code, clock.today())
    return profile, Rules(profile.data)


def own_certificate(actor: Actor, number: str) -> Certificate:
    """The acting party's own certificate, in force or suspended. Raises Refusal `not_found`, `wrong_state`."""
    rows = Certificate.objects.visible_to(actor).select_related("asset__dataset_version__dataset", "asset__party",
                                                                "registrar", "registration__case__profile")  # fmt: skip
    found = rows.filter(number=number, party_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(CERTIFICATE)
    if found.state != Certificate.State.VALID or found.valid_until < clock.now():
        raise Refusal(
            "wrong_state",
            Text(
                "凭证现在不是有效状态，不能据此办理登记。",
                "The certificate is not in force, so nothing can be registered on it.",
            ),
            409,
        )
    return found


def require_type(certificate: Certificate, kind: str) -> Rules:
    """Raises Refusal `unknown_type` where the certificate's profile has no such registration."""
    _, rules = rules_of(certificate)
    if not rules.knows(kind):
        label = kinds.LABELS.get(kind, Text("这种登记", "such a registration"))
        raise Refusal(
            "unknown_type",
            Text(
                f"这张凭证依据的规则没有{label.zh}。可以办理的有：{'、'.join(t.zh for t in rules.types.values())}。",
                f"The rules of this certificate have no {label.en.lower()}. They have: "
                f"{', '.join(t.en for t in rules.types.values())}.",
            ),
            422,
        )
    return rules


def nothing_open(certificate: Certificate, kind: str) -> None:
    """One matter at a time on a certificate; licences may run beside each other. Raises Refusal `already_open`."""
    running = Registration.objects.filter(previous=certificate, open=True).select_related("case")
    if kind == "licence":
        running = running.exclude(kind="licence")
    first = running.first()
    if first is not None:
        raise Refusal(
            "already_open",
            Text(
                f"这张凭证上已有正在办理的{kinds.LABELS[first.kind].zh}（{first.case.number}），请等它办结或撤回后再申请。",
                f"Another registration on this certificate is under way ({first.case.number}). Please wait for its end, or withdraw it.",
            ),
            409,
        )


def merged(certificate: Certificate, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The certificate's form with the answers that change; an empty one removes its answer."""
    form = {**certificate.registration.form, "rights": list(certificate.content["rights"]), **changes}
    return {k: v for k, v in form.items() if v not in ("", None, [])}


@verb
def amend(actor: Actor, certificate_number: str, kind: str, changes: Mapping[str, Any], reason: str) -> Case:
    """Apply for a change, a correction or a renewal. `changes` are the answers of the form that differ.

    Raises Refusal `not_found`, `forbidden`, `wrong_state`, `unknown_type`, `already_open`, `window_closed`, `invalid_form`.
    """
    certificate = own_certificate(actor, certificate_number)
    if "supplier" not in actor.roles:
        raise forbidden("只有在册的供方可以申请登记。", "Only an admitted supplier may apply.")
    if kind not in AMENDMENTS:
        raise not_found(Text("这种登记", "such registration"))
    rules = require_type(certificate, kind)
    nothing_open(certificate, kind)
    if kind == "renewal":
        _in_window(rules, certificate)
    reason = _reason(reason)
    checked = clean(FIRST_REGISTRATION, merged(certificate, changes))
    answers.check(rules.data, checked, actor, kind, certificate)
    if kinds.nothing_altered(kind, certificate.registration.form, checked):
        raise Refusal(
            "nothing_altered",
            Text("没有修改任何内容。请修改后再提交。", "Nothing is altered. Please change something first."),
            422,
        )
    profile, _ = rules_of(certificate)
    return open_registration(actor, certificate.asset, certificate.registrar, checked, profile.code, kind, certificate,
                             reason, founds=False)  # fmt: skip


def _reason(text: str) -> str:
    text = text.strip()
    if not text or len(text) > 400:
        wrong = Text("请写明理由，不超过400字。", "Please give the reason, at most 400 characters.")
        raise Refusal("invalid_form", wrong, 422, {"reason": wrong})
    return text


def _in_window(rules: Rules, certificate: Certificate) -> None:
    last = certificate.valid_until.astimezone(clock.zone()).date()
    if error := kinds.window_error(rules, clock.today(), last):
        raise Refusal("window_closed", error, 409)


def disposable(certificate: Certificate, rights: Iterable[str], kind: str) -> None:
    """Raises Refusal `encumbered` where what is to be transferred or licensed is seized, pledged or controlled."""
    burdens.require_free(certificate.asset, set(rights), kinds.LABELS[kind])


def basis_lost(event: Event) -> None:
    """What was applied for on a certificate ends with it; a renewal in time outlives the lapse of what it renews."""
    number = next(r.key for r in event.refs.all() if r.kind == "certificate")
    rows = Registration.objects.filter(previous__number=number, open=True)
    if event.kind == "certificate.lapsed":
        rows = rows.exclude(kind="renewal")
    stop(rows)


def stop(rows: Any) -> None:
    for case_number in rows.order_by("case_id").values_list("case__number", flat=True):
        engine.fire(case_number, "lose_basis")


for _kind in ("certificate.lapsed", "certificate.cancelled", "certificate.revoked", "certificate.transferred"):
    on(_kind)(basis_lost)


def seized(certificate: Certificate, right: str) -> None:
    """A seizure ends the transfers and licences of the right that are under way."""
    rows = Registration.objects.filter(previous=certificate, open=True, kind__in=JOINT)
    hit = [r.pk for r in rows if not right or right in r.form["rights"]]
    stop(Registration.objects.filter(pk__in=hit))

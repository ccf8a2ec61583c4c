"""Reads of registration. What is scoped passes `visible_to`; what is for everybody is named `public_…`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from shugang.delivery.models import Dataset
from shugang.kernel import clock, workdays
from shugang.kernel.actors import Actor
from shugang.kernel.errors import not_found
from shugang.kernel.models import Case, CaseClock, RuleProfile
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import certificate_check, rights, verify
from .documents import limits_line
from .kinds import LABELS
from .models import AssetSource, Certificate, DataAsset, Encumbrance, Objection, Registration, RegistrationDraft
from .process import REGISTRATION
from .ruleset import PROFILES, Rules

STANDING = ("valid", "suspended")
ASSET = Text("这项资产", "asset")


def assets(actor: Actor, state: str = "") -> QuerySet[DataAsset]:
    found = DataAsset.objects.visible_to(actor).select_related(
        "party", "dataset_version__dataset", "registration__case"
    )
    return found.filter(state=state) if state else found


def get_asset(number: str, actor: Actor) -> DataAsset:
    found = (
        assets(actor)
        .select_related("registration__registrar", "registration__case__profile")
        .filter(number=number)
        .first()
    )
    if found is None:
        raise not_found(ASSET)
    return found


def asset_counts(actor: Actor) -> dict[str, int]:
    rows = DataAsset.objects.visible_to(actor).values("state").annotate(n=Count("pk"))
    return {row["state"]: row["n"] for row in rows.order_by()}


def certificate_of(asset: DataAsset, actor: Actor) -> Certificate | None:
    """The one in force, or the last there was."""
    rows = Certificate.objects.visible_to(actor).select_related("event", "case", "registration__case__profile")
    return rows.filter(asset=asset).order_by("-pk").first()


def issued_certificate(number: str, actor: Actor) -> Certificate:
    """A certificate that the acting registrar issued. Raises Refusal `not_found`."""
    rows = Certificate.objects.visible_to(actor).select_related("asset__party")
    found = rows.filter(number=number, registrar_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(Text("这张凭证", "certificate"))
    return found


def public_standing(number: str) -> Certificate:
    """A certificate that stands, whoever holds it; certificates are public. Raises Refusal `not_found`."""
    found = Certificate.objects.select_related("asset__party").filter(number=number, state__in=STANDING).first()
    if found is None:
        raise not_found(Text("这张有效的凭证", "certificate in force"))
    return found


def may_encumber(certificate: Certificate, actor: Actor) -> bool:
    return certificate.registrar_id == actor.party_id and "reviewer" in actor.duties and certificate.state in STANDING


def holds(certificate: Certificate, actor: Actor) -> bool:
    """Whether the acting handler may dispose of the certificate now."""
    valid = certificate.state == Certificate.State.VALID and certificate.valid_until >= clock.now()
    return valid and certificate.party_id == actor.party_id and "handler" in actor.duties


def later_registrations(asset: DataAsset, actor: Actor) -> list[Registration]:
    """What was registered on the asset after its first registration, transfers and licences of it included."""
    rows = Registration.objects.visible_to(actor).filter(Q(amends=asset) | Q(previous__asset=asset)).distinct()
    return list(rows.select_related("case").order_by("-pk"))


def encumbrances_of(asset: DataAsset, actor: Actor) -> list[Encumbrance]:
    return list(Encumbrance.objects.visible_to(actor).filter(asset=asset).select_related("case").order_by("-pk"))


def sources_of(asset: DataAsset, actor: Actor) -> list[AssetSource]:
    return list(AssetSource.objects.visible_to(actor).filter(asset=asset).select_related("certificate").order_by("pk"))


def public_profiles() -> list[tuple[str, Rules]]:
    """The rule profiles under which one may apply today."""
    today = clock.today()
    found = []
    for code in PROFILES:
        row = RuleProfile.objects.filter(code=code, effective_from__lte=today).order_by("-version").first()
        if row is not None:
            found.append((code, Rules(row.data)))
    return found


def objections_of(case: Case, actor: Actor) -> list[Objection]:
    return list(Objection.objects.visible_to(actor).filter(case=case).select_related("party").order_by("filed_at"))


def draft(actor: Actor, dataset: Dataset) -> RegistrationDraft | None:
    return RegistrationDraft.objects.visible_to(actor).filter(dataset=dataset).first()


def drafts(actor: Actor) -> list[RegistrationDraft]:
    return list(RegistrationDraft.objects.visible_to(actor).select_related("dataset").order_by("-updated_at"))


def registrable(actor: Actor) -> list[Dataset]:
    """Own datasets with a version on which no live asset stands yet."""
    live = DataAsset.objects.visible_to(actor).filter(party_id=actor.party_id or 0, state__in=DataAsset.OPEN)
    found = []
    for dataset in Dataset.objects.visible_to(actor).filter(party_id=actor.party_id or 0).order_by("-pk"):
        latest = dataset.versions.order_by("-version").first()
        if latest is not None and not live.filter(dataset_version=latest).exists():
            found.append(dataset)
    return found


def public_registrars() -> list[Party]:
    """Registrars that take applications."""
    return list(Party.objects.filter(is_registrar=True, status="active").order_by("number"))


def valid_certificate(asset: DataAsset) -> Certificate | None:
    """The certificate by which the asset may be traded now; for the market's guards."""
    return asset.certificates.filter(state=Certificate.State.VALID, valid_until__gte=clock.now()).first()


def public_lineage(number: str) -> list[str]:
    """The certificate and those whose place it took, back to the first; for the wings above."""
    line = [number]
    content = Certificate.objects.filter(number=number).values_list("content", flat=True).first()
    while content and content.get("previous") and content["previous"] not in line:
        line.append(content["previous"])
        content = Certificate.objects.filter(number=line[-1]).values_list("content", flat=True).first()
    return line


@dataclass(frozen=True)
class Notice:
    """One registration in (or after) its public notice, as everybody sees it."""

    number: str
    applicant: str
    registrar: str
    name: Text | str
    summary: Text | str
    kind: Text
    previous: str
    rights: list[str]
    right_names: list[Text]
    limits: Text
    since: datetime
    until: datetime | None
    days_left: int | None
    state: str
    label: Text
    tone: str
    certificate: str
    withheld: bool


WITHHELD = Text("经申请人说明理由，登记机构同意不公开", "Withheld by the registrar at the applicant's reasoned request")


def _notice(registration: Registration) -> Notice:
    case, asset = registration.case, registration.subject
    state = REGISTRATION.state(case.state)
    row = next((c for c in case.clocks.all() if c.name == "notice"), None)
    running = row is not None and row.state == CaseClock.State.RUNNING
    left = None
    if row is not None and running:
        left = max(0, workdays.working_days_left(clock.now(), row.due_at))
    elif row is not None and row.state == CaseClock.State.PAUSED:
        left = row.remaining
    certificate = next(iter(registration.certificates.all()), None)
    assert case.profile is not None
    rules = Rules(case.profile.data)
    form = registration.form
    assert registration.notice_from is not None
    return Notice(
        number=case.number,
        applicant=asset.party.name,
        registrar=registration.registrar.name,
        name=WITHHELD if registration.withheld else form["data_name"],
        summary=WITHHELD if registration.withheld else form["summary"],
        kind=rules.types.get(registration.kind, LABELS[registration.kind]),
        previous=registration.previous.number if registration.previous else "",
        rights=[r for r in rights.RIGHTS if r in form["rights"]],
        right_names=[rules.right_labels[r] for r in rights.RIGHTS if r in form["rights"]],
        limits=limits_line(registration.form),
        since=registration.notice_from,
        until=row.due_at if row else None,
        days_left=left,
        state=case.state,
        label=state.label,
        tone=state.tone,
        certificate=certificate.number if certificate else "",
        withheld=registration.withheld,
    )


def public_registrations() -> QuerySet[Registration]:
    return (
        Registration.objects.filter(notice_from__isnull=False)
        .select_related("case__profile", "asset__party", "amends__party", "registrar", "previous")
        .prefetch_related("case__clocks", "certificates")
    )


OPEN_STATES = ("notice", "objection")


def public_open_notices() -> list[Notice]:
    """Notices that run or stand still for an objection, the one that ends first on top."""
    found = [_notice(r) for r in public_registrations().filter(case__state__in=OPEN_STATES)[:200]]
    return sorted(found, key=lambda n: (n.until is None, n.until))


def public_finished_notices() -> QuerySet[Registration]:
    return public_registrations().exclude(case__state__in=OPEN_STATES)


def public_notice_rows(registrations: Iterable[Registration]) -> list[Notice]:
    return [_notice(r) for r in registrations]


def public_notices() -> list[dict[str, Any]]:
    """Open notices as plain JSON."""
    return [notice_json(n) for n in public_open_notices()]


def notice_json(n: Notice) -> dict[str, Any]:
    def plain(value: Text | str) -> str:
        return value.zh if isinstance(value, Text) else value

    return {
        "number": n.number, "applicant": n.applicant, "registrar": n.registrar, "name": plain(n.name),
        "summary": plain(n.summary), "type": n.kind.zh, "stands_on": n.previous or None, "rights": n.rights, "limits": n.limits.zh, "since": n.since.isoformat(),
        "until": n.until.isoformat() if n.until else None, "working_days_left": n.days_left, "state": n.state,
        "state_label": n.label.zh, "certificate": n.certificate or None,
    }  # fmt: skip


def public_notice(number: str) -> Notice:
    found = public_registrations().filter(case__number=number).first()
    if found is None:
        raise not_found(Text("这条公示", "such notice"))
    return _notice(found)


def public_certificate(number: str) -> dict[str, Any] | None:
    """One certificate as anybody may see it, as plain JSON; None when there is none of that number."""
    found = certificate_check.check(number)
    return verification_json(found) if found else None


def verification_json(found: verify.Verification) -> dict[str, Any]:
    """The JSON twin of a verification page."""
    facts = certificate_check.anchor_facts(found.event)
    at = facts["checkpoint_at"]
    return {
        "kind": found.kind,
        "number": found.number,
        "state_label": found.state.zh,
        "state_label_en": found.state.en,
        "proof": found.proof,
        "valid_from": found.valid_from.isoformat() if found.valid_from else None,
        "valid_until": found.valid_until.isoformat() if found.valid_until else None,
        "differences": [{"field": d.name.en, "recorded": d.recorded, "found": d.found} for d in found.differences],
        "history": [{"kind": e.kind, "at": e.at.isoformat(), "log_index": e.log_index} for _, e in found.history],
        "evidence": {**facts, "checkpoint_at": at.isoformat() if at else None},
        "receipt": f"/verify/{found.number}/receipt",
        **found.content,
    }


def matching(text: str) -> Q:
    """Assets whose name or number contains the text."""
    return Q(name__icontains=text) | Q(number__icontains=text)

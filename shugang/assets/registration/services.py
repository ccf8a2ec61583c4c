"""The verbs of registration that a procedure's table cannot say: applying, issuing papers, lapsing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from shugang.delivery.models import Dataset, DatasetVersion
from shugang.kernel import clock, engine, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.numbering import yearly_number
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import answers, documents, effects
from .form import FIRST_REGISTRATION
from .models import Certificate, DataAsset, Registration, RegistrationDraft
from .objections import file_objection
from .process import REGISTRATION
from .ruleset import DEFAULT, PROFILES, Rules

__all__ = ["apply_registration", "file_objection", "issue_documents", "lapse_due", "save_draft"]
_log = logging.getLogger("shugang.assets")
_unprintable: set[str] = set()  # digests of events whose paper failed in this process
DATASET = Text("这个数据集", "dataset")


@verb
def apply_registration(
    actor: Actor,
    dataset_number: str,
    registrar: Party | str,
    form: Mapping[str, Any],
    version: int | None = None,
    profile: str = DEFAULT,
) -> Case:
    """Apply to `registrar` (a party or its number) for the registration of a dataset's version (default: the latest)
    under a rule profile (ruleset.PROFILES).

    Raises Refusal `not_found`, `forbidden`, `registrar_conflict`, `already_registered`, `invalid_form`, `unknown_profile`.
    """
    data_version = own_version(actor, dataset_number, version)
    # A department registers its public data resources, under their own rules alone.
    public_body = "department" in actor.roles and profile == "registration-public"
    if not public_body and "supplier" not in actor.roles and "registrar" not in actor.roles:
        raise forbidden(
            "只有在册的供方可以申请登记。贵机构尚未入驻为供方，或已被暂停。",
            "Only an admitted supplier may apply. Your organisation is not admitted as one, or is suspended.",
        )
    office = registrar_for(actor, registrar)
    checked = clean(FIRST_REGISTRATION, form)
    answers.check(rules_in_force(profile).data, checked, actor)
    asset = found_asset(data_version.dataset.party, data_version, checked)
    case = open_registration(actor, asset, office, checked, profile)
    RegistrationDraft.objects.visible_to(actor).filter(dataset=data_version.dataset).delete()
    return case


def rules_in_force(profile: str) -> Rules:
    """The rules of a profile as of today. Raises Refusal `unknown_profile`."""
    if profile not in PROFILES:
        raise Refusal(
            "unknown_profile",
            Text("没有这种登记规则，请从列表中选择。", "There is no such registration. Please choose from the list."),
            422,
            {"profile": Text("请从列表中选择登记规则。", "Please choose from the list.")},
        )
    return Rules(current_profile(profile, clock.today()).data)


def found_asset(party: Party, version: DatasetVersion, form: Mapping[str, Any]) -> DataAsset:
    """A new asset of the party on a version, in registration. Raises Refusal `already_registered`."""
    not_twice(party, version)
    return DataAsset.objects.create(
        number=yearly_number("ZC", clock.today().year), party=party, dataset_version=version,
        name=form["data_name"], summary=form["summary"], industry=form["industry"],
        division=form["division"], source_kind=form["source_kind"], created_at=clock.now(),
    )  # fmt: skip


def open_registration(
    actor: Actor,
    asset: DataAsset,
    office: Party,
    form: Mapping[str, Any],
    profile: str,
    kind: str = "initial",
    previous: Certificate | None = None,
    reason: str = "",
    founds: bool = True,
) -> Case:
    """The case of a registration of any kind, and what it registers; the caller has checked that it may be."""
    members = [("applicant", asset.party_id), ("registrar", office.pk)]
    if previous is not None and previous.party_id != asset.party_id:
        members.append(("transferor", previous.party_id))
    refs = [("asset", asset.number), ("dataset", asset.dataset_version.dataset.number), ("party", asset.party.number)]
    refs += [("certificate", previous.number)] if previous is not None else []
    case = engine.open_case(REGISTRATION.code, actor, members, form["data_name"], form, refs=refs, profile=profile)
    Registration.objects.create(
        case=case, asset=asset if founds else None, amends=None if founds else asset, registrar=office, form=case.data,
        kind=kind, previous=previous, reason=reason,
    )  # fmt: skip
    if founds:
        effects.fill(asset, case.data)
    if previous is not None:
        facts = {"kind": kind, "previous": previous.number, "reason": reason}
        emit("registration.requested", actor, [("case", case.number), *refs], facts, case)
    return case


def own_version(actor: Actor, number: str, version: int | None) -> DatasetVersion:
    dataset = own_dataset(actor, number)
    rows = DatasetVersion.objects.filter(dataset=dataset)
    found = rows.filter(version=version).first() if version else rows.order_by("-version").first()
    if found is None:
        raise Refusal(
            "no_version",
            Text(
                "这个数据集还没有数据版本。请先上传数据，或登记连接的数据版本。",
                "This dataset has no version yet. Please upload data or declare a connected version first.",
            ),
            409,
        )
    return found


def own_dataset(actor: Actor, number: str) -> Dataset:
    """The acting party's own dataset: the supervisor may see others', but nobody registers for another."""
    found = Dataset.objects.visible_to(actor).filter(number=number, party_id=actor.party_id or 0).first()
    if found is None:
        raise not_found(DATASET)
    return found


def registrar_for(actor: Actor, registrar: Party | str) -> Party:
    office = Party.objects.filter(number=registrar).first() if isinstance(registrar, str) else registrar
    if office is None or "registrar" not in office.roles:
        raise not_found(Text("这个登记机构", "registrar"))
    if office.pk == actor.party_id or "registrar" in actor.roles:
        raise forbidden(
            "登记机构不能登记自己的数据。请向其他登记机构申请。",
            "A registrar may not register its own data. Please apply to another one.",
            "registrar_conflict",
        )
    return office


def not_twice(party: Party, version: DatasetVersion) -> None:
    live = DataAsset.objects.filter(party=party, dataset_version=version, state__in=DataAsset.OPEN).first()
    if live is not None:
        raise Refusal(
            "already_registered",
            Text(
                f"这一版本已登记或正在登记，编号{live.number}。同一主体对同一版本只登记一次。",
                f"This version is registered or in registration as {live.number}. One party registers a version once.",
            ),
            409,
        )


def save_draft(
    actor: Actor, dataset_number: str, topic: str, values: Mapping[str, Any], done: bool
) -> RegistrationDraft:
    """Keep what was typed on one topic; `done` when it passed the form's check. No business act, so no event."""
    dataset = own_dataset(actor, dataset_number)
    with transaction.atomic():
        row, _ = RegistrationDraft.objects.get_or_create(
            party_id=dataset.party_id, dataset=dataset, defaults={"updated_at": clock.now()}
        )
        row = RegistrationDraft.objects.select_for_update().get(pk=row.pk)
        row.answers = {**row.answers, **values}
        row.saved_topics = sorted({*row.saved_topics, topic} if done else set(row.saved_topics) - {topic})
        row.updated_at = clock.now()
        row.save()
    return row


def issue_documents() -> int:
    """Render the paper of each certificate whose event a published checkpoint covers. Returns how many were made.

    One that cannot be printed (a character without a glyph) is reported once, does not hold up the others, and is
    tried again when the worker starts anew.
    """
    made = 0
    waiting = Certificate.objects.filter(pdf_path="", event__isnull=False).exclude(event__sha256__in=_unprintable)
    for certificate in waiting.order_by("pk")[:50]:
        if sequencer.proof_state(certificate.event) == "pending":
            continue
        try:
            made += issue_document(certificate)
        except documents.DocumentError as error:
            _unprintable.add(certificate.event.sha256 if certificate.event else "")
            _log.error("certificate %s cannot be printed: %s", certificate.number, error)
    return made


def issue_document(certificate: Certificate) -> bool:
    """Render outside any transaction, then record. False when another worker was first."""
    path, digest = documents.write(certificate)
    with transaction.atomic():
        row = Certificate.objects.select_for_update().get(pk=certificate.pk)
        if row.pdf_path:
            return False
        row.pdf_path, row.pdf_sha256 = path, digest
        row.save(update_fields=["pdf_path", "pdf_sha256"])
        if row.registration.case.state == "deposited":  # an adjusted certificate stands on a case closed before
            engine.fire(row.registration.case.number, "certify")
    return True


def lapse_due() -> int:
    """Let every certificate lapse whose validity has ended. Returns how many did."""
    due = Certificate.objects.filter(state__in=["valid", "suspended"], valid_until__lt=clock.now())
    numbers = list(due.order_by("pk").values_list("case__number", flat=True))
    for number in numbers:
        engine.fire(number, "lapse")
    return len(numbers)

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
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.numbering import yearly_number
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Party
from shugang.policy.text import Text

from . import answers, documents
from .form import FIRST_REGISTRATION
from .models import Certificate, DataAsset, RegistrationDraft
from .objections import file_objection
from .process import REGISTRATION

__all__ = ["apply_registration", "file_objection", "issue_documents", "lapse_due", "save_draft"]
_log = logging.getLogger("shugang.assets")
_unprintable: set[str] = set()  # digests of events whose paper failed in this process
DATASET = Text("这个数据集", "dataset")


@verb
def apply_registration(
    actor: Actor, dataset_number: str, registrar: Party | str, form: Mapping[str, Any], version: int | None = None
) -> Case:
    """Apply to `registrar` (a party or its number) for the registration of a dataset's version (default: the latest).

    Raises Refusal `not_found`, `forbidden`, `registrar_conflict`, `already_registered`, `invalid_form`.
    """
    data_version = _own_version(actor, dataset_number, version)
    if "supplier" not in actor.roles and "registrar" not in actor.roles:
        raise forbidden(
            "只有在册的供方可以申请登记。贵机构尚未入驻为供方，或已被暂停。",
            "Only an admitted supplier may apply. Your organisation is not admitted as one, or is suspended.",
        )
    office = _registrar(actor, registrar)
    checked = clean(FIRST_REGISTRATION, form)
    assert REGISTRATION.profile is not None
    answers.check(current_profile(REGISTRATION.profile, clock.today()).data, checked, actor)
    _not_twice(data_version)
    asset = DataAsset.objects.create(
        number=yearly_number("ZC", clock.today().year), party=data_version.dataset.party, dataset_version=data_version,
        name=checked["data_name"], summary=checked["summary"], industry=checked["industry"],
        division=checked["division"], source_kind=checked["source_kind"], created_at=clock.now(),
    )  # fmt: skip
    case = engine.open_case(
        REGISTRATION.code,
        actor,
        [("applicant", data_version.dataset.party_id), ("registrar", office.pk)],
        checked["data_name"],
        checked,
        refs=[("asset", asset.number), ("dataset", dataset_number), ("party", asset.party.number)],
    )
    RegistrationDraft.objects.visible_to(actor).filter(dataset=data_version.dataset).delete()
    return case


def _own_version(actor: Actor, number: str, version: int | None) -> DatasetVersion:
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


def _registrar(actor: Actor, registrar: Party | str) -> Party:
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


def _not_twice(version: DatasetVersion) -> None:
    live = DataAsset.objects.filter(
        party_id=version.dataset.party_id, dataset_version=version, state__in=DataAsset.OPEN
    ).first()
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
        engine.fire(row.asset.registration.case.number, "certify")
    return True


def lapse_due() -> int:
    """Let every certificate lapse whose validity has ended. Returns how many did."""
    due = Certificate.objects.filter(state__in=["valid", "suspended"], valid_until__lt=clock.now())
    numbers = list(due.order_by("pk").values_list("case__number", flat=True))
    for number in numbers:
        engine.fire(number, "lapse")
    return len(numbers)

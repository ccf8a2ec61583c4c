"""The verbs: write, publish and retire rules; order, stop and confirm an assessment. Counting is the worker's (`working`)."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from shugang.delivery.vault.store import store
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.keys.services import sign_digest
from shugang.policy.text import Text

from . import running
from .models import Assessment, RuleSet
from .reading import Readable, lowered, readable, require_duty
from .refused import RuleError
from .rules import digest, read
from .work import DATA_FILE

RULES = Text("这个规则集", "rule set")
ASSESSMENT = Text("这次评价", "assessment")
LONGEST_DOCUMENT = 200_000  # characters
LOOK_SECONDS = 60


def folder_of(name: str) -> Path:
    path = Path(settings.VAR_DIR) / "quality" / name
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def checked(document: Any, columns: Mapping[str, str]) -> dict[str, Any]:
    """A document that reads as a rule set for these columns. Raises Refusal `bad_rules` with the rule named."""
    if isinstance(document, str):
        if len(document) > LONGEST_DOCUMENT:
            raise _bad(Text("规则太长，请拆成几个规则集。", "The rules are too long; please split them."))
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            where = f"{getattr(error, 'lineno', 1)}:{getattr(error, 'colno', 1)}"
            raise _bad(
                Text(f"不是正确的JSON，错在第{where}（行、列）。", f"This is no JSON; see {where} (line:column).")
            ) from None
    try:
        read(document, columns)
    except RuleError as error:
        raise _bad(error.text) from None
    except RecursionError:
        raise _bad(Text("规则嵌套太深。", "The rules are nested too deeply.")) from None
    return dict(document)


def _bad(text: Text) -> Refusal:
    return Refusal("bad_rules", text, 422, {"document": text})


def _name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 80 or any(ord(c) < 32 for c in name):
        text = Text("请给规则集起一个80字以内的名称。", "Please give the rule set a name of at most 80 characters.")
        raise Refusal("bad_name", text, 422, {"name": text})
    return name


def draft_rules(actor: Actor, dataset: str, name: str, document: Any) -> RuleSet:
    """A new set of rules for a data set that the actor's party may read. No business act yet, so no event.

    Raises Refusal `forbidden`, `no_standing_grant`, `no_version`, `not_hosted`, `bad_name`, `bad_rules`.
    """
    party, _ = require_duty(actor)
    found = readable(actor, dataset)
    name, document = _name(name), checked(document, found.columns)
    with transaction.atomic():
        return RuleSet.objects.create(
            number=yearly_number("GZ", clock.today().year),
            party_id=party,
            dataset=found.version.dataset,
            name=name,
            document=document,
            created_at=clock.now(),
        )


def change_rules(actor: Actor, number: str, name: str, document: Any) -> RuleSet:
    """Another wording: of the draft where there is one, else as the next version's draft."""
    party, _ = require_duty(actor)
    last = own_rules(actor, number)
    name, document = _name(name), checked(document, readable(actor, last.dataset.number).columns)
    with transaction.atomic():
        row = RuleSet.objects.select_for_update().filter(number=number, party_id=party).order_by("-version")[0]
        if row.state != RuleSet.State.DRAFT:
            row = RuleSet(
                number=number, version=row.version + 1, party_id=party, dataset=row.dataset, created_at=clock.now()
            )
        row.name, row.document = name, document
        row.save()
        return row


def own_rules(actor: Actor, number: str) -> RuleSet:
    """The newest version of a set that the actor's party wrote. Raises Refusal `not_found`."""
    rows = (
        RuleSet.objects.visible_to(actor).filter(number=number, party_id=actor.party_id or 0).select_related("dataset")
    )
    found = rows.order_by("-version").first()
    if found is None:
        raise not_found(RULES)
    return found


@verb
def publish_rules(actor: Actor, number: str) -> RuleSet:
    """Seal the draft: from here on this version never changes, and data may be assessed by it. Raises Refusal `no_draft`."""
    require_duty(actor)
    last = own_rules(actor, number)
    row = RuleSet.objects.select_for_update().get(pk=last.pk)
    if row.state != RuleSet.State.DRAFT:
        raise Refusal(
            "no_draft",
            Text("这个版本已经发布，修改会另起一个版本。", "It is published; a change makes the next version."),
            409,
        )
    checked(row.document, readable(actor, row.dataset.number).columns)
    row.state, row.published_at, row.digest = RuleSet.State.PUBLISHED, clock.now(), digest(row.document)
    row.save()
    emit(
        "quality_rules.published",
        actor,
        _rule_refs(row),
        {"version": row.version, "digest": row.digest, "name": row.name},
    )
    return row


@verb
def retire_rules(actor: Actor, number: str) -> RuleSet:
    """No more assessments by the newest published version; those made stay. Raises Refusal `not_published`."""
    require_duty(actor)
    row = RuleSet.objects.select_for_update().get(pk=own_rules(actor, number).pk)
    if row.state != RuleSet.State.PUBLISHED:
        raise Refusal(
            "not_published", Text("只有已发布的版本可以停用。", "Only a published version can be retired."), 409
        )
    row.state = RuleSet.State.RETIRED
    row.save()
    emit("quality_rules.retired", actor, _rule_refs(row), {"version": row.version})
    return row


def _rule_refs(row: RuleSet) -> list[tuple[str, str]]:
    return [("quality_rules", row.number), ("dataset", row.dataset.number), ("party", row.party.number)]


@verb
def order_assessment(
    actor: Actor, rules: str, version: int | None = None, rules_version: int | None = None
) -> Assessment:
    """Have a published rule set counted over a version of its data (default: the newest that the actor may read).

    Raises Refusal `forbidden`, `not_found`, `not_published`, `no_standing_grant`, `no_version`, `not_hosted`, `bad_rules`,
    `already_running`.
    """
    party, person = require_duty(actor)
    rows = RuleSet.objects.visible_to(actor).filter(number=rules, party_id=party).select_related("dataset", "party")
    published = rows.filter(state=RuleSet.State.PUBLISHED).order_by("-version")
    row = (published.filter(version=rules_version) if rules_version else published).first()
    if row is None:
        if not rows.exists():
            raise not_found(RULES)
        raise Refusal("not_published", Text("请先发布规则集，再用它评价。", "Please publish the rule set first."), 409)
    found = readable(actor, row.dataset.number, version)
    checked(row.document, found.columns)
    same = Assessment.objects.filter(party_id=party, rules=row, dataset_version=found.version)
    if same.filter(state__in=[Assessment.State.WAITING, Assessment.State.RUNNING]).exists():
        raise Refusal(
            "already_running",
            Text("同一评价正在进行，请等它完成。", "This assessment is under way. Please wait for it."),
            409,
        )
    references = pinned(actor, row, found)
    made = Assessment.objects.create(
        number=yearly_number("ZP", clock.today().year),
        rules=row,
        dataset_version=found.version,
        party_id=party,
        person_id=person,
        grant=found.grant,
        references=references,
        after=_continued(row, found, references),
        seen_at=clock.real_now(),
        ordered_at=clock.now(),
    )
    emit(
        "assessment.ordered",
        actor,
        refs(made),
        {"rules": str(row), "version": found.version.version, "references": references},
    )
    return made


def pinned(actor: Actor, row: RuleSet, found: Readable) -> dict[str, int]:
    """The versions that foreign keys look into, each read by right or by grant. Raises Refusal `no_standing_grant`,
    `bad_rules`."""
    pins: dict[str, int] = {}
    for wanted in read(row.document, found.columns).references():
        other = readable(actor, wanted["dataset"], wanted.get("version") or pins.get(wanted["dataset"]))
        if other.grant is not None:
            # A grant's rows may be cut; a value that is missing there need not be wrong.
            raise _bad(Text(
                f"外键参照的{wanted['dataset']}须为本机构持有的数据集。", f"{wanted['dataset']}, which a foreign key refers to, has to be your own data set."
            ))  # fmt: skip
        if missing := [name for name in wanted["columns"] if name not in other.columns]:
            raise _bad(
                Text(
                    f"{wanted['dataset']}没有字段“{missing[0]}”。", f"{wanted['dataset']} has no column “{missing[0]}”."
                )
            )
        if pins.setdefault(wanted["dataset"], other.version.version) != other.version.version:
            raise _bad(Text("同一数据集只能参照一个版本。", "One data set can be referred to in one version only."))
    return pins


def _continued(row: RuleSet, found: Readable, references: dict[str, int]) -> Assessment | None:
    """The assessment to which only the appended rows have to be added: same rules, same references, whole data."""
    if not found.version.appends or found.grant is not None:
        return None
    before = Assessment.objects.filter(
        rules=row, party_id=row.party_id, grant=None, references=references, counts__isnull=False,
        dataset_version__dataset=found.version.dataset, dataset_version__version=found.version.version - 1,
    )  # fmt: skip
    return before.order_by("-pk").first()


@verb
def stop_assessment(actor: Actor, number: str) -> Assessment:
    """End one that waits or runs; nothing of it is kept. Raises Refusal `not_found`, `not_running`."""
    require_duty(actor)
    row = _own_assessment(actor, number)
    if not row.active:
        raise Refusal("not_running", Text("这次评价已经结束。", "This assessment has ended already."), 409)
    row.state, row.finished_at = Assessment.State.STOPPED, clock.now()
    row.save()
    emit("assessment.stopped", actor, refs(row), {})
    return row


def _own_assessment(actor: Actor, number: str) -> Assessment:
    rows = (
        Assessment.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .filter(number=number, party_id=actor.party_id or 0)
    )
    found = rows.first()
    if found is None:
        raise not_found(ASSESSMENT)
    return found


@verb
def confirm_assessment(actor: Actor, number: str, own_signature: str = "") -> Assessment:
    """A signer who did not order it signs the report's digest for his party; from then on the data's holder sees it.

    Raises Refusal `not_found`, `not_done`, `same_person`, and those of `sign_digest`.
    """
    row = _own_assessment(actor, number)
    if row.state != Assessment.State.DONE:
        raise Refusal(
            "not_done",
            Text("只有已完成、未签署的评价可以签署。", "Only a finished assessment that is not signed can be signed."),
            409,
        )
    if row.person_id == actor.person_id:
        raise Refusal(
            "same_person",
            Text(
                "发起评价的人不能自己签署，请由本机构另一位签署人签署。",
                "Who ordered it may not sign it. Please ask another signer.",
            ),
            403,
        )
    row.signature = sign_digest(actor, row.digest, f"assessment:{number}", own_signature)
    row.state, row.confirmed_at = Assessment.State.CONFIRMED, clock.now()
    row.save()
    emit(
        "assessment.confirmed",
        actor,
        refs(row),
        {"digest": row.digest, "score": row.score, "signature": row.signature["signature"]},
    )
    return row


def refs(row: Assessment) -> list[tuple[str, str]]:
    """What an event of an assessment is about; the grant by which it read among them."""
    found = [
        ("assessment", row.number), ("quality_rules", row.rules.number), ("dataset", row.dataset_version.dataset.number),
        ("party", row.party.number),
    ]  # fmt: skip
    return [*found, ("grant", row.grant.number)] if row.grant is not None else found


def suggest(actor: Actor, dataset: str) -> dict[str, Any]:
    """Rules that the first rows suggest, counted in a confined child while the actor waits. Raises Refusal of `readable`,
    `assessment_failed`."""
    require_duty(actor)
    found = readable(actor, dataset)
    keys = [k for k in found.version.key_columns if k in found.columns]
    with tempfile.TemporaryDirectory(prefix="look-", dir=folder_of(".work")) as name:
        folder = Path(name)
        running.place(store().local(found.version.path, found.version.sha256), folder / DATA_FILE)
        job = {"kind": "suggest", "columns": found.columns, "keys": keys, "granted": lowered(found)}
        return running.run_now(folder, job, LOOK_SECONDS)

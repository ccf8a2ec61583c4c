"""The verbs of appraisal that the procedure's table cannot say: engaging, saving a paper, papers on paper, lapsing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from shugang.kernel import clock, engine, sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.forms import clean
from shugang.kernel.models import Case
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.models import Membership, Party
from shugang.policy.text import Text

from ..registration.models import DataAsset
from ..registration.queries import valid_certificate
from . import documents, guards, validity
from .effects import refs_of
from .form import ENGAGEMENT, PAPER
from .models import Appraisal, WorkingPaper
from .paper import PaperErrors, compute
from .process import APPRAISAL

_log = logging.getLogger("shugang.assets")
_unprintable: set[str] = set()
ASSET = Text("这项资产", "asset")
REPORT = Text("这项评估", "appraisal")


@verb
def engage(actor: Actor, asset_number: str, appraiser: Party | str, form: Mapping[str, Any]) -> Case:
    """Engage an appraiser (a party or its number) for an asset of the acting party.

    Raises Refusal `not_found`, `forbidden`, `no_certificate`, `appraiser_conflict`, `invalid_form`.
    """
    asset = DataAsset.objects.visible_to(actor).filter(number=asset_number, party_id=actor.party_id or 0).first()
    if asset is None:
        raise not_found(ASSET)
    if valid_certificate(asset) is None:
        raise Refusal(
            "no_certificate",
            Text(
                "资产没有有效的登记凭证。请先完成登记，再委托评估。",
                "The asset has no valid certificate. Please register it first.",
            ),
            409,
        )
    office = Party.objects.filter(number=appraiser).first() if isinstance(appraiser, str) else appraiser
    if office is None or "reviewer" not in office.roles:
        raise not_found(Text("这个评估机构", "appraiser"))
    if office.pk in (actor.party_id, asset.party_id):
        raise forbidden(
            "委托人、权利人不能评估自己的资产。",
            "Client and holder may not appraise their own asset.",
            "appraiser_conflict",
        )
    guards.qualified(office.pk)
    checked = clean(ENGAGEMENT, form)
    assert APPRAISAL.profile is not None
    _base_date(date.fromisoformat(checked["base_date"]), current_profile(APPRAISAL.profile, clock.today()).data)
    _replaced(actor, asset, checked.get("supersedes"))
    return engine.open_case(
        APPRAISAL.code, actor, [("client", actor.party_id or 0), ("appraiser", office.pk)], asset.name, checked,
        refs=[("asset", asset.number), ("dataset", asset.dataset_version.dataset.number), ("party", office.number)],
    )  # fmt: skip


def _wrong(field: str, zh: str, en: str, code: str = "invalid_form") -> Refusal:
    return Refusal(code, Text(zh, en), 422, {field: Text(zh, en)})


def _base_date(day: date, rules: Mapping[str, Any]) -> None:
    if day > clock.today():
        raise _wrong("base_date", "评估基准日不能晚于今天。", "The base date may not be later than today.")
    if validity.last_day(day, int(rules["validity_months"])) < clock.today():
        raise _wrong("base_date", "评估基准日太早，报告出具时已过有效期。请选一年以内的日期。", "The base date is too old: the report would be past its validity. Choose a day within a year.")  # fmt: skip


def _replaced(actor: Actor, asset: DataAsset, number: str | None) -> None:
    if not number:
        return
    old = Appraisal.objects.visible_to(actor).filter(number=number, asset=asset, client_id=actor.party_id or 0).first()
    if old is None or old.case.state != "issued":
        raise _wrong(
            "supersedes",
            "没有这份有效的报告，或它评估的不是这项资产。",
            "There is no report of this number in force for this asset.",
        )


def _working(actor: Actor, number: str) -> Appraisal:
    """The appraisal under its case's lock, for a handler of the appraiser. Raises Refusal."""
    found = Appraisal.objects.visible_to(actor).filter(case__number=number).first()
    if found is None:
        raise not_found(REPORT)
    case = engine.lock(number)
    found = Appraisal.objects.select_related("appraiser", "client", "asset__dataset_version__dataset").get(pk=found.pk)
    found.case = case
    if found.appraiser_id != actor.party_id or "handler" not in actor.duties:
        raise forbidden("底稿由评估机构的经办人编制。", "The working paper is made by a handler of the appraiser.")
    if Membership.objects.filter(
        person_id=actor.person_id or 0, party_id__in=[found.client_id, found.holder_id], active=True
    ).exists():
        raise forbidden("您是委托人或权利人的成员，按回避规则不能编制底稿。", "You belong to client or holder and may not work on the paper.", "conflict_of_interest")  # fmt: skip
    if case.state != "working":
        raise Refusal("wrong_state", Text("现在不能修改底稿。请先接受委托，或由复核人退回。", "The paper cannot be changed now. Accept the engagement first, or have it returned."), 409)  # fmt: skip
    return found


def computed(
    answers: Mapping[str, Any], base_date: date, rules: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(checked answers, result). Raises Refusal `invalid_form` with every wrong field at once."""
    checked = clean(PAPER, {k: v for k, v in answers.items() if v not in ("", None)})
    try:
        return checked, compute(checked, base_date, rules)
    except PaperErrors as error:
        raise Refusal(
            "invalid_form",
            Text(
                f"底稿有{len(error.errors)}处需要改正。", f"{len(error.errors)} entries of the paper need correction."
            ),
            422,
            error.errors,
        ) from None


@verb
def save_paper(actor: Actor, number: str, answers: Mapping[str, Any], base_version: int | None = None) -> WorkingPaper:
    """A new version of the working paper. Raises Refusal `stale_version` when somebody saved meanwhile."""
    appraisal = _working(actor, number)
    last = guards.last_paper(appraisal)
    version = last.version if last else 0
    if base_version is not None and base_version != version:
        raise Refusal(
            "stale_version",
            Text(f"底稿已有第{version}版，您改的是第{base_version}版。请刷新后合并。", f"The paper is at version {version}; you changed {base_version}. Please reload and merge."),
            409,
        )  # fmt: skip
    checked, result = computed(answers, appraisal.base_date, guards.rules_of(appraisal.case))
    paper = WorkingPaper.objects.create(
        appraisal=appraisal, version=version + 1, form=checked, result=result,
        digest=guards.paper_digest(checked, result), saved_by=actor.person_id or 0, saved_at=clock.now(),
    )  # fmt: skip
    emit(
        "appraisal.paper_saved",
        actor,
        refs_of(appraisal),
        {"version": paper.version, "digest": paper.digest},
        appraisal.case,
    )
    return paper


def issue_reports() -> int:
    """Render the report of each appraisal whose event a published checkpoint covers. Returns how many were made."""
    made = 0
    waiting = Appraisal.objects.filter(pdf_path="", event__isnull=False).exclude(event__sha256__in=_unprintable)
    for appraisal in waiting.order_by("pk")[:50]:
        if sequencer.proof_state(appraisal.event) == "pending":
            continue
        try:
            made += _issue_report(appraisal)
        except documents.DocumentError as error:
            _unprintable.add(appraisal.event.sha256 if appraisal.event else "")
            _log.error("appraisal %s cannot be printed: %s", appraisal.number, error)
    return made


def _issue_report(appraisal: Appraisal) -> bool:
    """Render outside any transaction, then record. False when another worker was first."""
    path, digest = documents.write(appraisal)
    with transaction.atomic():
        row = Appraisal.objects.select_for_update().get(pk=appraisal.pk)
        if row.pdf_path:
            return False
        row.pdf_path, row.pdf_sha256 = path, digest
        row.save(update_fields=["pdf_path", "pdf_sha256"])
    return True


def lapse_reports() -> int:
    """End every report whose validity is over. Returns how many."""
    due = Appraisal.objects.filter(case__state="issued", valid_until__lt=clock.now())
    numbers = list(due.order_by("pk").values_list("case__number", flat=True))
    for number in numbers:
        engine.fire(number, "lapse")
    return len(numbers)

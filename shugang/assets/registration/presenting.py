"""What the pages of the desk show, gathered for their templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from shugang.delivery.datasets import standing
from shugang.delivery.models import Dataset
from shugang.kernel import clock
from shugang.kernel import queries as cases
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case
from shugang.kernel.paging import Page
from shugang.policy.text import Text

from . import amending, burdens, certificate_check, drafting, examination, kinds, queries, words
from .form import FIRST_REGISTRATION, TOPICS
from .models import Certificate, DataAsset
from .process import REGISTRATION
from .rights import RIGHTS, SOURCE_LABELS
from .ruleset import AMENDMENTS, JOINT, Rules


def list_context(actor: Actor, page: Page, state: str, search: str) -> dict[str, Any]:
    counts = queries.asset_counts(actor)
    supplies = "supplier" in actor.roles
    return {
        "page": page,
        "state": state,
        "search": search,
        "states": words.STATES,
        "segments": [(code, words.STATES[code][0], counts[code]) for code in words.STATES if counts.get(code)],
        "total": sum(counts.values()),
        "supplies": supplies,
        "drafts": queries.drafts(actor) if supplies else [],
    }


def check_context(
    actor: Actor, dataset: Dataset, given: Mapping[str, Any], refusal: Refusal | None, key: str
) -> dict[str, Any]:
    fields = refusal.fields if refusal else {}
    labels = {f.name: f.label for f in FIRST_REGISTRATION.fields}
    return {
        "dataset": dataset,
        "version": dataset.latest,
        "review": drafting.review(dataset, given),
        "preview": drafting.public_preview(actor, given),
        "withholding": bool(given.get("nonpublication_reason")),
        "registrars": queries.public_registrars(),
        "profiles": queries.public_profiles(),
        "errors": [
            (labels.get(name, Text(name, name)), text, f"/desk/assets/new/{dataset.number}/{drafting.home_of(name)}")
            for name, text in fields.items()
        ],
        "general": refusal.message if refusal else None,
        "key": key,
        "rules": drafting.rules(),
    }


def applied_context(case: Case) -> dict[str, Any]:
    registration = case.registration
    running = case.clocks.filter(name="acceptance").first()
    rows: list[tuple[Text, Any]] = [
        (Text("下一步", "Next"), Text("登记机构受理", "The registrar accepts")),
        (Text("办理机构", "Handled by"), registration.registrar.name),
    ]
    if running is not None:
        day = running.due_at.date().isoformat()
        rows.append((Text("最迟答复", "Answer by"),
                     Text(f"{day}（{running.days}个工作日；逾期未答复视为受理）",
                          f"{day} ({running.days} working days; no answer counts as acceptance)")))  # fmt: skip
    return {
        "title": Text("登记申请已提交", "The application is submitted"),
        "number": case.number,
        "message": Text("您可以在“登记资产”中查看进度，公示前可以撤回。", "You can follow it under “Registered assets”."),
        "next_rows": rows,
        "actions": [(Text("查看资产", "See the asset"), f"/desk/assets/{registration.subject.number}", True),
                    (Text("登记资产", "Registered assets"), "/desk/assets", False)],
    }  # fmt: skip


def progress(case: Case) -> list[dict[str, Any]]:
    """The stages of the procedure and where this case stands; none for what was recognised without them."""
    if case.procedure != REGISTRATION.code:
        return []
    order = ["submitted", "accepted", "notice", "deposited", "certified"]
    detour = {"correcting": "submitted", "supplementing": "accepted", "objection": "notice"}
    labels = (Text("受理", "Acceptance"), Text("审查", "Examination"), Text("公示", "Notice"),
              Text("存证生效", "Deposit"), Text("核发凭证", "Document"))  # fmt: skip
    state = REGISTRATION.state(case.state)
    stopped = state.final and case.state != "certified"
    reached = set(case.events.values_list("payload__to", flat=True))
    now = order.index(detour.get(case.state, case.state)) if detour.get(case.state, case.state) in order else -1
    if stopped:
        now = max((order.index(detour.get(s, s)) for s in reached if detour.get(s, s) in order), default=0)
    items = []
    for place, label in enumerate(labels):
        if place < now or case.state == "certified":
            how, detail = "ok", None
        elif place == now:
            how, detail = ("bad" if stopped else "run"), state.label
        else:
            how, detail = "wait", None
        items.append({"label": label, "state": how, "detail": detail})
    return items


def asset_context(asset: DataAsset, actor: Actor) -> dict[str, Any]:
    registration, case = asset.registration, asset.registration.case
    certificate = queries.certificate_of(asset, actor)
    view = cases.view(case, actor)
    found = certificate_check.check(certificate.number) if certificate else None
    version = asset.dataset_version
    label, tone = words.STATES[asset.state]
    shown = certificate.registration if certificate else registration
    assert shown.case.profile is not None
    return {
        "asset": asset,
        "label": label,
        "tone": tone,
        "registration": registration,
        "case": case,
        "view": view,
        "progress": progress(case),
        "facts": [
            (Text("资产编号", "Asset"), asset.number),
            (Text("权利人", "Holder"), asset.party.name),
            (Text("数据来源", "Source"), SOURCE_LABELS[asset.source_kind]),
        ],
        "origin": [
            (Text("数据集", "Dataset"), f"{version.dataset.number} v{version.version}"),
            (Text("行数", "Rows"), f"{version.rows:,}" if version.rows is not None else None),
            (Text("实际出处", "Real origin"), version.dataset.origin or None),
            (Text("使用许可", "Licence"), version.dataset.licence or None),
        ],
        "standing": standing.told(actor, version),
        "digest": version.sha256 or version.schema_digest,
        "topics": [(t.label, words.rows(t.fields, shown.form)) for t in TOPICS],
        "files": [(f.label, shown.form[f.name]) for f in FIRST_REGISTRATION.fields
                  if f.kind == "file" and f.name in shown.form],
        "rights": Rules(shown.case.profile.data).right_labels,
        "kinds": kinds.LABELS,
        "later": queries.later_registrations(asset, actor),
        "burdens": [(row, burdens.words(row)) for row in queries.encumbrances_of(asset, actor)],
        "sources": queries.sources_of(asset, actor),
        "offers": _offers(certificate, actor),
        "may_encumber": certificate is not None and queries.may_encumber(certificate, actor),
        "asset_rights": sorted(asset.rights.all(), key=lambda r: RIGHTS.index(r.right)),
        "checks": examination.checks(registration) if "registrar" in actor.roles else [],
        "objections": queries.objections_of(case, actor),
        "objection_states": words.OBJECTION_STATES,
        "certificate": certificate,
        "verified": found,
        "life": cases.view(certificate.case, actor) if certificate else None,
        "demo": settings.SHUGANG_DEMO,
    }  # fmt: skip


def _offers(certificate: Certificate | None, actor: Actor) -> list[tuple[str, Text]]:
    """The registrations that the holder may apply for on the certificate now, by its rules."""
    if certificate is None or not queries.holds(certificate, actor):
        return []
    _, rules = amending.rules_of(certificate)
    last = certificate.valid_until.astimezone(clock.zone()).date()
    return [(kind, label) for kind, label in rules.types.items() if kind in (*AMENDMENTS, *JOINT)
            and (kind != "renewal" or kinds.window_error(rules, clock.today(), last) is None)]  # fmt: skip


def correct_context(
    asset: DataAsset, step: str, values: Mapping[str, Any], refusal: Refusal | None, key: str
) -> dict[str, Any]:
    case = asset.registration.case
    asked = case.events.filter(kind__in=["assets.registration.request_correction",
                                         "assets.registration.request_supplement"]).order_by("-id").first()  # fmt: skip
    transition = REGISTRATION.transition(step)
    assert transition is not None
    return {
        "asset": asset,
        "case": case,
        "verb": transition.label,
        "items": asked.payload["form"]["items"] if asked else "",
        "topics": TOPICS,
        "specs": list(FIRST_REGISTRATION.fields),
        "values": dict(values),
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": key,
    }

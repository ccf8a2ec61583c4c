"""The verbs: declare a check, run it, stop it. Running is the worker's (`working`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from shugang.assets.quality.reading import Readable, readable
from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from . import plan
from .models import CheckRun, CrossCheck
from .refused import PlanError

CHECK, RUN = Text("这个校核", "cross-check"), Text("这次校核", "run")
DUTIES = frozenset({"handler", "engineer", "analyst", "reviewer"})
LONGEST_DOCUMENT = 100_000


def folder_of(name: str) -> Path:
    path = Path(settings.VAR_DIR) / "crosscheck" / name
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def require_checker(actor: Actor) -> tuple[int, int]:
    """(party id, person id). Raises Refusal `forbidden`."""
    public = actor.roles & {"department", "data_office"}
    if actor.party_id is None or actor.person_id is None or not public or not actor.duties & DUTIES:
        raise forbidden(
            "多源校核由部门或数据主管部门的经办、工程师、分析员或审核人办理。",
            "Cross-checks are for a handler, engineer, analyst or reviewer of a department or the data office.",
        )
    return actor.party_id, actor.person_id


def _bad(error: PlanError) -> Refusal:
    text = Text(f"{error.text.zh}（规则：{error.rule}）", f"{error.text.en} (rule: {error.rule})")
    return Refusal("bad_check", text, 422, {"document": text})


def checked(document: Any) -> tuple[dict[str, Any], plan.Plan]:
    """The document and what it reads as. Raises Refusal `bad_check` with the rule named."""
    if isinstance(document, str):
        if len(document) > LONGEST_DOCUMENT:
            raise _bad(PlanError("too_long", Text("校核方案太长。", "The document is too long.")))
        try:
            document = json.loads(document)
        except (ValueError, RecursionError) as error:
            where = f"{getattr(error, 'lineno', 1)}:{getattr(error, 'colno', 1)}"
            raise _bad(
                PlanError(
                    "json",
                    Text(f"不是正确的JSON，错在第{where}（行、列）。", f"This is no JSON; see {where} (line:column)."),
                )
            ) from None
    try:
        return document, plan.read(document)
    except PlanError as error:
        raise _bad(error) from None


def source_data(actor: Actor, document: Mapping[str, Any]) -> dict[str, Readable]:
    """Each source's data as the actor may read it now, its columns there. Raises Refusal `bad_check`, `no_standing_grant` …"""
    found = {}
    for source in document["sources"]:
        number = source.get("dataset")
        if not isinstance(number, str) or not number:
            raise _bad(
                PlanError(
                    "dataset",
                    Text(
                        f"请为来源“{source['name']}”写明数据集编号（dataset）。",
                        f"Please name the data set of “{source['name']}”.",
                    ),
                )
            )
        version = source.get("version")
        if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version < 1):
            raise _bad(PlanError("version", Text("版本应是正整数。", "A version is a positive whole number.")))
        data = readable(actor, number, version)
        if missing := [c for c in source["columns"].values() if c not in data.columns]:
            raise _bad(
                PlanError(
                    "no_column",
                    Text(
                        f"{number}没有可读的字段“{missing[0]}”。",
                        f"{number} has no column “{missing[0]}” that you may read.",
                    ),
                )
            )
        found[source["name"]] = data
    return found


@verb
def declare_check(actor: Actor, name: str, document: Any) -> CrossCheck:
    """Declare a check over data that the actor's party may read.

    Raises Refusal `forbidden`, `bad_name`, `bad_check`, `no_standing_grant`, `no_version`, `not_hosted`.
    """
    party, person = require_checker(actor)
    name = name.strip()
    if not 1 <= len(name) <= 80 or any(ord(c) < 32 for c in name):
        text = Text("请给校核起一个80字以内的名称。", "Please give the check a name of at most 80 characters.")
        raise Refusal("bad_name", text, 422, {"name": text})
    body, _ = checked(document)
    data = source_data(actor, body)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    made = CrossCheck.objects.create(
        number=yearly_number("JH", clock.today().year), name=name, party_id=party, person_id=person, document=body, digest=digest,
        datasets={n: d.version.dataset.number for n, d in data.items()}, created_at=clock.now(),
    )  # fmt: skip
    emit("crosscheck.declared", actor, _refs(made), {"digest": digest, "name": name})
    return made


def own_check(actor: Actor, number: str) -> CrossCheck:
    """Raises Refusal `not_found`."""
    found = (
        CrossCheck.objects.visible_to(actor)
        .select_related("party")
        .filter(number=number, party_id=actor.party_id or 0)
        .first()
    )
    if found is None:
        raise not_found(CHECK)
    return found


@verb
def order_run(actor: Actor, number: str) -> CheckRun:
    """Run a check over the newest versions (or those that its document pins).

    Raises Refusal `forbidden`, `not_found`, `already_running`, and those of reading.
    """
    _, person = require_checker(actor)
    row = CrossCheck.objects.select_for_update(of=("self",)).get(pk=own_check(actor, number).pk)
    if row.runs.filter(state__in=["waiting", "running"]).exists():
        raise Refusal(
            "already_running",
            Text("这个校核正在进行，请等它完成。", "This check is under way. Please wait for it."),
            409,
        )
    data = source_data(actor, row.document)
    made = CheckRun.objects.create(
        number=yearly_number("JL", clock.today().year), check_of=row, person_id=person, versions={n: d.version.version for n, d in data.items()},
        seen_at=clock.real_now(), ordered_at=clock.now(),
    )  # fmt: skip
    emit("crosscheck.ordered", actor, [*_refs(row), ("crosscheck_run", made.number)], {"versions": made.versions})
    return made


@verb
def stop_run(actor: Actor, number: str) -> CheckRun:
    """End one that waits or runs; nothing of it is kept. Raises Refusal `not_found`, `not_running`."""
    require_checker(actor)
    row = (
        CheckRun.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .filter(number=number, check_of__party_id=actor.party_id or 0)
        .first()
    )
    if row is None:
        raise not_found(RUN)
    if not row.active:
        raise Refusal("not_running", Text("这次校核已经结束。", "This run has ended already."), 409)
    row.state, row.finished_at = CheckRun.State.STOPPED, clock.now()
    row.save()
    emit("crosscheck.stopped", actor, [*_refs(row.check_of), ("crosscheck_run", number)], {})
    return row


def _refs(row: CrossCheck) -> list[tuple[str, str]]:
    return [
        ("crosscheck", row.number),
        ("party", row.party.number),
        *(("dataset", n) for n in sorted(set(row.datasets.values()))),
    ]


def refs(row: CheckRun) -> list[tuple[str, str]]:
    return [*_refs(row.check_of), ("crosscheck_run", row.number)]

"""The verbs: object, note a finding, settle a re-check, escalate."""

from __future__ import annotations

import hashlib
from typing import Any

import duckdb

from shugang.assets.quality.reading import standing_grants
from shugang.delivery.models import Dataset, DatasetVersion
from shugang.delivery.vault.store import store
from shugang.kernel import clock, engine
from shugang.kernel.actors import SYSTEM, Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.policy.lowering import parquet, quote
from shugang.policy.text import Text

from ..bodies import the_data_office
from ..catalogue.models import PublicResource
from .models import Objection, Occurrence, Ticket
from .process import RECTIFICATION

DATASET = Text("这个数据集", "data set")
DUTIES = frozenset({"handler", "engineer", "analyst", "reviewer"})
MOST_FACTS = 20  # examples kept with a finding


def visible_dataset(actor: Actor, number: str) -> Dataset:
    """A data set whose values the actor may see: his party's, one with a standing grant, or one behind a published resource.

    Raises Refusal `not_found`.
    """
    row = Dataset.objects.filter(number=number).select_related("party").first()
    if row is None or actor.party_id is None:
        raise not_found(DATASET)
    published = PublicResource.objects.filter(dataset=row, state="published").exists()
    if not (row.party_id == actor.party_id or published or standing_grants(actor.party_id, number)):
        raise not_found(DATASET)
    return row


@verb
def object_to(actor: Actor, dataset: str, column: str, key: str, says: str) -> Objection:
    """Say that a datum is wrong; the mark is on the data set with this transaction.

    Raises Refusal `forbidden`, `not_found`, `no_version`, `invalid_form`, `already_objected`.
    """
    if actor.party_id is None or actor.person_id is None or not actor.duties & DUTIES:
        raise forbidden(
            "异议由本机构的经办、工程师、分析员或审核人提出。",
            "An objection is for a handler, engineer, analyst or reviewer.",
        )
    row = visible_dataset(actor, dataset)
    version = row.versions.order_by("-version").first()
    if version is None:
        raise Refusal("no_version", Text("这个数据集还没有数据。", "This data set holds no data yet."), 409)
    names = set(version.columns.values_list("name", flat=True))
    column, key, says = column.strip(), key.strip()[:200], says.strip()
    if column not in names:
        raise _wrong("column", Text("请选择数据集里的字段。", "Please choose a column of the data set."))
    if not 5 <= len(says) <= 1000:
        raise _wrong(
            "says",
            Text(
                "请用5至1000字写明哪里不对、依据是什么。",
                "Please say in 5 to 1,000 characters what is wrong, and by what evidence.",
            ),
        )
    if Objection.objects.filter(
        dataset=row, party_id=actor.party_id, column=column, key=key, ended_at__isnull=True
    ).exists():
        raise Refusal(
            "already_objected",
            Text(
                "贵机构对此已提出异议，正在处理。",
                "Your organisation has objected to this already; it is being handled.",
            ),
            409,
        )
    number = yearly_number("YI", clock.today().year)
    facts = {"column": column, "key": key[:200], "says": says}
    ticket = note_finding(actor, row, f"objection:{column}", Ticket.Origin.OBJECTION, number, version.version, facts)
    made = Objection.objects.create(
        number=number, ticket=ticket, dataset=row, party_id=actor.party_id, person_id=actor.person_id, column=column, key=key, says=says,
        filed_at=clock.now(),
    )  # fmt: skip
    digest = hashlib.sha256(says.encode()).hexdigest()
    emit("objection.filed", actor, [("dataset", row.number), ("case", ticket.case.number), ("party", made.party.number)],
         {"number": number, "column": column, "says_sha256": digest}, ticket.case)  # fmt: skip
    return made


def _wrong(field: str, text: Text) -> Refusal:
    return Refusal("invalid_form", text, 422, {field: text})


def _said(rule: str) -> str:
    """A rule in words, for the title of its case: 异议（name）, 多源校核JH-2026-000001：name不一致, 质量规则…"""
    from ..crosscheck.queries import KINDS  # that room files its tickets here

    origin, _, rest = rule.partition(":")
    if origin == Ticket.Origin.OBJECTION:
        return f"异议（{rest}）"
    if origin == Ticket.Origin.QUALITY:
        return f"质量规则{rest}"
    check, _, found = rest.partition(":")
    kind, _, element = found.partition(":")
    words = KINDS[kind].zh if kind in KINDS else kind
    return f"多源校核{check}：{element}{words}"


@verb
def note_finding(
    actor: Actor, dataset: Dataset, rule: str, origin: str, source: str, version: int, facts: dict[str, Any]
) -> Ticket:
    """A ticket for a rule and a data set, or one more occurrence of the open one. The same finding counts once.

    `source`: the number of what found it. `actor`: who ordered that, in whose name the case is opened.
    """
    # The data set's row is what two findings at once wait for; the partial unique index has the last word.
    Dataset.objects.select_for_update(of=("self",)).get(pk=dataset.pk)
    row = Ticket.objects.filter(rule=rule[:100], dataset=dataset, open=True).select_related("case").first()
    now = clock.now()
    if row is None:
        office = the_data_office()
        case = engine.open_case(
            RECTIFICATION.code, actor,
            [("reporter", actor.party_id or 0), ("department", dataset.party_id), ("data_office", office.pk)],
            f"{dataset.name}：{_said(rule)}"[:200], {}, refs=[("dataset", dataset.number)],
        )  # fmt: skip
        row = Ticket.objects.create(
            case=case, origin=origin, rule=rule[:100], dataset=dataset, department_id=dataset.party_id, office=office, facts=facts,
            found_in=version, opened_at=now, seen_at=now,
        )  # fmt: skip
        Occurrence.objects.create(ticket=row, source=source, version=version, facts=facts, at=now)
        return row
    if Occurrence.objects.filter(ticket=row, source=source).exists():
        return row
    Occurrence.objects.create(ticket=row, source=source, version=version, facts=facts, at=now)
    row.occurrences, row.seen_at, row.facts = row.occurrences + 1, now, facts
    row.save(update_fields=["occurrences", "seen_at", "facts"])
    emit(
        "rectification.seen_again",
        actor,
        [("case", row.case.number), ("dataset", dataset.number)],
        {"source": source, "times": row.occurrences},
        row.case,
    )
    return row


@verb
def settle_recheck(ticket: Ticket, passed: bool, found: dict[str, Any]) -> Ticket:
    """What the automatic re-check of the submitted version said; moves the case on. Nothing where it has moved already."""
    row = Ticket.objects.select_for_update(of=("self",)).select_related("case").get(pk=ticket.pk)
    if row.case.state != "submitted":
        return row
    row.recheck = {**found, "passed": passed, "version": row.rechecked}
    row.save(update_fields=["recheck"])
    engine.fire(row.case.number, "pass" if passed else "fail")
    return row


def escalate(case_number: str, deadline: str) -> None:
    """A deadline passed: the department's chief data officer is told, and the board counts it. Once for a ticket's deadline."""
    row = (
        Ticket.objects.filter(case__number=case_number, open=True)
        .select_related("case", "dataset", "department")
        .first()
    )
    if row is None:
        return
    if row.escalated_at is None:
        row.escalated_at = clock.now()
        row.save(update_fields=["escalated_at"])
    emit("rectification.escalated", SYSTEM, [("ticket", row.case.number), ("case", row.case.number), ("party", row.department.number)],
         {"clock": deadline}, row.case)  # fmt: skip


def recheck_objection(ticket: Ticket, version: int) -> None:
    """Every open objection names a column, perhaps a row by its key: there the new version has to say something else.

    Whether it is now right, the data office judges when it closes the case.
    """
    old = ticket.dataset.versions.filter(version=ticket.found_in).first()
    new = ticket.dataset.versions.filter(version=version).first()
    left = [
        o.number for o in ticket.objections.filter(ended_at__isnull=True)
        if old is None or new is None or said(old, o.column, o.key) == said(new, o.column, o.key)
    ]  # fmt: skip
    settle_recheck(ticket, not left, {"from": ticket.found_in, "to": version, "unchanged": left})


def said(version: DatasetVersion, column: str, key: str) -> object:
    """What a version says in a column, in the rows that hold the key (all rows where none is given), as one digest.

    Of data that stay with their holder only the version's own digest is known.
    """
    if not version.path:
        return version.sha256
    names = list(version.columns.order_by("position").values_list("name", flat=True))
    if column not in names:
        return None
    cells = ", ".join(f"CAST({quote(n)} AS VARCHAR)" for n in names)
    where, params = (f"WHERE list_contains([{cells}], $1)", [key]) if key else ("", [])
    file = str(store().local(version.path, version.sha256))
    with duckdb.connect(config={"threads": 1}) as con:
        query = f"SELECT md5(string_agg(md5(coalesce(CAST({quote(column)} AS VARCHAR), '?')), '' ORDER BY CAST({quote(column)} AS VARCHAR))) FROM {parquet(file)} {where}"  # noqa: S608
        return con.execute(query, params).fetchall()[0][0]

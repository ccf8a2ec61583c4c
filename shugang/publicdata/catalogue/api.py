"""The catalogue through the API. Further steps of a filing are those of `/cases/{number}/steps/{step}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import File, Router, Schema
from ninja.files import UploadedFile

from shugang.kernel import paging
from shugang.kernel.models import Case
from shugang.market.http import member, once_api

from . import bundles, coverage, finding, import_pages, importing, presenting, public_pages, queries, services, sheet
from . import content as contents
from .finding import Wanted
from .forms import FORM, ITEM
from .models import Filing, FilingEntry

router = Router(tags=["public data"])


class EntryIn(Schema):
    """The answers of the form (GET /public-data-form), `items` a list of answers of its second form."""

    form: dict[str, Any]
    revision: int | None = None


class ChangeIn(Schema):
    form: dict[str, Any]
    reason: str


class StandingIn(Schema):
    """`kind`: suspension, resumption or withdrawal."""

    kind: str
    reason: str


def _moved(case: Case) -> dict[str, Any]:
    return {"number": case.number, "state": case.state, "revision": case.revision}


@router.get("/public-data-form", auth=None, summary="The form of a catalogue entry, and of one of its items")
def form(request: HttpRequest) -> dict[str, Any]:
    return {"entry": FORM.schema(), "item": ITEM.schema()}


@router.get(
    "/public-data",
    auth=None,
    summary="Published entries of the public catalogue; q, the facets, sort and after narrow and page",
)
def entries(request: HttpRequest) -> dict[str, Any]:
    wanted = Wanted.read(request.GET)
    return public_pages.found_json(wanted, finding.find(wanted))


@router.get(
    "/public-data-changes", auth=None, summary="The change feed after a sequence number, oldest first, without gaps"
)
def changes(request: HttpRequest) -> dict[str, Any]:
    return public_pages.feed(public_pages.read_after(request))


@router.get("/public-data/{number}", auth=None, summary="One published entry with its items")
def entry(request: HttpRequest, number: str) -> dict[str, Any]:
    return public_pages.entry_json(queries.public_resource(number))


@router.get("/public-data/{number}/versions/{version}", auth=None, summary="One published version, and what it changed")
def version(request: HttpRequest, number: str, version: int) -> dict[str, Any]:
    resource = queries.public_resource(number)
    return public_pages.version_json(resource, public_pages.version_of(resource, version))


@router.get(
    "/own-public-data", summary="Entries in every state: a department's own, for the data office those handed in"
)
def own_entries(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.resources(member(request), state), after)
    return {"items": [presenting.brief(r) for r in found.items], "next": found.next, "total": found.total}


@router.get("/own-public-data/{number}", summary="One of them, with the data set and the open filing")
def own_entry(request: HttpRequest, number: str) -> dict[str, Any]:
    resource = queries.get_resource(member(request), number)
    content = contents.of_resource(resource)
    filing = queries.open_filing(resource)
    return {
        **presenting.as_json(resource, content),
        "dataset": content["dataset"],
        "filing": filing.number if filing else None,
    }


@router.post("/own-public-data", summary="Draft a new entry in a filing of its own")
def draft(request: HttpRequest, said: EntryIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: _moved(services.draft(actor, said.form)))


@router.post("/own-public-data/{number}/changes", summary="File a change of a published entry")
def change(request: HttpRequest, number: str, said: ChangeIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.dict(), lambda: _moved(services.propose_change(actor, number, said.form, said.reason))
    )


@router.post("/own-public-data/{number}/standing", summary="File a suspension, resumption or withdrawal")
def standing(request: HttpRequest, number: str, said: StandingIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.dict(), lambda: _moved(services.propose_standing(actor, number, said.kind, said.reason))
    )


@router.post("/own-public-data/{number}/updated", summary="Note that the data itself is up to date")
def updated(request: HttpRequest, number: str) -> dict[str, Any]:
    actor = member(request)

    def run() -> dict[str, Any]:
        row = services.data_updated(actor, number)
        return {"number": row.number, "data_at": row.data_at.isoformat() if row.data_at else None}

    return once_api(request, number, run)


def _filing(row: Filing) -> dict[str, Any]:
    return {
        "number": row.number, "kind": row.kind, "state": row.case.state, "revision": row.case.revision, "title": row.case.title,
        "department": row.department.number, "entries": row.entries_count, "source": row.source,
    }  # fmt: skip


def _entry(row: FilingEntry) -> dict[str, Any]:
    return {"number": row.resource.number, "code": row.resource.code, "content": row.content}


@router.get("/filings", summary="Catalogue filings: the department's, for the data office those handed in to it")
def filings(request: HttpRequest, state: str = "", after: str = "") -> dict[str, Any]:
    found = paging.page(queries.filings(member(request), state), after)
    return {"items": [_filing(f) for f in found.items], "next": found.next, "total": found.total}


@router.get("/filings/{number}", summary="One filing with its first entries; `after` (a number of an entry) reads on")
def filing(request: HttpRequest, number: str, after: str = "") -> dict[str, Any]:
    row = queries.get_filing(member(request), number)
    rows = queries.entries(row)
    if after:
        rows = rows.filter(resource__number__gt=after)
    page = list(rows.order_by("resource__number")[:100])
    return {
        **_filing(row),
        "items": [_entry(e) for e in page],
        "next": page[-1].resource.number if len(page) == 100 else "",
    }


@router.post("/filings/{number}/entries/{resource}", summary="New content of one entry of a filing in preparation")
def revise(request: HttpRequest, number: str, resource: str, said: EntryIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(
        request, said.dict(), lambda: _moved(services.revise(actor, number, resource, said.form, said.revision))
    )


@router.post(
    "/public-data-imports",
    summary="Import entries from .xlsx, .csv or a database's description: all become one draft filing, or none",
)
def upload(request: HttpRequest, file: UploadedFile = File(...)) -> dict[str, Any]:
    actor, content = member(request), file.read(sheet.MAX_BYTES + 1)
    made = once_api(
        request, [file.name, len(content)], lambda: {"pk": importing.upload(actor, file.name or "", content).pk}
    )
    return import_pages.as_json(importing.get_import(actor, made["pk"]))


@router.get("/public-data-imports/{pk}", summary="One import: what came of it, or every mistake by row")
def one_import(request: HttpRequest, pk: int) -> dict[str, Any]:
    return import_pages.as_json(importing.get_import(member(request), pk))


@router.get("/public-data-coverage", summary="By department what is still missing of its published entries")
def coverage_board(request: HttpRequest) -> dict[str, Any]:
    return coverage.as_json(coverage.board(member(request)))


class BundleIn(Schema):
    """The answers of its form: name, name_en, summary, lead (number of a department), needs (one a line: item|element or entry)."""

    form: dict[str, Any]


@router.get(
    "/life-event-bundles/{number}",
    auth=None,
    summary="The items that a service for a life event needs, and whether each is there",
)
def bundle(request: HttpRequest, number: str) -> dict[str, Any]:
    found = bundles.public_bundle(number)
    return bundles.as_json(found, bundles.found_of([found])[found.pk])


@router.post("/life-event-bundles", summary="Describe a life event; the data office's handler")
def make_bundle(request: HttpRequest, said: BundleIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, said.dict(), lambda: {"number": bundles.keep(actor, said.form).number})


@router.post("/life-event-bundles/{number}", summary="Change the description of a life event")
def change_bundle(request: HttpRequest, number: str, said: BundleIn) -> dict[str, Any]:
    actor = member(request)
    return once_api(request, [number, said.dict()], lambda: {"number": bundles.keep(actor, said.form, number).number})

"""What the steps of a filing bring about; each runs in the transaction of its step."""

from __future__ import annotations

import hashlib

from shugang.kernel import clock
from shugang.kernel.events import emit
from shugang.kernel.models import CaseClock
from shugang.kernel.procedure import Context
from shugang.parties.keys.services import living_key, sign_digest

from . import content as contents
from . import publishing
from .guards import SHOWN, entry_of, filing_of, read_content
from .models import Filing, PublicResource

STANDING = {
    "suspension": ("suspended", "suspended"), "resumption": ("published", "resumed"), "withdrawal": ("withdrawn", "withdrawn"),
}  # fmt: skip


def opened(ctx: Context) -> None:
    """The term within which a changed fact reaches the catalogue runs for changes alone."""
    if ctx.data["kind"] != "change":
        CaseClock.objects.filter(case=ctx.case, name="change").delete()


def told(ctx: Context) -> None:
    """The event names the entries, as many as a person reads, and how many there are."""
    filing = filing_of(ctx)
    numbers = filing.entries.order_by("pk").values_list("resource__number", flat=True)[:SHOWN]
    ctx.refs += [("public_resource", n) for n in numbers]
    ctx.outputs["entries"] = filing.entries.count()


def digest(filing: Filing) -> str:
    """SHA-256 over what is proposed for every entry, in order: what the chief data officer signs."""
    whole = hashlib.sha256(filing.kind.encode())
    for number, content in filing.entries.order_by("pk").values_list("resource__number", "content").iterator(2000):
        whole.update(f"\n{number} {contents.digest(content)}".encode())
    return whole.hexdigest()


def revised(ctx: Context) -> None:
    entry = entry_of(ctx)
    content = {**read_content(ctx.data["content"])}
    resource = entry.resource
    content["code"] = _code(resource, content["code"])
    entry.content = content
    entry.save(update_fields=["content"])
    if resource.state == PublicResource.State.DRAFT:
        contents.apply(resource, content)
        resource.save()
        publishing.replace_items([(resource, content)])
    # The event names the content by its digest: an entry may be long.
    ctx.data = {"resource": resource.number}
    ctx.outputs["digest"] = contents.digest(content)
    told(ctx)


def _code(resource: PublicResource, classification: str) -> str:
    """A draft that moves to another class gets a serial there; what was published keeps its code for good."""
    held = resource.code.partition("/")[0]
    if held == classification or resource.version:
        return resource.code
    return publishing.next_codes(classification, 1)[0]


def dropped(ctx: Context) -> None:
    entry = entry_of(ctx)
    told(ctx)
    filing, resource = entry.filing, entry.resource
    entry.delete()
    filing.entries_count = filing.entries.count()
    filing.save(update_fields=["entries_count"])
    if resource.state == PublicResource.State.DRAFT:
        resource.state = PublicResource.State.WITHDRAWN
        resource.save(update_fields=["state"])


def signed(ctx: Context) -> None:
    """The officer's act stands in the log with the digest; who holds a signing key of his own also signs it."""
    told(ctx)
    said = digest(filing_of(ctx))
    ctx.outputs["digest"] = said
    key = living_key(ctx.actor.person_id or 0)
    if key is not None and key.custody == "platform" and "signer" in ctx.actor.duties:
        ctx.outputs["signature"] = sign_digest(ctx.actor, said, "publicdata.filing")


def approved(ctx: Context) -> None:
    told(ctx)
    filing, now = filing_of(ctx), clock.now()
    entries = list(filing.entries.select_related("resource__dataset").order_by("pk"))
    if filing.kind in STANDING:
        state, kind = STANDING[filing.kind]
        publishing.stand([e.resource for e in entries], state, kind, ctx.case, now)
        for entry in entries:
            emit(f"catalogue.{kind}", ctx.actor, [("public_resource", entry.resource.number)], {}, ctx.case)
    else:
        publishing.publish([(e.resource, e.content) for e in entries], ctx.case, now)
    filing.entries.update(living=False)
    ctx.outputs["digest"] = digest(filing)


def given_up(ctx: Context) -> None:
    """Entries that were never published go with their filing, and their codes are free again."""
    told(ctx)
    filing = filing_of(ctx)
    filing.entries.update(living=False)
    PublicResource.objects.filter(filed__filing=filing, state="draft").update(state="withdrawn")

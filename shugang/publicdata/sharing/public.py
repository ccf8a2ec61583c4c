"""Everybody as a party: who holds the grants of open data, and the links by which anybody downloads.

Why so: a grant needs a grantee and every use a key. The public is one party without people and without roles, so nobody acts for
it; a link is a key of it for one download, made on the spot for whoever asks and dead after 15 minutes. Nobody gives a name, yet
each download is a metered use under a grant, counted, limited and in the log like any other.
"""

from __future__ import annotations

from datetime import timedelta

from shugang.delivery.grants.keys import download_address, issue_credential
from shugang.delivery.models import Credential, Grant
from shugang.kernel import clock
from shugang.kernel.actors import PlainActor
from shugang.kernel.errors import Refusal
from shugang.kernel.events import iso
from shugang.kernel.profiles import current_profile
from shugang.kernel.verbs import verb
from shugang.parties.accounts.models import Person
from shugang.parties.models import Party
from shugang.policy.text import Text

from .queries import public_opening

NUMBER, ACCOUNT = "P-PUBLIC", "public"
FORMATS = ("csv", "xlsx", "parquet", "jsonl")
KEPT = timedelta(hours=1)


def the_public() -> Party:
    """Founded with the first opening. Without a role it trades nothing, and it stands in no list of admitted parties."""
    found, _ = Party.objects.get_or_create(
        number=NUMBER,
        defaults={"name": "社会公众", "name_en": "The public", "uscc": NUMBER, "status": Party.Status.DRAFT, "created_at": clock.now()},
    )  # fmt: skip
    return found


def _nobody() -> Person:
    """The account that the public's keys are booked on: nobody can sign in with it."""
    found = Person.objects.filter(username=ACCOUNT).first()
    if found is None:
        found = Person(username=ACCOUNT, display_name="社会公众", is_active=False, authorised=False)
        found.set_unusable_password()
        found.save()
    return found


@verb
def make_link(number: str, format: str = "csv") -> dict[str, str]:
    """A link for one download of what is open, for whoever asks. Raises Refusal `not_found`, `bad_format`, `busy`."""
    if format not in FORMATS:
        raise Refusal(
            "bad_format", Text(f"没有这种格式，可选{'、'.join(FORMATS)}。", f"No such format; choose from {', '.join(FORMATS)}."), 422
        )  # fmt: skip
    opening = public_opening(number)
    assert opening.grant is not None
    # Under the grant's lock two visitors cannot both take the last link of the day.
    grant = Grant.objects.select_for_update().get(pk=opening.grant.pk)
    _forget_old(grant)
    _within_limits(grant)
    actor = PlainActor(
        _nobody().pk, the_public().pk, frozenset(), frozenset({"handler"}), frozenset(), False, "社会公众"
    )
    key, secret = issue_credential(actor, [grant.number], Credential.Kind.LINK, grant.terms["purpose"])
    return {"key": key.number, "url": download_address(grant, secret, format), "expires_at": iso(key.expires_at)}


def _within_limits(grant: Grant) -> None:
    rules, now = current_profile("sharing", clock.today()).data, clock.now()
    made = Credential.objects.filter(party__number=NUMBER, grants=grant)
    minute = made.filter(created_at__gt=now - timedelta(minutes=1)).count() >= int(rules["links_a_minute"])
    if minute or _today(grant) >= int(rules["links_a_day"]):
        raise Refusal(
            "busy",
            Text("现在取数的人很多，请稍后再试。", "Many people are downloading now. Please try again in a while."), 429,
        )  # fmt: skip


def _today(grant: Grant) -> int:
    """Links of the last day: those that are forgotten still stand in the log."""
    from shugang.kernel.models import Event

    since = clock.now() - timedelta(days=1)
    return Event.objects.filter(
        kind="credential.issued", at__gt=since, refs__kind="grant", refs__key=grant.number
    ).count()


def _forget_old(grant: Grant) -> None:
    """Planes are not told of dead links for ever: an hour after its end a link no longer opens anything by name."""
    old = Credential.objects.filter(party__number=NUMBER, grants=grant, expires_at__lt=clock.now() - KEPT)
    grant.credentials.remove(*old)

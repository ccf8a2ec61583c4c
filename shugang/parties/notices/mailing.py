"""The worker's part: which notices become letters, and sending them. Nothing here runs in anybody's request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import F

from shugang.kernel import clock

from . import letters
from .models import Letter, Notice
from .queries import choices
from .writing import rules_of_the_day

PLANNED = 200  # notices looked at in one pass
SENT = 20  # letters sent in one pass
# Nobody else takes a letter that is being sent; after a crash it is sent again under the same Message-ID.
LEASE = timedelta(minutes=2)


def work() -> int:
    """One pass: decide about new notices, gather the day's digests, send what is due. Returns how many left."""
    if Notice.objects.filter(mail="new").exists():
        plan()
    if Notice.objects.filter(mail="daily").exists():
        gather()
    return send_due()


@transaction.atomic
def plan() -> None:
    """New notices: into a letter now, into the day's digest, or nowhere, as their reader chose."""
    rows = list(Notice.objects.select_for_update().filter(mail="new").order_by("id")[:PLANNED])
    wanted = choices({row.person_id for row in rows})
    verified = _addresses({row.person_id for row in rows})
    now: dict[tuple[int, int | None], list[Notice]] = defaultdict(list)
    for row in rows:
        how = wanted[row.person_id][row.group] if row.person_id in verified else "never"
        if how == "once":
            now[(row.person_id, row.party_id)].append(row)
        else:
            row.mail = "daily" if how == "daily" else "done"
            row.save(update_fields=["mail"])
    for (person, _), found in sorted(now.items(), key=lambda item: item[1][0].pk):
        _letter("notice", person, verified[person], found)


@transaction.atomic
def gather() -> None:
    """Digests: what was held back before the day's hour."""
    local = clock.now().astimezone(clock.zone())
    hour = local.replace(hour=int(rules_of_the_day()["digest_hour"]), minute=0, second=0, microsecond=0)
    cutoff = hour if local >= hour else hour - timedelta(days=1)
    rows = list(
        Notice.objects.select_for_update().filter(mail="daily", at__lt=cutoff).order_by("person_id", "id")[:1000]
    )
    verified = _addresses({row.person_id for row in rows})
    by_reader: dict[tuple[int, int | None], list[Notice]] = defaultdict(list)
    for row in rows:
        by_reader[(row.person_id, row.party_id)].append(row)
    for (person, _), found in by_reader.items():
        if person in verified:
            _letter("digest", person, verified[person], found)
        else:
            Notice.objects.filter(pk__in=[row.pk for row in found]).update(mail="done")


def _addresses(people: Iterable[int]) -> dict[int, str]:
    """Person → his verified address; only such an address is written to."""
    rows = EmailAddress.objects.filter(user_id__in=people, verified=True).order_by("primary", "pk")
    return {row.user_id: row.email for row in rows}


def _letter(kind: str, person: int, address: str, rows: list[Notice]) -> Letter:
    letter = letters.make(kind, person, address, f"{kind}-{rows[0].pk}")
    Notice.objects.filter(pk__in=[row.pk for row in rows]).update(mail="done", letter=letter)
    return letter


@transaction.atomic
def _claim(now: datetime) -> list[Letter]:
    rows = Letter.objects.select_for_update(skip_locked=True).filter(state=Letter.State.PENDING, next_at__lte=now)
    taken = list(rows.order_by("next_at", "id")[:SENT])
    Letter.objects.filter(pk__in=[row.pk for row in taken]).update(next_at=now + LEASE, tries=F("tries") + 1)
    return taken


def send_due() -> int:
    """Send what is due over one connection; a failure waits for its next attempt and holds up no other letter."""
    taken = _claim(clock.real_now())
    if not taken:
        return 0
    connection = (
        get_connection(timeout=settings.EMAIL_TIMEOUT) if "smtp" in settings.EMAIL_BACKEND else get_connection()
    )
    sent = sum(_send(letter, connection) for letter in taken)
    connection.close()
    return sent


def _send(letter: Letter, connection: BaseEmailBackend) -> int:
    """Whether it left. A letter all of whose notices its reader may no longer see is dropped."""
    try:
        message = letters.message(letter)
        if message is None:
            Letter.objects.filter(pk=letter.pk).update(state=Letter.State.DROPPED)
            return 0
        message.connection = connection
        message.send()
    except Exception as error:  # whatever a mail server, a network or a library says: the letter is kept
        connection.close()
        _failed(letter, error)
        return 0
    Letter.objects.filter(pk=letter.pk).update(state=Letter.State.SENT, sent_at=clock.real_now(), error="")
    return 1


def _failed(letter: Letter, error: Exception) -> None:
    waits = rules_of_the_day()["mail_retry_seconds"]
    tries = letter.tries + 1
    said = f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()[:200]
    row = Letter.objects.filter(pk=letter.pk)
    if tries > len(waits):
        row.update(state=Letter.State.FAILED, error=said)
    else:
        row.update(next_at=clock.real_now() + timedelta(seconds=waits[tries - 1]), error=said)

"""Where a grant stands with its duty of deletion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shugang.kernel import clock
from shugang.parties.keys.signatures import verify_signature
from shugang.policy.text import Text

from ..grants.models import Grant
from . import services
from .models import DeletionStatement

STATES: dict[str, tuple[Text, str]] = {
    "later": (Text("使用结束后签署", "To be signed once use has ended"), "off"),
    "due": (Text("待签署", "To be signed"), "warn"),
    "late": (Text("逾期未交", "Overdue"), "bad"),
    "given": (Text("已签署", "Signed"), "ok"),
    "given_late": (Text("逾期后签署", "Signed after the day"), "warn"),
}


@dataclass(frozen=True)
class Deletion:
    """`state` is a key of `STATES`; `due` the end of the last day; `holds` whether a given signature verifies."""

    state: str
    due: datetime
    statement: DeletionStatement | None
    holds: bool


def deletion(grant: Grant) -> Deletion | None:
    """For a grant that its reader may see; None where the terms ask for no deletion."""
    due = services.due_at(grant)
    if due is None:
        return None
    row = DeletionStatement.objects.filter(grant=grant).first()
    if row is not None:
        fits = services.digest(row.statement) == row.sha256
        holds = fits and verify_signature(row.signature, row.sha256, services.context(grant))
        return Deletion("given_late" if row.signed_at >= due else "given", due, row, holds)
    if services.ended_at(grant) is None:
        return Deletion("later", due, None, False)
    return Deletion("late" if clock.now() >= due else "due", due, None, False)

"""The buyer signs what he received."""

from __future__ import annotations

from typing import Any

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden, not_found
from shugang.kernel.events import emit
from shugang.kernel.numbering import yearly_number
from shugang.kernel.verbs import verb
from shugang.parties.keys.services import sign_digest
from shugang.policy.text import Text

from ..gates import GRANT
from ..grants.models import Grant
from ..grants.services import refs
from . import statement as form
from .counting import last_signed
from .models import Acknowledgement, context


def not_the_buyer() -> Refusal:
    return forbidden("签收由需方办理。", "Only the buyer acknowledges what was delivered.")


@verb
def acknowledge(actor: Actor, given: Any, own_signature: str = "") -> Acknowledgement:
    """Keep the buyer's statement with his signature, whatever it says of the counts.

    Raises Refusal `invalid_statement`, `not_found`, `forbidden` (not the grantee), 409 `out_of_order` (fields:
    first_seq), and those of `sign_digest`.
    """
    said = form.read(given)
    grant = Grant.objects.visible_to(actor).select_for_update().filter(number=said["grant"]).first()
    if grant is None:
        raise not_found(GRANT)
    if grant.grantee_id != actor.party_id:
        raise not_the_buyer()
    if (said["contract"], said["plane"]) != (grant.contract, grant.plane.number):
        raise form.malformed("contract" if said["contract"] != grant.contract else "plane")
    _check_order(grant, said["first_seq"])
    sha256 = form.digest(said)
    signature = sign_digest(actor, sha256, context(grant.number, said["first_seq"]), own_signature)
    row = Acknowledgement.objects.create(
        number=yearly_number("QS", clock.today().year),
        grant=grant,
        first_seq=said["first_seq"],
        last_seq=said["last_seq"],
        statement=said,
        sha256=sha256,
        signature=signature,
        person_id=actor.person_id or 0,
        signed_at=clock.now(),
    )
    told = {"statement": said, "sha256": sha256, "signature": signature}
    emit("delivery.acknowledged", actor, [("acknowledgement", row.number), *refs(grant)], told)
    return row


def _check_order(grant: Grant, first_seq: int) -> None:
    expected = last_signed(grant) + 1
    if first_seq != expected:
        text = Text(f"请从第{expected}条记录起签收。", f"Please begin with record {expected}.")
        raise Refusal("out_of_order", text, 409, {"first_seq": text})

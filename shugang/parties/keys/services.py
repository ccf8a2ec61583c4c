"""Making, revoking and using signing keys."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shugang.kernel import clock
from shugang.kernel.actors import Actor
from shugang.kernel.errors import Refusal, forbidden
from shugang.kernel.events import emit, iso
from shugang.kernel.secrets import seal, unseal
from shugang.kernel.verbs import verb
from shugang.policy.text import Text

from ..accounts.models import Person
from ..organisations.models import Party
from .models import SigningKey
from .signatures import message, verify_signature

BAD_KEY = Text(
    "公钥不是32字节的Ed25519公钥（Base64），请核对。",
    "That is not an Ed25519 public key (32 bytes, base64). Please check it.",
)
KEY_TAKEN = Text("这把公钥已登记过，请换一把新的。", "This public key was registered before. Please use a new one.")


def living_key(person_id: int) -> SigningKey | None:
    return SigningKey.objects.filter(person_id=person_id, revoked_at__isnull=True).first()


@verb
def make_key(actor: Actor, public_key: str = "") -> SigningKey:
    """A key for the acting person: made and sealed here, or his own by its public half (base64, 32 bytes).

    Raises Refusal `second_factor_required`, `key_exists`, `bad_key`.
    """
    if actor.person_id is None:
        raise forbidden("请先登录。", "Please sign in first.")
    _needs_second_factor(actor)
    Person.objects.select_for_update().get(pk=actor.person_id)
    if living_key(actor.person_id) is not None:
        raise Refusal(
            "key_exists",
            Text("您已有一把有效的签名密钥，请先吊销再建。", "You have a living signing key. Please revoke it first."),
            409,
        )
    custody, sealed = "own", b""
    if public_key:
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        except ValueError:
            raise Refusal("bad_key", BAD_KEY, 422, {"public_key": BAD_KEY}) from None
        if SigningKey.objects.filter(public_key=public_key).exists():
            raise Refusal("bad_key", KEY_TAKEN, 409, {"public_key": KEY_TAKEN})
    else:
        private = Ed25519PrivateKey.generate()
        public_key = base64.b64encode(private.public_key().public_bytes_raw()).decode()
        custody, sealed = "platform", seal(private.private_bytes_raw(), f"parties.SigningKey:{public_key}")
    key = SigningKey.objects.create(
        person_id=actor.person_id, public_key=public_key, custody=custody, sealed=sealed, created_at=clock.now()
    )
    emit("key.made", actor, [], {"public_key": public_key, "custody": custody})
    return key


def _needs_second_factor(actor: Actor) -> None:
    if not actor.second_factor:
        raise forbidden(
            "签名密钥须在第二因素登录后使用。请先绑定动态口令，再重新登录。",
            "Signing keys need a second factor. Please set it up and sign in again.",
            "second_factor_required",
        )


@verb
def revoke_key(actor: Actor) -> None:
    key = living_key(actor.person_id or 0)
    if key is None:
        raise Refusal("no_key", Text("没有可吊销的签名密钥。", "There is no signing key to revoke."), 404)
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])
    emit("key.revoked", actor, [], {"public_key": key.public_key})


def sign_digest(actor: Actor, digest_hex: str, context: str, own_signature: str = "") -> dict[str, Any]:
    """The acting signer's signature over a digest, for his party.

    With a key in own custody the caller passes the signature made outside (base64); it is checked here.
    Raises Refusal `forbidden`, `second_factor_required`, `party_inactive`, `no_key`, `signature_needed`,
    `bad_signature`.
    """
    if "signer" not in actor.duties or actor.party_id is None:
        raise forbidden("只有“签署”岗位可以代表机构签署。", "Only the signer's duty may sign for the organisation.")
    _needs_second_factor(actor)
    party = Party.objects.get(pk=actor.party_id)
    if party.status != Party.Status.ACTIVE:
        raise forbidden(
            f"“{party.name}”尚未入驻或已暂停，不能签署。",
            f"“{party.name}” is not admitted or is suspended.",
            "party_inactive",
        )
    key = living_key(actor.person_id or 0)
    if key is None:
        raise Refusal(
            "no_key",
            Text("请先在“安全”页面建立签名密钥。", "Please make a signing key on the security page first."),
            409,
        )
    if key.custody == "own":
        if not own_signature:
            raise Refusal(
                "signature_needed",
                Text(
                    "您的密钥由本人保管，请用它对摘要签名后粘贴签名值。",
                    "Your key is in your own custody: sign the digest and paste the signature.",
                ),
                422,
            )
        raw = own_signature.strip()
    else:
        sealed = unseal(bytes(key.sealed), f"parties.SigningKey:{key.public_key}")
        private = Ed25519PrivateKey.from_private_bytes(sealed)
        raw = base64.b64encode(private.sign(message(digest_hex, context))).decode()
    signature = {
        "algorithm": "ed25519",
        "public_key": key.public_key,
        "signature": raw,
        "signer": actor.label,
        "party": party.uscc,
        "custody": key.custody,
        "signed_at": iso(clock.now()),
    }
    if not verify_signature(signature, digest_hex, context):
        raise Refusal(
            "bad_signature",
            Text(
                "签名与这份文件不符，请确认签的是页面所示摘要。",
                "The signature does not fit this document. Please sign the digest shown.",
            ),
            422,
        )
    return signature

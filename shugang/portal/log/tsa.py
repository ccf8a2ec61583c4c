"""A time-stamp authority by RFC 3161 over HTTP (§3.4), verified against the roots that the operator trusts."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import aiohttp
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_pem_x509_certificates
from django.conf import settings
from django.utils.module_loading import import_string
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from shugang.delivery.plane.outgoing import TooLarge
from shugang.kernel import timestamps
from shugang.kernel.timestamps import Authority, Stamped, TimeStamp, Unstamped
from shugang.policy.addresses import AddressRefused, origin

from .sending import send


def certificates(path: str) -> list[Certificate]:
    """Raises Unstamped for a file that is missing or holds none."""
    try:
        return load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise Unstamped(f"SHUGANG_TSA_CERTIFICATES: {type(error).__name__}") from None


def verify(token: bytes, data: bytes, trusted: list[Certificate], request: TimeStampRequest | None = None) -> datetime:
    """The time that the token states for these bytes. Raises Unstamped.

    Self-signed certificates are roots; the others may stand between a root and the signer, or be the signer's own."""
    try:
        response = decode_timestamp_response(token)
        builder = VerifierBuilder.from_request(request) if request else VerifierBuilder()
        for certificate in trusted:
            if certificate.subject == certificate.issuer:
                builder = builder.add_root_certificate(certificate)
            elif certificate.public_bytes(Encoding.DER) not in response.signed_data.certificates:
                builder = builder.add_intermediate_certificate(certificate)
        builder.build().verify_message(response, data)
        return _stated(response)
    except (VerificationError, ValueError, IndexError) as error:
        raise Unstamped(f"the token does not verify: {error}") from None


def _stated(response: TimeStampResponse) -> datetime:
    return response.tst_info.gen_time


class Rfc3161:
    """The authority at `SHUGANG_TSA_URL`."""

    def stamp(self, data: bytes) -> Stamped:
        url, trusted = settings.SHUGANG_TSA_URL, certificates(settings.SHUGANG_TSA_CERTIFICATES)
        request = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
        try:
            status, _, token = asyncio.run(send(url, request.as_bytes(), "application/timestamp-query"))
        except AddressRefused as no:
            raise Unstamped(no.why.en) from None
        except (aiohttp.ClientError, TimeoutError, OSError, TooLarge) as error:
            raise Unstamped(f"no answer: {type(error).__name__}") from None
        if status != 200:
            raise Unstamped(f"the authority answered {status}")
        return Stamped(token, verify(token, data, trusted, request), origin(url).host)


def stamp_due() -> TimeStamp | None:
    if not settings.SHUGANG_TSA_URL:
        return None
    adapter: Authority = import_string(settings.SHUGANG_TSA_ADAPTER)()
    return timestamps.stamp(adapter)

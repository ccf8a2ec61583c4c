"""Electronic signatures inside PDF documents (ISO 32000-1 §12.8, CMS detached; PAdES baseline B).

The platform signs what it issues with a key that the caller hands over; nothing here stores a key or asks the network.
The signing time is the machine's real time even in a demonstration: a signature must not claim a simulated hour.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import algos, core, parser, pem  # type: ignore[import-untyped]
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import EmbeddedPdfSignature, validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

FIELD = "Platform"
# pyHanko writes a traceback for every signature that fails; a failed one is an answer here, not a fault.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)


class UnreadablePdf(ValueError):
    """The file is not a PDF, or is damaged beyond reading."""


@dataclass(frozen=True)
class Credential:
    """A signing key (PKCS#8) and its certificate, both PEM. `key_pem` is secret: never log it."""

    key_pem: bytes
    certificate_pem: bytes

    def __repr__(self) -> str:
        return "Credential(…)"


@dataclass(frozen=True)
class SignatureReport:
    """`intact`: the signed bytes are unchanged. `valid`: the signature is one by its certificate. `trusted`: the
    certificate leads to one of the caller's roots. `whole`: it covers the file up to its end; nothing was added."""

    signer: str
    signed_at: datetime | None
    intact: bool
    valid: bool
    trusted: bool
    whole: bool

    @property
    def good(self) -> bool:
        return self.intact and self.valid and self.trusted and self.whole


def self_signed(common_name: str, organisation: str, *, days: int = 3650) -> Credential:
    """A P-256 key with its own certificate, for demonstrations and tests. A city uses one from a licensed authority
    (电子签名法 art. 16–18)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
    start = datetime.now(UTC) - timedelta(days=1)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(usage, critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Credential(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def _certificate(certificate_pem: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(pem.unarmor(certificate_pem)[2])


def _signer(credential: Credential) -> signers.SimpleSigner:
    key = asn1_keys.PrivateKeyInfo.load(pem.unarmor(credential.key_pem)[2])
    return signers.SimpleSigner(
        signing_cert=_certificate(credential.certificate_pem), signing_key=key, cert_registry=SimpleCertificateStore()
    )


def sign_pdf(pdf: bytes, credential: Credential, *, reason: str, location: str = "") -> bytes:
    """`pdf` with one certifying signature that forbids later changes. Appends; the original bytes stay as a prefix.

    Raises UnreadablePdf.
    """
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        location=location or None,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
    )
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        made = signers.sign_pdf(writer, meta, signer=_signer(credential))
    except (PdfError, SigningError) as error:
        raise UnreadablePdf(str(error)) from error
    return bytes(made.getvalue())


def verify_pdf(pdf: bytes, trusted_pem: list[bytes]) -> list[SignatureReport]:
    """One report per signature, in the order of signing; an empty list when the file carries none.

    `trusted_pem`: the certificates the reader trusts. Asks no network, so revocation is not checked here.
    Raises UnreadablePdf.
    """
    context = ValidationContext(trust_roots=[_certificate(p) for p in trusted_pem], allow_fetching=False)
    try:
        found = list(PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures)
        return [_report(signature, context) for signature in found]
    except Exception as error:  # anybody may upload a file to be verified, and a hostile one breaks a parser anywhere
        raise UnreadablePdf(str(error)) from error


def _name(certificate: asn1_x509.Certificate | None) -> str:
    if certificate is None:
        return ""
    parts = certificate.subject.native
    return "，".join(str(parts[k]) for k in ("common_name", "organization_name") if k in parts)


def _padding_clean(signature: EmbeddedPdfSignature) -> bool:
    """The space reserved for the signature is outside the signed bytes; past the signature it must hold zeros."""
    raw = bytes(signature.pkcs7_content)
    *_, contents, trailer = parser.parse(raw, strict=False)
    used = raw.index(contents) + len(contents) + len(trailer)
    return not any(raw[used:])


def _plainly_said(signature: EmbeddedPdfSignature) -> bool:
    """What the signature's cover says of itself is neither signed nor read by a verifier; it must be what we write (RFC 5652 §5.1, §5.3)."""
    cover, signer = signature.signed_data, signature.signer_info
    digest = signer["digest_algorithm"]
    name = digest["algorithm"].native
    written = {
        algos.DigestAlgorithm({"algorithm": name, **params}).dump() for params in ({}, {"parameters": core.Null()})
    }
    versions = {cover["version"].native, signer["version"].native}
    return (
        versions == {"v1"}
        and digest.dump() in written
        and [a.dump() for a in cover["digest_algorithms"]] == [digest.dump()]
    )


def _report(signature: EmbeddedPdfSignature, context: ValidationContext) -> SignatureReport:
    name = _name(signature.signer_cert)
    try:
        status = validate_pdf_signature(signature, context)
    except (SignatureValidationError, ValueError):
        return SignatureReport(name, None, False, False, False, False)
    return SignatureReport(
        signer=name,
        signed_at=status.signer_reported_dt,
        intact=bool(status.intact) and _padding_clean(signature) and _plainly_said(signature),
        valid=bool(status.valid),
        trusted=bool(status.trusted),
        whole=status.coverage is not None and status.coverage.name == "ENTIRE_FILE",
    )

"""The platform's certifying signature on its PDFs: a P-256 key of its own, sealed in the variable folder.

A city replaces the self-made certificate by one of a licensed authority (电子签名法 art. 16–18).
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from django.conf import settings

from shugang.kernel.secrets import seal, unseal
from shugang.ui.signing import Credential, self_signed, sign_pdf

_BOUND_TO = "platform:pdf"


def _path() -> Path:
    return Path(settings.VAR_DIR) / "keys" / "pdf.key"


@cache
def _load(path: Path) -> Credential:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = self_signed(
            settings.SHUGANG_SITE_NAME_ZH, settings.SHUGANG_OPERATOR_ORG or settings.SHUGANG_SITE_NAME_ZH
        )
        body = {"key": made.key_pem.decode(), "certificate": made.certificate_pem.decode()}
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(seal(json.dumps(body).encode(), _BOUND_TO))
        temporary.chmod(0o600)
        try:
            os.link(temporary, path)  # the first process wins; the others read its key
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    body = json.loads(unseal(path.read_bytes(), _BOUND_TO))
    return Credential(body["key"].encode(), body["certificate"].encode())


def certificate_pem() -> bytes:
    """The public certificate, for readers who check the signature in a PDF."""
    return _load(_path()).certificate_pem


def sign(pdf: bytes, reason: str) -> bytes:
    return sign_pdf(pdf, _load(_path()), reason=reason)

"""The tables of the wing, gathered from its rooms."""

from .registration.models import (
    AssetRight,
    Certificate,
    DataAsset,
    Objection,
    Registration,
    RegistrationDraft,
)

__all__ = ["AssetRight", "Certificate", "DataAsset", "Objection", "Registration", "RegistrationDraft"]
